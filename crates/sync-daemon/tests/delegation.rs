//! What one process leaves to another.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use admin_api::DelegationError;
use serde_json::{Value, json};
use support::{TestEnv, follow};
use sync_daemon::ServiceError;
use sync_engine::{ActivationReason, FindingCode, Remedy, RequestedState, RunKind, RunState, Task};
use sync_model::{RecordKey, UserId};
use tokio_util::sync::CancellationToken;

/// No schedule asks for anything.
const DEAF: &str = "[connections.main.schedule]\nsystem_log_poll = \"1h\"\nfull_sync = \"never\"\nincremental_sync = \"never\"\n";
const SOON: Duration = Duration::from_millis(300);
/// What takes longer hangs.
const LONG: Duration = Duration::from_mins(3);

#[tokio::test]
async fn unaccepted_sync_request_is_withdrawn() {
    let world = TestEnv::start("").await;
    let holder = world.connection().await;
    holder.engine().setup(false).await.unwrap();
    let _claim = holder.claim(&world.config.store).await.unwrap();
    let asker = world.connection().await;
    let error = world.delegate_sync(&asker, SOON, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Delegation(DelegationError::NotAccepted { .. })), "{error}");
    assert!(
        error.to_string().contains("didn't accept the sync request") && error.remedy().is_some(),
        "{error}"
    );
    // A later leader does not carry out a request that was withdrawn: only the next one.
    let following = follow(&holder);
    world.delegate_sync(&asker, LONG, &CancellationToken::new()).await.unwrap();
    following.stop().await;
    let runs = asker.status(5).await.unwrap().runs;
    assert_eq!(runs.iter().filter(|run| run.kind == RunKind::FullSync).count(), 1, "{runs:?}");
}

#[tokio::test]
async fn delegated_sync_returns_its_report() {
    let world = TestEnv::start("").await;
    let holder = world.connection().await;
    holder.engine().setup(false).await.unwrap();
    let _claim = holder.claim(&world.config.store).await.unwrap();
    let following = follow(&holder);
    let asker = world.connection().await;
    let report = world.delegate_sync(&asker, LONG, &CancellationToken::new()).await.unwrap();
    assert_eq!((report.state, report.executions), (RunState::Succeeded, 1));
    following.stop().await;
}

#[tokio::test]
async fn request_of_another_process_wakes_leader() {
    let world = TestEnv::start(DEAF).await;
    let settings = world.config.connections.values().next().unwrap();
    let connection = sync_daemon::Connection::open(settings, &world.store).await.unwrap();
    // Polls are too rare to find the request.
    let holder = std::sync::Arc::new(connection.polling_every(Duration::from_hours(10)));
    holder.engine().setup(false).await.unwrap();
    let _claim = holder.claim(&world.config.store).await.unwrap();
    let following = follow(&holder);
    let asker = world.connection().await;
    for _ in 0..2 {
        world.delegate_sync(&asker, LONG, &CancellationToken::new()).await.unwrap();
    }
    let tasks = holder.tasks();
    let sync = tasks.iter().find(|status| status.task == Task::Sync).unwrap();
    assert_eq!(sync.last.as_ref().map(|last| last.reason), Some(ActivationReason::Woken), "{sync:?}");
    following.stop().await;
}

#[tokio::test]
async fn delegated_sync_returns_start_failure() {
    let world = TestEnv::start("").await;
    let holder = world.connection().await;
    holder.engine().setup(false).await.unwrap();
    let _claim = holder.claim(&world.config.store).await.unwrap();
    let following = follow(&holder);
    let asker = world.connection().await;
    // It follows, and then the app loses its admin role.
    world.delegate_sync(&asker, LONG, &CancellationToken::new()).await.unwrap();
    let control = sandbox::ControlClient::new(world.sandbox.control_url());
    control.call("POST", "/okta/role/off", &serde_json::Value::Null).await.unwrap();
    let error = world.delegate_sync(&asker, LONG, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Delegation(DelegationError::Failed(_))), "{error}");
    assert!(error.to_string().contains("admin role") && error.remedy().is_some(), "{error}");
    following.stop().await;
}

