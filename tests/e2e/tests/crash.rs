//! The daemon is killed, again and again, by a signal that it never sees: during a full sync, and while changes stream in.
//! Whatever moment it was, the next process goes on, and both sides end up equal.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod changes;
mod support;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use changes::{Stream, TestEventSource, distinct_objects};
use sandbox::ControlClient;
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use support::{TestEnv, binary, in_sync};

/// How long anything may take that is waited for. An execution that nobody remembers is given half a minute.
const PATIENCE: Duration = Duration::from_mins(3);

/// When the daemon is killed, as the sandbox sees it.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// It has sent so many requests to Okta.
    Requests(u64),
    /// It has asked for so many pages of groups and of members.
    Members(u64),
    /// So many pages of users were asked for since the run began, by whichever process.
    Users(u64),
    /// The execution has so many chunks and is not complete.
    Ingesting(u64),
    /// Assets works on what it was sent.
    Processing,
    /// It looks after an execution that it did not start.
    Recovering,
}

/// A whole full sync, from before its run begins to after its last chunk.
const MOMENTS: [Moment; 15] = [
    Moment::Requests(1),
    Moment::Requests(6),
    Moment::Members(1),
    Moment::Members(8),
    Moment::Members(20),
    Moment::Members(40),
    Moment::Members(60),
    Moment::Members(80),
    Moment::Members(100),
    Moment::Users(1),
    Moment::Users(3),
    Moment::Ingesting(1),
    Moment::Ingesting(3),
    Moment::Processing,
    Moment::Recovering,
];

const ORG: [&str; 6] = ["--users", "400", "--groups", "450", "--members-per-group", "4"];

/// What the sandbox has counted.
struct Seen {
    okta: u64,
    members: u64,
    users: u64,
}

impl Seen {
    async fn at(control: &ControlClient) -> Self {
        let okta = control.get("/stats").await.unwrap()["okta"].clone();
        let bucket = |name: &str| okta["buckets"][name].as_u64().unwrap_or_default();
        Self {
            okta: okta["requests"].as_u64().unwrap(),
            members: bucket("/api/v1/groups"),
            users: bucket("GET /api/v1/users"),
        }
    }
}

