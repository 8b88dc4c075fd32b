//! The admin API of a daemon elsewhere, as it is used: runs are watched, and events are followed, whatever breaks.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::ops::ControlFlow;
use std::sync::Mutex;
use std::time::Duration;

use admin_api::wire::SyncOptions;
use admin_api::{FollowedEvent, RemoteClient, RemoteError, RemoteEventFollower};
use serde_json::{Value, json};
use sync_engine::{Phase, ProgressSink, RunReport, RunState};
use sync_model::ConnectionName;
use tokio_util::sync::CancellationToken;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const AT: &str = "2026-03-01T12:30:02Z";
/// What takes longer hangs.
const LONG: Duration = Duration::from_mins(3);

fn main_connection() -> ConnectionName {
    ConnectionName::try_from("main".to_owned()).unwrap()
}

fn client(server: &MockServer) -> RemoteClient {
    RemoteClient::new(server.uri().parse().unwrap(), Some("t0ken".into())).unwrap()
}

/// Writes down what it is told.
#[derive(Default)]
struct Written(Mutex<Vec<String>>);

impl Written {
    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl ProgressSink for Written {
    fn begin(&self, phase: Phase, total: Option<u64>) {
        self.write(format!("{phase:?}: of {total:?}"));
    }

    fn advance(&self, phase: Phase, items: u64) {
        self.write(format!("{phase:?}: +{items}"));
    }

    fn end(&self, phase: Phase) {
        self.write(format!("{phase:?}: ended"));
    }
}

/// Answers in turn, and the last one from then on.
async fn answers(server: &MockServer, verb: &str, place: &str, all: Vec<Value>) {
    let last = all.len() - 1;
    for (n, answer) in all.into_iter().enumerate() {
        let place = format!("/api/v1/connections/main/{place}");
        let mock = Mock::given(method(verb)).and(path(place));
        let mock = mock.respond_with(ResponseTemplate::new(200).set_body_json(answer));
        let mock = if n < last { mock.up_to_n_times(1) } else { mock };
        mock.mount(server).await;
    }
}

/// A run that was asked for: nobody has taken it, it goes on, it has ended.
async fn requested(server: &MockServer) {
    let run = |ended: Option<&str>, report: Value| {
        json!({ "id": 3, "accepted": true, "run": {
            "id": 7, "kind": "full_sync", "started_at": AT, "ended_at": ended, "report": report,
        }})
    };
    let report = serde_json::to_value(RunReport { executions: 1, ..RunReport::default() }).unwrap();
    let nobody = json!({ "id": 3, "accepted": false, "run": null });
    let under_way = run(None, Value::Null);
    answers(server, "POST", "sync-requests", vec![nobody.clone()]).await;
    let all = vec![nobody, under_way.clone(), under_way, run(Some(AT), report)];
    answers(server, "GET", "sync-requests/3", all).await;
}

fn phase(phase: Phase, done: u64, total: Option<u64>, ended: bool) -> Value {
    json!({
        "phase": phase, "label": plain_text::phase(phase), "started_at": AT, "ended_at": ended.then_some(AT), "duration_seconds": 1.0,
        "done": done, "total": total, "items_per_second": 1.0, "remaining_seconds": null,
    })
}

fn live(number: u64, phases: &[Value]) -> Value {
    json!({
        "run": number, "kind": "full_sync", "started_at": AT, "ended_at": null, "duration_seconds": 1.0, "state": null,
        "failure": null, "phases": phases,
    })
}

#[tokio::test]
async fn remote_run_shows_its_phases() {
    let server = MockServer::start().await;
    requested(&server).await;
    let other = live(6, &[phase(Phase::Objects, 2, None, false)]);
    let (structure, groups) =
        (phase(Phase::Schema, 0, None, true), |done, ended| phase(Phase::Groups, done, Some(6), ended));
    let first = live(7, &[structure.clone(), groups(2, false)]);
    let then = live(7, &[structure.clone(), groups(6, true), phase(Phase::Users, 10, Some(30), false)]);
    let last = live(7, &[structure, groups(6, true), phase(Phase::Users, 30, Some(30), true)]);
    let views = vec![
        json!({ "active": [other, first], "recent": [] }),
        json!({ "active": [then], "recent": [] }),
        json!({ "active": [], "recent": [last] }),
    ];
    answers(&server, "GET", "active-runs", views).await;
    let (told, stop) = (Written::default(), CancellationToken::new());
    let report = client(&server)
        .request_sync(&main_connection(), SyncOptions::default(), LONG, &told, &stop)
        .await
        .unwrap();
    assert_eq!((report.state, report.executions), (RunState::Succeeded, 1));
    assert_eq!(
        *told.0.lock().unwrap(),
        [
            "Schema: of None",
            "Schema: ended",
            "Groups: of Some(6)",
            "Groups: +2",
            "Groups: +4",
            "Groups: ended",
            "Users: of Some(30)",
            "Users: +10",
            "Users: +20",
            "Users: ended",
        ]
    );
}

#[tokio::test]
async fn hidden_remote_run_is_awaited() {
    for answer in [ResponseTemplate::new(404), ResponseTemplate::new(200).set_body_string("something else")] {
        let server = MockServer::start().await;
        requested(&server).await;
        let live = Mock::given(path("/api/v1/connections/main/active-runs"));
        live.respond_with(answer).expect(1..).mount(&server).await;
        let (told, stop) = (Written::default(), CancellationToken::new());
        let report = client(&server)
            .request_sync(&main_connection(), SyncOptions::default(), LONG, &told, &stop)
            .await;
        assert_eq!(report.unwrap().executions, 1);
        assert!(told.0.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn restarting_daemon_is_awaited() {
    let server = MockServer::start().await;
    let absent = Mock::given(method("GET")).and(path("/api/v1/connections/main/sync-requests/3"));
    absent.respond_with(refuses(503)).up_to_n_times(2).expect(2).mount(&server).await;
    requested(&server).await;
    let (told, stop) = (Written::default(), CancellationToken::new());
    let report =
        client(&server).request_sync(&main_connection(), SyncOptions::default(), LONG, &told, &stop).await;
    assert_eq!(report.unwrap().executions, 1);
}

fn event(id: &str, state: &str) -> String {
    let event = json!({
        "connection": "main", "id": id, "event_type": "user.account.update_profile", "state": state, "published_at": AT,
        "received_at": AT, "completed_at": null, "reason": null, "subjects": [], "pending_work": [],
    });
    format!("event: event\ndata: {event}\n")
}

/// The stream after a mark, or from now on, once.
async fn stream(server: &MockServer, mark: Option<&str>, answer: ResponseTemplate) {
    let mock = Mock::given(method("GET")).and(path("/api/v1/connections/main/stream"));
    let mock = match mark {
        Some(mark) => mock.and(header("last-event-id", mark)),
        None => mock.and(|request: &wiremock::Request| !request.headers.contains_key("last-event-id")),
    };
    mock.respond_with(answer).up_to_n_times(1).mount(server).await;
}

fn says(body: String) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")
}

fn refuses(status: u16) -> ResponseTemplate {
    let problem =
        json!({ "type": "about:blank", "title": "No", "status": status, "detail": "told in this test" });
    ResponseTemplate::new(status).set_body_json(problem)
}

/// What was told, in short, until following ended.
async fn followed(server: &MockServer) -> (Vec<String>, Result<(), RemoteError>) {
    let client = client(server);
    let tail = RemoteEventFollower::begin([(&client, &main_connection())]).await.unwrap();
    let mut told = Vec::new();
    let stop = CancellationToken::new();
    let following = tail.follow(&stop, |what| {
        told.push(match what {
            FollowedEvent::Event(event) => format!("{} {}", event.event.id, event.event.state.as_str()),
            FollowedEvent::Interrupted(error) => format!("interrupted: {error}"),
            FollowedEvent::Resumed => "resumed".to_owned(),
        });
        ControlFlow::Continue(())
    });
    let ended = tokio::time::timeout(LONG, following).await.unwrap();
    (told, ended)
}

#[tokio::test]
async fn event_stream_survives_interruptions() {
    let server = MockServer::start().await;
    // It ends as it does now and then, within a page: the next one tells the page again.
    let status = "event: status\nid: 4\ndata: {}\n\n";
    stream(
        &server,
        None,
        says(format!(": hello\n\n{status}{}\n{}\n", event("a", "pending"), event("b", "applied"))),
    )
    .await;
    let page = format!("{}\n{}id: 5.b\n\n", event("a", "pending"), event("b", "applied"));
    stream(&server, Some("4"), says(page)).await;
    // A proxy without a daemon, a daemon that has no room, a stream that breaks off at once, and all is well again.
    stream(&server, Some("5.b"), ResponseTemplate::new(502).set_body_string("<html>")).await;
    stream(&server, Some("5.b"), refuses(503)).await;
    stream(&server, Some("5.b"), says(": nothing\n\n".into())).await;
    stream(&server, Some("5.b"), says(format!("{}id: 6.c\n\n", event("c", "applied")))).await;
    // The token was revoked.
    stream(&server, Some("6.c"), refuses(401)).await;
    let (told, ended) = followed(&server).await;
    let interruption = format!(
        "interrupted: no compatible okta-insightd responds at {}/: status 502 Bad Gateway",
        server.uri()
    );
    assert_eq!(told, ["a pending", "b applied", &interruption, "resumed", "c applied"]);
    assert!(matches!(ended, Err(RemoteError::Refused(problem)) if problem.status == 401));
}

#[tokio::test]
async fn missed_event_shows_current_state() {
    let server = MockServer::start().await;
    let status = "event: status\nid: 4\ndata: {}\n\n";
    stream(&server, None, says(format!("{status}{}\n", event("a", "pending")))).await;
    stream(&server, Some("4"), says(format!("{}id: 9.a\n\n", event("a", "applied")))).await;
    stream(&server, Some("9.a"), refuses(404)).await;
    let (told, ended) = followed(&server).await;
    assert_eq!(told, ["a pending", "a applied"]);
    assert!(ended.is_err());
}

#[tokio::test]
async fn failed_stream_start_is_error() {
    for answer in [refuses(401), refuses(503), says(": nothing\n\n".into())] {
        let server = MockServer::start().await;
        stream(&server, None, answer).await;
        assert!(RemoteEventFollower::begin([(&client(&server), &main_connection())]).await.is_err());
    }
}