#[tokio::test]
async fn detached_client_does_not_stop_sync() {
    let world = TestEnv::start("").await;
    let holder = world.connection().await;
    holder.engine().setup(false).await.unwrap();
    let _claim = holder.claim(&world.config.store).await.unwrap();
    let asker = world.connection().await;
    let stop = CancellationToken::new();
    let (error, ()) = tokio::join!(world.delegate_sync(&asker, LONG, &stop), async {
        world.asked().await;
        stop.cancel();
    });
    let error = error.unwrap_err();
    assert!(matches!(error, ServiceError::Delegation(DelegationError::Detached)), "{error}");
    let following = follow(&holder);
    let deadline = tokio::time::Instant::now() + LONG;
    while asker.status(1).await.unwrap().last_full_sync_at.is_none() {
        assert!(tokio::time::Instant::now() < deadline, "the run was not made");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    following.stop().await;
}

#[tokio::test]
async fn sync_request_fails_without_leader() {
    let world = TestEnv::start("").await;
    let asker = world.connection().await;
    // Nobody holds the connection, as after a crash between the question and the answer.
    let error = world.delegate_sync(&asker, LONG, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Delegation(DelegationError::LeaderExited(_))), "{error}");
}

#[tokio::test]
async fn pause_ends_by_time_or_resume() {
    let world = TestEnv::start("").await;
    let connection = world.connection().await;
    assert_eq!(connection.pause(None).await.unwrap().until, None);
    assert_eq!(connection.status(1).await.unwrap().pause.unwrap().until, None);
    let until = connection.pause(Some(LONG)).await.unwrap().until.unwrap();
    let told = connection.status(1).await.unwrap().pause.unwrap().until.unwrap();
    assert_eq!(told.as_millisecond(), until.as_millisecond());
    let error = world.delegate_sync(&connection, LONG, &CancellationToken::new()).await.unwrap_err();
    assert!(
        error.to_string().contains("is paused until") && error.remedy() == Some(Remedy::Resume),
        "{error}"
    );
    connection.resume().await.unwrap();
    assert_eq!(connection.status(1).await.unwrap().pause, None);
}

/// The users, and a way to change the first.
async fn users(world: &TestEnv) -> (sandbox::ControlClient, Vec<RecordKey>) {
    let control = sandbox::ControlClient::new(world.sandbox.control_url());
    let users = control.get("/okta/users").await.unwrap()["users"].take();
    let ids = users.as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned());
    (control, ids.map(|id| RecordKey::user(&UserId::new(id))).collect())
}

#[tokio::test]
async fn targeted_sync_waits_for_confirmation() {
    let world = TestEnv::start(DEAF).await;
    let holder = world.connection().await;
    holder.engine().setup(false).await.unwrap();
    let _claim = holder.claim(&world.config.store).await.unwrap();
    let following = follow(&holder);
    let asker = world.connection().await;
    world.delegate_sync(&asker, LONG, &CancellationToken::new()).await.unwrap();
    let (control, users) = users(&world).await;
    let path = format!("/okta/users/{}", users[0].id);
    control.call("POST", &path, &json!({ "city": "Nuuk" })).await.unwrap();
    let stop = CancellationToken::new();
    let some = &users[..2];
    let told = asker.delegate_targeted_sync(some, LONG, &world.config.store, &stop).await.unwrap();
    assert!(told.iter().all(|object| object.state == RequestedState::Applied), "{told:?}");
    let sent = format!("/insight/objects?type=/type/user&identity={}", users[0].id);
    assert!(control.get(&sent).await.unwrap().to_string().contains("Nuuk"));

    // What Assets does not account for is no success, nor is what Okta does not answer.
    control.call("PUT", "/faults", &json!("executions.drop=1")).await.unwrap();
    control.call("POST", &path, &json!({ "city": "Oslo" })).await.unwrap();
    let told =
        asker.delegate_targeted_sync(some, Duration::from_secs(8), &world.config.store, &stop).await.unwrap();
    assert!(matches!(told[0].state, RequestedState::Unconfirmed | RequestedState::Rejected), "{told:?}");
    assert!(told[0].finding.is_some() && told[1].state == RequestedState::Applied, "{told:?}");
    control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    control.call("POST", "/okta/role/off", &Value::Null).await.unwrap();
    let told = asker.delegate_targeted_sync(&users[2..3], SOON, &world.config.store, &stop).await.unwrap();
    assert!(!told[0].state.is_final(), "{told:?}");
    following.stop().await;
}

