//! A store of one connection, and what is put into it.

// Every test file uses its own part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sync_engine::{
    ChangeKind, NewEvent, Reading, RunKind, RunReport, SafeguardState, StagedChange, StateStore, StoreError,
    Subject, WorkItem, WorkKind,
};
use sync_model::{
    ConnectionName, EventId, ExecutionId, ObjectKind, Record, RecordKey, Reference, RunId, UserId,
};
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

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000 + second)
}

pub(crate) fn user(id: &str, login: &str, groups: &[&str]) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::User, id: id.into() },
        fields: BTreeMap::from([("login".into(), json!(login)), ("groups".into(), json!(groups))]),
        reference_key: id.into(),
        references: groups
            .iter()
            .map(|g| Reference { kind: ObjectKind::Group, reference_key: (*g).into() })
            .collect(),
        alias: None,
        alias_reference: None,
    }
}

pub(crate) fn group(id: &str) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::Group, id: id.into() },
        fields: BTreeMap::from([("name".into(), json!(id))]),
        reference_key: id.into(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    }
}

pub(crate) fn staged(change: ChangeKind, record: Record, second: i64) -> StagedChange {
    StagedChange { change, record, reading: reading(second) }
}

/// A reading under a number of its own.
pub(crate) fn reading(second: i64) -> Reading {
    Reading { number: second, at: at(second) }
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

pub(crate) fn event(id: &str, subjects: &[Subject]) -> NewEvent {
    NewEvent {
        id: EventId::new(id),
        event_type: "user.account.update_profile".into(),
        published_at: at(10),
        subjects: subjects.to_vec(),
        requires_newer_object: true,
        expect_deleted: false,
        hook_notice: None,
    }
}

pub(crate) fn ada() -> Subject {
    Subject::User(UserId::new("u1"))
}
