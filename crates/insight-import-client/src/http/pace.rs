//! The limit of active requests, adapted to the responses of Assets.
//!
//! Atlassian documents a limit (1,000 requests a minute for each endpoint), but its responses may lack the remaining
//! number. A rejection halves the limit of active requests and stops sends for a while, and every success raises it a
//! little. Headers can make that pause longer, never shorter: `X-RateLimit-Reset` has a precision of one minute and is
//! mostly past when it arrives (JRACLOUD-69262), `Retry-After` can be 0 or a date in the past, and clocks differ.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock;

/// The longest wait, regardless of headers.
const LONGEST: Duration = Duration::from_mins(2);
/// The shortest pause after a rejection, regardless of headers.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest pause without a header, before jitter.
const GROWN: Duration = Duration::from_secs(30);

/// The state of rate limiting, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitState {
    /// Requests sent so far, retries included.
    pub requests: u64,
    /// Requests with the response 429 or 503.
    pub refused: u64,
    /// Active requests.
    pub in_flight: usize,
    /// The limit of active requests.
    pub allowed: usize,
    /// The time until throttled requests can be sent; zero if none is queued.
    pub held_for: Duration,
    /// The offset of the clock of Assets to the clock of this host at the last response with a `Date`, in seconds; negative
    /// if it was behind.
    pub clock_skew_seconds: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    freed: Notify,
    most: f64,
}

#[derive(Debug)]
struct State {
    allowed: f64,
    in_flight: usize,
    closed_until: Option<Instant>,
    requests: u64,
    refused: u64,
    /// Pauses that did not help, one after the other.
    refused_in_a_row: u32,
    /// The time of the last rejection. Requests that were active then belong to it.
    refused_at: Option<Instant>,
    clock_skew_seconds: Option<i64>,
}

impl Pace {
    pub(crate) fn new(most: usize) -> Self {
        let most = f64::from(u32::try_from(most.max(1)).unwrap_or(u32::MAX));
        let state = State {
            allowed: most,
            in_flight: 0,
            closed_until: None,
            requests: 0,
            refused: 0,
            refused_in_a_row: 0,
            refused_at: None,
            clock_skew_seconds: None,
        };
        Self { state: Mutex::new(state), freed: Notify::new(), most }
    }

    pub(crate) fn state(&self) -> RateLimitState {
        let state = self.lock();
        RateLimitState {
            requests: state.requests,
            refused: state.refused,
            in_flight: state.in_flight,
            allowed: state.whole(),
            held_for: state
                .closed_until
                .map(|until| until.saturating_duration_since(Instant::now()))
                .unwrap_or_default(),
            clock_skew_seconds: state.clock_skew_seconds,
        }
    }

    /// Waits until a request may be sent. Cancel-safe.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        loop {
            let freed = self.freed.notified();
            let wait = {
                let mut state = self.lock();
                match state.closed_until {
                    Some(until) if until > Instant::now() => Some(until),
                    _ if state.in_flight < state.whole() => {
                        state.in_flight += 1;
                        state.requests += 1;
                        return Turn { pace: self, started_at: Instant::now() };
                    }
                    _ => None,
                }
            };
            match wait {
                Some(until) => tokio::time::sleep_until(until).await,
                None => freed.await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn whole(&self) -> usize {
        // The limit is from one to the configured number.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        let whole = self.allowed as usize;
        whole.max(1)
    }
}

/// An active request. Ends when dropped.
pub(crate) struct Turn<'p> {
    pace: &'p Pace,
    started_at: Instant,
}

impl Turn<'_> {
    /// Adapts to the response.
    pub(crate) fn learn(&self, status: StatusCode, headers: &HeaderMap) {
        let mut state = self.pace.lock();
        let date = header(headers, DATE.as_str()).and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        let skew = date.map(|date| date.timestamp().duration_since(clock::now()).as_secs());
        state.clock_skew_seconds = skew.or(state.clock_skew_seconds);
        let refused = matches!(status.as_u16(), 429 | 503);
        let used_up = header(headers, "x-ratelimit-remaining") == Some("0");
        let now = Instant::now();
        if refused {
            state.refused += 1;
            // Concurrent requests are rejected together and count once.
            if state.refused_at.is_none_or(|last| self.started_at >= last) {
                state.refused_in_a_row += 1;
                state.allowed = (state.allowed / 2.0).max(1.0);
            }
            state.refused_at = Some(now);
        } else {
            state.refused_in_a_row = 0;
            let near = header(headers, "x-ratelimit-nearlimit") == Some("true");
            let step = if near { 0.0 } else { 1.0 / state.allowed };
            state.allowed = (state.allowed + step).min(self.pace.most);
        }
        let named = named(headers).map(|wait| wait.min(LONGEST) + jitter(Duration::from_millis(500)));
        let wait = match named {
            _ if !refused && !used_up => return,
            Some(named) if refused => named.max(pause(state.refused_in_a_row)),
            None if refused => pause(state.refused_in_a_row),
            Some(named) => named,
            None => return,
        };
        let until = now + wait;
        state.closed_until = Some(state.closed_until.map_or(until, |known| known.max(until)));
    }
}

