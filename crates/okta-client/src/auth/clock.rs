//! The org's time according to its responses.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// The tolerance of the org for a date, in seconds: `Date` has whole seconds, and proofs are backdated.
const NOISE: i64 = 2;

/// The longest plausible time to the end of a window: Okta's windows last about one minute.
const WINDOW: Duration = Duration::from_secs(65);
/// From here on an epoch is in milliseconds: in seconds it would be the year 5138.
const MILLISECONDS: u64 = 100_000_000_000;

static PARSER: DateTimeParser = DateTimeParser::new();

/// This machine's clock, corrected by the `Date` of rejections: an assertion from the future is rejected. Only a
/// rejection corrects it, because a gateway can write a wrong `Date`, and accepted requests need no correction.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    offset_seconds: AtomicI64,
}

/// The corrections that one request has tried.
#[derive(Debug, Default)]
pub(crate) struct Corrections {
    by_date: bool,
    by_own_clock: bool,
}

impl ServerClock {
    /// Corrects the clock after a request with this offset was rejected: by the rejection's own `Date`, and if that
    /// date was rejected as well, by this machine's clock. `true` if the next attempt has a different date.
    pub(crate) fn correct(&self, headers: &HeaderMap, dated: i64, tried: &mut Corrections) -> bool {
        let by_response = date(headers).map(|date| date.duration_since(now()).as_millis().div_euclid(1000));
        let by_response = by_response.and_then(|by_response| i64::try_from(by_response).ok());
        let offset =
            match by_response.filter(|by_response| by_response.abs_diff(dated) > NOISE.unsigned_abs()) {
                Some(by_response) if !std::mem::replace(&mut tried.by_date, true) => by_response,
                _ if dated != 0 && !std::mem::replace(&mut tried.by_own_clock, true) => 0,
                _ => return false,
            };
        self.offset_seconds.store(offset, Ordering::Relaxed);
        true
    }

    /// The seconds by which the org's clock is assumed to be ahead of this machine's.
    pub(crate) fn offset(&self) -> i64 {
        self.offset_seconds.load(Ordering::Relaxed)
    }

    /// The time until the end of a window, which a response contains in epoch seconds or milliseconds: by the
    /// response's own `Date`, or by this machine's clock if `Date` doesn't fit a window, for example because a gateway
    /// rewrote it. `None` if neither fits: the end is past, or further away than the length of a window.
    pub(crate) fn until(headers: &HeaderMap, epoch: u64) -> Option<Duration> {
        let seconds = if epoch >= MILLISECONDS { epoch / 1000 } else { epoch };
        let left = |now: Timestamp| {
            let left = i64::try_from(seconds).ok()?.checked_sub(now.as_second())?;
            Some(Duration::from_secs(u64::try_from(left).ok()?))
        };
        let fits = |left: &Duration| !left.is_zero() && *left <= WINDOW;
        let theirs = date(headers).and_then(left).filter(fits);
        theirs.or_else(|| left(now()).filter(fits))
    }

    /// The offset of the org's clock from this machine's by a response's `Date`, in seconds; negative if it is behind.
    pub(crate) fn skew(headers: &HeaderMap) -> Option<i64> {
        Some(date(headers)?.duration_since(now()).as_secs())
    }

    /// The org's time by a response's `Date`.
    pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
        date(headers)
    }

    /// The wait that `Retry-After` names, in seconds or as a date. A wait of nothing names none.
    pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        let wait = text.parse().ok().map(Duration::from_secs).or_else(|| {
            let now = date(headers).unwrap_or_else(now);
            Duration::try_from(PARSER.parse_timestamp(text).ok()?.duration_since(now)).ok()
        });
        wait.filter(|wait| !wait.is_zero())
    }

    /// The org's time with an offset.
    pub(crate) fn now(offset: i64) -> Timestamp {
        let now = now();
        now.checked_add(SignedDuration::from_secs(offset)).unwrap_or(now)
    }
}

/// The time of this machine.
#[expect(
    clippy::disallowed_methods,
    reason = "the only place of this crate that reads the clock of the host"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

/// The `Date` of a response.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    PARSER.parse_timestamp(headers.get(DATE)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A response with a date this number of seconds from now.
    fn dated(seconds: i64) -> HeaderMap {
        let date = now() + SignedDuration::from_secs(seconds);
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
        [(DATE, date.parse().unwrap())].into_iter().collect()
    }

    /// Corrects a date that used the clock's offset.
    fn corrected(clock: &ServerClock, seconds: i64, tried: &mut Corrections) -> bool {
        clock.correct(&dated(seconds), clock.offset(), tried)
    }

    #[test]
    fn refusal_s_date_corrects_the_clock() {
        for seconds in [-7200, -60, -4, 4, 60, 7200] {
            let clock = ServerClock::default();
            assert!(corrected(&clock, seconds, &mut Corrections::default()), "{seconds}");
            assert!((seconds - 2..=seconds).contains(&clock.offset()), "{seconds}: {}", clock.offset());
            assert!(corrected(&clock, 0, &mut Corrections::default()), "the clock was set right");
            assert!((-2..=0).contains(&clock.offset()), "nothing is dated in the org's future");
        }
        let clock = ServerClock::default();
        assert!(!corrected(&clock, 0, &mut Corrections::default()), "a good clock is not the reason");
    }

    #[test]
    fn own_clock_follows_a_wrong_date() {
        let (clock, mut tried) = (ServerClock::default(), Corrections::default());
        assert!(corrected(&clock, 7200, &mut tried));
        assert!(corrected(&clock, 7200, &mut tried));
        assert_eq!(clock.offset(), 0);
        assert!(!corrected(&clock, 7200, &mut tried), "nothing is left to try");
    }

    #[test]
    fn parallel_refusals_correct_the_clock_alike() {
        let clock = ServerClock::default();
        assert!(clock.correct(&dated(60), 0, &mut Corrections::default()));
        assert!(
            clock.correct(&dated(60), 0, &mut Corrections::default()),
            "dated before the first was refused"
        );
        assert!((58..=60).contains(&clock.offset()));
    }

    #[test]
    fn window_end_survives_skewed_date() {
        let end = u64::try_from(now().as_second()).unwrap() + 30;
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
    fn unusable_retry_after_is_ignored() {
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
    fn missing_or_invalid_date_is_ignored() {
        let clock = ServerClock::default();
        let nonsense = [(DATE, "yesterday".parse().unwrap())].into_iter().collect();
        for headers in [&HeaderMap::new(), &nonsense] {
            assert!(!clock.correct(headers, 0, &mut Corrections::default()));
        }
        assert_eq!(ServerClock::until(&nonsense, 0), None);
    }
}
