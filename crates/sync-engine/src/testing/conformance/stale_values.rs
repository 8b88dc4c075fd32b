//! Stale values, retired objects, and resends.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use sync_model::{ExecutionId, GroupId, ObjectKind, Record, RecordKey, Reference, RunId, UserId};

use crate::domain::import::DroppedValue;
use crate::domain::inbox::{Subject, WorkKind};
use crate::domain::place::{LostValues, Place};
use crate::domain::reading::Reading;
use crate::domain::report::RunReport;
use crate::domain::retired_object::ObjectAuditEntry;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::domain::stale_value::ClearRequest;
use crate::ports::state_store::StateStore;
use crate::testing::samples::at;

struct TestEnv<'s> {
    store: &'s dyn StateStore,
}

fn ada() -> RecordKey {
    RecordKey { kind: ObjectKind::User, id: "u1".into() }
}

fn record(city: &str) -> Record {
    Record {
        key: ada(),
        fields: BTreeMap::from([("login".into(), json!("ada")), ("city".into(), json!(city))]),
        reference_key: "u1".into(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    }
}

fn city() -> DroppedValue {
    DroppedValue { key: ada(), field: "city".into(), attribute: "User: City".into() }
}

fn due() -> Vec<ClearRequest> {
    vec![ClearRequest { key: ada(), fields: vec!["city".into()] }]
}

fn line(second: i64) -> ObjectAuditEntry {
    ObjectAuditEntry {
        occurred_at: at(second),
        action: "deleted".into(),
        object: "user u1".into(),
        detail: "OKTA-1".into(),
    }
}

impl TestEnv<'_> {
    async fn staged(&self, change: ChangeKind, record: Record, second: i64, kept: &[DroppedValue]) -> RunId {
        let run = self.store.begin_run(RunKind::FullSync, at(second)).await.unwrap();
        let keys = [record.key.clone()];
        let staged = StagedChange::new(change, record, Reading { number: second, at: at(second) });
        self.store.stage(run, &keys, &[staged]).await.unwrap();
        self.store.stage_stale_values(run, kept).await.unwrap();
        run
    }

    async fn end(&self, run: RunId, second: i64, kinds: &[ObjectKind]) {
        let id = ExecutionId::new(format!("e{run}"));
        self.store.open_execution(run, &id, at(second)).await.unwrap();
        self.store.confirm(run, &id, kinds, "lost", at(second)).await.unwrap();
        self.store.end_run(run, &RunReport::default(), at(second)).await.unwrap();
    }

    async fn send(&self, change: ChangeKind, record: Record, second: i64, kept: &[DroppedValue]) {
        let run = self.staged(change, record, second, kept).await;
        self.end(run, second, &ObjectKind::ALL).await;
    }

    async fn due(&self, second: i64) -> Vec<ClearRequest> {
        self.store.due_stale_values(100, at(second)).await.unwrap()
    }
}

pub async fn stale_values_are_stored_on_confirmation(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    let run = env.staged(ChangeKind::Update, record(""), 1, &[city()]).await;
    assert!(env.due(9).await.is_empty());
    env.end(run, 2, &ObjectKind::ALL).await;
    assert_eq!(env.due(9).await, due());
    let listed = env.store.stale_values(10).await.unwrap();
    assert_eq!(
        (listed[0].attribute.as_str(), listed[0].became_stale_at, listed[0].attempts),
        ("User: City", at(2), 0)
    );
    let counts = env.store.stale_value_counts().await.unwrap();
    assert_eq!((counts.values, counts.objects, counts.failed, counts.oldest_at), (1, 1, 0, Some(at(2))));
}

pub async fn unsent_change_leaves_no_stale_values(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    let run = env.staged(ChangeKind::Update, record(""), 1, &[city()]).await;
    env.store.end_run(run, &RunReport::default(), at(2)).await.unwrap();
    assert!(env.due(9).await.is_empty());
}

