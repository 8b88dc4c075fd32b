//! Executions that fail, end without a report, or lose a record.

use sync_engine::testing::World;
use sync_engine::testing::samples::user;
use sync_engine::{
    ChangeKind, Clock, ConfirmedRecords, EngineError, ExecutionState, Executions, Importer, NoopProgress,
    PortError, RunKind, RunReport, RunState, Runs, StagedChange, StagedChanges, Subject, TimeState,
    UnconfirmedRecords,
};
use sync_model::{ExecutionId, ObjectKind, UserId};
use tokio_util::sync::CancellationToken;

use crate::support::{key, object, run_until, sync, synced};

#[tokio::test(start_paused = true)]
async fn failed_execution_confirms_nothing() {
    let world = World::default();
    world.directory.put_user("u1", "ada");
    let engine = world.engine();
    world.importer.switches.fail("process", || PortError::new("no effect"));
    let report = sync(&engine).await.unwrap();
    assert_eq!(report.state, RunState::Partial);
    assert_eq!(world.store.object_counts().await.unwrap().get(&ObjectKind::User), None);
    world.importer.switches.restore("process");
    world.clock.advance(3600);
    let report = sync(&engine).await.unwrap();
    assert_eq!((report.state, report.outstanding.unconfirmed), (RunState::Succeeded, 0));
    assert_eq!(world.store.object_counts().await.unwrap()[&ObjectKind::User].current, 1);
}

#[tokio::test(start_paused = true)]
async fn rejected_chunk_cancels_the_execution() {
    let (world, engine) = synced(3).await;
    world.directory.put_user("u1", "renamed");
    world.importer.switches.fail_times("submit", 0, 1, || PortError::new("too large"));
    let error = sync(&engine).await.unwrap_err();
    assert!(matches!(error, EngineError::Import(_)), "{error}");
    assert_eq!(object(&world, "u1").fields["login"], "u1");
    sync(&engine).await.unwrap();
    assert_eq!(object(&world, "u1").fields["login"], "renamed");
}

#[tokio::test(start_paused = true)]
async fn lost_outcome_is_read_by_recovery() {
    let (world, engine) = synced(3).await;
    world.directory.put_user("u1", "renamed");
    world.importer.switches.fail_times("complete", 0, 1, || PortError::new("timeout").transient(true));
    sync(&engine).await.unwrap_err();
    let started = world.importer.started();
    let next = world.engine();
    next.recover().await.unwrap();
    assert_eq!(world.store.confirmed_record(&key("u1")).await.unwrap().unwrap().fields["login"], "renamed");
    sync(&next).await.unwrap();
    assert_eq!(world.importer.started(), started, "the outcome was enough");
}

#[tokio::test(start_paused = true)]
async fn failed_confirmation_loses_nothing() {
    let (world, engine) = synced(3).await;
    world.directory.put_user("u1", "renamed");
    world.store.fail_times("confirm", 1);
    let error = sync(&engine).await.unwrap_err();
    assert!(matches!(error, EngineError::Store(_)), "{error}");
    let next = world.engine();
    next.recover().await.unwrap();
    sync(&next).await.unwrap();
    assert_eq!(world.store.confirmed_record(&key("u1")).await.unwrap().unwrap().fields["login"], "renamed");
    assert!(world.store.unconfirmed(10).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_dropped_record_stops_no_other() {
    let world = World::default();
    (1..=9).for_each(|n| world.directory.put_user(&format!("u{n}"), "x"));
    world.importer.drop_record(key("u4"));
    let engine = world.engine();
    let report = sync(&engine).await.unwrap();
    assert_eq!(report.state, RunState::Partial);
    let unconfirmed = world.store.unconfirmed(10).await.unwrap();
    assert_eq!(unconfirmed.iter().map(|record| record.key.id.as_str()).collect::<Vec<_>>(), ["u4"]);
    assert_eq!(world.store.object_counts().await.unwrap()[&ObjectKind::User].current, 8);
}

#[tokio::test(start_paused = true)]
async fn abandoned_execution_is_canceled() {
    let (world, engine) = synced(3).await;
    // Another program started it, and ended before it sent a record.
    let abandoned = world.importer.start().await.unwrap().id().clone();
    world.directory.put_user("u1", "renamed");
    sync(&engine).await.unwrap();
    assert_eq!(object(&world, "u1").fields["login"], "renamed");
    assert_eq!(world.importer.execution(&abandoned).await.unwrap(), ExecutionState::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn recovered_record_is_resent() {
    let world = World::default();
    world.directory.put_user("u1", "ada");
    world.importer.drop_record(key("u1"));
    let engine = world.engine();
    assert_eq!(sync(&engine).await.unwrap().state, RunState::Partial);
    world.importer.accept_record(&key("u1"));
    world.clock.advance(3600);
    assert_eq!(sync(&engine).await.unwrap().state, RunState::Succeeded);
    assert!(world.store.unconfirmed(10).await.unwrap().is_empty());
    assert_eq!(object(&world, "u1").fields["login"], "ada");
}

/// A listing was read before a deletion, and is sent after the deletion's event was applied.
#[tokio::test(start_paused = true)]
async fn deletion_during_listing_is_applied() {
    let world = World::default();
    world.directory.put_user("u1", "u1");
    let engine = world.engine();
    sync(&engine).await.unwrap();
    // Another run has read the user and not sent it yet.
    let reading = world.store.next_reading(world.clock.now()).await.unwrap();
    let listing = world.store.begin_run(RunKind::Backfill, world.clock.now()).await.unwrap();
    let listed = StagedChange::new(ChangeKind::Create, user("u2", "u2", &[]), reading);
    world.store.stage(listing, &[key("u2")], &[listed]).await.unwrap();
    let subjects = [Subject::User(UserId::new("u2"))];
    engine.targeted_sync(&subjects, &NoopProgress, &CancellationToken::new()).await.unwrap();
    let execution = ExecutionId::new("listing");
    world.store.open_execution(listing, &execution, world.clock.now()).await.unwrap();
    world.store.confirm(listing, &execution, &ObjectKind::ALL, "", world.clock.now()).await.unwrap();
    world.store.end_run(listing, &RunReport::default(), world.clock.now()).await.unwrap();
    run_until(&world, &engine, |queue| {
        // A 404 without an event is read again.
        world.clock.advance(60);
        queue.work_items == 0
    })
    .await;
    assert_eq!(object(&world, "u2").fields["status"], "deleted");
}
