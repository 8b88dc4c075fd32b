//! Checkpoints, pauses, and history.

use sync_model::{ExecutionId, GroupId, UserId};

use crate::domain::checkpoint::{ReadPhase, SyncCheckpoint, SyncMode};
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::ChangeKind;
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{ada, at, event, reading, staged, user};

pub async fn interrupted_sync_is_resumable(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.store.begin_run(RunKind::FullSync, at(0)).await.unwrap();
    let mut pass = SyncCheckpoint::new(SyncMode::Full, reading(1), "m1");
    pass.phase = ReadPhase::Members;
    env.store.save_checkpoint(run, &pass).await.unwrap();
    let (done, half) = (GroupId::new("g1"), GroupId::new("g2"));
    env.store.add_listed_groups(run, &[done.clone(), half.clone()]).await.unwrap();
    for group in [&done, &half] {
        env.store.add_listed_members(run, group, &[UserId::new("u1")]).await.unwrap();
    }
    env.store.mark_group_listed(run, &done).await.unwrap();

    env.store.mark_runs_interrupted(at(5)).await.unwrap();
    assert_eq!(env.store.resumable_checkpoint().await.unwrap(), Some((run, pass)));
    assert_eq!(env.store.groups_to_list(run, 10).await.unwrap(), std::slice::from_ref(&half));
    env.store.drop_partial_listings(run).await.unwrap();
    let noted = env.store.listed_groups_of(run, &[UserId::new("u1")]).await.unwrap();
    assert_eq!(noted[&UserId::new("u1")], [done]);
    env.store.end_run(run, &RunReport::default(), at(6)).await.unwrap();
    assert_eq!(env.store.resumable_checkpoint().await.unwrap(), None);
    assert_eq!(env.store.count_listed_groups(run).await.unwrap(), 0);
}

pub async fn expired_history_is_deleted(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    env.store.store_delivery("d1", &[event("e1", &[]), event("e2", &[ada()])], at(10)).await.unwrap();
    env.store.delete_expired(at(1000)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().pending, 1);
    assert_eq!(env.store.runs(10).await.unwrap().len(), 1, "the last full run says how fresh everything is");
    // Forgotten means that it could come again.
    assert_eq!(env.store.store_events(&[event("e1", &[])], at(11)).await.unwrap(), 1);
    assert_eq!(env.store.store_events(&[event("e2", &[ada()])], at(11)).await.unwrap(), 0);
}

pub async fn pause_holds_until_it_ends(store: &dyn StateStore) {
    let env = &TestEnv { store };
    assert_eq!(env.store.paused_until().await.unwrap(), None);
    env.store.pause(Some(at(100))).await.unwrap();
    assert_eq!(env.store.paused_until().await.unwrap(), Some(at(100)));
    env.store.pause(None).await.unwrap();
    assert_eq!(env.store.paused_until().await.unwrap(), None);
}

pub async fn runs_with_open_executions_stay_open(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let lost = env.run(&[staged(ChangeKind::Create, user("u1", "a", &[]), 0)]).await;
    let open = env.run(&[staged(ChangeKind::Create, user("u2", "b", &[]), 0)]).await;
    env.store.open_execution(open, &ExecutionId::new("e"), at(1)).await.unwrap();
    env.store.mark_runs_interrupted(at(100)).await.unwrap();
    assert!(env.store.staged(lost, None, 10).await.unwrap().is_empty());
    assert_eq!(env.store.staged(open, None, 10).await.unwrap().len(), 1);
    let runs = env.store.runs(10).await.unwrap();
    assert_eq!(
        runs.iter().map(|r| (r.id, r.ended_at.is_some())).collect::<Vec<_>>(),
        [(open, false), (lost, true)]
    );
}
