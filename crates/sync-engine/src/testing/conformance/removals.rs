//! Removals that a run would cause, and the scope version.

use std::time::Duration;

use sync_model::{GroupId, ObjectKind};

use crate::domain::inbox::{Subject, WorkKind};
use crate::domain::removals::RemovedMemberships;
use crate::domain::safeguards::SafeguardMinimums;
use crate::domain::staged::ChangeKind;
use crate::domain::violation::ViolatingChanges;
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{at, group, staged, user};

pub async fn planned_removals_are_counted(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let changes = ["u1", "u2", "u3"].map(|id| staged(ChangeKind::Create, user(id, id, &["g1", "g2"]), 0));
    env.send_confirmed(&changes).await;
    let run = env
        .run(&[
            staged(ChangeKind::Update, user("u1", "", &["g1"]), 5),
            staged(ChangeKind::Update, user("u2", "", &[]), 5),
            staged(ChangeKind::Update, user("u3", "grace", &["g1", "g2"]), 5),
        ])
        .await;
    let removals = env.store.planned_removals(run, SafeguardMinimums::default(), at(60)).await.unwrap();
    assert_eq!(removals.memberships, RemovedMemberships { removed: 3, recent: 0, total: 6 });
    let told: Vec<_> =
        removals.cleared_values.iter().map(|b| (b.field.as_str(), b.cleared, b.total)).collect();
    assert_eq!(told, [("groups", 1, 3), ("login", 2, 3)]);
    let removals = env
        .store
        .planned_removals(run, SafeguardMinimums { memberships: 3, values: 1 }, at(60))
        .await
        .unwrap();
    assert_eq!(
        (removals.memberships, removals.cleared_values.len()),
        (RemovedMemberships::default(), 1),
        "no more than a handful"
    );
}

pub async fn retired_groups_add_no_removed_memberships(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let known = [("u1", ["g1", "g2"]), ("u2", ["g1", "g3"])];
    let users = known.map(|(id, groups)| staged(ChangeKind::Create, user(id, id, &groups), 0));
    env.send_confirmed(&users).await;
    env.send_confirmed(&["g1", "g2", "g3"].map(|id| staged(ChangeKind::Create, group(id), 0))).await;
    env.send_confirmed(&[staged(ChangeKind::Retire, group("g2"), 1)]).await;
    // The first is marked by this run, the second was marked before; the third lives on.
    let run = env
        .run(&[
            staged(ChangeKind::Retire, group("g1"), 5),
            staged(ChangeKind::Update, user("u1", "u1", &[]), 5),
            staged(ChangeKind::Update, user("u2", "u2", &[]), 5),
        ])
        .await;
    assert_eq!(
        env.store
            .planned_removals(run, SafeguardMinimums::default(), at(60))
            .await
            .unwrap()
            .memberships
            .removed,
        1
    );
    let back = env.store.unstage(run, &ViolatingChanges::MembershipsRemoved).await.unwrap();
    assert_eq!(back.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["u2"]);
}

pub async fn violating_changes_are_unstaged(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&["u1", "u2", "u3"].map(|id| staged(ChangeKind::Create, user(id, id, &[]), 0))).await;
    let run = env
        .run(&[
            staged(ChangeKind::Retire, user("u1", "u1", &[]), 5),
            staged(ChangeKind::Update, user("u2", "", &[]), 5),
            staged(ChangeKind::Update, user("u3", "grace", &[]), 5),
        ])
        .await;
    let take_back = async |suspects| {
        let keys = env.store.unstage(run, &suspects).await.unwrap();
        keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(take_back(ViolatingChanges::Retired(ObjectKind::Group)).await, [""; 0]);
    assert_eq!(take_back(ViolatingChanges::Retired(ObjectKind::User)).await, ["u1"]);
    let blanked =
        |field: &str| ViolatingChanges::ValuesCleared { kind: ObjectKind::User, field: field.into() };
    assert_eq!(take_back(blanked("title")).await, [""; 0]);
    assert_eq!(take_back(blanked("login")).await, ["u2"]);
    let left = env.store.staged(run, None, 10).await.unwrap();
    assert_eq!(left.iter().map(|s| s.record.key.id.as_str()).collect::<Vec<_>>(), ["u3"]);
}

pub async fn scope_version_is_stored(store: &dyn StateStore) {
    let env = &TestEnv { store };
    assert_eq!(env.store.scope_version().await.unwrap(), "");
    env.store.set_scope_version("abc").await.unwrap();
    assert_eq!(env.store.scope_version().await.unwrap(), "abc");
}

pub async fn group_and_members_are_separate_items(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let group = GroupId::new("g1");
    for subject in [Subject::Group(group.clone()), Subject::GroupMembers(group.clone())] {
        env.store.enqueue(&subject, at(0)).await.unwrap();
    }
    let items = env.store.claim_work(WorkKind::Object, 10, at(1), Duration::from_mins(1)).await.unwrap();
    let targets: Vec<Subject> = items.into_iter().map(|item| item.subject).collect();
    assert!(targets.contains(&Subject::GroupMembers(group)) && targets.len() == 2, "{targets:?}");
}