pub async fn value_set_again_is_not_stale(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    env.send(ChangeKind::Update, record(""), 1, &[city()]).await;
    env.send(ChangeKind::Update, Record { reference_key: "other".into(), ..record("") }, 2, &[]).await;
    assert_eq!(env.due(9).await, due(), "a record that still has none does not");
    env.send(ChangeKind::Update, record("Rome"), 3, &[]).await;
    assert!(env.due(9).await.is_empty());
}

pub async fn unconfirmed_object_waits_to_be_cleared(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    let run = env.staged(ChangeKind::Update, record("Rome"), 1, &[]).await;
    env.end(run, 1, &[]).await;
    let held = env.store.possible_records(&[ada()]).await.unwrap();
    assert_eq!(held[&ada()], [record("Paris"), record("Rome")]);
    let run = env.staged(ChangeKind::Update, record(""), 2, &[city()]).await;
    env.end(run, 2, &[]).await;
    assert_eq!(env.store.stale_value_counts().await.unwrap().values, 1);
    assert!(env.due(9).await.is_empty(), "Assets may not have the new record yet");
    let run = env.store.begin_run(RunKind::Retry, at(5)).await.unwrap();
    env.store.stage_retries(run, at(5)).await.unwrap();
    env.end(run, 6, &ObjectKind::ALL).await;
    assert_eq!(env.due(9).await, due());
}

pub async fn failed_clearing_backs_off(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    env.send(ChangeKind::Update, record(""), 1, &[city()]).await;
    env.store.requeue_stale_values(Some(&due()), "refused", at(10)).await.unwrap();
    assert!(env.due(10).await.is_empty());
    assert_eq!(env.due(11).await, due());
    env.store.requeue_stale_values(None, "no answer", at(11)).await.unwrap();
    assert!(env.due(12).await.is_empty());
    assert_eq!(env.due(13).await, due());
    let listed = env.store.stale_values(10).await.unwrap();
    assert_eq!((listed[0].attempts, listed[0].reason.as_str()), (2, "no answer"));
    assert_eq!(env.store.stale_value_counts().await.unwrap().failed, 1);
    env.store.remove_stale_values(&due()).await.unwrap();
    assert_eq!(env.store.stale_value_counts().await.unwrap().values, 0);
}

pub async fn records_with_stale_values_are_resent(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    env.send(ChangeKind::Update, record(""), 1, &[city()]).await;
    assert_eq!(env.store.resend_stale_values(at(5)).await.unwrap(), 1);
    assert_eq!(env.store.stale_value_counts().await.unwrap().values, 0);
    assert_eq!(env.store.next_retry().await.unwrap(), Some(at(5)));
    let run = env.store.begin_run(RunKind::Retry, at(5)).await.unwrap();
    assert_eq!(env.store.stage_retries(run, at(5)).await.unwrap(), 1);
    assert_eq!(env.store.staged(run, None, 10).await.unwrap()[0].record, record(""));
    env.end(run, 6, &ObjectKind::ALL).await;
    assert_eq!(env.store.next_retry().await.unwrap(), None);
}

pub async fn retired_at_is_the_first_time(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    assert!(env.store.retired_before(at(100), 10).await.unwrap().is_empty());
    env.send(ChangeKind::Retire, record(""), 10, &[]).await;
    env.send(ChangeKind::Retire, record("marked otherwise"), 20, &[]).await;
    let gone = env.store.retired_before(at(11), 10).await.unwrap();
    assert_eq!((gone[0].key.clone(), gone[0].retired_at), (ada(), at(10)));
    assert!(env.store.retired_before(at(10), 10).await.unwrap().is_empty());
    assert_eq!(env.store.count_retired_before(at(11)).await.unwrap(), 1);
    env.send(ChangeKind::Update, record("Paris"), 30, &[]).await;
    assert!(env.store.retired_before(at(100), 10).await.unwrap().is_empty());
    env.send(ChangeKind::Retire, record(""), 40, &[]).await;
    assert_eq!(env.store.retired_before(at(100), 10).await.unwrap()[0].retired_at, at(40));
}

