//! Rules of the sync, on fakes: without a network, a disk, and waiting.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use jiff::SignedDuration;
use sync_engine::testing::World;
use sync_engine::testing::samples::{event, group};
use sync_engine::{
    Clock, ConfirmedRecords, Directory, Engine, EngineError, EventInbox, EventQueueCounts, ExecutionState,
    Importer, LeaderState, NewEvent, NoopProgress, PortError, RunReport, RunState, Runs, SafeguardViolation,
    Safeguards, Subject, SyncRequests, TaskOptions, TaskWaker, UnconfirmedRecords,
};
use sync_model::{GroupId, ObjectKind, Record, RecordKey, UserId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

async fn sync_with(engine: &Engine, limits: &Safeguards) -> Result<RunReport, EngineError> {
    engine.full_sync(limits, &NoopProgress, &CancellationToken::new()).await
}

async fn sync(engine: &Engine) -> Result<RunReport, EngineError> {
    sync_with(engine, &Safeguards::default()).await
}

/// Any number of removals is permitted.
fn overridden() -> Safeguards {
    Safeguards { override_safeguards: true, ..Safeguards::default() }
}

fn key(id: &str) -> RecordKey {
    RecordKey::user(&UserId::new(id))
}

/// A directory with users `u1`, `u2`, and so on, all of them in the group `g1`, synced once.
async fn synced(users: usize) -> (World, Engine) {
    let world = World::default();
    let ids: Vec<String> = (1..=users).map(|n| format!("u{n}")).collect();
    for id in &ids {
        world.directory.put_user(id, id);
    }
    world.directory.put_group("g1", &ids.iter().map(String::as_str).collect::<Vec<_>>());
    let engine = world.engine();
    let report = sync(&engine).await.unwrap();
    assert_eq!((report.state, report.executions), (RunState::Succeeded, 1));
    (world, engine)
}

fn object(world: &World, id: &str) -> Record {
    world.importer.objects().remove(&key(id)).unwrap()
}

/// Runs the background tasks until the counts of the queue meet a condition.
async fn run_until(world: &World, engine: &Engine, is_met: impl Fn(&EventQueueCounts) -> bool) {
    let (waker, stop) = (TaskWaker::default(), CancellationToken::new());
    let options = TaskOptions::default();
    let watch = async {
        for _ in 0..1000 {
            // On paused time, this ends as soon as the tasks have nothing to do.
            tokio::time::sleep(Duration::from_millis(100)).await;
            if is_met(&world.store.event_queue_counts().await.unwrap()) {
                stop.cancel();
                return true;
            }
        }
        stop.cancel();
        false
    };
    let (is_done, ()) = tokio::join!(watch, engine.run_tasks(&options, &waker, &stop));
    assert!(is_done, "{:?} {:?}", world.store.event_queue_counts().await, world.alerts.failures());
}

fn change_of(id: &str, user: &str) -> NewEvent {
    event(id, &[Subject::User(UserId::new(user))])
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
async fn many_retirements_wait_for_override() {
    let (world, engine) = synced(20).await;
    (1..=10).for_each(|n| world.directory.delete_user(&format!("u{n}")));
    let error = sync(&engine).await.unwrap_err();
    assert!(
        matches!(error, EngineError::SafeguardTriggered(SafeguardViolation::TooManyRetired { .. })),
        "{error:?}"
    );
    assert!(world.importer.objects().values().all(|record| !record.fields.contains_key("status")));
    let report = sync_with(&engine, &overridden()).await.unwrap();
    assert_eq!(report.retired, 10);
}

#[tokio::test(start_paused = true)]
async fn removed_memberships_wait_for_override() {
    let (world, engine) = synced(200).await;
    world.directory.put_group("g1", &["u1"]);
    let error = sync(&engine).await.unwrap_err();
    let EngineError::SafeguardTriggered(violation) = error else { panic!("{error:?}") };
    assert!(matches!(violation, SafeguardViolation::TooManyMembershipsRemoved { removed: 199, .. }));
    assert_eq!(object(&world, "u2").fields["groups"], serde_json::json!(["g1"]));
    sync_with(&engine, &overridden()).await.unwrap();
    assert_eq!(
        object(&world, "u2").fields["groups"],
        serde_json::json!([]),
        "it isn't in the group any more"
    );
}

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
async fn event_names_an_object_to_read() {
    let (world, engine) = synced(3).await;
    world.directory.put_user("u2", "renamed");
    let now = world.clock.now();
    let event = NewEvent { published_at: now, ..change_of("e1", "u2") };
    assert_eq!(world.store.store_events(std::slice::from_ref(&event), now).await.unwrap(), 1);
    run_until(&world, &engine, |counts| counts.unfinished() == 0).await;
    assert_eq!(object(&world, "u2").fields["login"], "renamed");
    // Applying it again changes nothing.
    let started = world.importer.started();
    assert_eq!(world.store.store_events(&[event], now).await.unwrap(), 0);
    assert_eq!(world.importer.started(), started);
}

#[tokio::test(start_paused = true)]
async fn object_older_than_its_event_is_read_again() {
    let (world, engine) = synced(3).await;
    // The directory logs the change, and still returns the object from before.
    world.clock.advance(600);
    let now = world.clock.now();
    let event = NewEvent { published_at: now, ..change_of("e1", "u2") };
    world.store.store_events(&[event], now).await.unwrap();
    let reads = world.directory.requests();
    run_until(&world, &engine, |_| world.directory.requests() > reads).await;
    let counts = world.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.unfinished(), counts.work_items), (1, 1), "it isn't applied");
    world.directory.put_user("u2", "renamed");
    world.clock.advance(600);
    run_until(&world, &engine, |counts| counts.unfinished() == 0).await;
    assert_eq!(object(&world, "u2").fields["login"], "renamed");
}

