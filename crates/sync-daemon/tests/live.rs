//! What a process shows of its work: runs as they go, and samples for charts.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use admin_api::{ActiveRun, ActiveRuns};
use serde_json::{Value, json};
use support::{TestEnv, follow};
use sync_daemon::Connection;
use sync_engine::{Clock, MetricSample, NoopProgress, Phase, RunKind, RunState, Safeguards, SystemClock};
use tokio_util::sync::CancellationToken;

const OFTEN: &str = "[connections.main.schedule]\nsystem_log_poll = \"200ms\"\n";
/// What takes longer hangs.
const LONG: Duration = Duration::from_mins(3);

/// The runs of a connection, once they are `enough`.
async fn seen_until(connection: &Connection, enough: impl Fn(&ActiveRuns) -> bool) -> ActiveRuns {
    let mut changes = connection.changes().subscribe();
    let watch = async {
        loop {
            let view = connection.active_runs();
            if enough(&view) {
                return view;
            }
            assert!(changes.changed().await);
        }
    };
    tokio::time::timeout(LONG, watch).await.unwrap()
}

fn ended(view: &ActiveRuns, kind: RunKind) -> Option<&ActiveRun> {
    view.recent.iter().find(|run| run.kind == kind)
}

#[tokio::test]
async fn active_runs_show_sync_and_events() {
    let world = TestEnv::start(OFTEN).await;
    let holder = world.connection().await;
    holder.engine().setup(false).await.unwrap();
    let _claim = holder.claim(&world.config.store).await.unwrap();
    let following = follow(&holder);
    let asker = world.connection().await;
    let stop = CancellationToken::new();
    let control = sandbox::ControlClient::new(world.sandbox.control_url());
    // The run ends only after it was seen.
    control.call("PUT", "/faults", &json!("executions.stuck=told")).await.unwrap();
    let processing =
        |run: &ActiveRun| run.phases.last().is_some_and(|phase| phase.phase == Phase::Processing);
    let watch = async {
        seen_until(&holder, |view| view.active.iter().any(processing)).await;
        assert!(asker.active_runs().current().is_none(), "the other process has no runs of its own");
        control.call("DELETE", "/faults", &Value::Null).await.unwrap();
        seen_until(&holder, |view| ended(view, RunKind::FullSync).is_some()).await
    };
    let (report, seen) = tokio::join!(world.delegate_sync(&asker, LONG, &stop), watch);
    let report = report.unwrap();
    let run = ended(&seen, RunKind::FullSync).unwrap();
    assert_eq!(run.state, Some(RunState::Succeeded));
    assert_eq!(run.run, Some(holder.status(1).await.unwrap().runs[0].id));
    let phases: Vec<Phase> = run.phases.iter().map(|phase| phase.phase).collect();
    let expected = [
        Phase::Schema,
        Phase::Groups,
        Phase::Members,
        Phase::Users,
        Phase::Unlisted,
        Phase::Sending,
        Phase::Processing,
    ];
    assert_eq!(phases, expected);
    let sent: u64 = report.records.values().map(|counts| counts.sent).sum();
    let sending = &run.phases[5];
    assert_eq!((sending.done, sending.total), (sent, Some(sent)));
    let users = &run.phases[3];
    assert!(users.done > 0 && users.total.is_none() && users.ended_at.is_some(), "{users:?}");

    // Of the second one it is known how much there is.
    let (_, second) = tokio::join!(
        world.delegate_sync(&asker, LONG, &stop),
        seen_until(&holder, |view| ended(view, RunKind::FullSync).is_some_and(|again| again.run != run.run)),
    );
    let again = ended(&second, RunKind::FullSync).unwrap();
    for phase in [Phase::Groups, Phase::Users] {
        let listed = again.phases.iter().find(|listed| listed.phase == phase).unwrap();
        assert_eq!(listed.total, Some(listed.done), "{listed:?}");
    }

    let person = json!({ "login": "ada@example.com", "email": "ada@example.com", "firstName": "Ada", "lastName": "L" });
    let (created, third) = tokio::join!(
        control.call("POST", "/okta/users", &person),
        seen_until(&holder, |view| ended(view, RunKind::EventSync).is_some()),
    );
    created.unwrap();
    let batch = ended(&third, RunKind::EventSync).unwrap();
    let read = batch.phases.iter().find(|phase| phase.phase == Phase::Objects).unwrap();
    assert_eq!(read.done, 1);
    assert!(batch.phases.iter().any(|phase| phase.phase == Phase::Sending && phase.done == 1), "{batch:?}");
    // And so is the event by which she came.
    let found = holder.find_objects("ADA@example", None, 5).await.unwrap().objects.remove(0);
    let seen = holder.object(&found.key).await.unwrap();
    assert_eq!(seen.confirmed.unwrap().run.unwrap().kind, Some(RunKind::EventSync));
    let event = seen.events.iter().find(|event| Some(&event.id) == seen.last_event_id.as_ref()).unwrap();
    assert!(event.event_type.starts_with("user.lifecycle."), "{event:?}");
    following.stop().await;
}

