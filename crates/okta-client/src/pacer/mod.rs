//! Staying under the rate limit.
//!
//! Okta counts requests per bucket (a group of endpoints) in windows of about a minute, and each response has the
//! remaining number. While it is high, no request is delayed; then the rest is spread over the window. A share stays
//! free for urgent requests and for other clients of the same app, and is used up toward the window's end. The requests
//! of other clients between two counts are estimated from their previous usage.
//!
//! <https://developer.okta.com/docs/reference/rate-limits/>

mod bucket;
mod headers;
mod priority;
mod scheduler;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::auth::ServerClock;
pub(crate) use bucket::SHORTEST;
use headers::RateHeaders;
pub(crate) use priority::Priority;
use scheduler::{Scheduler, Turn};
pub use state::{BucketState, PacerState};

/// A longer wait for the rate limit is logged.
const LONG: Duration = Duration::from_secs(5);

/// Schedules requests within the rate limits. Clones are cheap and share their state, so several clients of one app can
/// share one pacer.
#[derive(Debug, Clone)]
pub struct Pacer {
    scheduler: Arc<Mutex<Scheduler>>,
}

impl Default for Pacer {
    /// A head-room of a tenth, and ten requests at once.
    fn default() -> Self {
        Self::new(0.1, 10)
    }
}

impl Pacer {
    /// A pacer that leaves a share of each window (0 to 0.9) to other clients and to urgent requests, and allows that
    /// number of active requests, the last of them an urgent one. The unused part of the share is used up toward the
    /// window's end.
    pub fn new(head_room: f64, concurrency: usize) -> Self {
        Self { scheduler: Arc::new(Mutex::new(Scheduler::new(head_room, concurrency))) }
    }

    /// The current state.
    pub fn state(&self) -> PacerState {
        let scheduler = self.lock();
        PacerState {
            buckets: scheduler.buckets(Instant::now()),
            requests: scheduler.requests,
            refused: scheduler.refused,
            in_flight: scheduler.in_flight(),
            queued: scheduler.waiting(),
            concurrency: scheduler.concurrency(),
            held_for: scheduler.longest_wait(Instant::now()).max(scheduler.sign_in_opens_in(Instant::now())),
            clock_skew_seconds: scheduler.clock_skew,
        }
    }

    /// The org's current time: the last `Date` of a response, plus the time since. It doesn't depend on the clock of this
    /// host, and is ahead of the org by at most the duration of a response. `None` before the first response.
    pub fn server_time(&self) -> Option<Timestamp> {
        let (date, at) = self.lock().server_time?;
        date.checked_add(at.elapsed()).ok()
    }

    /// Counts a 429 of the token endpoint, which is closed for this time. It has its own bucket, and one task requests
    /// tokens and waits itself.
    pub(crate) fn sign_in_refused(&self, wait: Duration) {
        let mut scheduler = self.lock();
        scheduler.refused += 1;
        scheduler.sign_in_opens = Some(Instant::now() + wait);
    }

    /// Requests sent so far, retries included.
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Waits for the bucket's turn. Safe to cancel: later requests move up.
    pub(crate) async fn turn(&self, bucket: &'static str, priority: Priority) -> Slot {
        let wake = Arc::new(Notify::new());
        let ticket = self.lock().join(bucket, priority, Instant::now(), &wake);
        let mut place = Place { pacer: self, bucket, priority, ticket, taken: false };
        let mut logged = false;
        loop {
            let turn = self.lock().check_turn(bucket, priority, ticket, Instant::now());
            match turn {
                Turn::Go => {
                    place.taken = true;
                    return Slot { pacer: self.clone(), bucket };
                }
                // Woken or not, the request checks its turn again.
                Turn::At(time) => {
                    let wait = time.saturating_duration_since(Instant::now());
                    if wait > LONG && !std::mem::replace(&mut logged, true) {
                        tracing::info!(bucket, seconds = wait.as_secs(), "waiting for the rate limit");
                    }
                    drop(timeout_at(time, wake.notified()).await);
                }
                Turn::WhenWoken => wake.notified().await,
            }
        }
    }

    /// The time until another attempt may succeed.
    pub(crate) fn opens_in(&self, bucket: &'static str) -> Duration {
        self.lock().opens_in(bucket, Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Scheduler> {
        self.scheduler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a queue, given back when its owner stops waiting.
struct Place<'p> {
    pacer: &'p Pacer,
    bucket: &'static str,
    priority: Priority,
    ticket: u64,
    taken: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.taken {
            self.pacer.lock().cancel(self.bucket, self.priority, self.ticket);
        }
    }
}

/// An active request. Ends when dropped.
#[must_use = "a slot that is dropped lets the next request go"]
pub(crate) struct Slot {
    pacer: Pacer,
    bucket: &'static str,
}

impl Slot {
    /// Updates the bucket from the response.
    pub(crate) fn learn(&self, status: u16, headers: &HeaderMap) {
        let reported = RateHeaders::read(headers);
        let retry_after = ServerClock::retry_after(headers);
        let mut scheduler = self.pacer.lock();
        let date = ServerClock::date(headers).map(|date| (date, Instant::now()));
        scheduler.server_time = date.or(scheduler.server_time);
        scheduler.clock_skew = ServerClock::skew(headers).or(scheduler.clock_skew);
        scheduler.learn(self.bucket, status, reported, retry_after, Instant::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pacer.lock().release(self.bucket);
    }
}