impl Moment {
    /// Waits for the moment; `began` is from when the run did, `restarted` from when the process did.
    async fn come(self, control: &ControlClient, began: &Seen, restarted: &Seen) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let come = match self {
                Self::Requests(n) => Seen::at(control).await.okta >= restarted.okta + n,
                Self::Members(n) => Seen::at(control).await.members >= restarted.members + n,
                Self::Users(n) => Seen::at(control).await.users >= began.users + n,
                Self::Ingesting(chunks) => {
                    let latest = latest_execution(control).await;
                    latest["status"] == "INGESTING" && latest["chunks"].as_u64().unwrap() >= chunks
                }
                Self::Processing => latest_execution(control).await["status"] == "PROCESSING",
                Self::Recovering => {
                    Seen::at(control).await.okta > restarted.okta
                        && latest_execution(control).await["status"] == "PROCESSING"
                }
            };
            if come {
                return;
            }
            assert!(Instant::now() < deadline, "the moment has not come: {self:?}");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

async fn latest_execution(control: &ControlClient) -> Value {
    let history = control.get("/insight/executions").await.unwrap();
    history.as_array().and_then(|history| history.last()).cloned().unwrap_or_default()
}

/// `okta-insight sync` beside the daemon, once the daemon has stored its request.
async fn delegate_sync(world: &TestEnv) -> Child {
    let sync = Command::new(binary("okta-insight"))
        .args(["sync", "--config", "c.toml"])
        .current_dir(world.folder())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(world.path("sync.log")).unwrap())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    while !sync_log(world).contains("Requesting the sync from it") {
        assert!(Instant::now() < deadline, "nothing was handed over: {}", sync_log(world));
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    while stored(world, "SELECT CAST(id AS TEXT) FROM sync_requests").await.is_empty() {
        assert!(Instant::now() < deadline, "no request was stored: {}", sync_log(world));
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    sync
}

fn sync_log(world: &TestEnv) -> String {
    std::fs::read_to_string(world.path("sync.log")).unwrap()
}

/// Both ends of an execution, and no object twice, whatever happened in between.
async fn assert_nothing_unfinished(world: &TestEnv) {
    let control = world.control();
    for execution in control.get("/insight/executions").await.unwrap().as_array().unwrap() {
        let status = execution["status"].as_str().unwrap();
        assert!(["DONE", "CANCELLED"].contains(&status), "{execution}");
    }
    for object_type in ["/type/user", "/type/group"] {
        distinct_objects(&control, object_type).await;
    }
    let open: Vec<String> = stored(world, "SELECT id FROM open_executions").await;
    assert!(open.is_empty(), "executions that nobody looked after: {open:?}");
    // What names somebody who is gone meanwhile is looked at a few times more.
    let lost = "SELECT id FROM events
                WHERE state = 'failed' OR (state = 'pending' AND id NOT IN (SELECT event_id FROM event_work))";
    let lost = stored(world, lost).await;
    assert!(lost.is_empty(), "events that lead to nothing: {lost:?}");
}

/// A column of the daemon's store, read from a copy: what the next process finds must not have been touched.
async fn stored(world: &TestEnv, query: &'static str) -> Vec<String> {
    let copy = tempfile::tempdir().unwrap();
    for name in ["c.db", "c.db-wal"] {
        if world.path(name).exists() {
            std::fs::copy(world.path(name), copy.path().join(name)).unwrap();
        }
    }
    let options = SqliteConnectOptions::new().filename(copy.path().join("c.db"));
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let rows = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
    pool.close().await;
    rows
}

/// How many requests it takes when nobody interferes.
async fn requests_without_kills() -> u64 {
    let world = TestEnv::start(&ORG);
    world.json(&["setup"]);
    let before = Seen::at(&world.control()).await.okta;
    world.json(&["sync"]);
    Seen::at(&world.control()).await.okta - before
}

#[tokio::test]
async fn killed_daemon_resumes_full_sync() {
    let minimum = requests_without_kills().await;
    let world = TestEnv::start(&ORG);
    world.configure("[connections.main]\nevent_source = \"event_hook\"\n");
    world.json(&["setup"]);
    let control = world.control();
    control.call("PUT", "/insight/settings", &json!({"chunkLimit": 100_000})).await.unwrap();
    let slow = "okta.latency=20..50,assets.latency=20..50";
    // However long the next process takes to start, Assets still works then.
    let faults = format!("{slow},executions.stuck=told");
    control.call("PUT", "/faults", &json!(faults)).await.unwrap();

    let mut daemon = world.daemon();
    let began = Seen::at(&control).await;
    let mut sync = delegate_sync(&world).await;
    let mut restarted = Seen::at(&control).await;
    for moment in MOMENTS {
        moment.come(&control, &began, &restarted).await;
        drop(daemon);
        restarted = Seen::at(&control).await;
        daemon = world.daemon();
    }
    control.call("PUT", "/faults", &json!(slow)).await.unwrap();
    control.call("POST", "/release", &Value::Null).await.unwrap();
    let audit = in_sync(&world, PATIENCE).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    let told = sync.wait().unwrap();
    assert!(told.success(), "{}", sync_log(&world));
    daemon.end();

    assert_nothing_unfinished(&world).await;
    let requests = Seen::at(&control).await.okta - began.okta;
    println!("{requests} requests with {} kills, {minimum} without", MOMENTS.len());
    assert!(2 * requests < 3 * minimum, "{requests} requests, and {minimum} without a kill");
    let full =
        stored(&world, "SELECT coalesce(report ->> 'state', 'open') FROM runs WHERE kind = 'full_sync'");
    assert_eq!(full.await, ["succeeded"], "one run, however many processes made it");
    control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    assert_eq!(world.json(&["sync"])["executions"], 0, "nothing is sent that is there already");
}

/// Kills the daemon again and again while changes stream in, and checks after each time that what it said it had it has.
async fn kill_while_changes_stream(road: TestEventSource, kills: usize) {
    let world = TestEnv::start(&["--users", "120", "--groups", "12"]);
    world.configure(road.settings());
    world.json(&["setup"]);
    world.json(&["sync"]);
    let control = world.control();
    let faults = "hooks.lost=1,okta.latency=2..20,assets.latency=2..20,executions.stuck=20..200@0.5";
    control.call("PUT", "/faults", &json!(faults)).await.unwrap();

    let mut daemon = world.daemon();
    let stream = Stream::start(&world, road).await;
    for kill in 0..kills {
        stream.goes_on_by(6 + 4 * kill).await;
        drop(daemon);
        every_acknowledged_event_is_stored(&world, &stream).await;
        daemon = world.daemon();
    }
    let changes = stream.end().await;
    let audit = in_sync(&world, PATIENCE).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    daemon.end();

    every_acknowledged_event_is_stored(&world, &stream).await;
    assert_nothing_unfinished(&world).await;
    let acknowledged = stream.acknowledged().len();
    println!("{kills} kills, {changes} changes, {acknowledged} deliveries acknowledged");
    assert!(changes > 100, "only {changes} changes");
    assert_eq!(world.json(&["sync"])["executions"], 0, "nothing is sent that is there already");
}

async fn every_acknowledged_event_is_stored(world: &TestEnv, stream: &Stream) {
    let acknowledged = stream.acknowledged();
    let events = stored(world, "SELECT id FROM events").await;
    let missing: Vec<&String> = acknowledged.iter().filter(|id| !events.contains(id)).collect();
    assert!(missing.is_empty(), "acknowledged and not stored: {missing:?}");
}

#[tokio::test]
async fn killed_daemon_keeps_acknowledged_deliveries() {
    kill_while_changes_stream(TestEventSource::Deliveries, 14).await;
}

#[tokio::test]
async fn killed_daemon_skips_no_log_event() {
    kill_while_changes_stream(TestEventSource::Log, 12).await;
}
