//! The org's time, as far as its answers tell it.

use std::sync::atomic::{AtomicI64, Ordering};

use http::HeaderMap;
use http::header::DATE;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// How far this machine's clock is off. Below this, the `Date` header's whole seconds explain it.
const NOISE: i64 = 2;

/// This machine's clock, corrected by the `Date` of the org's answers: an assertion from the future is refused.
#[derive(Debug, Default)]
pub(crate) struct ServerClock {
    offset_seconds: AtomicI64,
}

impl ServerClock {
    /// Learns the time from an answer. `true` when it is not what it was taken for.
    pub(crate) fn learn(&self, headers: &HeaderMap) -> bool {
        let Some(date) = date(headers) else { return false };
        let offset = date.duration_since(Timestamp::now()).as_secs();
        let offset = if offset.abs() <= NOISE { 0 } else { offset };
        let before = self.offset_seconds.swap(offset, Ordering::Relaxed);
        (offset - before).abs() > NOISE
    }

    /// How long until a moment that an answer gives in epoch seconds, by the answer's own clock.
    pub(crate) fn until(headers: &HeaderMap, epoch_seconds: u64) -> std::time::Duration {
        let now = date(headers).unwrap_or_else(Timestamp::now).as_second();
        let seconds = i64::try_from(epoch_seconds).unwrap_or(i64::MAX).saturating_sub(now);
        std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
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
