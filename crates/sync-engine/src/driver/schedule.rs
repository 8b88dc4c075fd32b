//! The time of a task's next activation, and its reason.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::task_status::ActivationReason;
use crate::driver::wake::WakeRequest;

/// The times of a task's next activation. Requests don't delay the period, and a retry replaces it.
#[derive(Debug)]
pub(super) struct Schedule {
    /// The time between two activations; `None` if there are only retries and requests.
    period: Option<Duration>,
    /// The time to wait after a request for others of the same kind.
    debounce: Duration,
    /// The first activation.
    start_at: Option<Instant>,
    period_at: Option<Instant>,
    retry_at: Option<Instant>,
    woken_at: Option<Instant>,
    /// The end of the last activation.
    ended_at: Instant,
}

impl Schedule {
    /// The schedule of a task that starts `now`.
    pub(super) const fn new(period: Option<Duration>, debounce: Duration, now: Instant) -> Self {
        Self {
            period,
            debounce,
            start_at: Some(now),
            period_at: None,
            retry_at: None,
            woken_at: None,
            ended_at: now,
        }
    }

    /// The next activation; `None` if only a request can cause one.
    pub(super) fn next(&self) -> Option<(Instant, ActivationReason)> {
        let period_at = self.period_at.filter(|_| self.retry_at.is_none());
        let times = [
            (self.start_at, ActivationReason::Start),
            (self.retry_at, ActivationReason::Retry),
            (self.woken_at, ActivationReason::Woken),
            (period_at, ActivationReason::Period),
        ];
        times.into_iter().filter_map(|(at, reason)| Some((at?, reason))).min_by_key(|(at, _)| *at)
    }

    /// Adds a request.
    pub(super) fn request(&mut self, request: WakeRequest, now: Instant) {
        let at = if request.at_once {
            now
        } else {
            let pause_ends = self.ended_at + request.pause;
            (now + self.debounce).max(pause_ends).max(self.retry_at.unwrap_or(now))
        };
        self.woken_at = Some(self.woken_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Records the start of an activation, which answers all earlier requests.
    pub(super) const fn begin(&mut self) {
        self.start_at = None;
        self.woken_at = None;
    }

    /// Records the end of an activation. A failing task is retried after `backoff`.
    pub(super) fn end(&mut self, reason: ActivationReason, backoff: Option<Duration>, now: Instant) {
        self.ended_at = now;
        self.retry_at = backoff.map(|pause| now + pause);
        let is_early = reason == ActivationReason::Woken && self.period_at.is_some_and(|at| at > now);
        if !is_early {
            self.period_at = self.period.map(|period| now + period);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_mins(5);
    const SOON: WakeRequest = WakeRequest { pause: Duration::from_secs(5), at_once: false };
    const AT_ONCE: WakeRequest = WakeRequest { pause: Duration::ZERO, at_once: true };

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    /// A schedule whose first activation ended without a failure.
    fn started(start: Instant) -> Schedule {
        let mut schedule = Schedule::new(Some(PERIOD), Duration::ZERO, start);
        assert_eq!(schedule.next(), Some((start, ActivationReason::Start)));
        schedule.begin();
        schedule.end(ActivationReason::Start, None, start);
        schedule
    }

    #[test]
    fn requests_keep_the_period() {
        let start = Instant::now();
        let mut schedule = started(start);
        for second in (10..=290).step_by(10) {
            schedule.request(SOON, after(start, second));
            assert_eq!(schedule.next(), Some((after(start, second), ActivationReason::Woken)));
            schedule.begin();
            schedule.end(ActivationReason::Woken, None, after(start, second));
        }
        assert_eq!(schedule.next(), Some((start + PERIOD, ActivationReason::Period)));
        // A woken activation that outlasts the period replaces the periodic one.
        schedule.request(AT_ONCE, after(start, 299));
        schedule.begin();
        schedule.end(ActivationReason::Woken, None, after(start, 310));
        assert_eq!(schedule.next(), Some((after(start, 310) + PERIOD, ActivationReason::Period)));
    }

    #[test]
    fn request_waits_for_retry() {
        let start = Instant::now();
        let mut schedule = started(start);
        schedule.end(ActivationReason::Period, Some(Duration::from_mins(1)), start);
        schedule.request(SOON, after(start, 1));
        assert_eq!(schedule.next(), Some((after(start, 60), ActivationReason::Retry)));
        schedule.begin();
        schedule.end(ActivationReason::Retry, None, after(start, 61));
        assert_eq!(schedule.next(), Some((after(start, 61) + PERIOD, ActivationReason::Period)));
    }

    #[test]
    fn urgent_request_precedes_retry() {
        let start = Instant::now();
        let mut schedule = started(start);
        schedule.end(ActivationReason::Period, Some(Duration::from_mins(1)), start);
        schedule.request(AT_ONCE, after(start, 1));
        assert_eq!(schedule.next(), Some((after(start, 1), ActivationReason::Woken)));
    }

    #[test]
    fn close_requests_share_an_activation() {
        let start = Instant::now();
        let debounce = Duration::from_secs(1);
        let mut schedule = Schedule::new(None, debounce, start);
        schedule.begin();
        schedule.end(ActivationReason::Start, None, start);
        assert_eq!(schedule.next(), None);
        let now = after(start, 10);
        schedule.request(SOON, now);
        schedule.request(SOON, now + debounce / 2);
        assert_eq!(schedule.next(), Some((now + debounce, ActivationReason::Woken)));
    }
}
