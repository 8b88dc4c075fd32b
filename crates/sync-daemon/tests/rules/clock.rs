//! A clock that is wrong, or steps, loses nothing.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sync_engine::{
    Clock, EventFeed, EventInbox, FeedPage, FeedStart, LeaderState, NoopProgress, PortError, RunKind,
    RunReport, RunSummary, Runs, SystemClock, TimeState,
};
use tokio_util::sync::CancellationToken;

use crate::fakes::OffsetClock;
use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, idle, status, sync, test_env, wait_for_system_log, wait_until};

const HOURS: i64 = 3600;
const YEAR: i64 = 365 * 24 * HOURS;

async fn open(world: &TestEnv, ahead: &Arc<OffsetClock>) -> Arc<sync_daemon::Connection> {
    let ahead = Arc::clone(ahead);
    world.open_with("system_log", OFTEN, |ports, _| ports.clock = ahead as Arc<dyn Clock>).await
}

async fn arrives(world: &TestEnv, user: &str, city: &str) {
    wait_until("the change arrives", async || {
        let object = world.object(user).await;
        if object.contains(city) { Ok(()) } else { Err(object) }
    })
    .await;
}

#[tokio::test]
async fn changes_arrive_after_clock_steps() {
    let world = test_env(6, 2).await;
    let ahead = Arc::new(OffsetClock::default());
    let connection = open(&world, &ahead).await;
    world.sync_first(&connection).await;
    let following = follow(&connection);
    idle(&connection).await;
    let user = world.users().await.remove(0);
    for (step, city) in
        [(HOURS, "Ahead"), (-HOURS, "Right"), (-4, "Back"), (YEAR, "Nextyear"), (-YEAR, "Home")]
    {
        ahead.by(step);
        world.change(&user, json!({ "city": city })).await;
        arrives(&world, &user, city).await;
    }
    following.stop().await;
}

#[tokio::test]
async fn sync_with_fast_clock_is_corrected() {
    let world = test_env(6, 2).await;
    let ahead = Arc::new(OffsetClock::default());
    ahead.by(2 * HOURS);
    let connection = open(&world, &ahead).await;
    world.sync_first(&connection).await;
    ahead.by(-2 * HOURS);
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    let again = open(&world, &ahead).await;
    sync(&again).await.unwrap();
    assert!(world.audit().await.in_sync);
    world.change(&user, json!({ "city": "Oslo" })).await;
    let following = follow(&again);
    arrives(&world, &user, "Oslo").await;
    following.stop().await;
}

