//! What Assets made of an import counts, not that it says DONE; and what was not read whole is not sent.

use std::sync::Arc;

use serde_json::{Value, json};
use sync_engine::{Clock, EngineError, Executions, RunState};
use sync_model::ObjectKind;

use crate::fakes::OffsetClock;
use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, idle, status, sync, test_env};

/// A connection whose first execution goes wrong in a way.
async fn first_execution(world: &TestEnv, fault: &str) -> Arc<sync_daemon::Connection> {
    let connection = world.open("system_log").await;
    connection.engine().setup(false).await.unwrap();
    world.faults(fault).await;
    let report = sync(&connection).await.unwrap();
    assert_eq!(report.state, RunState::Partial, "{report:?}");
    assert!(report.records[&ObjectKind::User].rejected > 0, "{report:?}");
    connection
}

/// Sent again by whoever follows, until everything is confirmed.
async fn assert_recovers(world: &TestEnv, connection: &Arc<sync_daemon::Connection>) {
    world.no_faults().await;
    let following = follow(connection);
    world.assert_in_sync().await;
    let status =
        status(connection, "everything is confirmed", |s| s.event_queue.unconfirmed_records == 0).await;
    assert_eq!((status.unconfirmed.len(), status.objects[&ObjectKind::User].current), (0, 9));
    // Users whose manager was confirmed later are sent once more.
    idle(connection).await;
    following.stop().await;
    assert_eq!(sync(connection).await.unwrap().executions, 0);
}

#[tokio::test]
async fn dropped_records_are_resent() {
    let world = test_env(9, 2).await;
    let connection = first_execution(&world, "executions.drop=1").await;
    let status = connection.status(1).await.unwrap();
    assert!(status.event_queue.unconfirmed_records >= 9, "{:?}", status.event_queue);
    assert!(status.unconfirmed.iter().all(|record| record.reason.is_empty()), "{:?}", status.unconfirmed);
    assert!(!status.objects.contains_key(&ObjectKind::User), "nothing of it is taken for confirmed");
    assert_recovers(&world, &connection).await;
}

#[tokio::test]
async fn type_errors_are_shown_and_resent() {
    let world = test_env(9, 2).await;
    let connection = first_execution(&world, "executions.type-errors=1").await;
    let unconfirmed = connection.status(1).await.unwrap().unconfirmed;
    assert!(unconfirmed.iter().all(|u| u.reason.contains("could not be written")), "{unconfirmed:?}");
    assert_recovers(&world, &connection).await;
}

#[tokio::test]
async fn failed_execution_confirms_nothing() {
    let world = test_env(9, 2).await;
    let connection = first_execution(&world, "executions.fail=1").await;
    let status = connection.status(1).await.unwrap();
    assert!(status.objects.is_empty(), "{:?}", status.objects);
    assert!(status.unconfirmed.iter().all(|u| u.reason.contains("could not be written")));
    assert_recovers(&world, &connection).await;
}

#[tokio::test]
async fn kinds_are_confirmed_separately() {
    let world = test_env(9, 2).await;
    let connection = world.synced("system_log").await;
    // Of one group and of nine users every third is lost, the group among them; users do not come with it.
    world.faults("executions.drop=1").await;
    let group = world.groups().await.remove(0);
    world.call("POST", &format!("/okta/groups/{group}"), json!({ "name": "Renamed" })).await;
    let report = sync(&connection).await.unwrap();
    assert_eq!(report.state, RunState::Partial);
    let unconfirmed = connection.status(1).await.unwrap().unconfirmed;
    assert_eq!(
        unconfirmed.iter().map(|u| (u.key.kind, u.key.id.as_str())).collect::<Vec<_>>(),
        [(ObjectKind::Group, group.as_str())]
    );
    world.change(&world.users().await[0], json!({ "city": "Nuuk" })).await;
    world.no_faults().await;
    assert_eq!(sync(&connection).await.unwrap().records[&ObjectKind::User].updated, 1);
}