#[tokio::test]
async fn targeted_sync_requires_active_leader() {
    let world = TestEnv::start("").await;
    let asker = world.connection().await;
    let (_, users) = users(&world).await;
    let stop = CancellationToken::new();
    let error = asker.delegate_targeted_sync(&users, LONG, &world.config.store, &stop).await.unwrap_err();
    assert!(matches!(error, ServiceError::Delegation(DelegationError::LeaderExited(_))), "{error}");
    asker.pause(None).await.unwrap();
    let error = asker.delegate_targeted_sync(&users, LONG, &world.config.store, &stop).await.unwrap_err();
    assert!(matches!(error, ServiceError::Delegation(DelegationError::Paused { .. })), "{error}");
}

#[tokio::test]
async fn other_processes_report_rate_limit() {
    let world = TestEnv::start(DEAF).await;
    let settings = world.config.connections.values().next().unwrap();
    let connection = sync_daemon::Connection::open(settings, &world.store).await.unwrap();
    let holder = std::sync::Arc::new(connection.sampling_every(Duration::from_millis(50)));
    holder.engine().setup(false).await.unwrap();
    let other = world.connection().await;
    assert_eq!(other.status(1).await.unwrap().held_until, None);
    let (control, _) = users(&world).await;
    control.call("PUT", "/faults", &json!("okta.429=1")).await.unwrap();
    let following = follow(&holder);
    other.enqueue(&[sync_engine::Subject::EntireDirectory]).await.unwrap();
    let deadline = tokio::time::Instant::now() + LONG;
    while other.status(1).await.unwrap().held_until.is_none() {
        assert!(tokio::time::Instant::now() < deadline, "the limit was not told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    while other.status(1).await.unwrap().held_until.is_some() {
        assert!(tokio::time::Instant::now() < deadline, "the limit is over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    following.stop().await;
}

/// True if the status of a connection states that a task fails.
async fn states_failure(connection: &sync_daemon::Connection) -> bool {
    let status = connection.status(1).await.unwrap();
    status.conditions.problems().any(|(_, finding)| finding.code() == FindingCode::TaskFailing)
}

#[tokio::test]
async fn alert_reaches_others_at_once() {
    let world = TestEnv::start(DEAF).await;
    let settings = world.config.connections.values().next().unwrap();
    let connection = sync_daemon::Connection::open(settings, &world.store).await.unwrap();
    // Samples are too rare to publish it.
    let holder = std::sync::Arc::new(connection.sampling_every(Duration::from_hours(10)));
    holder.engine().setup(false).await.unwrap();
    let other = world.connection().await;
    let (control, _) = users(&world).await;
    let following = follow(&holder);
    control.call("PUT", "/faults", &json!("okta.5xx=1")).await.unwrap();
    other.enqueue(&[sync_engine::Subject::EntireDirectory]).await.unwrap();
    let deadline = tokio::time::Instant::now() + LONG;
    for expected in [true, false] {
        while states_failure(&other).await != expected {
            assert!(tokio::time::Instant::now() < deadline, "fails: {expected}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    }
    following.stop().await;
}
