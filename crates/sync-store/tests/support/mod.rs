//! A store of one connection, and what is put into it.

// Every test file uses its own part of it.
#![allow(dead_code)]

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use sync_engine::testing::samples::*;
use sync_engine::{
    Executions, RunKind, RunReport, Runs, SafeguardState, StagedChange, StagedChanges, StoreError, Subject,
    WorkItem, WorkKind, WorkQueue,
};
use sync_model::{ConnectionName, ExecutionId, ObjectKind, RecordKey, RunId};
use sync_store::{ConnectionStore, Store};

pub(crate) struct TestEnv {
    pub(crate) store: ConnectionStore,
    folder: tempfile::TempDir,
}

pub(crate) async fn test_env() -> TestEnv {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let name = ConnectionName::try_from("main".to_owned()).unwrap();
    TestEnv { store: store.connection(&name).await.unwrap(), folder }
}

impl TestEnv {
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    pub(crate) async fn run(&self, changes: &[StagedChange]) -> RunId {
        let run = self.store.begin_run(RunKind::FullSync, at(0)).await.unwrap();
        let keys: Vec<RecordKey> = changes.iter().map(|c| c.record.key.clone()).collect();
        self.store.stage(run, &keys, changes).await.unwrap();
        run
    }

    pub(crate) async fn confirm(&self, run: RunId) {
        let id = ExecutionId::new(format!("e{run}"));
        self.store.open_execution(run, &id, at(1)).await.unwrap();
        self.store.confirm(run, &id, &ObjectKind::ALL, "lost", at(2)).await.unwrap();
        self.store.date_losses(at(2)).await.unwrap();
        self.store.end_run(run, &RunReport { executions: 1, ..RunReport::default() }, at(3)).await.unwrap();
    }

    pub(crate) async fn confirmed(&self, changes: &[StagedChange]) {
        let run = self.run(changes).await;
        self.confirm(run).await;
    }

    pub(crate) async fn pending_work(&self, second: i64) -> Vec<Subject> {
        let items = self.claim(second).await.unwrap();
        self.store.release_work(&items).await.unwrap();
        items.into_iter().map(|item| item.subject).collect()
    }

    pub(crate) async fn claim(&self, second: i64) -> Result<Vec<WorkItem>, StoreError> {
        self.store.claim_work(WorkKind::Object, 100, at(second), Duration::from_mins(1)).await
    }
}
