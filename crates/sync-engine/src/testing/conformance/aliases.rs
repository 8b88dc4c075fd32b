//! The promises of the store about references by values other than ids.

use std::collections::BTreeMap;

use serde_json::json;
use sync_model::{Alias, AliasReference, ExecutionId, ObjectKind, Record, RecordKey, RunId};

use crate::domain::run_kind::RunKind;
use crate::domain::staged::ChangeKind;
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{ada, at, staged};

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

impl TestEnv<'_> {
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
    async fn stages(&self, changes: &[crate::domain::staged::StagedChange]) -> RunId {
        let run = self.store.begin_run(RunKind::EventSync, at(0)).await.unwrap();
        self.store.stage(run, &[], changes).await.unwrap();
        run
    }
}

pub async fn alias_belongs_to_current_objects(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let none = RunId::new(0);
    env.send_confirmed(&[staged(ChangeKind::Create, user("u2", "boss", None), 10)]).await;
    assert_eq!(env.owners(none, "boss").await, ["u2"]);
    let renamed = env.stages(&[staged(ChangeKind::Update, user("u2", "chief", None), 20)]).await;
    assert!(env.owners(renamed, "boss").await.is_empty());
    assert_eq!(env.owners(renamed, "chief").await, ["u2"]);
    assert!(env.owners(none, "chief").await.is_empty(), "another run knows nothing of it");
    let overtaken = env.stages(&[staged(ChangeKind::Update, user("u2", "old", None), 5)]).await;
    assert_eq!(env.owners(overtaken, "boss").await, ["u2"], "a later reading was confirmed");
    let second = env.stages(&[staged(ChangeKind::Create, user("u3", "boss", None), 20)]).await;
    assert_eq!(env.owners(second, "boss").await, ["u2", "u3"]);
    let gone = env.stages(&[staged(ChangeKind::Retire, user("u2", "boss", None), 30)]).await;
    assert!(env.owners(gone, "boss").await.is_empty());
    env.confirm(gone).await;
    assert!(env.owners(none, "boss").await.is_empty(), "a retired object answers to nothing");
}

pub async fn unconfirmed_record_owns_its_alias(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.run(&[staged(ChangeKind::Create, user("u2", "boss", None), 10)]).await;
    let id = ExecutionId::new("e1");
    env.store.open_execution(run, &id, at(11)).await.unwrap();
    env.store.confirm(run, &id, &[], "lost", at(12)).await.unwrap();
    assert_eq!(env.owners(RunId::new(0), "boss").await, ["u2"]);
}

pub async fn changed_alias_touches_its_referrers(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let (worker, other) =
        (user("u1", "worker", Some(("boss", Some("u2")))), user("u4", "x", Some(("y", None))));
    let records = [worker.clone(), other, user("u2", "boss", None)];
    env.send_confirmed(&records.map(|record| staged(ChangeKind::Create, record, 10))).await;
    let renamed = env.stages(&[staged(ChangeKind::Update, user("u2", "chief", None), 20)]).await;
    assert_eq!(env.users_of(renamed, false).await, ["u1"]);
    assert_eq!(env.users_of(renamed, true).await, ["u1", "u4"]);
    let keys = [worker.key.clone()];
    let left = env.store.as_staged_by(renamed, &keys).await.unwrap();
    assert_eq!(left, [staged(ChangeKind::Update, worker.clone(), 10)], "as it was read");
    let own = env.stages(&[staged(ChangeKind::Update, worker.clone(), 30)]).await;
    assert_eq!(env.users_of(own, false).await, ["u1"], "what a run sends is resolved in any case");
    let gone = env.stages(&[staged(ChangeKind::Retire, worker, 30)]).await;
    assert!(env.users_of(gone, false).await.is_empty());
}

pub async fn misled_reference_is_read_again(store: &dyn StateStore) {
    let env = &TestEnv { store };
    // The manager was confirmed by another run, between resolving and confirming.
    env.send_confirmed(&[staged(ChangeKind::Create, user("u2", "boss", None), 10)]).await;
    env.send_confirmed(&[staged(ChangeKind::Create, user("u1", "worker", Some(("boss", None))), 10)]).await;
    assert_eq!(env.pending_work(20).await, [ada()]);
    let right = user("u1", "worker", Some(("boss", Some("u2"))));
    let items = env.claim(30).await.unwrap();
    env.send_confirmed(&[staged(ChangeKind::Update, right.clone(), 30)]).await;
    env.store.complete_work(&items, at(31)).await.unwrap();
    assert!(env.pending_work(40).await.is_empty());
    // The manager's login passes on, and nobody resolved anew.
    env.send_confirmed(&[staged(ChangeKind::Update, user("u2", "chief", None), 50)]).await;
    assert_eq!(env.pending_work(60).await, [ada()]);
    let known = env.store.record_states(std::slice::from_ref(&right.key)).await.unwrap();
    assert!(known[&right.key].resend_pending);
}
