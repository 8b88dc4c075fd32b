//! Pruning with the settings of a connection.

use sync_engine::{EngineError, ObjectAuditEntry, PruneOptions, PrunePlan, PruneReport};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::connection::Connection;
use crate::error::ServiceError;

impl Connection {
    /// Lists objects that can be deleted from Assets. Changes nothing.
    ///
    /// # Errors
    /// When the connection has no account, and as [`sync_engine::Engine::prune_plan`].
    pub async fn prune_plan(&self, options: &PruneOptions) -> Result<PrunePlan, ServiceError> {
        self.engine().prune_plan(options).await.map_err(|error| self.without_account(error))
    }

    /// Deletes the objects that an administrator confirmed. Requires a [claim](Self::claim) of the connection.
    ///
    /// # Errors
    /// When the connection has no account, and as [`sync_engine::Engine::prune`].
    pub async fn prune(
        &self,
        plan: &PrunePlan,
        options: &PruneOptions,
        stop: &CancellationToken,
    ) -> Result<PruneReport, ServiceError> {
        let span = tracing::info_span!(target: "audit", "prune", connection = %self.name());
        let pruned = self.engine().prune(plan, options, stop).instrument(span).await;
        pruned.map_err(|error| self.without_account(error))
    }

    /// Deletions, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn audit(&self, limit: u32) -> Result<Vec<ObjectAuditEntry>, ServiceError> {
        Ok(self.store().audit(limit).await?)
    }

    fn without_account(&self, error: EngineError) -> ServiceError {
        match error {
            EngineError::NoAccount => ServiceError::NoAccount(self.name().clone()),
            error => error.into(),
        }
    }
}
