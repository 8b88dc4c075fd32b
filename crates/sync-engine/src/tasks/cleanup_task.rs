//! The deletion of expired history.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, error_chain};
use crate::domain::task::Task;
use crate::domain::task_status::ActivationReason;
use crate::driver::task::{Activated, BackgroundTask, FailedActivation};
use crate::engine::Engine;

/// The interval of deleting expired history.
pub(crate) const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);

/// Deletes history that is older than its retention.
pub(crate) struct CleanupTask<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) retention: Duration,
}

#[async_trait]
impl BackgroundTask for CleanupTask<'_> {
    async fn activate(&mut self, _: ActivationReason, _: &CancellationToken) -> Activated {
        match self.engine.delete_expired_history(self.retention).await {
            Ok(true) => Activated::Done,
            Ok(false) => Activated::NothingDue,
            Err(error) => {
                let (error, remedy) = (error_chain(&error), error.remedy());
                tracing::warn!(error, "could not delete expired history");
                Activated::failed(FailedActivation::quiet(Task::HistoryCleanup, error, remedy))
            }
        }
    }
}

impl Engine {
    /// Deletes expired history by the directory's time: a clock that is ahead must not expire everything. While that
    /// time is unknown, nothing expires, and the result is false.
    async fn delete_expired_history(&self, retention: Duration) -> Result<bool, EngineError> {
        let view = self.schemas.known_view();
        let proven = self.context.directory_time(view.as_ref().map(|view| view.directory.as_ref())).await?;
        let Some(now) = proven.map(|time| time.min(self.context.now())) else { return Ok(false) };
        let before = now.checked_sub(retention).unwrap_or(Timestamp::MIN);
        self.context.store().delete_expired(before).await?;
        Ok(true)
    }
}
