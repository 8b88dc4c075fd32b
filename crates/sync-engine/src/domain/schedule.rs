//! Schedules of syncs and checks.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use jiff::{SignedDuration, Timestamp};

/// An interval or a cron expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// Only on request.
    Never,
    /// So long after the last time.
    Every(Duration),
    /// At the times of a cron expression, in UTC.
    Cron(Box<Cron>),
}

/// A text that isn't a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an interval, such as \"15m\" or \"1d\", a cron expression in UTC, such as \"0 3 * * *\", or \"never\"; got \"{given}\""
)]
pub struct ScheduleError {
    given: String,
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ScheduleError { given: text.to_owned() };
        let text = text.trim();
        if text.eq_ignore_ascii_case("never") {
            return Ok(Self::Never);
        }
        if text.split_whitespace().count() >= 5 {
            // Read as no value: the search for a time that never comes would run until the year 5000, second by second.
            if text.split_whitespace().flat_map(|field| field.split(',')).any(str::is_empty) {
                return Err(wrong());
            }
            return Cron::from_str(text).map(|cron| Self::Cron(Box::new(cron))).map_err(|_| wrong());
        }
        let every = interval(text).ok_or_else(wrong)?;
        if every < Duration::from_secs(1) { Err(wrong()) } else { Ok(Self::Every(every)) }
    }
}

/// Readable form: `every 30m`, `at 0 3 * * * UTC`, `never`.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Every(interval) => match interval.as_secs() {
                s if s % 86_400 == 0 => write!(f, "every {}d", s / 86_400),
                s if s % 3_600 == 0 => write!(f, "every {}h", s / 3_600),
                s if s % 60 == 0 => write!(f, "every {}m", s / 60),
                s => write!(f, "every {s}s"),
            },
            Self::Cron(cron) => write!(f, "at {} UTC", cron.pattern),
        }
    }
}

/// An interval such as `15m`, `6h` or `1d`; `None` for what is none.
pub fn interval(text: &str) -> Option<Duration> {
    if let Some(days) = text.strip_suffix('d') {
        let days: u64 = days.trim().parse().ok()?;
        return Duration::from_hours(24).checked_mul(u32::try_from(days).ok()?);
    }
    let parsed: SignedDuration = text.parse().ok()?;
    parsed.try_into().ok()
}

impl Schedule {
    /// The next due time, given the time of the last start.
    pub fn after(&self, last: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Every(interval) => last.checked_add(*interval).ok(),
            Self::Cron(cron) => {
                let last = DateTime::<Utc>::from_timestamp(last.as_second(), 0)?;
                Timestamp::from_second(cron.find_next_occurrence(&last, false).ok()?.timestamp()).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn schedule_computes_next_run() {
        let last = at("2026-03-01T12:00:00Z");
        for (text, next) in [
            ("15m", Some(at("2026-03-01T12:15:00Z"))),
            ("1d", Some(at("2026-03-02T12:00:00Z"))),
            ("1h 30m", Some(at("2026-03-01T13:30:00Z"))),
            ("0 3 * * *", Some(at("2026-03-02T03:00:00Z"))),
            ("30 12 * * MON", Some(at("2026-03-02T12:30:00Z"))),
            ("never", None),
        ] {
            assert_eq!(text.parse::<Schedule>().unwrap().after(last), next, "{text}");
        }
    }

    #[test]
    fn invalid_schedule_is_rejected_with_example() {
        for text in
            ["", "soon", "0s", "-5m", "61 * * * *", "d", "99999999999d", "* , * * * * *", "1,,2 * * * *"]
        {
            let error = text.parse::<Schedule>().unwrap_err();
            assert!(error.to_string().contains("0 3 * * *"), "{text}");
        }
    }
}
