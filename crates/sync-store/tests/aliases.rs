//! The promises of the store about references by values other than ids.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use serde_json::json;
use sync_engine::{ChangeKind, RunKind, StateStore};
use sync_model::{Alias, AliasReference, ExecutionId, ObjectKind, Record, RecordKey, RunId};

use support::{TestEnv, ada, at, staged, world};

/// A user who answers to a login and whose manager has another.
fn user(id: &str, login: &str, manager: Option<(&str, Option<&str>)>) -> Record {
    let mut record = Record {
        key: RecordKey { kind: ObjectKind::User, id: id.into() },
        fields: BTreeMap::from([("login".into(), json!(login)), ("manager".into(), json!(""))]),
        reference_key: id.into(),
        references: Vec::new(),
        alias: Some(Alias { value: login.into(), yields: false }),
        alias_reference: manager.map(|(alias, _)| AliasReference {
            field: "manager".into(),
            kind: ObjectKind::User,
            alias: alias.into(),
            id: None,
        }),
    };
    record.resolve(manager.and_then(|(_, id)| id).map(str::to_owned));
    record
}

impl TestEnv {
    async fn owners(&self, run: RunId, alias: &str) -> Vec<String> {
        let aliases = [alias.to_owned()];
        let owners = self.store.alias_owners(run, ObjectKind::User, &aliases).await.unwrap();
        owners.get(alias).into_iter().flatten().map(|owner| owner.id.clone()).collect()
    }

    async fn users_of(&self, run: RunId, everything: bool) -> Vec<String> {
        let uses = self.store.alias_uses(run, everything, None, 100).await.unwrap();
        uses.into_iter().map(|used| used.key.id).collect()
    }

    /// A run that stages these, none of them seen before.
    async fn stages(&self, changes: &[sync_engine::StagedChange]) -> RunId {
        let run = self.store.begin_run(RunKind::EventSync, at(0)).await.unwrap();
        self.store.stage(run, &[], changes).await.unwrap();
        run
    }
}

#[tokio::test]
async fn alias_belongs_to_current_objects() {
    let world = world().await;
    let none = RunId::new(0);
    world.confirmed(&[staged(ChangeKind::Create, user("u2", "boss", None), 10)]).await;
    assert_eq!(world.owners(none, "boss").await, ["u2"]);
    let renamed = world.stages(&[staged(ChangeKind::Update, user("u2", "chief", None), 20)]).await;
    assert!(world.owners(renamed, "boss").await.is_empty());
    assert_eq!(world.owners(renamed, "chief").await, ["u2"]);
    assert!(world.owners(none, "chief").await.is_empty(), "another run knows nothing of it");
    let overtaken = world.stages(&[staged(ChangeKind::Update, user("u2", "old", None), 5)]).await;
    assert_eq!(world.owners(overtaken, "boss").await, ["u2"], "a later reading was confirmed");
    let second = world.stages(&[staged(ChangeKind::Create, user("u3", "boss", None), 20)]).await;
    assert_eq!(world.owners(second, "boss").await, ["u2", "u3"]);
    let gone = world.stages(&[staged(ChangeKind::Retire, user("u2", "boss", None), 30)]).await;
    assert!(world.owners(gone, "boss").await.is_empty());
    world.confirm(gone).await;
    assert!(world.owners(none, "boss").await.is_empty(), "a retired object answers to nothing");
}

#[tokio::test]
async fn unconfirmed_record_owns_its_alias() {
    let world = world().await;
    let run = world.run(&[staged(ChangeKind::Create, user("u2", "boss", None), 10)]).await;
    let id = ExecutionId::new("e1");
    world.store.open_execution(run, &id, at(11)).await.unwrap();
    world.store.confirm(run, &id, &[], "lost", at(12)).await.unwrap();
    assert_eq!(world.owners(RunId::new(0), "boss").await, ["u2"]);
}

#[tokio::test]
async fn changed_alias_touches_its_referrers() {
    let world = world().await;
    let (worker, other) =
        (user("u1", "worker", Some(("boss", Some("u2")))), user("u4", "x", Some(("y", None))));
    let records = [worker.clone(), other, user("u2", "boss", None)];
    world.confirmed(&records.map(|record| staged(ChangeKind::Create, record, 10))).await;
    let renamed = world.stages(&[staged(ChangeKind::Update, user("u2", "chief", None), 20)]).await;
    assert_eq!(world.users_of(renamed, false).await, ["u1"]);
    assert_eq!(world.users_of(renamed, true).await, ["u1", "u4"]);
    let keys = [worker.key.clone()];
    let left = world.store.as_staged_by(renamed, &keys).await.unwrap();
    assert_eq!(left, [staged(ChangeKind::Update, worker.clone(), 10)], "as it was read");
    let own = world.stages(&[staged(ChangeKind::Update, worker.clone(), 30)]).await;
    assert_eq!(world.users_of(own, false).await, ["u1"], "what a run sends is resolved in any case");
    let gone = world.stages(&[staged(ChangeKind::Retire, worker, 30)]).await;
    assert!(world.users_of(gone, false).await.is_empty());
}

#[tokio::test]
async fn misled_reference_is_read_again() {
    let world = world().await;
    // The manager was confirmed by another run, between resolving and confirming.
    world.confirmed(&[staged(ChangeKind::Create, user("u2", "boss", None), 10)]).await;
    world.confirmed(&[staged(ChangeKind::Create, user("u1", "worker", Some(("boss", None))), 10)]).await;
    assert_eq!(world.pending_work(20).await, [ada()]);
    let right = user("u1", "worker", Some(("boss", Some("u2"))));
    let items = world.claim(30).await.unwrap();
    world.confirmed(&[staged(ChangeKind::Update, right.clone(), 30)]).await;
    world.store.complete_work(&items, at(31)).await.unwrap();
    assert!(world.pending_work(40).await.is_empty());
    // The manager's login passes on, and nobody resolved anew.
    world.confirmed(&[staged(ChangeKind::Update, user("u2", "chief", None), 50)]).await;
    assert_eq!(world.pending_work(60).await, [ada()]);
    let known = world.store.record_states(std::slice::from_ref(&right.key)).await.unwrap();
    assert!(known[&right.key].resend_pending);
}
