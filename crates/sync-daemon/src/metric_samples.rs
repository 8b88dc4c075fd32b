//! The sampling of a connection, minute by minute, for charts.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use okta_client::PacerState;
use sync_engine::{MetricSample, StoreEvidence};

use crate::health_inputs::HealthInputs;

/// The interval of samples.
const INTERVAL: Duration = Duration::from_mins(1);
/// The number of readings of the rate limits per sample: a window ends each minute, and its usage is lost then.
pub(super) const PEEKS: u32 = 12;
/// Counters that only grow while the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counters {
    completed: u64,
    sent: u64,
    executions: u64,
    requests: u64,
    refused: u64,
}

impl Counters {
    fn read(inputs: &HealthInputs) -> Self {
        Self {
            completed: inputs.stats.completed_events,
            sent: inputs.stats.records.values().map(|counts| counts.sent).sum(),
            executions: inputs.stats.executions.values().sum(),
            requests: inputs.okta.requests,
            refused: inputs.okta.refused,
        }
    }
}

/// The starting point of the next sample.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    /// The time of the last stored sample.
    counters: Counters,
    /// The largest used share of a rate limit since then.
    used: Option<RateLimitUse>,
}

/// The sampling of a connection.
#[derive(Debug)]
pub(crate) struct Sampling {
    pub(super) interval: Duration,
    last: Mutex<Last>,
    /// True if a rate limit was noted, by an earlier process as well.
    pub(super) held: AtomicBool,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { interval: INTERVAL, last: Mutex::default(), held: AtomicBool::new(true) }
    }
}

impl Sampling {
    /// The time between two readings of the rate limits.
    pub(super) fn period(&self) -> Duration {
        (self.interval / PEEKS).max(Duration::from_millis(1))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn peek(&self, okta: &PacerState) {
        let mut last = self.last();
        last.used = last.used.max(rate_limit_use(okta));
    }

    /// The due sample; counters continue from the last one that was [stored](Self::kept).
    pub(super) fn due(&self, inputs: &HealthInputs, store: &StoreEvidence) -> MetricSample {
        self.peek(&inputs.okta);
        let Last { counters: last, used } = *self.last();
        let counters = Counters::read(inputs);
        let age = |since: Timestamp| u64::try_from(inputs.now.duration_since(since).as_secs()).unwrap_or(0);
        MetricSample {
            sampled_at: inputs.now,
            oldest_pending_change_seconds: store.oldest_change_at().map(age),
            lag_seconds: store.synced_through().map(age),
            pending_events: store.queue.unfinished(),
            failed_events: store.queue.failed,
            unconfirmed_records: store.queue.unconfirmed_records,
            completed_events: counters.completed.saturating_sub(last.completed),
            records_sent: counters.sent.saturating_sub(last.sent),
            executions: counters.executions.saturating_sub(last.executions),
            okta_requests: counters.requests.saturating_sub(last.requests),
            okta_throttled_requests: counters.refused.saturating_sub(last.refused),
            rate_limit_used_percent: used.map(RateLimitUse::percent),
        }
    }

    pub(super) fn kept(&self, inputs: &HealthInputs) {
        *self.last() = Last { counters: Counters::read(inputs), used: None };
    }
}

/// A used share of a rate limit, in tenths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct RateLimitUse(u16);

impl RateLimitUse {
    fn of(limit: u64, remaining: u64) -> Option<Self> {
        let used = limit.saturating_sub(remaining).saturating_mul(1000);
        u16::try_from(used.checked_div(limit)?).ok().map(Self)
    }

    fn percent(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

/// The largest used share of all rate limits.
fn rate_limit_use(okta: &PacerState) -> Option<RateLimitUse> {
    okta.buckets.values().filter_map(|bucket| RateLimitUse::of(bucket.limit, bucket.remaining)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health_inputs::sample as healthy;

    #[test]
    fn sample_counts_since_previous_sample() {
        let (sampling, mut inputs) = (Sampling::default(), healthy());
        let store = inputs.store.clone().unwrap();
        let first = sampling.due(&inputs, &store);
        assert_eq!((first.oldest_pending_change_seconds, first.lag_seconds), (Some(90), Some(90)));
        assert_eq!((first.pending_events, first.failed_events, first.unconfirmed_records), (7, 1, 3));
        assert_eq!(
            (first.records_sent, first.executions, first.okta_requests, first.okta_throttled_requests),
            (12, 3, 120, 1)
        );
        assert_eq!(first.rate_limit_used_percent, Some(10.0));

        inputs.okta.requests += 30;
        inputs.stats.completed_events += 4;
        let again = sampling.due(&inputs, &store);
        assert_eq!(
            (again.okta_requests, again.completed_events),
            (150, 4),
            "the first one could not be kept"
        );
        sampling.kept(&inputs);
        inputs.okta.requests += 1;
        let next = sampling.due(&inputs, &store);
        assert_eq!((next.okta_requests, next.completed_events, next.records_sent), (1, 0, 0));
    }

    #[test]
    fn sample_keeps_highest_rate_limit_usage() {
        let (sampling, mut inputs) = (Sampling::default(), healthy());
        let store = inputs.store.clone().unwrap();
        let left = |inputs: &mut HealthInputs, remaining| {
            inputs.okta.buckets.values_mut().for_each(|bucket| bucket.remaining = remaining);
        };
        left(&mut inputs, 30);
        sampling.peek(&inputs.okta);
        left(&mut inputs, 600);
        assert_eq!(sampling.due(&inputs, &store).rate_limit_used_percent, Some(95.0));
        sampling.kept(&inputs);
        assert_eq!(sampling.due(&inputs, &store).rate_limit_used_percent, Some(0.0));
        sampling.kept(&inputs);
        inputs.okta.buckets.clear();
        assert_eq!(sampling.due(&inputs, &store).rate_limit_used_percent, None);
    }
}
