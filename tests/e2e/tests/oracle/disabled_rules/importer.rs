//! An import source that is believed too much, or told too little.

use std::sync::Arc;

use async_trait::async_trait;
use sync_engine::{
    DroppedValue, Execution, ExecutionState, ImportSourceState, Importer, Outcome, PortError, Submitted,
};
use sync_model::{ExecutionId, ObjectKind, Record};

use super::DisabledRule;

pub(super) fn careless(importer: Arc<dyn Importer>, broken: DisabledRule) -> Arc<dyn Importer> {
    Arc::new(LossyImporter { importer, broken })
}

struct LossyImporter {
    importer: Arc<dyn Importer>,
    broken: DisabledRule,
}

#[async_trait]
impl Importer for LossyImporter {
    async fn state(&self) -> Result<ImportSourceState, PortError> {
        self.importer.state().await
    }

    async fn removes_missing(&self) -> Result<Option<bool>, PortError> {
        self.importer.removes_missing().await
    }

    async fn keeps(&self, changes: &[(&Record, &Record)]) -> Vec<DroppedValue> {
        self.importer.keeps(changes).await
    }

    async fn removes_empty(&self) -> bool {
        self.importer.removes_empty().await
    }

    async fn start(&self) -> Result<Box<dyn Execution>, PortError> {
        let execution = self.importer.start().await?;
        Ok(Box::new(LossyExecution { execution, broken: self.broken, sent: Vec::new() }))
    }

    async fn awaits_records(&self) -> Result<Option<ExecutionId>, PortError> {
        self.importer.awaits_records().await
    }

    async fn latest(&self) -> Result<Option<ExecutionId>, PortError> {
        self.importer.latest().await
    }

    async fn execution(&self, id: &ExecutionId) -> Result<ExecutionState, PortError> {
        self.importer.execution(id).await
    }

    async fn cancel(&self, id: &ExecutionId, reason: &str) -> Result<(), PortError> {
        self.importer.cancel(id, reason).await
    }
}

struct LossyExecution {
    execution: Box<dyn Execution>,
    broken: DisabledRule,
    sent: Vec<ObjectKind>,
}

#[async_trait]
impl Execution for LossyExecution {
    fn id(&self) -> &ExecutionId {
        self.execution.id()
    }

    async fn submit(&mut self, mut records: Vec<Record>) -> Result<Submitted, PortError> {
        self.sent.extend(records.iter().map(|record| record.key.kind));
        if matches!(self.broken, DisabledRule::ForgetsToClear) {
            for record in &mut records {
                record
                    .fields
                    .retain(|_, value| !value.is_null() && *value != "" && *value != serde_json::json!([]));
            }
        }
        self.execution.submit(records).await
    }

    async fn complete(self: Box<Self>) -> Result<Outcome, PortError> {
        let Self { execution, broken, sent } = *self;
        let mut outcome = execution.complete().await?;
        if matches!(broken, DisabledRule::ConfirmsWhateverIsDone) {
            outcome.ok = true;
            for t in &mut outcome.types {
                let count = sent.iter().filter(|kind| Some(**kind) == t.kind).count() as u64;
                (t.entries, t.created, t.updated, t.identical) = (count, count, 0, 0);
            }
        }
        if matches!(broken, DisabledRule::ConfirmsAnywhere) {
            outcome.object_schema = None;
            for t in &mut outcome.types {
                t.id = None;
                t.updated += std::mem::take(&mut t.created);
            }
        }
        Ok(outcome)
    }

    async fn cancel(self: Box<Self>, reason: &str) -> Result<(), PortError> {
        self.execution.cancel(reason).await
    }
}
