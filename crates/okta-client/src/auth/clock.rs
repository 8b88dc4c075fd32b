//! The org's time, as far as its answers tell it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// Below this many seconds no clock counts as wrong: `Date` has whole seconds, and clocks are never quite the same.
const NOISE: i64 = 2;

/// The longest time to the end of a window that is believed: Okta's last about a minute.
const WINDOW: Duration = Duration::from_secs(65);
/// From here on an epoch is in milliseconds: in seconds it would be the year 5138.
const MILLISECONDS: u64 = 100_000_000_000;

static PARSER: DateTimeParser = DateTimeParser::new();

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
        let taken_for = self.offset_seconds.load(Ordering::Relaxed);
        let early = earliest.saturating_sub(NOISE);
        // Of what is possible the earliest: it is never the org's future. What was learned from a clock that is right by now
        // is not kept either.
        let offset = if (early..=latest.saturating_add(NOISE)).contains(&0) {
            0
        } else if (early..=latest).contains(&taken_for) {
            taken_for
        } else {
            earliest
        };
        self.offset_seconds.store(offset, Ordering::Relaxed);
        offset != taken_for
    }

    /// How long until the end of a window, which an answer gives in epoch seconds or milliseconds: by the answer's own
    /// `Date`, or by this machine's clock where `Date` makes no window of it, as when a gateway rewrites it. `None` when
    /// neither does: the end is past, or further away than any window lasts.
    pub(crate) fn until(headers: &HeaderMap, epoch: u64) -> Option<Duration> {
        let seconds = if epoch >= MILLISECONDS { epoch / 1000 } else { epoch };
        let left = |now: Timestamp| {
            let left = i64::try_from(seconds).ok()?.checked_sub(now.as_second())?;
            Some(Duration::from_secs(u64::try_from(left).ok()?))
        };
        let fits = |left: &Duration| !left.is_zero() && *left <= WINDOW;
        let theirs = date(headers).and_then(left).filter(fits);
        theirs.or_else(|| left(Timestamp::now()).filter(fits))
    }

    /// How far the org's clock is ahead of this machine's by an answer's `Date`, in seconds; negative when it is behind.
    pub(crate) fn skew(headers: &HeaderMap) -> Option<i64> {
        Some(date(headers)?.duration_since(Timestamp::now()).as_secs())
    }

    /// The org's time by an answer's `Date`.
    pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
        date(headers)
    }

    /// The wait that `Retry-After` names, in seconds or as a date. A wait of nothing names none.
    pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let wait = text.parse().ok().map(Duration::from_secs).or_else(|| {
            let now = date(headers).unwrap_or_else(Timestamp::now);
            Duration::try_from(PARSER.parse_timestamp(text).ok()?.duration_since(now)).ok()
        });
        wait.filter(|wait| !wait.is_zero())
    }

    pub(crate) fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.offset_seconds.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(offset).unwrap_or(now)
    }
}

/// The `Date` of an answer.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
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
    fn stale_small_offset_is_dropped() {
        let clock = ServerClock::default();
        assert!(clock.learn(&dated(4), Duration::ZERO));
        assert!(clock.learn(&dated(0), Duration::ZERO), "the clock was set right");
        assert_eq!(offset(&clock), 0);
        assert!(clock.learn(&dated(9), Duration::ZERO));
        assert!(clock.learn(&dated(6), Duration::ZERO));
        assert!(offset(&clock) <= 7, "no proof is dated in the org's future: {}", offset(&clock));
    }

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        let clock = ServerClock::default();
        assert!(!clock.learn(&dated(-25), Duration::from_secs(28)), "dated early, and long on its way");
        assert_eq!(offset(&clock), 0);
        assert!(clock.learn(&dated(-40), Duration::from_secs(28)), "that explains 28 seconds only");
    }

    #[test]
    fn window_end_survives_skewed_date() {
        let end = u64::try_from(Timestamp::now().as_second()).unwrap() + 30;
        for off in [0, -45, -120, -7200, 120, 7200] {
            let left = ServerClock::until(&dated(off), end).unwrap();
            assert!((28..=31).contains(&left.as_secs()), "Date off by {off}: {left:?}");
        }
        let left = ServerClock::until(&dated(0), end * 1000).unwrap();
        assert!((28..=31).contains(&left.as_secs()), "milliseconds: {left:?}");
        for wrong in [0, end - 40, end + 3600, u64::MAX] {
            assert_eq!(ServerClock::until(&dated(0), wrong), None, "{wrong}");
        }
    }

    #[test]
    fn retry_after_of_nothing_names_no_wait() {
        let with = |value: &str| {
            let mut headers = dated(0);
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            ServerClock::retry_after(&headers)
        };
        let date = |seconds| dated(seconds)[DATE].to_str().unwrap().to_owned();
        assert_eq!(with("7"), Some(Duration::from_secs(7)));
        assert!(with(&date(20)).is_some_and(|wait| wait >= Duration::from_secs(18)));
        for none in ["0", "-1", "soon", &date(-90)] {
            assert_eq!(with(none), None, "{none}");
        }
    }

    #[test]
    fn an_answer_without_a_date_or_with_nonsense_teaches_nothing() {
        let clock = ServerClock::default();
        let nonsense = [(DATE, "yesterday".parse().unwrap())].into_iter().collect();
        assert!(!clock.learn(&HeaderMap::new(), Duration::ZERO) && !clock.learn(&nonsense, Duration::ZERO));
        assert_eq!(ServerClock::until(&nonsense, 0), None);
    }
}
