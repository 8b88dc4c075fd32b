//! Samples of how a connection is doing, minute by minute, for charts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use okta_client::PacerState;
use sync_engine::{Clock, MetricSample, StoreError, StoreEvidence, SystemClock};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::health_inputs::Vitals;
use crate::{Connection, ServiceError};

/// How often a sample is taken.
const INTERVAL: Duration = Duration::from_mins(1);
/// How often the rate limits are looked at for each sample: a window ends each minute, and nothing is left of it then.
const PEEKS: u32 = 12;
/// How long samples are kept: a day, and what a chart of a day needs before its beginning.
const KEPT: SignedDuration = SignedDuration::from_hours(25);
/// How long the store may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What only grows while the process lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counters {
    settled: u64,
    sent: u64,
    executions: u64,
    requests: u64,
    refused: u64,
}

impl Counters {
    fn read(vitals: &Vitals) -> Self {
        Self {
            settled: vitals.stats.completed_events,
            sent: vitals.stats.records.values().map(|counts| counts.sent).sum(),
            executions: vitals.stats.executions.values().sum(),
            requests: vitals.okta.requests,
            refused: vitals.okta.refused,
        }
    }
}

/// What sampling goes on from.
#[derive(Debug, Clone, Copy, Default)]
struct Last {
    /// When the last sample was kept.
    counters: Counters,
    /// The largest share of a rate limit that was seen since.
    permille: Option<u16>,
}

/// How a connection is sampled.
#[derive(Debug)]
pub(crate) struct Sampling {
    interval: Duration,
    last: Mutex<Last>,
    /// True if a rate limit was noted, by an earlier process as well.
    held: AtomicBool,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { interval: INTERVAL, last: Mutex::default(), held: AtomicBool::new(true) }
    }
}

impl Sampling {
    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn peek(&self, okta: &PacerState) {
        let mut last = self.last();
        last.permille = last.permille.max(permille(okta));
    }

    /// The sample that is due; what is counted goes on from the last one that was [kept](Self::kept).
    fn due(&self, vitals: &Vitals, store: &StoreEvidence) -> MetricSample {
        self.peek(&vitals.okta);
        let Last { counters: last, permille } = *self.last();
        let counters = Counters::read(vitals);
        let age = |since: Timestamp| u64::try_from(vitals.now.duration_since(since).as_secs()).unwrap_or(0);
        MetricSample {
            sampled_at: vitals.now,
            oldest_pending_change_seconds: store.oldest_change_at().map(age),
            lag_seconds: store.synced_through().map(age),
            pending_events: store.queue.unfinished(),
            failed_events: store.queue.failed,
            unconfirmed_records: store.queue.unconfirmed_records,
            completed_events: counters.settled.saturating_sub(last.settled),
            records_sent: counters.sent.saturating_sub(last.sent),
            executions: counters.executions.saturating_sub(last.executions),
            okta_requests: counters.requests.saturating_sub(last.requests),
            okta_throttled_requests: counters.refused.saturating_sub(last.refused),
            rate_limit_permille: permille,
        }
    }

    fn kept(&self, vitals: &Vitals) {
        *self.last() = Last { counters: Counters::read(vitals), permille: None };
    }
}

/// The largest share of a rate limit that is in use.
fn permille(okta: &PacerState) -> Option<u16> {
    let share = |limit: u64, remaining: u64| {
        let used = limit.saturating_sub(remaining) * 1000;
        u16::try_from(used.checked_div(limit)?).ok()
    };
    okta.buckets.values().filter_map(|bucket| share(bucket.limit, bucket.remaining)).max()
}

impl Connection {
    /// Takes a sample this often, rather than each minute.
    #[must_use]
    pub fn sampling_every(mut self, interval: Duration) -> Self {
        self.sampling.interval = interval;
        self
    }