#[tokio::test]
async fn dropped_run_is_not_active() {
    let world = TestEnv::start("").await;
    let connection = world.connection().await;
    connection.engine().setup(false).await.unwrap();
    let stop = CancellationToken::new();
    let (limits, quiet) = (Safeguards::default(), NoopProgress);
    let control = sandbox::ControlClient::new(world.sandbox.control_url());
    control.call("PUT", "/faults", &json!("executions.stuck=told")).await.unwrap();
    tokio::select! {
        report = connection.engine().full_sync(&limits, &quiet, &stop) => unreachable!("{report:?}"),
        _ = seen_until(&connection, |view| view.active.iter().any(|run| run.run.is_some())) => {}
    }
    let view = connection.active_runs();
    assert!(view.active.is_empty());
    let run = ended(&view, RunKind::FullSync).unwrap();
    assert!(run.state.is_none() && run.ended_at.is_some(), "cut off: {run:?}");
}

#[tokio::test]
async fn daemon_records_metric_samples() {
    let world = TestEnv::start(OFTEN).await;
    let settings = world.config.connections.values().next().unwrap();
    let connection = Connection::open(settings, &world.store).await.unwrap();
    let holder = Arc::new(connection.sampling_every(Duration::from_millis(50)));
    holder.engine().setup(false).await.unwrap();
    let _claim = holder.claim(&world.config.store).await.unwrap();
    let (began, following) = (SystemClock.now(), follow(&holder));
    let asker = world.connection().await;
    let report = world.delegate_sync(&asker, LONG, &CancellationToken::new()).await.unwrap();
    let sent: u64 = report.records.values().map(|counts| counts.sent).sum();
    let control = sandbox::ControlClient::new(world.sandbox.control_url());
    let users = control.get("/okta/users").await.unwrap();
    let path = format!("/okta/users/{}", users["users"][0]["id"].as_str().unwrap());
    control.call("POST", &path, &json!({ "city": "Paris" })).await.unwrap();

    let deadline = tokio::time::Instant::now() + LONG;
    let samples = loop {
        let samples = holder.metric_samples(began).await.unwrap();
        let settled: u64 = samples.iter().map(|sample| sample.completed_events).sum();
        if settled > 0 && samples.iter().map(|sample| sample.executions).sum::<u64>() > 1 {
            break samples;
        }
        assert!(tokio::time::Instant::now() < deadline, "{samples:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    following.stop().await;
    let sum = |count: fn(&MetricSample) -> u64| samples.iter().map(count).sum::<u64>();
    assert_eq!((sum(|s| s.executions), sum(|s| s.records_sent)), (2, sent + 1));
    let (requests, refused) = (sum(|s| s.okta_requests), sum(|s| s.okta_throttled_requests));
    assert!(requests >= report.okta_requests && refused == 0, "{requests} {refused} {report:?}");
    let (first, last) = (samples.first().unwrap(), samples.last().unwrap());
    assert_eq!((first.lag_seconds, first.records_sent), (None, 0), "{first:?}");
    assert!(last.lag_seconds.is_some() && samples.is_sorted_by_key(|sample| sample.sampled_at));
    assert!(last.rate_limit_used_percent.is_some(), "{last:?}");
    let later = holder.metric_samples(last.sampled_at).await.unwrap();
    assert!(later.first() == Some(last) || later.is_empty());
}
