//! Records and staged changes.

use serde_json::json;
use sync_model::{ExecutionId, GroupId, ObjectKind, RecordKey, RunId, UserId};

use crate::domain::report::{RunReport, RunState};
use crate::domain::run_kind::RunKind;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{ada, at, group, staged, user};

pub async fn records_are_unknown_until_confirmed(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let record = user("u1", "ada", &[]);
    let run = env.run(&[staged(ChangeKind::Create, record.clone(), 0)]).await;
    assert!(env.store.record_states(std::slice::from_ref(&record.key)).await.unwrap().is_empty());
    env.confirm(run).await;
    let known = env.store.record_states(std::slice::from_ref(&record.key)).await.unwrap();
    assert_eq!(known[&record.key].fingerprint, record.fingerprint());
    assert_eq!(env.store.confirmed_record(&record.key).await.unwrap(), Some(record));
}

pub async fn only_stored_kinds_are_confirmed(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let changes =
        [staged(ChangeKind::Create, user("u1", "ada", &[]), 0), staged(ChangeKind::Create, group("g1"), 0)];
    let run = env.run(&changes).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(1)).await.unwrap();
    env.store.confirm(run, &execution, &[ObjectKind::Group], "lost", at(2)).await.unwrap();
    let census = env.store.object_counts().await.unwrap();
    assert_eq!(census.keys().copied().collect::<Vec<_>>(), [ObjectKind::Group]);
    assert!(env.store.open_executions().await.unwrap().is_empty());
}

pub async fn ended_run_leaves_nothing_staged(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.run(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    env.store.add_listed_members(run, &GroupId::new("g1"), &[UserId::new("u1")]).await.unwrap();
    env.store
        .end_run(run, &RunReport { state: RunState::Failed, ..RunReport::default() }, at(3))
        .await
        .unwrap();
    assert!(env.store.staged(run, None, 10).await.unwrap().is_empty());
    assert!(env.store.listed_groups_of(run, &[UserId::new("u1")]).await.unwrap().is_empty());
}

pub async fn overtaken_record_is_not_sent(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let slow = env.run(&[staged(ChangeKind::Create, user("u1", "old", &[]), 0)]).await;
    env.send_confirmed(&[staged(ChangeKind::Create, user("u1", "new", &[]), 5)]).await;
    assert!(env.store.staged(slow, None, 10).await.unwrap().is_empty());
    assert!(env.store.staged_counts(slow).await.unwrap().is_empty());
    env.confirm(slow).await;
    let kept = env.store.confirmed_record(&user("u1", "", &[]).key).await.unwrap().unwrap();
    assert_eq!(kept.fields["login"], json!("new"));
}

pub async fn staged_changes_are_paged_groups_first(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let changes: Vec<StagedChange> = (0..5)
        .map(|n| staged(ChangeKind::Create, user(&format!("u{n}"), "x", &[]), 0))
        .chain([staged(ChangeKind::Create, group("g1"), 0)])
        .collect();
    let run = env.run(&changes).await;
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = env.store.staged(run, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.record.key.clone());
        seen.extend(page.into_iter().map(|s| s.record.key.id));
    }
    assert_eq!(seen, ["g1", "u0", "u1", "u2", "u3", "u4"]);
}

pub async fn unlisted_objects_exclude_retired_ones(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&[
        staged(ChangeKind::Create, user("u1", "a", &[]), 0),
        staged(ChangeKind::Create, user("u2", "b", &[]), 0),
        staged(ChangeKind::Retire, user("u3", "c", &[]), 0),
    ])
    .await;
    let run = env.store.begin_run(RunKind::FullSync, at(9)).await.unwrap();
    env.store.stage(run, &[user("u1", "", &[]).key], &[]).await.unwrap();
    let unseen = env.store.unlisted(run, ObjectKind::User, None, 10).await.unwrap();
    assert_eq!(unseen.iter().map(|r| r.key.id.as_str()).collect::<Vec<_>>(), ["u2"]);
    assert_eq!(env.store.count_unlisted(run, ObjectKind::User).await.unwrap(), 1);
}