    /// How the connection was doing since a time, the oldest first, for a day at most. [`Self::follow`] takes the
    /// samples; while nobody follows there are none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn samples(&self, since: Timestamp) -> Result<Vec<MetricSample>, ServiceError> {
        Ok(self.store.metric_samples(since).await?)
    }

    /// Keeps samples until told to stop. One that cannot be kept is told, and what it counted goes into the next.
    pub(crate) async fn keep_samples(&self, stop: &CancellationToken) {
        let mut peeks = tokio::time::interval((self.sampling.interval / PEEKS).max(Duration::from_millis(1)));
        peeks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut troubles = None;
        for turn in (0..PEEKS).cycle() {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = peeks.tick() => {}
            }
            if let Err(error) = self.keep_held().await {
                tracing::debug!(error = %crate::error_chain(&error), "a rate limit could not be noted for other processes");
            }
            if let Err(reason) = self.keep_troubles(&mut troubles).await {
                tracing::warn!(error = reason, "what goes wrong could not be noted for other processes");
            }
            if turn > 0 {
                self.sampling.peek(&self.watch.okta());
            } else if let Err(reason) = self.keep_sample().await {
                tracing::warn!(error = %reason, "how the connection is doing could not be kept for the charts");
            }
        }
    }

    /// Notes until when a rate limit holds requests back, for the status that another process shows.
    async fn keep_held(&self) -> Result<(), StoreError> {
        let held = self.watch.held_for();
        let until = (!held.is_zero()).then(|| SystemClock.now() + held);
        let was_held = self.sampling.held.swap(until.is_some(), Ordering::Relaxed);
        if until.is_some() || was_held { self.store.remember_held(until).await } else { Ok(()) }
    }

    /// Notes what goes wrong, where it differs from what was `noted`, for the status that another process shows.
    async fn keep_troubles(&self, noted: &mut Option<String>) -> Result<(), String> {
        let open: Vec<_> =
            self.troubles().into_iter().filter(|trouble| trouble.resolved_at.is_none()).collect();
        let text = serde_json::to_string(&open).map_err(|error| error.to_string())?;
        if noted.as_ref() != Some(&text) {
            self.store.remember_troubles(&text).await.map_err(|error| crate::error_chain(&error))?;
            *noted = Some(text);
        }
        Ok(())
    }

    async fn keep_sample(&self) -> Result<(), String> {
        let vitals = self.vitals().await;
        let store = vitals.store.as_ref().map_err(|finding| finding.code().as_str().to_owned())?;
        let sample = self.sampling.due(&vitals, store);
        let forget = vitals.now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        match tokio::time::timeout(PATIENCE, self.store.add_metric_sample(&sample, forget)).await {
            Ok(kept) => kept.map_err(|error| crate::error_chain(&error))?,
            Err(_) => return Err(format!("the store did not answer within {} s", PATIENCE.as_secs())),
        }
        self.sampling.kept(&vitals);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health_inputs::sample as healthy;

    #[test]
    fn a_sample_says_how_old_how_much_and_what_was_done_since_the_one_before() {
        let (sampling, mut vitals) = (Sampling::default(), healthy());
        let store = vitals.store.clone().unwrap();
        let first = sampling.due(&vitals, &store);
        assert_eq!((first.oldest_pending_change_seconds, first.lag_seconds), (Some(90), Some(90)));
        assert_eq!((first.pending_events, first.failed_events, first.unconfirmed_records), (7, 1, 3));
        assert_eq!(
            (first.records_sent, first.executions, first.okta_requests, first.okta_throttled_requests),
            (12, 3, 120, 1)
        );
        assert_eq!(first.rate_limit_permille, Some(100));

        vitals.okta.requests += 30;
        vitals.stats.completed_events += 4;
        let again = sampling.due(&vitals, &store);
        assert_eq!(
            (again.okta_requests, again.completed_events),
            (150, 4),
            "the first one could not be kept"
        );
        sampling.kept(&vitals);
        vitals.okta.requests += 1;
        let next = sampling.due(&vitals, &store);
        assert_eq!((next.okta_requests, next.completed_events, next.records_sent), (1, 0, 0));
    }

    #[test]
    fn the_share_of_a_rate_limit_is_the_largest_that_was_seen_since_the_last_sample() {
        let (sampling, mut vitals) = (Sampling::default(), healthy());
        let store = vitals.store.clone().unwrap();
        let left = |vitals: &mut Vitals, remaining| {
            vitals.okta.buckets.values_mut().for_each(|bucket| bucket.remaining = remaining);
        };
        left(&mut vitals, 30);
        sampling.peek(&vitals.okta);
        left(&mut vitals, 600);
        assert_eq!(sampling.due(&vitals, &store).rate_limit_permille, Some(950));
        sampling.kept(&vitals);
        assert_eq!(sampling.due(&vitals, &store).rate_limit_permille, Some(0));
        sampling.kept(&vitals);
        vitals.okta.buckets.clear();
        assert_eq!(sampling.due(&vitals, &store).rate_limit_permille, None);
    }
}