/// The pause after this number of rejections in a row: one second, doubled each time, plus jitter.
fn pause(refusals: u32) -> Duration {
    let pause = SHORTEST.saturating_mul(1 << refusals.saturating_sub(1).min(5)).min(GROWN);
    pause + jitter(pause / 2)
}

fn jitter(most: Duration) -> Duration {
    most.mul_f64(rand::random_range(0.0..1.0))
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pace.lock().in_flight -= 1;
        self.pace.freed.notify_waiters();
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The wait that a response requests: seconds, a date, or the time of the limit's reset. A wait of zero counts as none.
fn named(headers: &HeaderMap) -> Option<Duration> {
    let after = header(headers, RETRY_AFTER.as_str());
    let seconds = after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let wait = seconds.or_else(|| {
        let date = after.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|date| date.timestamp());
        let until = date.or_else(|| header(headers, "x-ratelimit-reset").and_then(reset))?;
        // By the clock that wrote it, which need not be ours.
        let now = header(headers, DATE.as_str()).and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        let now = now.map_or_else(clock::now, |date| date.timestamp());
        Duration::try_from(until.duration_since(now)).ok()
    });
    wait.filter(|wait| !wait.is_zero())
}

/// A time with or without seconds, in Atlassian's format: `2026-11-28T16:00Z`.
fn reset(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| format!("{}:00Z", text.strip_suffix('Z')?).parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refuse(pace: &Pace, headers: &HeaderMap) {
        pace.turn().await.learn(StatusCode::TOO_MANY_REQUESTS, headers);
    }

    #[tokio::test(start_paused = true)]
    async fn concurrency_limit_blocks_until_slot_frees() {
        let pace = Pace::new(2);
        let (one, _two) = (pace.turn().await, pace.turn().await);
        assert!(tokio::time::timeout(Duration::from_secs(9), pace.turn()).await.is_err());
        drop(one);
        let _three = pace.turn().await;
        assert_eq!(pace.state().in_flight, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn concurrency_halves_when_throttled_then_recovers() {
        let pace = Pace::new(8);
        refuse(&pace, &HeaderMap::new()).await;
        assert_eq!(pace.state().allowed, 4);
        for _ in 0..40 {
            pace.turn().await.learn(StatusCode::OK, &HeaderMap::new());
        }
        assert_eq!(pace.state().allowed, 8);
    }

    #[tokio::test(start_paused = true)]
    async fn wait_follows_headers_up_to_limit() {
        let in_twenty = clock::now() + Duration::from_secs(20);
        let in_twenty =
            jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&in_twenty).unwrap();
        for (name, value, least, most) in [
            ("retry-after", "7".to_owned(), 7, 8),
            ("retry-after", in_twenty, 8, 21),
            ("x-ratelimit-reset", (clock::now() + Duration::from_secs(20)).to_string(), 8, 21),
            ("retry-after", "86400".to_owned(), 120, 121),
        ] {
            let pace = Pace::new(8);
            let headers =
                [(http::HeaderName::from_static(name), value.parse().unwrap())].into_iter().collect();
            refuse(&pace, &headers).await;
            let started_at = Instant::now();
            drop(pace.turn().await);
            let waited = started_at.elapsed().as_secs();
            assert!((least..=most).contains(&waited), "{name}: {waited}");
        }
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        [(http::HeaderName::from_static(name), value.parse().unwrap())].into_iter().collect()
    }

    #[tokio::test(start_paused = true)]
    async fn poor_headers_never_shorten_the_pause() {
        let past = clock::now() - Duration::from_secs(90);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&past).unwrap();
        let minute = past.strftime("%Y-%m-%dT%H:%MZ").to_string();
        let mut skewed = headers("retry-after", &date);
        skewed.insert(DATE, date.parse().unwrap());
        let poor = [
            HeaderMap::new(),
            headers("retry-after", "0"),
            headers("retry-after", &date),
            headers("retry-after", "soon"),
            headers("x-ratelimit-reset", &minute),
            headers("x-ratelimit-reset", &past.to_string()),
            skewed,
        ];
        for headers in poor {
            let pace = Pace::new(4);
            let mut waits = Vec::new();
            for _ in 0..8 {
                let started_at = Instant::now();
                refuse(&pace, &headers).await;
                waits.push(started_at.elapsed());
            }
            // The first goes at once; the pauses after it grow from a second to half a minute and its jitter.
            assert!(waits[1] >= SHORTEST, "{headers:?}: {waits:?}");
            assert!(waits[6] > Duration::from_secs(29), "{headers:?}: {waits:?}");
            assert!(waits.iter().all(|wait| *wait <= GROWN + GROWN / 2), "{headers:?}: {waits:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn requests_refused_together_are_one_refusal() {
        let pace = Pace::new(4);
        let turns = [pace.turn().await, pace.turn().await, pace.turn().await];
        tokio::time::advance(Duration::from_millis(10)).await;
        for turn in &turns {
            turn.learn(StatusCode::TOO_MANY_REQUESTS, &headers("retry-after", "0"));
        }
        drop(turns);
        let state = pace.state();
        assert_eq!((state.refused, state.allowed), (3, 2));
        assert!(state.held_for >= SHORTEST && state.held_for <= SHORTEST * 2, "{state:?}");
    }
}
