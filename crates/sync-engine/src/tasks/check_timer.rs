//! The times of periodic and early checks.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two early checks.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// A check. Each one except a retry ends with reading the event hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Compares the schemas.
    Comparison,
    /// Compares the schemas again after a failure.
    Retry,
    /// Reads the state of the schema in Assets, and compares the schemas if it changed.
    SchemaState,
    /// Reads the event hook alone.
    EventHook,
}

/// The times of the next checks. No other check delays the periodic comparison.
#[derive(Debug)]
pub(crate) struct CheckTimer {
    /// The time between two comparisons.
    interval: Duration,
    comparison_at: Instant,
    retry_at: Option<Instant>,
    schema_state_at: Option<Instant>,
    event_hook_at: Option<Instant>,
    /// The pause before the next early check of the event hook. It grows, because notices such as failed deliveries
    /// may repeat.
    hook_pause: Duration,
    /// The end of the last check.
    ended_at: Instant,
}

impl CheckTimer {
    /// A timer after a comparison that ended `now`.
    pub(crate) fn new(interval: Duration, now: Instant) -> Self {
        Self {
            interval,
            comparison_at: now + interval,
            retry_at: None,
            schema_state_at: None,
            event_hook_at: None,
            hook_pause: MIN_INTERVAL,
            ended_at: now,
        }
    }

    /// Requests an early check of the schema's state, after `pause` if the last one failed.
    pub(crate) fn request_schema_state(&mut self, pause: Duration) {
        self.schema_state_at.get_or_insert(self.ended_at + pause.max(MIN_INTERVAL));
    }

    /// Requests an early check of the event hook.
    pub(crate) fn request_event_hook(&mut self) {
        if self.event_hook_at.is_none() {
            self.event_hook_at = Some(self.ended_at + self.hook_pause);
            self.hook_pause = (self.hook_pause * 2).min(self.interval.max(MIN_INTERVAL));
        }
    }

    /// Compares the schemas at `at`, because the last attempt failed.
    pub(crate) fn retry_at(&mut self, at: Instant) {
        self.retry_at.get_or_insert(at);
    }

    /// The next check and its time.
    pub(crate) fn next(&self) -> (Check, Instant) {
        let other = [
            (Check::Retry, self.retry_at),
            (Check::SchemaState, self.schema_state_at),
            (Check::EventHook, self.event_hook_at),
        ];
        let other = other.into_iter().filter_map(|(check, at)| Some((check, at?)));
        other.fold(
            (Check::Comparison, self.comparison_at),
            |first, other| {
                if other.1 < first.1 { other } else { first }
            },
        )
    }

    /// Records the end of a check, which answers the requests for what it has read.
    pub(crate) fn ended(&mut self, check: Check, now: Instant) {
        self.ended_at = now;
        if check == Check::Comparison {
            self.comparison_at = now + self.interval;
            self.hook_pause = MIN_INTERVAL;
        }
        match check {
            Check::Comparison | Check::SchemaState => {
                self.retry_at = None;
                self.schema_state_at = None;
                self.event_hook_at = None;
            }
            Check::Retry => self.retry_at = None,
            Check::EventHook => self.event_hook_at = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_mins(5);

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn early_checks_keep_comparison_time() {
        let start = Instant::now();
        let mut timer = CheckTimer::new(INTERVAL, start);
        for second in (10..=290).step_by(10) {
            timer.request_schema_state(Duration::ZERO);
            assert_eq!(timer.next().0, Check::SchemaState);
            timer.ended(Check::SchemaState, after(start, second));
        }
        assert_eq!(timer.next(), (Check::Comparison, start + INTERVAL));
        timer.request_event_hook();
        timer.request_schema_state(Duration::from_mins(1));
        timer.retry_at(after(start, 295));
        timer.ended(Check::EventHook, after(start, 296));
        timer.ended(Check::Retry, after(start, 297));
        timer.request_event_hook();
        assert_eq!(timer.next(), (Check::Comparison, start + INTERVAL));
    }

    #[test]
    fn repeated_notices_wait_longer() {
        let mut now = Instant::now();
        let mut timer = CheckTimer::new(INTERVAL, now);
        let mut pauses = Vec::new();
        for _ in 0..4 {
            timer.request_event_hook();
            // A notice before the check asks for the same check.
            timer.request_event_hook();
            let (check, at) = timer.next();
            assert_eq!(check, Check::EventHook);
            pauses.push((at - now).as_secs());
            now = at;
            timer.ended(check, now);
        }
        assert_eq!(pauses, [5, 10, 20, 40]);
        timer.ended(Check::Comparison, now);
        timer.request_event_hook();
        assert_eq!(timer.next(), (Check::EventHook, after(now, 5)));
    }

    #[test]
    fn request_waits_for_failing_comparison() {
        let start = Instant::now();
        let mut timer = CheckTimer::new(INTERVAL, start);
        timer.retry_at(after(start, 60));
        timer.request_schema_state(Duration::from_mins(1));
        assert_eq!(timer.next(), (Check::Retry, after(start, 60)));
        timer.ended(Check::Retry, after(start, 61));
        // A retry doesn't read what was requested, and doesn't move the periodic comparison.
        assert_eq!(timer.next(), (Check::SchemaState, after(start, 60)));
        timer.ended(Check::SchemaState, after(start, 62));
        assert_eq!(timer.next(), (Check::Comparison, start + INTERVAL));
    }
}