pub async fn listed_members_are_found_by_user(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.store.begin_run(RunKind::FullSync, at(0)).await.unwrap();
    let (one, two) = (UserId::new("u1"), UserId::new("u2"));
    env.store.add_listed_members(run, &GroupId::new("g1"), &[one.clone(), two.clone()]).await.unwrap();
    env.store.add_listed_members(run, &GroupId::new("g2"), &[one.clone(), one.clone()]).await.unwrap();
    let noted =
        env.store.listed_groups_of(run, &[one.clone(), two.clone(), UserId::new("u3")]).await.unwrap();
    assert_eq!(noted[&one], [GroupId::new("g1"), GroupId::new("g2")]);
    assert_eq!(noted[&two], [GroupId::new("g1")]);
    assert_eq!(noted.len(), 2);
}

pub async fn referrer_of_new_object_is_resent(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 0)]).await;
    env.send_confirmed(&[staged(ChangeKind::Create, group("g1"), 1)]).await;
    assert_eq!(env.pending_work(99).await, [ada()]);
    let key = user("u1", "", &[]).key;
    assert!(env.store.record_states(std::slice::from_ref(&key)).await.unwrap()[&key].resend_pending);
    env.send_confirmed(&[staged(ChangeKind::Update, user("u1", "ada", &["g1"]), 2)]).await;
    assert!(!env.store.record_states(std::slice::from_ref(&key)).await.unwrap()[&key].resend_pending);
}

pub async fn same_run_referrer_is_not_resent(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&[
        staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 0),
        staged(ChangeKind::Create, group("g1"), 0),
    ])
    .await;
    assert!(env.pending_work(99).await.is_empty());
    let found = env.store.referrers(ObjectKind::Group, "g1").await.unwrap();
    assert_eq!(found, [user("u1", "", &[]).key]);
}

pub async fn removed_references_are_deleted(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 0)]).await;
    env.send_confirmed(&[staged(ChangeKind::Update, user("u1", "ada", &[]), 1)]).await;
    assert!(env.store.referrers(ObjectKind::Group, "g1").await.unwrap().is_empty());
}

pub async fn membership_differences_are_found_both_ways(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let changes = [("u1", &["g1", "g2"][..]), ("u2", &["g1"]), ("u3", &["g2"])]
        .map(|(id, groups)| staged(ChangeKind::Create, user(id, id, groups), 0));
    env.send_confirmed(&changes).await;
    let run = env.store.begin_run(RunKind::IncrementalSync, at(10)).await.unwrap();
    let group = GroupId::new("g1");
    env.store.add_listed_groups(run, std::slice::from_ref(&group)).await.unwrap();
    env.store.add_listed_members(run, &group, &[UserId::new("u2"), UserId::new("u4")]).await.unwrap();
    env.store.mark_group_listed(run, &group).await.unwrap();
    let found = env.store.membership_differences(run, None, 10).await.unwrap();
    assert_eq!(found, [UserId::new("u1"), UserId::new("u4")], "g2 was not asked for");
    let rest = env.store.membership_differences(run, Some(&found[0]), 10).await.unwrap();
    assert_eq!(rest, [UserId::new("u4")]);
}

impl TestEnv<'_> {
    /// Sends what is staged, and has nothing of it accounted for.
    async fn leave_unconfirmed(&self, run: RunId, second: i64) {
        let id = ExecutionId::new(format!("r{run}"));
        self.store.open_execution(run, &id, at(second)).await.unwrap();
        self.store.confirm(run, &id, &[], "no label", at(second)).await.unwrap();
        self.store
            .end_run(run, &RunReport { executions: 1, ..RunReport::default() }, at(second))
            .await
            .unwrap();
    }
}

