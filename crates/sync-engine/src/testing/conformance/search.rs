//! Objects that are found, all that is remembered of one, and metric samples.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sync_model::{ExecutionId, ObjectKind, Record, RecordKey, Reference, RunId};

use crate::domain::import::DroppedValue;
use crate::domain::object_history::{OriginRun, SearchHits};
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::sample::MetricSample;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{at, staged};

fn named(kind: ObjectKind, id: &str, fields: &[(&str, &str)]) -> Record {
    let fields: BTreeMap<String, Value> =
        fields.iter().map(|(name, value)| (format!("profile_{name}"), json!(value))).collect();
    Record {
        key: RecordKey { kind, id: id.into() },
        fields,
        reference_key: id.into(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    }
}

fn ada() -> Record {
    let fields = [
        ("login", "Ada.L@example.com"),
        ("email", "ada@lovelace.example"),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
        ("city", "Paris"),
    ];
    named(ObjectKind::User, "00uAda", &fields)
}

fn found(found: &SearchHits) -> Vec<&str> {
    found.objects.iter().map(|object| object.record.key.id.as_str()).collect()
}

/// The run of an execution that accounts for these kinds.
async fn sent(env: &TestEnv<'_>, changes: &[StagedChange], kinds: &[ObjectKind], second: i64) -> RunId {
    let run = env.run(changes).await;
    let id = ExecutionId::new(format!("e{run}"));
    env.store.open_execution(run, &id, at(second)).await.unwrap();
    env.store.confirm(run, &id, kinds, "no label", at(second)).await.unwrap();
    env.store.end_run(run, &RunReport { executions: 1, ..RunReport::default() }, at(second)).await.unwrap();
    run
}

pub async fn search_matches_ids_and_names(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let eloise =
        named(ObjectKind::User, "00uEl", &[("login", "el@example.com"), ("displayName", "Éloïse RENÉE")]);
    let team =
        named(ObjectKind::Group, "00gAdmins", &[("name", "Ada's Team"), ("description", "of Lovelace")]);
    let changes = [ada(), eloise, team].map(|record| staged(ChangeKind::Create, record, 0));
    env.send_confirmed(&changes).await;
    for (text, expected) in [
        ("00uAda", &["00uAda"][..]),
        ("00uada", &[]),
        ("00uA", &[]),
        ("ADA", &["00gAdmins", "00uAda"]),
        ("ada.l@EXAMPLE", &["00uAda"]),
        ("lovelace.example", &["00uAda"]),
        ("ada lovelace", &["00uAda"]),
        ("team", &["00gAdmins"]),
        ("éloïse", &["00uEl"]),
        ("renée", &["00uEl"]),
        ("Paris", &[]),
        ("%", &[]),
    ] {
        let matches = env.store.find_objects(text, None, 10).await.unwrap();
        assert_eq!((found(&matches).as_slice(), matches.has_more), (expected, false), "{text}");
    }
    let users = env.store.find_objects("ada", Some(ObjectKind::User), 10).await.unwrap();
    assert_eq!(found(&users), ["00uAda"]);
    assert_eq!(users.objects[0].confirmed_at, Some(at(2)));
    assert_eq!(users.objects[0].record, ada());
}

pub async fn search_reports_more_hits(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let people =
        (0..5).map(|n| named(ObjectKind::User, &format!("u{n}"), &[("login", &format!("p{}", 9 - n))]));
    let changes: Vec<_> = people.map(|record| staged(ChangeKind::Create, record, 0)).collect();
    env.send_confirmed(&changes).await;
    let some = env.store.find_objects("p", None, 3).await.unwrap();
    assert_eq!((found(&some), some.has_more), (vec!["u4", "u3", "u2"], true), "by what they are called");
    let all = env.store.find_objects("", None, 5).await.unwrap();
    assert_eq!((all.objects.len(), all.has_more), (5, false));
}

pub async fn unconfirmed_objects_are_found_once(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let mut renamed = ada();
    renamed.fields.insert("profile_login".into(), json!("countess@example.com"));
    env.send_confirmed(&[staged(ChangeKind::Create, ada(), 0)]).await;
    let new = named(ObjectKind::User, "00uNew", &[("login", "ada.new@example.com")]);
    let changes = [staged(ChangeKind::Update, renamed.clone(), 5), staged(ChangeKind::Create, new, 5)];
    sent(env, &changes, &[], 6).await;
    for text in ["countess", "ada.l", "00uAda"] {
        let matches = env.store.find_objects(text, None, 10).await.unwrap();
        assert_eq!(found(&matches), ["00uAda"], "{text}");
        assert!(matches.objects[0].unconfirmed && matches.objects[0].confirmed_at.is_some());
        assert_eq!(matches.objects[0].record, renamed, "the record that was sent last");
    }
    let matches = env.store.find_objects("ada.new", None, 10).await.unwrap();
    assert_eq!((found(&matches), matches.objects[0].confirmed_at), (vec!["00uNew"], None));
}

pub async fn unknown_objects_are_left_out(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let new = named(ObjectKind::User, "00uNew", &[("login", "new@example.com")]);
    env.send_confirmed(&[staged(ChangeKind::Create, ada(), 0)]).await;
    sent(env, &[staged(ChangeKind::Create, new.clone(), 5)], &[], 6).await;
    let unknown = RecordKey { kind: ObjectKind::Group, id: ada().key.id };
    let known = env.store.known_objects(&[ada().key, new.key.clone(), unknown]).await.unwrap();
    let mut records: Vec<_> = known.into_iter().map(|object| object.record).collect();
    records.sort_by(|a, b| a.key.id.cmp(&b.key.id));
    assert_eq!(records, [ada(), new]);
    assert!(env.store.known_objects(&[]).await.unwrap().is_empty());
}

pub async fn object_shows_run_of_its_record(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let key = ada().key;
    assert_eq!(env.store.object(&key).await.unwrap(), None);
    let first = sent(env, &[staged(ChangeKind::Create, ada(), 0)], &ObjectKind::ALL, 2).await;
    let entry = env.store.object(&key).await.unwrap().unwrap();
    let confirmed = entry.confirmed.unwrap();
    assert_eq!((confirmed.reading.at, confirmed.confirmed_at), (at(0), at(2)));
    assert_eq!(confirmed.run, Some(OriginRun { id: first, kind: Some(RunKind::FullSync) }));
    assert_eq!(confirmed.record, ada());
    assert!(!confirmed.resend_pending && confirmed.retired_at.is_none() && entry.unconfirmed.is_none());

    let mut renamed = ada();
    renamed.fields.insert("profile_login".into(), json!("countess@example.com"));
    let refused = sent(env, &[staged(ChangeKind::Update, renamed.clone(), 5)], &[], 6).await;
    let entry = env.store.object(&key).await.unwrap().unwrap();
    assert_eq!(entry.confirmed.unwrap().run.unwrap().id, first);
    let unconfirmed = entry.unconfirmed.unwrap();
    assert_eq!(unconfirmed.origin.unwrap().id, refused);
    assert_eq!((unconfirmed.attempts, unconfirmed.reason.as_str()), (1, "no label"));
    assert_eq!(
        (unconfirmed.change, unconfirmed.record, unconfirmed.reading.at),
        (ChangeKind::Update, renamed, at(5))
    );

    let last = sent(env, &[staged(ChangeKind::Retire, ada(), 8)], &ObjectKind::ALL, 9).await;
    let entry = env.store.object(&key).await.unwrap().unwrap();
    let confirmed = entry.confirmed.unwrap();
    assert_eq!((confirmed.run.unwrap().id, confirmed.retired_at), (last, Some(at(9))));
    assert!(entry.unconfirmed.is_none());
    // Who has overtaken it stays.
    sent(env, &[staged(ChangeKind::Update, ada(), 1)], &ObjectKind::ALL, 10).await;
    assert_eq!(env.store.object(&key).await.unwrap().unwrap().confirmed.unwrap().run.unwrap().id, last);

    env.store.delete_expired(at(100)).await.unwrap();
    let run = env.store.object(&key).await.unwrap().unwrap().confirmed.unwrap().run;
    assert_eq!(run.map(|run| run.id), Some(last), "the number is known though the run may be forgotten");
}

pub async fn object_shows_its_stale_values(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let (key, other) = (ada().key, named(ObjectKind::User, "00uBob", &[]));
    let mut member = ada();
    member.references.push(Reference { kind: ObjectKind::Group, reference_key: "00g1".into() });
    env.send_confirmed(&[
        staged(ChangeKind::Create, member.clone(), 0),
        staged(ChangeKind::Create, other.clone(), 0),
    ])
    .await;
    let run =
        env.run(&[staged(ChangeKind::Update, member, 1), staged(ChangeKind::Update, other.clone(), 1)]).await;
    let kept =
        [key.clone(), other.key].map(|key| DroppedValue { key, field: "f".into(), attribute: "F".into() });
    env.store.stage_stale_values(run, &kept).await.unwrap();
    env.confirm(run).await;
    let entry = env.store.object(&key).await.unwrap().unwrap();
    assert_eq!(entry.stale_values.iter().map(|value| &value.key).collect::<Vec<_>>(), [&key]);
    assert!(!entry.confirmed.unwrap().resend_pending);
    env.send_confirmed(&[staged(ChangeKind::Create, named(ObjectKind::Group, "00g1", &[]), 2)]).await;
    assert!(env.store.object(&key).await.unwrap().unwrap().confirmed.unwrap().resend_pending);
}

pub async fn metric_samples_expire_and_keep_order(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let sample = |second, n| MetricSample {
        sampled_at: at(second),
        oldest_pending_change_seconds: Some(n),
        lag_seconds: None,
        pending_events: n + 1,
        failed_events: n + 2,
        unconfirmed_records: n + 3,
        completed_events: n + 4,
        records_sent: n + 5,
        executions: n + 6,
        okta_requests: n + 7,
        okta_throttled_requests: n + 8,
        rate_limit_used_percent: Some(95.2),
    };
    for (second, n) in [(60, 10), (0, 0), (120, 20)] {
        env.store.add_metric_sample(&sample(second, n), at(0)).await.unwrap();
    }
    assert_eq!(env.store.metric_samples(at(60)).await.unwrap(), [sample(60, 10), sample(120, 20)]);
    let none =
        MetricSample { oldest_pending_change_seconds: None, rate_limit_used_percent: None, ..sample(180, 0) };
    env.store.add_metric_sample(&none, at(61)).await.unwrap();
    assert_eq!(env.store.metric_samples(at(0)).await.unwrap(), [sample(120, 20), none]);
}