#[tokio::test(start_paused = true)]
async fn events_of_the_log_are_applied() {
    let (world, engine) = synced(3).await;
    world.clock.advance(60);
    world.directory.put_user("u3", "renamed");
    let now = world.clock.now();
    world.feed.push(NewEvent { published_at: now, ..change_of("e1", "u3") });
    let renamed = || object(&world, "u3").fields["login"] == "renamed";
    run_until(&world, &engine, |counts| counts.unfinished() == 0 && renamed()).await;
    assert!(world.store.feed_checkpoint().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn requested_sync_starts_at_once() {
    let (world, engine) = synced(3).await;
    let (waker, stop) = (TaskWaker::default(), CancellationToken::new());
    // Whatever is polled comes too late.
    let hour = Duration::from_hours(1);
    let options = TaskOptions { poll: hour, feed_poll: hour, ..TaskOptions::default() };
    let request = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        let now = world.clock.now();
        let request = world.store.request_sync(false, now).await.unwrap();
        let requested_at = Instant::now();
        waker.wake_syncs();
        while world.store.sync_request(request.id).await.unwrap().unwrap().run.is_none() {
            assert!(requested_at.elapsed() < Duration::from_millis(10));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.cancel();
    };
    tokio::join!(request, engine.run_tasks(&options, &waker, &stop));
}

#[tokio::test(start_paused = true)]
async fn plan_changes_nothing() {
    let (world, engine) = synced(5).await;
    world.directory.put_user("u1", "renamed");
    world.directory.delete_user("u2");
    let plan = engine.plan(&NoopProgress, &CancellationToken::new()).await.unwrap();
    let users = plan.kinds[&ObjectKind::User];
    assert_eq!((users.update, users.retire), (1, 1));
    engine.discard(plan).await.unwrap();
    assert_eq!((object(&world, "u1").fields["login"].as_str(), world.importer.started()), (Some("u1"), 1));
    assert_eq!(world.store.runs(10).await.unwrap().len(), 1, "a plan leaves no trace in the history");
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

#[tokio::test(start_paused = true)]
async fn pause_keeps_events_and_sends_nothing() {
    let (world, engine) = synced(3).await;
    world.directory.put_user("u2", "renamed");
    let now = world.clock.now();
    world.store.pause(Some(now + SignedDuration::from_hours(1))).await.unwrap();
    world.store.store_events(&[NewEvent { published_at: now, ..change_of("e1", "u2") }], now).await.unwrap();
    let (options, waker, stop) = (TaskOptions::default(), TaskWaker::default(), CancellationToken::new());
    let minutes = async {
        tokio::time::sleep(Duration::from_mins(5)).await;
        stop.cancel();
    };
    tokio::join!(minutes, engine.run_tasks(&options, &waker, &stop));
    assert_eq!((world.importer.started(), object(&world, "u2").fields["login"].as_str()), (1, Some("u2")));
    assert_eq!(world.store.event_queue_counts().await.unwrap().pending, 1);
    world.store.pause(None).await.unwrap();
    run_until(&world, &world.engine(), |counts| counts.unfinished() == 0).await;
    assert_eq!(object(&world, "u2").fields["login"], "renamed");
}

#[tokio::test(start_paused = true)]
async fn failed_read_is_repeated() {
    let (world, engine) = synced(3).await;
    world.directory.put_user("u2", "renamed");
    let failed = || PortError::new("no answer").single_record(true).transient(true);
    world.directory.switches.fail_times("user", 0, 1, failed);
    let now = world.clock.now();
    world.store.store_events(&[NewEvent { published_at: now, ..change_of("e1", "u2") }], now).await.unwrap();
    run_until(&world, &engine, |counts| counts.oldest_unclaimed_at.is_none()).await;
    assert_eq!(world.store.event_queue_counts().await.unwrap().pending, 1, "it was tried, and waits");
    world.clock.advance(3600);
    run_until(&world, &engine, |counts| counts.unfinished() == 0).await;
    assert_eq!(world.store.event_queue_counts().await.unwrap().failed, 0);
    assert_eq!(object(&world, "u2").fields["login"], "renamed");
}

#[tokio::test(start_paused = true)]
async fn changes_arrive_after_the_clock_is_set_back() {
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
