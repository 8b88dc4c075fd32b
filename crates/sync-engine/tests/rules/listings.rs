//! Full syncs read everything, and retire only what is proven gone.

use std::time::Duration;

use sync_engine::testing::World;
use sync_engine::testing::samples::group;
use sync_engine::{
    Clock, ConfirmedRecords, Engine, EngineError, EventInbox, NoopProgress, PortError, RunState, Subject,
    TaskOptions, TaskWaker, WorkKind, WorkQueue,
};
use sync_model::{GroupId, ObjectKind, RecordKey};
use tokio_util::sync::CancellationToken;

use crate::support::{object, overridden, run_until, sync, sync_with, synced};

/// A synced world with a change, and an engine in it whose next full sync takes a minute.
async fn with_late_schema() -> (World, Engine) {
    let (world, engine) = synced(3).await;
    world.schema.delay_state(Duration::from_mins(1));
    world.directory.put_user("u1", "renamed");
    (world, engine)
}

#[tokio::test(start_paused = true)]
async fn full_sync_sends_everything_once() {
    let (world, engine) = synced(5).await;
    assert_eq!(world.importer.objects().len(), 6);
    assert_eq!(world.importer.objects()[&RecordKey::group(&GroupId::new("g1"))], group("g1"));
    assert_eq!(object(&world, "u3").fields["groups"], serde_json::json!(["g1"]));
    let again = sync(&engine).await.unwrap();
    assert_eq!((again.state, again.executions), (RunState::Succeeded, 0));
    assert_eq!(world.importer.started(), 1, "unchanged objects start no execution");
}

#[tokio::test(start_paused = true)]
async fn changed_user_alone_is_sent() {
    let (world, engine) = synced(5).await;
    world.directory.put_user("u2", "renamed");
    let report = sync(&engine).await.unwrap();
    assert_eq!((report.executions, report.records[&ObjectKind::User].sent), (1, 1));
    assert_eq!(object(&world, "u2").fields["login"], "renamed");
}

#[tokio::test(start_paused = true)]
async fn broken_listing_retires_nothing() {
    let (world, engine) = synced(5).await;
    for method in ["groups", "users"] {
        // The first page arrives, and no other one.
        let after = u64::from(method == "users");
        world.directory.switches.fail_times(method, after, 1, || PortError::new("broken"));
        let error = sync(&engine).await.unwrap_err();
        assert!(matches!(error, EngineError::Directory(_)), "{method}: {error}");
        let counts = world.store.object_counts().await.unwrap();
        assert_eq!(counts[&ObjectKind::User].retired, 0, "{method}");
    }
    assert_eq!(world.importer.started(), 1, "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn unlisted_group_keeps_its_members() {
    let (world, engine) = synced(5).await;
    world.directory.switches.fail("members", || PortError::new("broken").single_record(true));
    world.directory.put_user("u1", "renamed");
    let report = sync(&engine).await.unwrap();
    assert_eq!((report.state, report.unreadable.count), (RunState::Partial, 1), "{report:?}");
    for id in ["u1", "u2", "u3", "u4", "u5"] {
        assert_eq!(object(&world, id).fields["groups"], serde_json::json!(["g1"]), "{id}");
    }
    assert_eq!(object(&world, "u1").fields["login"], "renamed", "the others are sent");
}

#[tokio::test(start_paused = true)]
async fn interrupted_listing_is_resumed() {
    let (world, engine) = synced(5).await;
    world.directory.put_user("u5", "renamed");
    world.directory.switches.fail_times("users", 1, 1, || PortError::new("timeout").transient(true));
    sync(&engine).await.unwrap_err();
    let report = sync(&world.engine()).await.unwrap();
    assert!(report.resumed);
    assert_eq!(object(&world, "u5").fields["login"], "renamed");
}

#[tokio::test(start_paused = true)]
async fn deleted_user_is_marked_once_proven() {
    let (world, engine) = synced(20).await;
    world.directory.delete_user("u7");
    world.directory.switches.fail_times("user", 0, 1, || PortError::new("timeout").transient(true));
    // Not listed, and not proven deleted either.
    let unproven = sync(&engine).await;
    assert!(!object(&world, "u7").fields.contains_key("status"), "{unproven:?}");
    let report = sync(&engine).await.unwrap();
    assert_eq!(report.retired, 1);
    assert_eq!(object(&world, "u7").fields["status"], "deleted");
    assert_eq!(world.importer.objects().len(), 21, "nothing is deleted in Assets");
}

#[tokio::test(start_paused = true)]
async fn deleted_group_loses_its_members() {
    let (world, engine) = synced(3).await;
    world.directory.delete_group("g1");
    world.directory.put_group("g2", &["u1"]);
    sync_with(&engine, &overridden()).await.unwrap();
    let group = RecordKey::group(&GroupId::new("g1"));
    assert_eq!(world.importer.objects()[&group].fields["status"], "deleted");
    assert_eq!(object(&world, "u1").fields["groups"], serde_json::json!(["g2"]));
    assert_eq!(object(&world, "u2").fields["groups"], serde_json::json!([]));
}

#[tokio::test(start_paused = true)]
async fn changes_survive_clock_set_back() {
    let (world, engine) = synced(3).await;
    world.clock.advance(-24 * 3600);
    world.directory.put_user("u1", "renamed");
    sync(&engine).await.unwrap();
    assert_eq!(object(&world, "u1").fields["login"], "renamed");
    world.clock.advance(-24 * 3600);
    world.directory.put_user("u1", "renamed again");
    sync(&world.engine()).await.unwrap();
    assert_eq!(object(&world, "u1").fields["login"], "renamed again");
}

#[tokio::test(start_paused = true)]
async fn member_listing_waits_for_sync() {
    let (world, engine) = with_late_schema().await;
    let subject = Subject::GroupMembers(GroupId::new("g1"));
    let stop = CancellationToken::new();
    let waiting = async {
        // The sync has its turn.
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.store.enqueue(&subject, world.clock.now()).await.unwrap();
        for _ in 0..100 {
            world.clock.advance(600);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        world.clock.advance(600);
        let (now, lease) = (world.clock.now(), Duration::from_secs(1));
        let waiting = world.store.claim_work(WorkKind::Object, 10, now, lease).await.unwrap();
        let waiting: Vec<_> = waiting.iter().map(|item| (&item.subject, item.attempts)).collect();
        assert_eq!(waiting, [(&subject, 0)]);
        stop.cancel();
    };
    let changes = async {
        // The background tasks begin with a recovery, which waits for it.
        sync(&engine).await.unwrap();
        world.directory.put_user("u1", "renamed again");
        tokio::join!(sync(&engine), waiting).0.unwrap();
    };
    let (options, waker) = (TaskOptions::default(), TaskWaker::default());
    tokio::join!(changes, engine.run_tasks(&options, &waker, &stop));
    world.store.release_all_claims().await.unwrap();
    run_until(&world, &engine, |queue| queue.work_items == 0).await;
}

#[tokio::test(start_paused = true)]
async fn requested_listing_waits_for_sync() {
    let (world, engine) = with_late_schema().await;
    let subjects = [Subject::GroupMembers(GroupId::new("g1"))];
    let targeted = async {
        // The sync has its turn.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let stop = CancellationToken::new();
        engine.targeted_sync(&subjects, &NoopProgress, &stop).await.unwrap();
        assert_eq!(world.store.event_queue_counts().await.unwrap().work_items, 1);
    };
    let (report, ()) = tokio::join!(sync(&engine), targeted);
    report.unwrap();
    run_until(&world, &engine, |queue| queue.work_items == 0).await;
}