#[tokio::test]
async fn rejected_record_is_retried() {
    let world = test_env(9, 2).await;
    let clock = Arc::new(OffsetClock::default());
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| ports.clock = Arc::clone(&clock) as Arc<dyn Clock>)
        .await;
    world.sync_first(&connection).await;
    world.faults("executions.drop=1").await;
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    let mut failed = Vec::new();
    for _ in 0..7 {
        clock.by(3600);
        sync(&connection).await.unwrap();
        failed.push(connection.status(1).await.unwrap().event_queue.rejected_records);
    }
    assert_eq!(failed.first(), Some(&0));
    assert_eq!(failed.last(), Some(&1), "{failed:?}");
    assert_eq!(connection.status(1).await.unwrap().unconfirmed[0].key.id, user);
    world.no_faults().await;
    clock.by(7200);
    sync(&connection).await.unwrap();
    let status = connection.status(1).await.unwrap();
    assert_eq!((status.event_queue.unconfirmed_records, status.event_queue.rejected_records), (0, 0));
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn oversized_record_is_rejected() {
    let world = test_env(9, 2).await;
    let property = json!({ "title": "Notes", "type": "string", "maxLength": 100_000 });
    world.call("PUT", "/okta/schemas/user/notes", property).await;
    let connection = world.synced("system_log").await;
    world.call("PUT", "/insight/settings", json!({ "chunkLimit": 4_500 })).await;
    let users = world.users().await;
    world.change(&users[0], json!({ "city": "Bad", "notes": "x".repeat(4_900) })).await;
    for user in &users[1..] {
        world.change(user, json!({ "city": "Good" })).await;
    }
    let before = world.executions().await.len();
    let report = sync(&connection).await.unwrap();
    assert_eq!(world.executions().await.len() - before, 1, "the others need no further execution");
    assert!(!report.is_complete() && report.outstanding.rejected == 1, "{report:?}");
    for user in &users[1..] {
        assert!(world.object(user).await.contains("Good"));
    }
    let status = connection.status(1).await.unwrap();
    let rejected = &status.unconfirmed[0];
    assert_eq!((&rejected.key.id, rejected.rejected, status.unconfirmed.len()), (&users[0], true, 1));
    assert!(rejected.reason.contains("4902 of them in the attribute Notes"), "{}", rejected.reason);
    assert!(rejected.name.is_some());
    assert!(world.object(&users[0]).await.contains("Bad"), "its other values are sent");
    // A later run with nothing new to send is incomplete as well.
    let report = sync(&connection).await.unwrap();
    assert!(!report.is_complete() && report.executions == 0, "{report:?}");
    // Repaired in Okta, it is sent at once.
    world.change(&users[0], json!({ "notes": "short" })).await;
    let report = sync(&connection).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn incomplete_read_sends_nothing() {
    let world = test_env(9, 2).await;
    let connection = world.synced("system_log").await;
    let before = world.executions().await;
    // What is read is worth sending, and what cannot be read looks empty.
    world
        .call("POST", &format!("/okta/groups/{}", world.groups().await[0]), json!({ "name": "Renamed" }))
        .await;
    world.call("POST", "/okta/scopes/okta.users.read/off", Value::Null).await;
    world.call("DELETE", "/okta/tokens", Value::Null).await;
    let error = sync(&connection).await.unwrap_err();
    assert!(matches!(error, EngineError::Directory(_)), "{error:?}");
    assert_eq!(world.executions().await, before);
    assert_eq!(world.audit().await.marked_deleted, 0);
    world.call("POST", "/okta/scopes/okta.users.read/on", Value::Null).await;
    world.call("DELETE", "/okta/tokens", Value::Null).await;
    sync(&connection).await.unwrap();
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn failed_chunk_cancels_execution() {
    let world = test_env(30, 2).await;
    let connection = world.open("system_log").await;
    connection.engine().setup(false).await.unwrap();
    world.call("PUT", "/insight/settings", json!({ "chunkLimit": 50 })).await;
    let error = sync(&connection).await.unwrap_err();
    assert!(matches!(error, EngineError::Import(_)), "{error:?}");
    let history = world.executions().await;
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["status"], "CANCELLED");
    assert!(history[0]["failureReason"].as_str().is_some_and(|why| !why.is_empty()), "{history:?}");
    assert_eq!(world.control.get("/stats").await.unwrap()["insight"]["objects"], 0);
    assert!(world.state().await.open_executions().await.unwrap().is_empty());
    world.call("PUT", "/insight/settings", json!({ "chunkLimit": null })).await;
    world.call("PUT", "/insight/settings", json!({ "chunkLimit": 10_000_000 })).await;
    sync(&connection).await.unwrap();
    assert!(world.audit().await.in_sync);
    idle(&connection).await;
}
