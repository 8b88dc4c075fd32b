//! One rate-limit bucket: the data of its responses, and the time of the next request.
//!
//! No clock, no waiting: `now` is an argument.

use std::time::Duration;

use tokio::time::Instant;

use super::headers::RateHeaders;
use super::priority::Priority;
use super::state::BucketState;

/// Okta's windows last about a minute.
const WINDOW: Duration = Duration::from_mins(1);
/// The maximum length of a window; a later reset is an error.
const LONGEST_WINDOW: Duration = Duration::from_mins(2);
/// The shortest pause after a rejection.
pub(crate) const SHORTEST: Duration = Duration::from_secs(1);
/// The maximum pause after rejections without a requested wait.
const GROWN: Duration = Duration::from_secs(32);
/// The time to wait for the first request of an unknown window before another one is sent.
const PROBE: Duration = Duration::from_secs(2);
/// The time before the end of a window until which urgent requests are expected.
const KEPT_FOR_URGENT: f64 = 1.0;
/// The weight of other clients' usage in the last window at the start of a new one.
const MEMORY: f64 = 15.0;

/// A window according to its responses.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// The end in the org's time; identifies the window.
    epoch: u64,
    limit: u64,
    /// The lowest reported count. Within a window the true count only falls, and responses of parallel requests arrive
    /// in any order.
    remaining: u64,
    /// The time of that request.
    reported: Instant,
    reset: Instant,
    /// True if the responses contain the end.
    known_end: bool,
    /// The time at which this window was first observed.
    seen_at: Instant,
    /// Requests of ours that went in this window.
    sent: u64,
}

#[derive(Debug)]
pub(super) struct Bucket {
    window: Option<Window>,
    /// True after the first response: a missing window then means an org that doesn't count.
    answered: bool,
    in_flight: u64,
    /// The last request that was sent while nothing was known.
    probe: Option<Instant>,
    /// The earliest moment of the next request while requests are spread.
    next: Instant,
    /// Closed after a 429, regardless of its numbers.
    hold: Instant,
    /// 429s in a row; those of requests that went together are one.
    refusals: u32,
    /// Requests a second by others in the last window; none when there was none just before.
    others_before: Option<f64>,
}

// A few thousand requests a minute: rounding them is harmless.
#[allow(clippy::cast_precision_loss)]
const fn float(number: u64) -> f64 {
    number as f64
}

impl Window {
    fn left(&self, now: Instant) -> f64 {
        self.reset.saturating_duration_since(now).as_secs_f64()
    }

    /// The time after which urgent requests reach the next window as soon as a slot of an evenly spread one.
    fn last_slot(&self) -> Instant {
        let slot = Duration::from_secs_f64(WINDOW.as_secs_f64() / float(self.limit.max(1)));
        self.reset.checked_sub(slot).unwrap_or(self.reset)
    }

    /// The requests of other clients in this window.
    const fn others(&self) -> u64 {
        self.limit.saturating_sub(self.remaining).saturating_sub(self.sent)
    }
}