pub async fn deleted_record_leaves_an_audit_entry(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    env.store.delete_record(&ada(), &line(1)).await.unwrap();
    assert_eq!(env.store.confirmed_record(&ada()).await.unwrap(), Some(record("Paris")));
    env.send(ChangeKind::Retire, record(""), 10, &[city()]).await;
    env.store.delete_record(&ada(), &line(11)).await.unwrap();
    assert_eq!(env.store.confirmed_record(&ada()).await.unwrap(), None);
    assert_eq!(env.store.stale_value_counts().await.unwrap().values, 0);
    assert_eq!(env.store.audit(10).await.unwrap(), [line(11), line(1)], "the newest first");
}

pub async fn resend_marks_every_current_object(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    assert!(!env.store.record_states(&[ada()]).await.unwrap()[&ada()].resend_pending);
    env.store.mark_all_for_resend().await.unwrap();
    assert!(env.store.record_states(&[ada()]).await.unwrap()[&ada()].resend_pending);
}

pub async fn empty_values_are_resent(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send(ChangeKind::Create, record("Paris"), 0, &[]).await;
    let dirty = async || env.store.record_states(&[ada()]).await.unwrap()[&ada()].resend_pending;
    let doubt = async |kind, fields: &[&str]| {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        let doubt = LostValues::Values(BTreeMap::from([(kind, fields)]));
        env.store.save_place(&Place::default(), Some(&doubt), None, at(0)).await.unwrap();
    };
    doubt(ObjectKind::User, &["badge"]).await;
    assert!(!dirty().await, "it has no such value");
    doubt(ObjectKind::Group, &["badge", "city"]).await;
    assert!(!dirty().await, "it is no group");
    doubt(ObjectKind::User, &["badge", "city"]).await;
    assert!(dirty().await);
    assert_eq!(env.store.event_queue_counts().await.unwrap().doubted, 1);
    env.send(ChangeKind::Update, record(""), 1, &[]).await;
    doubt(ObjectKind::User, &["badge", "city"]).await;
    assert!(dirty().await, "it may have been emptied while the field was withheld");
}

pub async fn resent_object_resends_its_referrers(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let group = RecordKey { kind: ObjectKind::Group, id: "g1".into() };
    let admins = Record {
        key: group.clone(),
        fields: BTreeMap::new(),
        reference_key: "g1".into(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    };
    let member = Record {
        references: vec![Reference { kind: ObjectKind::Group, reference_key: "g1".into() }],
        ..record("Paris")
    };
    let grace = Record {
        key: RecordKey { kind: ObjectKind::User, id: "u2".into() },
        reference_key: "u2".into(),
        ..record("Paris")
    };
    let keys = [group.clone(), ada(), grace.key.clone()];
    for (second, record) in (0..).zip([admins.clone(), member.clone(), grace]) {
        env.send(ChangeKind::Create, record, second, &[]).await;
    }
    env.store.mark_for_resend(&RecordKey { kind: ObjectKind::User, id: "u9".into() }, at(5)).await.unwrap();
    let claim = async || {
        let items = env.store.claim_work(WorkKind::Object, 10, at(9), Duration::from_secs(1)).await.unwrap();
        items.into_iter().map(|item| item.subject).collect::<Vec<_>>()
    };
    assert_eq!(claim().await, [], "the object is unknown");
    let dirty = async || {
        let known = env.store.record_states(&keys).await.unwrap();
        keys.each_ref().map(|key| known[key].resend_pending)
    };
    env.store.mark_for_resend(&group, at(6)).await.unwrap();
    assert_eq!(dirty().await, [true, false, false]);
    assert_eq!(claim().await, [Subject::Group(GroupId::new("g1"))]);
    env.send(ChangeKind::Update, admins, 7, &[]).await;
    assert_eq!(dirty().await, [false, true, false], "in Assets it may refer to nothing");
    assert_eq!(claim().await, [Subject::User(UserId::new("u1"))]);
    env.send(ChangeKind::Update, member, 8, &[]).await;
    assert_eq!((dirty().await, claim().await), ([false; 3], Vec::new()), "which has an end");
}
