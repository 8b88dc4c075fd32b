//! The import source that receives the records.

use async_trait::async_trait;
use sync_model::{ExecutionId, Record};

use crate::domain::error::PortError;
use crate::domain::import::{DroppedValue, ExecutionState, ImportSourceState, Outcome, Submitted};

/// The import source.
#[async_trait]
pub trait Importer: Send + Sync {
    /// The state of the import source.
    async fn state(&self) -> Result<ImportSourceState, PortError>;

    /// True if objects that an import doesn't contain are deleted; `None` if the import source doesn't report it.
    async fn removes_missing(&self) -> Result<Option<bool>, PortError>;

    /// The values that the target keeps when records are replaced, each with the current and the sent value.
    async fn keeps(&self, changes: &[(&Record, &Record)]) -> Vec<DroppedValue>;

    /// True if empty values are now removed for certain.
    async fn removes_empty(&self) -> bool;

    /// Starts an execution. An error that [is busy](PortError::is_busy) means that another execution is active.
    async fn start(&self) -> Result<Box<dyn Execution>, PortError>;

    /// The execution that accepts records at present, started by any program.
    async fn awaits_records(&self) -> Result<Option<ExecutionId>, PortError>;

    /// The latest execution with processed or processing records, of any program; `None` if there is none, or if the
    /// import source doesn't report it.
    async fn latest(&self) -> Result<Option<ExecutionId>, PortError> {
        Ok(None)
    }

    /// Reads the state of an execution by ID.
    async fn execution(&self, id: &ExecutionId) -> Result<ExecutionState, PortError>;

    /// Cancels an execution that accepts records, leaving the reason in its history.
    async fn cancel(&self, id: &ExecutionId, reason: &str) -> Result<(), PortError>;
}

/// An execution that accepts records. To be completed or cancelled; there is no third way.
#[async_trait]
pub trait Execution: Send {
    /// The ID.
    fn id(&self) -> &ExecutionId;

    /// Sends records in chunks. Records that the importer rejects are left out and returned.
    ///
    /// # Errors
    /// When the execution can't accept records and must be canceled.
    async fn submit(&mut self, records: Vec<Record>) -> Result<Submitted, PortError>;

    /// Completes the execution, and waits for the outcome.
    async fn complete(self: Box<Self>) -> Result<Outcome, PortError>;

    /// Cancels it: the sent records have no effect.
    async fn cancel(self: Box<Self>, reason: &str) -> Result<(), PortError>;
}
