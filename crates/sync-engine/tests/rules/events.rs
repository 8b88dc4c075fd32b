//! Events, requests, and pauses, with the background tasks.

use std::time::Duration;

use jiff::SignedDuration;
use sync_engine::{
    Clock, Directory, EventInbox, LeaderState, NewEvent, PortError, SyncRequests, TaskOptions, TaskWaker,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::support::{change_of, object, run_until, synced};

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
async fn stale_object_is_read_again() {
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