#[tokio::test]
async fn bookmark_uses_okta_time() {
    let world = test_env(6, 2).await;
    let ahead = Arc::new(OffsetClock::default());
    ahead.by(2 * HOURS);
    let connection = open(&world, &ahead).await;
    world.sync_first(&connection).await;
    let bookmark = world.state().await.bookmark().await.unwrap().unwrap();
    assert!(bookmark < ahead.now() - jiff::SignedDuration::from_hours(1), "{bookmark}");
    // What changed since then is found although the clock says that it is long past.
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    connection.engine().incremental_sync(bookmark, &NoopProgress, &CancellationToken::new()).await.unwrap();
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn schedule_survives_a_clock_set_back() {
    let world = test_env(6, 2).await;
    let ahead = Arc::new(OffsetClock::default());
    ahead.by(YEAR);
    let clock = Arc::clone(&ahead);
    let daily = "[connections.main.schedule]\nsystem_log_poll = \"200ms\"\nfull_sync = \"1d\"\n";
    let connection =
        world.open_with("system_log", daily, |ports, _| ports.clock = clock as Arc<dyn Clock>).await;
    world.sync_first(&connection).await;
    let first = connection.status(1).await.unwrap().runs[0].id;
    ahead.by(-YEAR);
    let following = follow(&connection);
    wait_for_system_log(&connection).await;
    status(&connection, "another full sync was made", |s| {
        let full = |run: &&RunSummary| run.id > first && run.kind == RunKind::FullSync;
        s.runs.iter().filter(full).any(|run| run.ended_at.is_some())
    })
    .await;
    let runs = world.state().await.last_run(RunKind::FullSync).await.unwrap();
    assert!(runs.ended.unwrap() < ahead.now() + jiff::SignedDuration::from_hours(1));
    following.stop().await;
}

#[tokio::test]
async fn log_without_bookmark_starts_full_sync() {
    let world = test_env(6, 2).await;
    let connection = open(&world, &Arc::default()).await;
    connection.engine().setup(false).await.unwrap();
    let (state, now) = (world.state().await, SystemClock.now());
    let run = state.begin_run(RunKind::FullSync, now).await.unwrap();
    state.end_run(run, &RunReport::default(), now).await.unwrap();
    let following = follow(&connection);
    world.assert_in_sync().await;
    following.stop().await;
}

#[tokio::test]
async fn freshness_is_never_in_the_future() {
    let world = test_env(6, 2).await;
    let ahead = Arc::new(OffsetClock::default());
    ahead.by(YEAR);
    let connection = open(&world, &ahead).await;
    world.sync_first(&connection).await;
    ahead.by(-YEAR);
    let freshness = connection.status(1).await.unwrap().freshness;
    assert!(freshness.synced_through.unwrap() <= SystemClock.now(), "{freshness:?}");
}

/// A log whose answers carry no date. It forgets the place that it gave last, once.
struct Undated {
    log: Arc<dyn EventFeed>,
    forgets: Mutex<bool>,
    asked: Arc<Mutex<Vec<Timestamp>>>,
}

#[async_trait::async_trait]
impl EventFeed for Undated {
    async fn poll(&self, from: &FeedStart) -> Result<FeedPage, PortError> {
        match from {
            FeedStart::At(_) if std::mem::take(&mut *self.forgets.lock().unwrap()) => {
                return Err(PortError::new("the place is not known").expired(true));
            }
            FeedStart::At(_) => {}
            FeedStart::Since(since) => self.asked.lock().unwrap().push(*since),
        }
        self.log.poll(from).await
    }

    fn time(&self) -> Option<Timestamp> {
        None
    }

    fn retention(&self) -> SignedDuration {
        self.log.retention()
    }
}

#[tokio::test]
async fn undated_log_ignores_local_clock() {
    let world = test_env(6, 2).await;
    let first = open(&world, &Arc::default()).await;
    world.sync_first(&first).await;
    let ahead = Arc::new(OffsetClock::default());
    ahead.by(YEAR);
    let asked: Arc<Mutex<Vec<Timestamp>>> = Arc::default();
    let (clock, noted) = (Arc::clone(&ahead), Arc::clone(&asked));
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| {
            ports.clock = clock as Arc<dyn Clock>;
            let log = ports.feed.take().unwrap();
            ports.feed = Some(Arc::new(Undated { log, forgets: Mutex::new(true), asked: noted }));
        })
        .await;
    let following = follow(&connection);
    wait_until("the log was read from the start, and again", async || {
        let asked = asked.lock().unwrap().clone();
        if asked.len() > 1 { Ok(()) } else { Err(format!("{asked:?}")) }
    })
    .await;
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    arrives(&world, &user, "Nuuk").await;
    // What the log may no longer hold is read as a whole: without a date nothing proves how long it was.
    status(&connection, "everything was read again", |s| {
        s.runs.iter().filter(|run| run.kind == RunKind::FullSync && run.ended_at.is_some()).count() > 1
    })
    .await;
    following.stop().await;
    let newest = world.state().await.feed_checkpoint().await.unwrap().unwrap().newest_event_at;
    let asked = asked.lock().unwrap();
    assert!(asked.iter().chain([&newest]).all(|time| *time <= SystemClock.now()), "{newest} {asked:?}");
}

#[tokio::test]
async fn pause_survives_clock_change() {
    for seconds in [YEAR, -YEAR] {
        let world = test_env(6, 2).await;
        let ahead = Arc::new(OffsetClock::default());
        let first = open(&world, &ahead).await;
        world.sync_first(&first).await;
        let until = ahead.now() + SignedDuration::from_hours(1);
        world.state().await.pause(Some(until)).await.unwrap();
        ahead.by(seconds);
        let again = open(&world, &ahead).await;
        again.engine().recover().await.unwrap();
        let following = follow(&again);
        let user = world.users().await.remove(0);
        world.change(&user, json!({ "city": "Nuuk" })).await;
        status(&again, "the event is kept", |s| s.event_queue.unfinished() > 0).await;
        wait_for_pause_end(&world, &ahead, HOURS).await;
        assert!(!world.object(&user).await.contains("Nuuk"), "{seconds}: nothing is sent");
        world.state().await.pause(None).await.unwrap();
        arrives(&world, &user, "Nuuk").await;
        following.stop().await;
    }
}

/// The pause ends after so many seconds by the clock, or a little sooner.
async fn wait_for_pause_end(world: &TestEnv, clock: &OffsetClock, seconds: i64) {
    wait_until("the pause keeps what is left of it", async || {
        let until = world.state().await.paused_until().await.unwrap().unwrap();
        let left = until.duration_since(clock.now()).as_secs();
        if (seconds - 600..=seconds + 60).contains(&left) { Ok(()) } else { Err(left.to_string()) }
    })
    .await;
}
