//! A full sync that was cut off goes on where it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use sync_daemon::Connection;
use sync_engine::{
    Cursor, EngineError, EngineOptions, Phase, Ports, ProgressSink, RunReport, Runs, Safeguards,
};
use sync_model::ObjectKind;
use tokio_util::sync::CancellationToken;

use crate::test_env::{GROUPS, OFTEN, TestEnv, USERS, sync, test_env};

const PEOPLE: usize = 450;
const TEAMS: usize = 24;

/// Says when so many items of a phase are done.
struct At {
    phase: Phase,
    items: u64,
    done: AtomicU64,
    then: CancellationToken,
}

impl ProgressSink for At {
    fn begin(&self, _: Phase, _: Option<u64>) {}
    fn advance(&self, phase: Phase, items: u64) {
        if phase == self.phase && self.done.fetch_add(items, Ordering::Relaxed) + items >= self.items {
            self.then.cancel();
        }
    }
    fn end(&self, _: Phase) {}
}

fn two_at_a_time(_: &mut Ports, options: &mut EngineOptions) {
    options.concurrency = 2;
}

/// Three pages of users.
async fn big() -> (TestEnv, Arc<Connection>) {
    of(PEOPLE).await
}

async fn of(people: usize) -> (TestEnv, Arc<Connection>) {
    let world = test_env(people, TEAMS).await;
    let connection = world.open_with("system_log", OFTEN, two_at_a_time).await;
    connection.engine().setup(false).await.unwrap();
    (world, connection)
}

/// A full sync that is stopped when so many items of a phase are done.
pub(crate) async fn stopped(connection: &Connection, phase: Phase, items: u64) {
    let stop = CancellationToken::new();
    let at = At { phase, items, done: AtomicU64::default(), then: stop.clone() };
    let error = connection.engine().full_sync(&Safeguards::default(), &at, &stop).await.unwrap_err();
    assert!(matches!(error, EngineError::Interrupted), "{error:?}");
}

/// Goes on as another process would, and compares with a pass in one piece: requests for listings of groups and users.
async fn resumes(world: &TestEnv, repeated: (u64, u64)) -> RunReport {
    let connection = world.open_with("system_log", OFTEN, two_at_a_time).await;
    let report = sync(&connection).await.unwrap();
    assert!(report.resumed);
    let both = async || (world.requests(GROUPS).await, world.requests(USERS).await);
    let in_pieces = both().await;
    assert_eq!(sync(&connection).await.unwrap().executions, 0);
    let whole = both().await;
    let whole = (whole.0 - in_pieces.0, whole.1 - in_pieces.1);
    assert!(
        in_pieces.0 <= whole.0 + repeated.0 && in_pieces.1 <= whole.1 + repeated.1,
        "{in_pieces:?} {whole:?}"
    );
    assert!(world.audit().await.in_sync);
    report
}

#[tokio::test]
async fn full_sync_resumes_in_members() {
    let (world, connection) = of(40).await;
    stopped(&connection, Phase::Members, 16).await;
    drop(connection);
    // Listings that were under way, and the group of everybody, which each process looks for once.
    resumes(&world, (4, 0)).await;
}

#[tokio::test]
async fn stopped_full_sync_resumes_in_users() {
    let (world, connection) = big().await;
    stopped(&connection, Phase::Users, 400).await;
    drop(connection);
    let report = resumes(&world, (2, 1)).await;
    assert_eq!(report.records[&ObjectKind::User].read, PEOPLE as u64);
}

#[tokio::test]
async fn changes_since_a_resumed_sync_arrive() {
    let (world, connection) = big().await;
    stopped(&connection, Phase::Users, 400).await;
    for user in world.active_users().await {
        world.change(&user, serde_json::json!({ "city": "Nuuk" })).await;
    }
    let (limits, stop) = (Safeguards::default(), CancellationToken::new());
    let report = connection.engine().sync_as_of_now(&limits, &sync_engine::NoopProgress, &stop).await;
    let report = report.unwrap();
    assert!(report.resumed && report.is_complete(), "{report:?}");
    assert!(world.audit().await.in_sync, "those of the first pages are older than the command");
}

#[tokio::test]
async fn dropped_full_sync_resumes() {
    let (world, connection) = big().await;
    let at =
        At { phase: Phase::Users, items: 400, done: AtomicU64::default(), then: CancellationToken::new() };
    let (reached, never) = (at.then.clone(), CancellationToken::new());
    let limits = Safeguards::default();
    tokio::select! {
        biased;
        () = reached.cancelled() => {}
        ended = connection.engine().full_sync(&limits, &at, &never) => panic!("{ended:?}"),
    }
    drop(connection);
    resumes(&world, (2, 1)).await;
}

#[tokio::test]
async fn stopped_sending_resumes_without_reading() {
    let world = test_env(100, TEAMS).await;
    let connection = world.open_with("system_log", OFTEN, |_, options| options.page = 30).await;
    connection.engine().setup(false).await.unwrap();
    stopped(&connection, Phase::Sending, 60).await;
    assert_eq!(world.executions().await[0]["status"], "CANCELLED");
    let before = (world.requests(GROUPS).await, world.requests(USERS).await);
    let report = sync(&connection).await.unwrap();
    assert!(report.resumed && report.executions == 1, "{report:?}");
    assert_eq!((world.requests(GROUPS).await, world.requests(USERS).await), before);
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn rejected_page_cursor_restarts_listing() {
    let (world, connection) = big().await;
    // Among the second page: the place after the first is saved.
    stopped(&connection, Phase::Users, 400).await;
    let state = world.state().await;
    let (run, mut pass) = state.resumable_checkpoint().await.unwrap().unwrap();
    let place = pass.cursor.as_ref().unwrap().as_str().to_owned();
    assert!(place.contains("after=200"), "{place}");
    pass.cursor = Some(Cursor::new(place.replace("after=200", "after=forgotten-")));
    state.save_checkpoint(run, &pass).await.unwrap();
    // What changes meanwhile is seen as well.
    world.change(&world.users().await[0], json!({ "city": "Nuuk" })).await;
    let report = sync(&connection).await.unwrap();
    assert!(report.resumed);
    assert_eq!(report.records[&ObjectKind::User].read, PEOPLE as u64, "nobody is counted twice");
    assert!(world.audit().await.in_sync);
}
