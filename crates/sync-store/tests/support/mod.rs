//! A store of one connection, and what is put into it.

// Every test file uses its own part of it.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sync_engine::{
    Change, InboxEvent, Look, LookSort, Reading, RunKind, RunReport, SafeguardState, Staged, StateStore,
    StoreError, Subject,
};
use sync_model::{
    ConnectionName, EventId, ExecutionId, ObjectKind, Record, RecordKey, Reference, RunId, UserId,
};
use sync_store::{ConnectionStore, Store};

pub(crate) struct World {
    pub(crate) store: ConnectionStore,
    folder: tempfile::TempDir,
}

pub(crate) async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let name = ConnectionName::try_from("main".to_owned()).unwrap();
    World { store: store.connection(&name).await.unwrap(), folder }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000 + second)
}

pub(crate) fn user(id: &str, login: &str, groups: &[&str]) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::User, id: id.into() },
        fields: BTreeMap::from([("login".into(), json!(login)), ("groups".into(), json!(groups))]),
        answers_to: id.into(),
        references: groups
            .iter()
            .map(|g| Reference { kind: ObjectKind::Group, value: (*g).into() })
            .collect(),
        alias: None,
        alias_reference: None,
    }
}

pub(crate) fn group(id: &str) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::Group, id: id.into() },
        fields: BTreeMap::from([("name".into(), json!(id))]),
        answers_to: id.into(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    }
}

pub(crate) fn staged(change: Change, record: Record, second: i64) -> Staged {
    Staged { change, record, reading: reading(second) }
}

/// A reading under a number of its own.
pub(crate) fn reading(second: i64) -> Reading {
    Reading { number: second, at: at(second) }
}

impl World {
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    pub(crate) async fn run(&self, changes: &[Staged]) -> RunId {
        let run = self.store.begin_run(RunKind::Full, at(0)).await.unwrap();
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

    pub(crate) async fn confirmed(&self, changes: &[Staged]) {
        let run = self.run(changes).await;
        self.confirm(run).await;
    }

    pub(crate) async fn looks(&self, second: i64) -> Vec<Subject> {
        let looks = self.claim(second).await.unwrap();
        self.store.release(&looks).await.unwrap();
        looks.into_iter().map(|look| look.target).collect()
    }

    pub(crate) async fn claim(&self, second: i64) -> Result<Vec<Look>, StoreError> {
        self.store.claim_looks(LookSort::Objects, 100, at(second), Duration::from_mins(1)).await
    }
}

pub(crate) fn event(id: &str, subjects: &[Subject]) -> InboxEvent {
    InboxEvent {
        id: EventId::new(id),
        event_type: "user.account.update_profile".into(),
        published: at(10),
        subjects: subjects.to_vec(),
        changes_object: true,
        expects_gone: false,
        is_hook_failure: false,
    }
}

pub(crate) fn ada() -> Subject {
    Subject::User(UserId::new("u1"))
}
