//! Objects that a run proves to have read, and those that it leaves unread.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use sync_engine::{
    ChangeKind, Event, EventFilter, EventState, EvidenceState, RunKind, StateStore, Subject, TimeState,
    Upkeep,
};
use sync_model::{GroupId, ObjectKind, RecordKey, RunId, UserId};

use support::{TestEnv, at, event, group, staged, user, world};

mod support;

fn person(id: &str) -> Subject {
    Subject::User(UserId::new(id))
}

fn member(group: &str, user: &str) -> Subject {
    Subject::Membership { group: GroupId::new(group), user: UserId::new(user) }
}

/// Events that were given up, and a full run that has read the user u1 and the group g1 and could not read the user u2 and
/// the group g2.
async fn failed_events() -> (TestEnv, RunId) {
    let world = world().await;
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
    world.store.store_events(&events, at(10)).await.unwrap();
    let mut items = world.claim(11).await.unwrap();
    items.extend(
        world
            .store
            .claim_work(sync_engine::WorkKind::Sync, 9, at(11), std::time::Duration::MAX)
            .await
            .unwrap(),
    );
    world.store.fail_work(&items, "no answer", at(12)).await.unwrap();
    let changes = [
        staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 20),
        staged(ChangeKind::Create, group("g1"), 20),
    ];
    let run = world.run(&changes).await;
    let unread = [("u2", ObjectKind::User), ("g2", ObjectKind::Group)];
    let unread = unread.map(|(id, kind)| RecordKey { kind, id: id.into() });
    world.store.add_unread(run, &unread).await.unwrap();
    (world, run)
}

async fn settled(world: &TestEnv, run: RunId, unnamed: bool) -> Vec<String> {
    let before = world.store.next_reading(at(30)).await.unwrap();
    world.store.resolve_failed_events(run, before, unnamed, at(40)).await.unwrap();
    let filter = EventFilter { limit: 99, ..EventFilter::default() };
    let found = world.store.find_events(&filter).await.unwrap();
    let completed = |event: &&Event| matches!(event.state, EventState::Applied | EventState::Ignored);
    let mut found: Vec<String> =
        found.iter().filter(completed).map(|event| event.id.as_str().to_owned()).collect();
    found.sort();
    found
}

#[tokio::test]
async fn unreadable_objects_resolve_no_event() {
    let (world, run) = failed_events().await;
    assert_eq!(settled(&world, run, false).await, ["nowhere", "read"]);
    assert_eq!(world.store.event_queue_counts().await.unwrap().failed, 6);
    let all_read = world.run(&[]).await;
    assert_eq!(settled(&world, all_read, false).await.len(), 8, "a later run has read everything");
}

#[tokio::test]
async fn unnamed_item_may_be_any_object() {
    let (world, run) = failed_events().await;
    assert_eq!(settled(&world, run, true).await, ["read"]);
}

#[tokio::test]
async fn unreadable_objects_are_enqueued() {
    let world = world().await;
    let run = world.run(&[]).await;
    let key = |n: usize| RecordKey { kind: ObjectKind::User, id: format!("u{n:03}") };
    let unread: Vec<RecordKey> = (0..500).map(key).collect();
    world.store.add_unread(run, &unread).await.unwrap();
    world
        .store
        .add_unread(run, &[RecordKey { kind: ObjectKind::Group, id: "g1".into() }, key(0)])
        .await
        .unwrap();
    assert_eq!(world.store.count_unread(run).await.unwrap(), 501);
    assert_eq!(
        world.store.event_queue_counts().await.unwrap().work_items,
        0,
        "a run that is only shown asks for nothing"
    );
    world.store.enqueue_unread(run, at(5)).await.unwrap();
    assert_eq!(world.store.event_queue_counts().await.unwrap().work_items, 502, "a group has members");
    world.store.enqueue_unread(run, at(6)).await.unwrap();
    assert_eq!(world.store.event_queue_counts().await.unwrap().work_items, 502);
}

#[tokio::test]
async fn runs_see_for_themselves() {
    let world = world().await;
    world.confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 1)]).await;
    let key = RecordKey { kind: ObjectKind::User, id: "u1".into() };
    let full = world.store.begin_run(RunKind::FullSync, at(5)).await.unwrap();
    let plan = world.store.begin_run(RunKind::Plan, at(5)).await.unwrap();
    world.store.stage(full, std::slice::from_ref(&key), &[]).await.unwrap();
    world.store.stage(plan, &[key], &[]).await.unwrap();
    for run in [full, plan] {
        assert_eq!(world.store.count_unlisted(run, ObjectKind::User).await.unwrap(), 0);
    }
}
