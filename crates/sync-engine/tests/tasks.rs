//! The background tasks of an engine on fakes: when they are active, why, and how that ended.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use sync_engine::testing::World;
use sync_engine::testing::samples::event;
use sync_engine::{
    ActivationReason, Clock, Engine, EventInbox, Fact, NewEvent, NoopProgress, PortError, Safeguards,
    Subject, SyncRequests, Task, TaskOptions, TaskOutcome, TaskStatus, TaskWaker,
};
use sync_model::UserId;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const HOUR: Duration = Duration::from_hours(1);

/// Far longer than a task needs for its work, and far shorter than any period.
const AT_ONCE: Duration = Duration::from_millis(10);

/// Options with which nothing happens soon unless it is woken.
fn rarely() -> TaskOptions {
    TaskOptions { poll: HOUR, feed_poll: HOUR, schema_interval: HOUR, hook: true, ..TaskOptions::default() }
}

/// A directory with one user, synced once.
async fn synced() -> (World, Engine) {
    let world = World::default();
    world.directory.put_user("u1", "ada");
    let engine = world.engine();
    engine.full_sync(&Safeguards::default(), &NoopProgress, &CancellationToken::new()).await.unwrap();
    (world, engine)
}

fn status(engine: &Engine, task: Task) -> TaskStatus {
    engine.driver().statuses().into_iter().find(|status| status.task == task).unwrap()
}

/// The reason and the outcome of the last activation.
fn last(engine: &Engine, task: Task) -> Option<(ActivationReason, TaskOutcome)> {
    status(engine, task).last.map(|last| (last.reason, last.outcome))
}

/// Runs the background tasks while `steps` lasts.
async fn during(engine: &Engine, options: &TaskOptions, waker: &TaskWaker, steps: impl Future<Output = ()>) {
    let stop = CancellationToken::new();
    let steps = async {
        steps.await;
        stop.cancel();
    };
    tokio::join!(steps, engine.run_tasks(options, waker, &stop));
}

#[tokio::test(start_paused = true)]
async fn statuses_name_reason_and_outcome() {
    let (world, engine) = synced().await;
    world.feed.switches.fail("poll", || PortError::new("no answer").transient(true));
    let waker = TaskWaker::default();
    let options = TaskOptions { feed_poll: Duration::from_secs(2), ..rarely() };
    during(&engine, &options, &waker, tokio::time::sleep(Duration::from_secs(5))).await;
    let (start, succeeded) = (ActivationReason::Start, TaskOutcome::Succeeded);
    for task in [Task::Recovery, Task::SchemaCheck, Task::Events, Task::EventHookCheck] {
        assert_eq!(last(&engine, task), Some((start, succeeded)), "{task:?}");
    }
    let feed = status(&engine, Task::EventFeed);
    assert_eq!((feed.activations, feed.failures, feed.period_seconds), (3, 3, Some(2.0)));
    let failed = feed.last.unwrap();
    assert_eq!((failed.reason, failed.outcome), (ActivationReason::Retry, TaskOutcome::Failed));
    let Fact::TaskFailing { task, error, occurrences } = failed.finding.unwrap().fact else { panic!() };
    assert_eq!((task, occurrences), (Task::EventFeed, 3));
    assert!(error.contains("no answer"), "{error}");
    let sync = status(&engine, Task::Sync);
    assert_eq!((sync.activations, sync.last), (1, None), "no sync was due");
}

#[tokio::test(start_paused = true)]
async fn stored_event_is_applied_at_once() {
    let (world, engine) = synced().await;
    let waker = TaskWaker::default();
    let options = rarely();
    let steps = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        world.directory.put_user("u1", "renamed");
        let now = world.clock.now();
        let event = NewEvent { published_at: now, ..event("e1", &[Subject::User(UserId::new("u1"))]) };
        world.store.store_events(&[event], now).await.unwrap();
        waker.wake_events();
        tokio::time::sleep(options.debounce + AT_ONCE).await;
        assert_eq!(world.store.event_queue_counts().await.unwrap().unfinished(), 0);
    };
    during(&engine, &options, &waker, steps).await;
    assert_eq!(last(&engine, Task::Events), Some((ActivationReason::Woken, TaskOutcome::Succeeded)));
}

#[tokio::test(start_paused = true)]
async fn click_does_not_wait_for_retry() {
    let (world, engine) = synced().await;
    let waker = TaskWaker::default();
    let request = async || {
        let request = world.store.request_sync(false, world.clock.now()).await.unwrap();
        waker.wake_syncs();
        let requested_at = Instant::now();
        while world.store.sync_request(request.id).await.unwrap().unwrap().run.is_none() {
            assert!(requested_at.elapsed() < AT_ONCE);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let steps = async {
        world.directory.switches.fail("users", || PortError::new("denied"));
        for failures in 1..=6 {
            request().await;
            tokio::time::sleep(AT_ONCE).await;
            assert_eq!(status(&engine, Task::Sync).failures, failures);
        }
        world.directory.switches.restore("users");
        request().await;
    };
    during(&engine, &rarely(), &waker, steps).await;
}

#[tokio::test(start_paused = true)]
async fn requested_checks_run_early() {
    let (_world, engine) = synced().await;
    let waker = TaskWaker::default();
    let steps = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        engine.refresh_checks(Duration::from_secs(30));
        tokio::time::sleep(AT_ONCE).await;
        let checked = [Task::SchemaCheck, Task::EventHookCheck].map(|task| status(&engine, task).activations);
        assert_eq!(checked, [2, 2]);
        engine.refresh_checks(Duration::from_secs(30));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(status(&engine, Task::SchemaCheck).activations, 2, "the last result is recent");
        engine.refresh_checks(Duration::ZERO);
        tokio::time::sleep(AT_ONCE).await;
        assert_eq!(status(&engine, Task::EventHookCheck).activations, 3);
    };
    during(&engine, &rarely(), &waker, steps).await;
    let schema = last(&engine, Task::SchemaCheck).unwrap();
    assert_eq!(schema.0, ActivationReason::Start, "the schema wasn't edited, so it wasn't compared again");
    assert_eq!(last(&engine, Task::EventHookCheck).unwrap().0, ActivationReason::Woken);
}

#[tokio::test(start_paused = true)]
async fn unknown_schemas_delay_the_others() {
    let (world, _) = synced().await;
    let engine = world.engine();
    world.schema.switches.fail("compare", || PortError::new("no answer").transient(true));
    let waker = TaskWaker::default();
    let steps = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        let started: Vec<Task> = engine.driver().statuses().into_iter().map(|status| status.task).collect();
        assert_eq!(started, [Task::Recovery, Task::SchemaCheck]);
        world.schema.switches.restore("compare");
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(last(&engine, Task::Events), Some((ActivationReason::Start, TaskOutcome::Succeeded)));
    };
    during(&engine, &rarely(), &waker, steps).await;
    assert_eq!(last(&engine, Task::SchemaCheck), Some((ActivationReason::Retry, TaskOutcome::Succeeded)));
}
