//! A store, and what is put into it.

use std::time::Duration;

use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use crate::domain::inbox::{Subject, WorkItem, WorkKind};
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::StagedChange;
use crate::domain::store_error::StoreError;
use crate::ports::state_store::StateStore;
use crate::testing::samples::at;

/// An empty store under test.
pub(super) struct TestEnv<'s> {
    pub(super) store: &'s dyn StateStore,
}

impl TestEnv<'_> {
    pub(super) async fn run(&self, changes: &[StagedChange]) -> RunId {
        let run = self.store.begin_run(RunKind::FullSync, at(0)).await.unwrap();
        let keys: Vec<RecordKey> = changes.iter().map(|c| c.record.key.clone()).collect();
        self.store.stage(run, &keys, changes).await.unwrap();
        run
    }

    pub(super) async fn confirm(&self, run: RunId) {
        let id = ExecutionId::new(format!("e{run}"));
        self.store.open_execution(run, &id, at(1)).await.unwrap();
        self.store.confirm(run, &id, &ObjectKind::ALL, "lost", at(2)).await.unwrap();
        self.store.date_losses(at(2)).await.unwrap();
        self.store.end_run(run, &RunReport { executions: 1, ..RunReport::default() }, at(3)).await.unwrap();
    }

    pub(super) async fn send_confirmed(&self, changes: &[StagedChange]) {
        let run = self.run(changes).await;
        self.confirm(run).await;
    }

    pub(super) async fn pending_work(&self, second: i64) -> Vec<Subject> {
        let items = self.claim(second).await.unwrap();
        self.store.release_work(&items).await.unwrap();
        items.into_iter().map(|item| item.subject).collect()
    }

    pub(super) async fn claim(&self, second: i64) -> Result<Vec<WorkItem>, StoreError> {
        self.store.claim_work(WorkKind::Object, 100, at(second), Duration::from_mins(1)).await
    }
}
