//! Traces of earlier runs.

use crate::domain::error::EngineError;
use crate::domain::report::Outstanding;
use crate::domain::run_kind::RunKind;
use crate::engine::context::Context;

impl Context {
    /// True if a full sync was ever started.
    pub(crate) async fn has_started_sync(&self) -> Result<bool, EngineError> {
        let read = self.store().last_run(RunKind::FullSync).await?.succeeded.is_some();
        Ok(read || self.store().resumable_checkpoint().await?.is_some())
    }

    /// Work that is left undone.
    pub(crate) async fn outstanding(&self) -> Result<Outstanding, EngineError> {
        let inbox = self.store().event_queue_counts().await?;
        Ok(Outstanding {
            unconfirmed: inbox.unconfirmed_records,
            rejected: inbox.rejected_records,
            next_attempt_at: self.store().next_retry().await?,
            failed_events: inbox.failed,
            blocked: inbox.blocked,
            doubted: inbox.doubted,
        })
    }
}
