//! Metric samples of a connection in the store.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sync_engine::{
    Activated, ActivationReason, BackgroundTask, FailedActivation, MetricSample, StoreError, Task, TaskSpec,
};
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::error::ServiceError;
use crate::metric_samples::PEEKS;

/// The retention of samples: one day, plus the time before it that a chart of one day needs.
const KEPT: SignedDuration = SignedDuration::from_hours(25);
/// The time limit for the store.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stores samples. A failure is logged, and its counts are included in the next sample.
struct SamplesTask<'c> {
    connection: &'c Connection,
    turn: u32,
}

#[async_trait]
impl BackgroundTask for SamplesTask<'_> {
    async fn activate(&mut self, _: ActivationReason, _: &CancellationToken) -> Activated {
        let (connection, turn) = (self.connection, self.turn);
        self.turn = (turn + 1) % PEEKS;
        if let Err(error) = connection.store_throttling().await {
            tracing::debug!(error = %sync_engine::error_chain(&error), "could not store a rate limit for other processes");
        }
        if turn > 0 {
            connection.sampling.peek(&connection.watch.okta());
            return Activated::NothingDue;
        }
        match connection.store_sample().await {
            Ok(()) => Activated::Done,
            Err(reason) => {
                tracing::warn!(error = %reason, "could not store a metric sample");
                Activated::failed(FailedActivation::quiet(Task::MetricSamples, reason, None))
            }
        }
    }
}

impl Connection {
    /// Sets the interval of samples, by default one minute.
    #[must_use]
    pub fn sampling_every(mut self, interval: Duration) -> Self {
        self.sampling.interval = interval;
        self
    }

    /// The samples since a time, the oldest first, for one day at most. [`Self::follow`] stores them; there are none
    /// for times when it doesn't run.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn metric_samples(&self, since: Timestamp) -> Result<Vec<MetricSample>, ServiceError> {
        Ok(self.store.metric_samples(since).await?)
    }

    /// Stores samples until interrupted.
    pub(crate) async fn store_samples(&self, stop: &CancellationToken) {
        let samples = TaskSpec::every(Task::MetricSamples, self.sampling.period()).without_retries();
        self.engine().driver().run(samples, &mut SamplesTask { connection: self, turn: 0 }, stop).await;
    }

    /// Stores the end of a delay by the rate limit, for the status in other processes.
    async fn store_throttling(&self) -> Result<(), StoreError> {
        let held = self.watch.held_for();
        let until = (!held.is_zero()).then(|| self.now() + held);
        let was_held = self.sampling.held.swap(until.is_some(), Ordering::Relaxed);
        if until.is_some() || was_held { self.store.save_held_until(until).await } else { Ok(()) }
    }

    async fn store_sample(&self) -> Result<(), String> {
        let inputs = self.inputs().await;
        let store = inputs.store.as_ref().map_err(|finding| finding.code().as_str().to_owned())?;
        let sample = self.sampling.due(&inputs, store);
        let expired_before = inputs.now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        match tokio::time::timeout(PATIENCE, self.store.add_metric_sample(&sample, expired_before)).await {
            Ok(kept) => kept.map_err(|error| sync_engine::error_chain(&error))?,
            Err(_) => {
                return Err(format!("no response from the state store within {} s", PATIENCE.as_secs()));
            }
        }
        self.sampling.kept(&inputs);
        Ok(())
    }
}
