//! The org's time, as far as its answers tell it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::DATE;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// Below this many seconds no clock counts as wrong: `Date` has whole seconds, and clocks are never quite the same.
const NOISE: i64 = 2;

/// This machine's clock, corrected by the `Date` of the org's answers: an assertion from the future is refused.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    offset_seconds: AtomicI64,
}

impl ServerClock {
    /// Learns the time from an answer whose headers took so long to come. `true` when it is not what it was taken for.
    pub(crate) fn learn(&self, headers: &HeaderMap, took: Duration) -> bool {
        let Some(date) = date(headers) else { return false };
        // The answer was dated at any moment of the time that it took. A slow answer is no wrong clock.
        let earliest = date.duration_since(Timestamp::now()).as_secs();
        let latest =
            earliest.saturating_add(i64::try_from(took.as_secs()).unwrap_or(i64::MAX)).saturating_add(1);
        let possible = earliest.saturating_sub(NOISE)..=latest.saturating_add(NOISE);
        if possible.contains(&self.offset_seconds.load(Ordering::Relaxed)) {
            return false;
        }
        // Of what is possible the earliest: it is never the org's future.
        let offset = if possible.contains(&0) { 0 } else { earliest };
        self.offset_seconds.store(offset, Ordering::Relaxed);
        true
    }

    /// How long until a moment that an answer gives in epoch seconds, by the answer's own clock.
    pub(crate) fn until(headers: &HeaderMap, epoch_seconds: u64) -> Duration {
        let now = date(headers).unwrap_or_else(Timestamp::now).as_second();
        let seconds = i64::try_from(epoch_seconds).unwrap_or(i64::MAX).saturating_sub(now);
        Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    }

    pub(crate) fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.offset_seconds.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(offset).unwrap_or(now)
    }
}

/// The `Date` of an answer.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(headers.get(DATE)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer that was dated so many seconds from now.
    fn dated(seconds: i64) -> HeaderMap {
        let date = Timestamp::now() + SignedDuration::from_secs(seconds);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
        [(DATE, date.parse().unwrap())].into_iter().collect()
    }

    fn offset(clock: &ServerClock) -> i64 {
        clock.now().duration_since(Timestamp::now()).as_secs()
    }

    #[test]
    fn a_wrong_clock_is_corrected_once_and_back_again() {
        for seconds in [-7200, -60, 60, 7200] {
            let clock = ServerClock::default();
            assert!(clock.learn(&dated(seconds), Duration::from_millis(80)), "{seconds}");
            assert!((offset(&clock) - seconds).abs() <= NOISE, "{seconds}: {}", offset(&clock));
            assert!(!clock.learn(&dated(seconds), Duration::from_millis(80)), "nothing new");
            assert!(clock.learn(&dated(0), Duration::from_millis(80)), "somebody set the clock");
            assert_eq!(offset(&clock), 0);
        }
    }

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        let clock = ServerClock::default();
        assert!(!clock.learn(&dated(-25), Duration::from_secs(28)), "dated early, and long on its way");
        assert_eq!(offset(&clock), 0);
        assert!(clock.learn(&dated(-40), Duration::from_secs(28)), "that explains 28 seconds only");
    }

    #[test]
    fn an_answer_without_a_date_or_with_nonsense_teaches_nothing() {
        let clock = ServerClock::default();
        let nonsense = [(DATE, "yesterday".parse().unwrap())].into_iter().collect();
        assert!(!clock.learn(&HeaderMap::new(), Duration::ZERO) && !clock.learn(&nonsense, Duration::ZERO));
        assert_eq!(ServerClock::until(&nonsense, 0), Duration::ZERO);
    }
}
