//! A world of fakes that is synced once, and its background tasks.

use std::time::Duration;

use sync_engine::testing::World;
use sync_engine::testing::samples::event;
use sync_engine::{
    Engine, EngineError, EventInbox, EventQueueCounts, NewEvent, NoopProgress, RunReport, RunState,
    Safeguards, Subject, TaskOptions, TaskWaker,
};
use sync_model::{Record, RecordKey, UserId};
use tokio_util::sync::CancellationToken;

pub(crate) async fn sync_with(engine: &Engine, limits: &Safeguards) -> Result<RunReport, EngineError> {
    engine.full_sync(limits, &NoopProgress, &CancellationToken::new()).await
}

pub(crate) async fn sync(engine: &Engine) -> Result<RunReport, EngineError> {
    sync_with(engine, &Safeguards::default()).await
}

/// Any number of removals is permitted.
pub(crate) fn overridden() -> Safeguards {
    Safeguards { override_safeguards: true, ..Safeguards::default() }
}

pub(crate) fn key(id: &str) -> RecordKey {
    RecordKey::user(&UserId::new(id))
}

/// A directory with users `u1`, `u2`, and so on, all of them in the group `g1`, synced once.
pub(crate) async fn synced(users: usize) -> (World, Engine) {
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

pub(crate) fn object(world: &World, id: &str) -> Record {
    world.importer.objects().remove(&key(id)).unwrap()
}

/// Runs the background tasks until the counts of the queue meet a condition.
pub(crate) async fn run_until(world: &World, engine: &Engine, is_met: impl Fn(&EventQueueCounts) -> bool) {
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

pub(crate) fn change_of(id: &str, user: &str) -> NewEvent {
    event(id, &[Subject::User(UserId::new(user))])
}
