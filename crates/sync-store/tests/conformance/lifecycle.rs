//! The store file, checkpoints, pauses, and history.

use sync_engine::{ChangeKind, ReadPhase, RunKind, RunReport, StateStore, SyncCheckpoint, SyncMode};
use sync_model::{ConnectionName, GroupId, UserId};
use sync_store::Store;

use crate::support::{ada, at, event, staged, test_env, user};

#[tokio::test]
async fn content_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let name = ConnectionName::try_from("main".to_owned()).unwrap();
    let store = Store::open(&path).await.unwrap();
    store.connection(&name).await.unwrap().store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    store.close().await;
    let store = Store::open(&path).await.unwrap().connection(&name).await.unwrap();
    assert_eq!(store.event_queue_counts().await.unwrap().pending, 1);
}

#[tokio::test]
async fn other_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, only some text that is long enough to be looked at as a header")
        .unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert_eq!(error.to_string(), "the state store could not open its file");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("notes.txt"));
}

#[cfg(unix)]
#[tokio::test]
async fn store_file_is_private_to_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let _store = Store::open(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn interrupted_sync_is_resumable() {
    let env = test_env().await;
    let run = env.store.begin_run(RunKind::FullSync, at(0)).await.unwrap();
    let mut pass = SyncCheckpoint::new(SyncMode::Full, crate::support::reading(1), "m1");
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

#[tokio::test]
async fn expired_history_is_deleted() {
    let env = test_env().await;
    env.confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    env.store.store_delivery("d1", &[event("e1", &[]), event("e2", &[ada()])], at(10)).await.unwrap();
    env.store.delete_expired(at(1000)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().pending, 1);
    assert_eq!(env.store.runs(10).await.unwrap().len(), 1, "the last full run says how fresh everything is");
    // Forgotten means that it could come again.
    assert_eq!(env.store.store_events(&[event("e1", &[])], at(11)).await.unwrap(), 1);
    assert_eq!(env.store.store_events(&[event("e2", &[ada()])], at(11)).await.unwrap(), 0);
}

#[tokio::test]
async fn pause_holds_until_it_ends() {
    let env = test_env().await;
    assert_eq!(env.store.paused_until().await.unwrap(), None);
    env.store.pause(Some(at(100))).await.unwrap();
    assert_eq!(env.store.paused_until().await.unwrap(), Some(at(100)));
    env.store.pause(None).await.unwrap();
    assert_eq!(env.store.paused_until().await.unwrap(), None);
}
