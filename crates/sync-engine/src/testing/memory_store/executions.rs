//! Executions in memory.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use crate::domain::run::{OpenExecution, RunExecution};
use crate::domain::store_error::StoreError;
use crate::ports::state::executions::Executions;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{Open, Tables};

#[async_trait]
impl Executions for MemoryStore {
    async fn open_execution(&self, run: RunId, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables("open_execution")?;
        let doubts = tables.place.as_ref().map_or(0, |place| place.doubts);
        tables.open_executions.push(Open { id: id.clone(), run, doubts });
        let execution = RunExecution { id: id.clone(), started_at: now, ended_at: None, processed: false };
        let executions = tables.run_executions.entry(run).or_default();
        if executions.iter().all(|known| known.id != *id) {
            executions.push(execution);
        }
        Ok(())
    }

    async fn open_executions(&self) -> Result<Vec<OpenExecution>, StoreError> {
        let tables = self.tables("open_executions")?;
        let open = |open: &Open| OpenExecution { id: open.id.clone(), run: open.run };
        Ok(tables.open_executions.iter().map(open).collect())
    }

    async fn knows_execution(&self, id: &ExecutionId) -> Result<bool, StoreError> {
        let tables = self.tables("knows_execution")?;
        Ok(tables.run_executions.values().flatten().any(|execution| execution.id == *id))
    }

    async fn prove(&self, run: RunId, keys: &[RecordKey]) -> Result<(), StoreError> {
        let mut tables = self.tables("prove")?;
        let staged = tables.staged.entry(run).or_default();
        for key in keys {
            if let Some(staged) = staged.get_mut(key) {
                staged.stored = true;
            }
        }
        Ok(())
    }

    async fn confirm(
        &self,
        run: RunId,
        execution: &ExecutionId,
        kinds: &[ObjectKind],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.tables("confirm")?.close(run, execution, Some(kinds), reason, now);
        Ok(())
    }

    async fn close_execution(&self, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables("close_execution")?;
        let run = tables.open_executions.iter().find(|open| open.id == *id).map(|open| open.run);
        tables.open_executions.retain(|open| open.id != *id);
        if let Some(run) = run {
            tables.end_execution(run, id, false, now);
        }
        Ok(())
    }

    async fn close_execution_as_unknown(
        &self,
        run: RunId,
        id: &ExecutionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.tables("close_execution_as_unknown")?.close(run, id, None, "", now);
        Ok(())
    }
}

impl Tables {
    /// Stores the end of an execution.
    pub(super) fn end_execution(&mut self, run: RunId, id: &ExecutionId, processed: bool, now: Timestamp) {
        let executions = self.run_executions.entry(run).or_default();
        if let Some(execution) = executions.iter_mut().find(|execution| execution.id == *id) {
            (execution.ended_at, execution.processed) = (Some(now), processed);
        }
    }
}
