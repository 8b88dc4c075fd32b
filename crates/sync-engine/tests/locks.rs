//! Runs of every kind at the same time: no order of their locks stops them.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sync_engine::testing::World;
use sync_engine::testing::samples::event;
use sync_engine::{
    Clock, Comparison, Engine, EngineOptions, EventInbox, MappingView, NoopProgress, PortError, PruneOptions,
    Safeguards, Subject, TargetSchema, TaskOptions, TaskWaker,
};
use sync_model::{GroupId, UserId};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The time, on a paused clock, after which runs that still wait will wait forever.
const LIMIT: Duration = Duration::from_hours(1);

/// An object schema that responds late, while the engine holds its locks.
struct Slow {
    inner: Arc<dyn TargetSchema>,
    delay: Duration,
}

#[async_trait]
impl TargetSchema for Slow {
    async fn compare(&self) -> Result<Comparison, PortError> {
        sleep(self.delay).await;
        self.inner.compare().await
    }

    async fn state(&self) -> Result<Option<String>, PortError> {
        sleep(self.delay * 3).await;
        // Always another one, so that each execution compares the schemas.
        Ok(Some("other".to_owned()))
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        sleep(self.delay).await;
        self.inner.preview().await
    }

    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError> {
        sleep(self.delay * 2).await;
        self.inner.apply(base).await
    }
}

/// Runs the background tasks until everything else ended twice, with changes before each time.
async fn run_all(world: &World, engine: &Engine) {
    let (limits, stop) = (Safeguards::default(), CancellationToken::new());
    let (options, waker) = (TaskOptions::default(), TaskWaker::default());
    let to_prune = PruneOptions::default();
    let subjects = [Subject::User(UserId::new("u1")), Subject::Group(GroupId::new("g1"))];
    let others = async {
        for n in 0..2 {
            for id in ["u1", "u2", "u3"] {
                world.directory.put_user(id, &format!("{id} {n}"));
            }
            let events = [event(&format!("e{n}"), &[Subject::User(UserId::new("u2"))])];
            world.store.store_delivery(&format!("d{n}"), &events, world.clock.now()).await.unwrap();
            waker.wake_events();
            let since = world.clock.now();
            let (full, incremental, targeted, plan, setup, verify, recovery, prune) = tokio::join!(
                engine.full_sync(&limits, &NoopProgress, &stop),
                engine.incremental_sync(since, &NoopProgress, &stop),
                engine.targeted_sync(&subjects, &NoopProgress, &stop),
                engine.plan(&NoopProgress, &stop),
                engine.setup(true),
                engine.verify(true),
                engine.recover(),
                engine.prune_plan(&to_prune),
            );
            for run in [full, incremental, targeted] {
                run.unwrap();
            }
            engine.discard(plan.unwrap()).await.unwrap();
            setup.unwrap();
            verify.unwrap();
            recovery.unwrap();
            // There is no account.
            prune.unwrap_err();
        }
        stop.cancel();
    };
    tokio::join!(others, engine.run_tasks(&options, &waker, &stop));
}

#[tokio::test(start_paused = true)]
async fn concurrent_runs_all_end() {
    for milliseconds in [1, 7, 29, 31, 530] {
        let world = World::default();
        for id in ["u1", "u2", "u3"] {
            world.directory.put_user(id, id);
        }
        world.directory.put_group("g1", &["u1", "u2"]);
        let mut ports = world.ports();
        let delay = Duration::from_millis(milliseconds);
        ports.target_schema = Arc::new(Slow { inner: ports.target_schema, delay });
        let engine = Engine::new(ports, EngineOptions::default());
        let ended = timeout(LIMIT, Box::pin(run_all(&world, &engine))).await;
        assert!(ended.is_ok(), "with {milliseconds} ms, runs wait for each other");
    }
}
