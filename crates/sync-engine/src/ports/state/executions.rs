//! Executions and the records that they confirm.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use crate::domain::run::OpenExecution;
use crate::domain::store_error::StoreError;

/// Executions, from their start to the confirmation of their records.
#[async_trait]
pub trait Executions: Send + Sync {
    /// Stores an execution before the first record is sent.
    async fn open_execution(&self, run: RunId, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError>;

    /// Executions whose end was not recorded.
    async fn open_executions(&self) -> Result<Vec<OpenExecution>, StoreError>;

    /// True if this store contains an execution with that ID.
    async fn knows_execution(&self, id: &ExecutionId) -> Result<bool, StoreError>;

    /// Marks staged records of a run, whose execution has ended, that the target was found to contain unchanged. They
    /// are confirmed with the execution, regardless of its counters.
    ///
    /// # Errors
    /// When the store fails.
    async fn prove(&self, run: RunId, keys: &[RecordKey]) -> Result<(), StoreError>;

    /// Confirms the staged records of these kinds and the [proven](Self::prove) ones, stores their references, and
    /// closes the execution. Objects that refer to a new one and were not part of the run are marked for resend and
    /// queued. Sent records of other kinds stay [unconfirmed](crate::UnconfirmedRecords), with the reason.
    async fn confirm(
        &self,
        run: RunId,
        execution: &ExecutionId,
        kinds: &[ObjectKind],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Closes an execution that changed nothing.
    async fn close_execution(&self, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError>;

    /// Closes an execution whose end is unknown. Its records, which the target may have, stay
    /// [unconfirmed](crate::UnconfirmedRecords).
    async fn close_execution_as_unknown(
        &self,
        run: RunId,
        id: &ExecutionId,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