impl Bucket {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            window: None,
            answered: false,
            in_flight: 0,
            probe: None,
            next: now,
            hold: now,
            refusals: 0,
            others_before: None,
        }
    }

    /// The earliest moment at which a request may go if nothing else is learned until then.
    pub(super) fn opens(&self, now: Instant, priority: Priority, head_room: f64) -> Instant {
        if now < self.hold {
            return self.hold;
        }
        let window = match &self.window {
            Some(window) if now < window.reset => window,
            None if self.answered => return now,
            // A new window is expected to match the last one: a few urgent requests needn't wait for its headers.
            Some(last) if priority == Priority::Urgent && self.in_flight * 10 < last.limit => return now,
            // Nothing is known about this window: one request reads its headers while the others wait.
            _ => return self.probe.map_or(now, |sent| (sent + PROBE).max(now)),
        };
        let available = self.available(window, now);
        if available < 1.0 {
            return window.reset;
        }
        if priority == Priority::Urgent {
            return now;
        }
        let free = self.free(window, now, head_room);
        if free < 1.0 {
            // The share for other clients shrinks as the window ends.
            let falls = (self.spared(window, now, head_room) - self.seen(window, now)).max(f64::EPSILON);
            let at =
                |missing: f64| now + Duration::from_secs_f64((missing / falls).clamp(0.0, window.left(now)));
            let last_slot = window.last_slot();
            if now >= last_slot {
                return at(1.0 - free);
            }
            return at(1.0 - free).min(at(1.0 - free - KEPT_FOR_URGENT).max(last_slot));
        }
        // Requests are spread only if more than half of the window is used.
        if free * 2.0 >= float(window.limit) { now } else { self.next.max(now) }
    }

    /// Requests that are reserved neither for other clients nor for urgent requests.
    fn free(&self, window: &Window, now: Instant, head_room: f64) -> f64 {
        let spared = self.spared(window, now, head_room) * window.left(now);
        let kept = if now < window.last_slot() { KEPT_FOR_URGENT } else { 0.0 };
        self.available(window, now) - spared - kept
    }

    /// The remaining requests of the window, after active requests and the estimated requests of other clients since
    /// the last count.
    fn available(&self, window: &Window, now: Instant) -> f64 {
        // The estimate may be wrong; a few requests are reserved for that.
        let floor = window.limit.div_ceil(100);
        let since = now.saturating_duration_since(window.reported).as_secs_f64();
        let taken = self.seen(window, now) * since;
        float(window.remaining) - float(self.in_flight) - float(floor) - taken
    }

    /// The observed requests per second of other clients.
    fn seen(&self, window: &Window, now: Instant) -> f64 {
        let elapsed = if window.known_end {
            WINDOW.as_secs_f64() - window.left(now).min(WINDOW.as_secs_f64())
        } else {
            // The other requests started at unknown moments of the last minute, so half of them count.
            WINDOW.as_secs_f64() / 2.0 + now.saturating_duration_since(window.seen_at).as_secs_f64()
        };
        match self.others_before {
            Some(before) => (float(window.others()) + before * MEMORY) / (elapsed + MEMORY),
            None => float(window.others()) / elapsed.max(1.0),
        }
    }

    /// The requests per second that are left to other clients: the headroom, or more if they use more.
    fn spared(&self, window: &Window, now: Instant, head_room: f64) -> f64 {
        self.seen(window, now).max(head_room * float(window.limit) / WINDOW.as_secs_f64())
    }

    /// A request goes.
    pub(super) fn take(&mut self, now: Instant, head_room: f64) {
        self.in_flight += 1;
        let known = self.window.filter(|window| now < window.reset);
        let Some(window) = known else {
            self.probe = Some(now);
            return;
        };
        let free = self.free(&window, now, head_room);
        self.next = now + Duration::from_secs_f64(window.left(now) / free.max(1.0));
        self.window = Some(Window { sent: window.sent + 1, ..window });
    }

    /// Counts the end of a request, with or without a response.
    pub(super) const fn release(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            // No other request reads the headers of this window.
            self.probe = None;
        }
    }

    /// Updates the window from a response with headers.
    pub(super) fn learn(
        &mut self,
        now: Instant,
        reported: RateHeaders,
        refused: bool,
        retry_after: Option<Duration>,
        random: f64,
    ) {
        self.answered = true;
        self.probe = None;
        if refused {
            self.refuse(now, reported.left.or(retry_after), random);
        } else {
            self.refusals = 0;
        }
        let reset = now + reported.left.unwrap_or_default();
        match &mut self.window {
            // The response belongs to a window that ended. If the org's clock stepped back, the current window ends
            // first.
            Some(window) if reported.epoch < window.epoch && now < window.reset => return,
            Some(window) if reported.epoch == window.epoch => {
                if reported.remaining <= window.remaining {
                    window.remaining = reported.remaining;
                    window.reported = now;
                }
                window.limit = reported.limit;
                // Whole seconds round up: the smallest is the best. Unless the org's window outlives its reset.
                if now >= window.reset {
                    window.reset = reset.max(now + Duration::from_millis(500));
                } else if reported.left.is_some() {
                    window.reset = window.reset.min(reset);
                    window.known_end = true;
                }
            }
            _ => self.open_window(now, reported),
        }
        if refused && let Some(window) = &mut self.window {
            window.remaining = 0;
            // The jitter spreads the retries of rejected clients. If the end is unknown, the growing pause decides.
            window.reset = if reported.left.is_some() { window.reset.max(self.hold) } else { self.hold };
        }
    }

    /// Starts a window with its first response.
    fn open_window(&mut self, now: Instant, reported: RateHeaders) {
        let before = self.window.filter(|window| now < window.reset + WINDOW);
        self.others_before = before.map(|window| float(window.others()) / WINDOW.as_secs_f64());
        self.next = now;
        self.window = Some(Window {
            epoch: reported.epoch,
            limit: reported.limit,
            remaining: reported.remaining,
            reported: now,
            // An unknown end is assumed after half a window, the average.
            reset: now + reported.left.unwrap_or(WINDOW / 2),
            known_end: reported.left.is_some(),
            seen_at: now,
            // The request of this response, and the requests that are in flight.
            sent: self.in_flight.max(1),
        });
    }

    /// Updates the window from a response without headers.
    pub(super) fn learn_blindly(
        &mut self,
        now: Instant,
        refused: bool,
        retry_after: Option<Duration>,
        random: f64,
    ) {
        self.answered = true;
        self.probe = None;
        if refused { self.refuse(now, retry_after, random) } else { self.refusals = 0 }
    }

    /// Closes the bucket: for a pause that grows with every rejection, or for the longer requested time, within limits.
    fn refuse(&mut self, now: Instant, named: Option<Duration>, random: f64) {
        // A request that was rejected while the bucket was closed was sent before it closed.
        if now >= self.hold {
            self.refusals = self.refusals.saturating_add(1);
        }
        let grown = SHORTEST.saturating_mul(1 << self.refusals.saturating_sub(1).min(5)).min(GROWN);
        let wait = match named {
            Some(named) => named.clamp(SHORTEST, LONGEST_WINDOW).max(grown) + SHORTEST.mul_f64(random),
            None => grown + grown.mul_f64(random / 2.0),
        };
        self.hold = self.hold.max(now + wait);
    }

    pub(super) fn state(&self, now: Instant) -> Option<BucketState> {
        let window = self.window.filter(|window| now < window.reset);
        window.map(|window| BucketState {
            limit: window.limit,
            remaining: window.remaining.saturating_sub(self.in_flight),
            others: window.others(),
            resets_in: window.reset.saturating_duration_since(now),
        })
    }
}