pub async fn rejected_record_is_retried_only_alone(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let bad = user("u1", "", &[]);
    let run = env.run(&[staged(ChangeKind::Create, bad.clone(), 0)]).await;
    env.leave_unconfirmed(run, 1).await;
    // Whatever is read of it next has to be sent: nobody knows what Assets has.
    let known = env.store.record_states(std::slice::from_ref(&bad.key)).await.unwrap();
    assert!(known[&bad.key].resend_pending && !known[&bad.key].retired);
    let run = env
        .run(&[staged(ChangeKind::Update, bad, 5), staged(ChangeKind::Create, user("u2", "b", &[]), 5)])
        .await;
    let ids = |staged: Vec<StagedChange>| staged.into_iter().map(|s| s.record.key.id).collect::<Vec<_>>();
    assert_eq!(ids(env.store.staged(run, None, 10).await.unwrap()), ["u2"]);
    env.confirm(run).await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().unconfirmed_records, 1);
    let run = env.run(&[staged(ChangeKind::Update, user("u1", "ada", &[]), 6)]).await;
    assert_eq!(ids(env.store.staged(run, None, 10).await.unwrap()), ["u1"]);
    env.confirm(run).await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().unconfirmed_records, 0);
}

pub async fn unlisted_objects_include_unconfirmed_ones(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.run(&[staged(ChangeKind::Create, user("u1", "", &[]), 0)]).await;
    env.leave_unconfirmed(run, 1).await;
    let run = env.store.begin_run(RunKind::FullSync, at(5)).await.unwrap();
    assert_eq!(env.store.count_unlisted(run, ObjectKind::User).await.unwrap(), 1);
    let key = RecordKey { kind: ObjectKind::User, id: "u1".into() };
    env.store.stage(run, &[key], &[]).await.unwrap();
    assert_eq!(env.store.count_unlisted(run, ObjectKind::User).await.unwrap(), 0);
}

pub async fn unconfirmed_record_counts_as_last(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let alive = user("u1", "ada", &["g1"]);
    env.send_confirmed(&[staged(ChangeKind::Create, alive.clone(), 0)]).await;
    let marked = user("u1", "marked", &["g2"]);
    let run = env.run(&[staged(ChangeKind::Retire, marked.clone(), 5)]).await;
    env.leave_unconfirmed(run, 6).await;
    let known = env.store.record_states(std::slice::from_ref(&alive.key)).await.unwrap();
    assert!(known[&alive.key].retired && known[&alive.key].resend_pending);
    assert_eq!(env.store.confirmed_record(&alive.key).await.unwrap(), Some(marked));
    for group in ["g1", "g2"] {
        let referring = env.store.referrers(ObjectKind::Group, group).await.unwrap();
        assert_eq!(referring, std::slice::from_ref(&alive.key), "{group}");
    }
    // A later reading that was confirmed counts more.
    let back = user("u1", "back", &[]);
    env.send_confirmed(&[staged(ChangeKind::Update, back.clone(), 9)]).await;
    assert_eq!(env.store.confirmed_record(&alive.key).await.unwrap(), Some(back));
    assert!(!env.store.record_states(std::slice::from_ref(&alive.key)).await.unwrap()[&alive.key].retired);
}

pub async fn unconfirmed_memberships_are_always_compared(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 0)]).await;
    let run = env.run(&[staged(ChangeKind::Update, user("u1", "ada", &[]), 5)]).await;
    env.leave_unconfirmed(run, 6).await;
    // It is a member again, as was confirmed once; what was sent last says otherwise.
    let run = env.store.begin_run(RunKind::IncrementalSync, at(10)).await.unwrap();
    let group = GroupId::new("g1");
    env.store.add_listed_groups(run, std::slice::from_ref(&group)).await.unwrap();
    env.store.add_listed_members(run, &group, &[UserId::new("u1")]).await.unwrap();
    env.store.mark_group_listed(run, &group).await.unwrap();
    assert_eq!(env.store.membership_differences(run, None, 10).await.unwrap(), [UserId::new("u1")]);
}
