//! Following the directory: events as they come, the schema on a timer.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{EngineError, Quiet, StructureState, engine::Engine, events::Batch, explain};

/// How the engine follows.
#[derive(Debug, Clone, Copy)]
pub struct FollowOptions {
    /// How long to wait after the first event for others that belong to the same change.
    pub debounce: Duration,
    /// How often to look for work that no event announces: looks that were put off, a second process.
    pub poll: Duration,
    /// How often to compare the schemas; no event hook reports a schema change.
    pub schema_interval: Duration,
}

impl Default for FollowOptions {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(30),
            poll: Duration::from_millis(500),
            schema_interval: Duration::from_mins(15),
        }
    }
}

/// The longest pause after repeated failures.
const MAX_PAUSE: Duration = Duration::from_mins(1);

impl Engine {
    /// Applies events as they are stored, until told to stop. Failures are logged and tried again; nothing is lost.
    ///
    /// `wake` is notified by whoever stores events.
    pub async fn follow(&self, options: FollowOptions, wake: &Notify, stop: &CancellationToken) {
        let mut next_schema = Instant::now();
        let mut pause = Duration::ZERO;
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = wake.notified() => tokio::time::sleep(options.debounce).await,
                () = tokio::time::sleep(options.poll) => {}
            }
            if !pause.is_zero() {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
            // First thing: records cannot be made before the schemas are known.
            let mut result = Ok(());
            if Instant::now() >= next_schema {
                result = self.refresh_schema().await;
                if result.is_ok() {
                    next_schema = Instant::now() + options.schema_interval;
                }
            }
            if result.is_ok() {
                result = self.drain(stop).await;
            }
            pause = match result {
                Ok(()) => Duration::ZERO,
                Err(EngineError::Stopped) => return,
                Err(error) => {
                    tracing::error!(error = %explain(&error), hint = error.hint(), "following the directory failed; trying again");
                    (pause * 2).clamp(Duration::from_secs(1), MAX_PAUSE)
                }
            };
        }
    }

    /// Handles events until nothing is due.
    async fn drain(&self, stop: &CancellationToken) -> Result<(), EngineError> {
        loop {
            match self.process_events(stop).await? {
                Batch::Empty => return Ok(()),
                Batch::Some(report) => {
                    tracing::info!(
                        executions = report.executions,
                        seconds = report.seconds,
                        records = ?report.records,
                        messages = ?report.messages,
                        "events applied"
                    );
                }
                Batch::ReadAll(looks) => {
                    tracing::info!("an event names nobody; reading the whole directory");
                    match self.sync(&self.options.limits, &Quiet, stop).await {
                        Ok(_) => self.ports.store.settle(&looks, self.now()).await?,
                        Err(error) => {
                            if !matches!(error, EngineError::Stopped) {
                                self.put_off(&looks, &explain(&error)).await?;
                            }
                            return Err(error);
                        }
                    }
                }
            }
        }
    }

    /// Adds attributes that the directory's schema has gained.
    async fn refresh_schema(&self) -> Result<(), EngineError> {
        let report = self.ports.structure.compare().await.map_err(EngineError::Structure)?;
        if report.state == StructureState::Outdated {
            let report = self.ports.structure.apply().await.map_err(EngineError::Structure)?;
            tracing::info!(attributes = ?report.added_attributes, "the object schema follows the directory's");
        }
        Ok(())
    }
}
