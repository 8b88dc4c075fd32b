//! Traces of earlier runs.

use crate::domain::error::EngineError;
use crate::domain::report::Outstanding;
use crate::domain::run_kind::RunKind;
use crate::engine::Engine;

impl Engine {
    /// True if a full sync was ever started.
    pub(crate) async fn has_started_sync(&self) -> Result<bool, EngineError> {
        let read = self.ports.store.last_run(RunKind::FullSync).await?.succeeded.is_some();
        Ok(read || self.ports.store.resumable_checkpoint().await?.is_some())
    }

    /// Work that is left undone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn outstanding(&self) -> Result<Outstanding, EngineError> {
        let inbox = self.ports.store.event_queue_counts().await?;
        Ok(Outstanding {
            unconfirmed: inbox.unconfirmed_records,
            rejected: inbox.rejected_records,
            next_attempt_at: self.ports.store.next_retry().await?,
            failed_events: inbox.failed,
            blocked: inbox.blocked,
            doubted: inbox.doubted,
        })
    }
}
