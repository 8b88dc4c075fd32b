//! Objects that a run proves to have read, and those that it leaves unread.

use sync_model::{GroupId, ObjectKind, RecordKey, RunId, UserId};

use crate::domain::event::{Event, EventFilter, EventState};
use crate::domain::inbox::Subject;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::ChangeKind;
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{at, event, failure, group, staged, user};

fn person(id: &str) -> Subject {
    Subject::User(UserId::new(id))
}

fn member(group: &str, user: &str) -> Subject {
    Subject::Membership { group: GroupId::new(group), user: UserId::new(user) }
}

/// Failed events, and a full run that has read the user u1 and the group g1 and could not read the user u2 and
/// the group g2.
async fn failed_events(env: &TestEnv<'_>) -> RunId {
    let named: [(&str, &[Subject]); 8] = [
        ("read", &[person("u1"), Subject::Group(GroupId::new("g1")), member("g1", "u1")]),
        ("unread", &[person("u2")]),
        ("one-unread", &[person("u1"), person("u2")]),
        ("members-unread", &[Subject::GroupMembers(GroupId::new("g2"))]),
        ("group-unread", &[member("g2", "u1")]),
        ("user-unread", &[member("g1", "u2")]),
        ("nowhere", &[person("u9")]),
        ("everything", &[Subject::EntireDirectory]),
    ];
    let events: Vec<_> = named.iter().map(|(id, subjects)| event(id, subjects)).collect();
    env.store.store_events(&events, at(10)).await.unwrap();
    let mut items = env.claim(11).await.unwrap();
    items.extend(
        env.store
            .claim_work(crate::domain::inbox::WorkKind::Sync, 9, at(11), std::time::Duration::MAX)
            .await
            .unwrap(),
    );
    env.store.fail_work(&items, &failure("no answer"), at(12)).await.unwrap();
    let changes = [
        staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 20),
        staged(ChangeKind::Create, group("g1"), 20),
    ];
    let run = env.run(&changes).await;
    let unread = [("u2", ObjectKind::User), ("g2", ObjectKind::Group)];
    let unread = unread.map(|(id, kind)| RecordKey { kind, id: id.into() });
    env.store.add_unread(run, &unread).await.unwrap();
    run
}

async fn settled(env: &TestEnv<'_>, run: RunId, unnamed: bool) -> Vec<String> {
    let before = env.store.next_reading(at(30)).await.unwrap();
    env.store.resolve_failed_events(run, before, unnamed, at(40)).await.unwrap();
    let filter = EventFilter { limit: 99, ..EventFilter::default() };
    let found = env.store.find_events(&filter).await.unwrap();
    let completed = |event: &&Event| matches!(event.state, EventState::Applied | EventState::Ignored);
    let mut found: Vec<String> =
        found.iter().filter(completed).map(|event| event.id.as_str().to_owned()).collect();
    found.sort();
    found
}

pub async fn unreadable_objects_resolve_no_event(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = failed_events(env).await;
    assert_eq!(settled(env, run, false).await, ["nowhere", "read"]);
    assert_eq!(env.store.event_queue_counts().await.unwrap().failed, 6);
    let all_read = env.run(&[]).await;
    assert_eq!(settled(env, all_read, false).await.len(), 8, "a later run has read everything");
}

pub async fn unnamed_item_may_be_any_object(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = failed_events(env).await;
    assert_eq!(settled(env, run, true).await, ["read"]);
}

pub async fn unreadable_objects_are_enqueued(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.run(&[]).await;
    let key = |n: usize| RecordKey { kind: ObjectKind::User, id: format!("u{n:03}") };
    let unread: Vec<RecordKey> = (0..500).map(key).collect();
    env.store.add_unread(run, &unread).await.unwrap();
    env.store
        .add_unread(run, &[RecordKey { kind: ObjectKind::Group, id: "g1".into() }, key(0)])
        .await
        .unwrap();
    assert_eq!(env.store.count_unread(run).await.unwrap(), 501);
    assert_eq!(
        env.store.event_queue_counts().await.unwrap().work_items,
        0,
        "a run that is only shown asks for nothing"
    );
    env.store.enqueue_unread(run, at(5)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().work_items, 502, "a group has members");
    env.store.enqueue_unread(run, at(6)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().work_items, 502);
}

pub async fn runs_see_for_themselves(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 1)]).await;
    let key = RecordKey { kind: ObjectKind::User, id: "u1".into() };
    let full = env.store.begin_run(RunKind::FullSync, at(5)).await.unwrap();
    let plan = env.store.begin_run(RunKind::Plan, at(5)).await.unwrap();
    env.store.stage(full, std::slice::from_ref(&key), &[]).await.unwrap();
    env.store.stage(plan, &[key], &[]).await.unwrap();
    for run in [full, plan] {
        assert_eq!(env.store.count_unlisted(run, ObjectKind::User).await.unwrap(), 0);
    }
}
