//! Hook and log: two roads into one inbox.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sync_engine::{Clock, EventInbox, FeedCheckpoint, NoopProgress, RunKind, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, USER, idle, status, sync, test_env, wait_for_system_log};

/// Stores a time up to which the log was read, and makes Okta reject the checkpoint.
async fn invalidate_checkpoint(world: &TestEnv, caught_up: Timestamp) {
    let state = world.state().await;
    let checkpoint = state.feed_checkpoint().await.unwrap().unwrap().checkpoint;
    let feed = FeedCheckpoint { checkpoint, newest_event_at: caught_up, caught_up_at: Some(caught_up) };
    state.store_feed_page(&[], &feed, SystemClock.now()).await.unwrap();
    world.call("DELETE", "/okta/log/cursors", Value::Null).await;
}

#[tokio::test]
async fn duplicate_event_is_processed_once() {
    let world = test_env(8, 2).await;
    let connection = world.synced("both").await;
    let following = follow(&connection);
    wait_for_system_log(&connection).await;
    idle(&connection).await;
    let (reads, executions) = (world.requests(USER).await, world.executions().await.len());
    world.change(&world.users().await[0], json!({ "city": "Nuuk" })).await;
    world.assert_in_sync().await;
    // Both have brought it by now.
    wait_for_system_log(&connection).await;
    idle(&connection).await;
    let delivered = world.control.get("/stats").await.unwrap()["deliveries"]["delivered"].as_u64();
    assert!(delivered > Some(0));
    assert_eq!(world.requests(USER).await, reads + 1);
    assert_eq!(world.executions().await.len(), executions + 1);
    following.stop().await;
}

#[tokio::test]
async fn the_log_alone_keeps_assets_current() {
    let world = test_env(8, 2).await;
    let connection = world.synced("system_log").await;
    let following = follow(&connection);
    let users = world.users().await;
    let group = world.call("POST", "/okta/groups", json!({ "name": "New" })).await;
    world.add_member(group["id"].as_str().unwrap(), &users[0]).await;
    world.change(&users[1], json!({ "city": null, "title": "Dr" })).await;
    world.call("POST", &format!("/okta/users/{}/lifecycle/deactivate", users[2]), Value::Null).await;
    world.call("DELETE", &format!("/okta/groups/{}", world.groups().await[0]), Value::Null).await;
    let profile =
        json!({ "login": "new@example.com", "email": "new@example.com", "firstName": "N", "lastName": "W" });
    world.call("POST", "/okta/users", profile).await;
    world.assert_in_sync().await;
    assert_eq!(connection.status(1).await.unwrap().last_incremental_sync_at, None, "no pass was needed");
    following.stop().await;
}

#[tokio::test]
async fn log_only_events_are_applied() {
    let world = test_env(8, 2).await;
    let connection = world.synced("both").await;
    let following = follow(&connection);
    let users = world.users().await;
    world.call("POST", &format!("/okta/users/{}/type", users[0]), json!({ "type": "contractor" })).await;
    world.add_attribute("badge", "Badge").await;
    world.assert_in_sync().await;
    let import = json!({ "users": { "update": { &users[1]: { "city": "Nuuk" } } } });
    world.call("POST", "/okta/import", import).await;
    world.assert_in_sync().await;
    // Longer than the deletion is followed closely.
    world.faults("okta.delete-lag=500").await;
    world.delete(&users[3]).await;
    let completed = async || {
        let audit = world.audit().await;
        if audit.marked_deleted == 1 { Ok(()) } else { Err(format!("{audit:?}")) }
    };
    crate::test_env::wait_until("the deletion is over", completed).await;
    world.assert_in_sync().await;
    let document = world.control.get("/insight/document").await.unwrap().to_string();
    assert!(document.contains("Badge"), "{document}");
    following.stop().await;
}

#[tokio::test]
async fn rejected_cursor_falls_back_to_time() {
    let world = test_env(8, 2).await;
    let connection = world.synced("system_log").await;
    let following = follow(&connection);
    wait_for_system_log(&connection).await;
    following.stop().await;
    world.change(&world.users().await[0], json!({ "city": "Nuuk" })).await;
    // As if the log had shown the event only now, after younger ones: without an overlap it is not read.
    invalidate_checkpoint(&world, SystemClock.now() + SignedDuration::from_mins(2)).await;
    let following = follow(&connection);
    world.assert_in_sync().await;
    let runs = connection.status(20).await.unwrap().runs;
    assert_eq!(
        runs.iter().filter(|run| run.kind == RunKind::FullSync).count(),
        1,
        "no pass was needed: {runs:?}"
    );
    following.stop().await;
}

#[tokio::test]
async fn log_gap_starts_full_sync() {
    let world = test_env(8, 2).await;
    let connection = world.synced("system_log").await;
    let following = follow(&connection);
    wait_for_system_log(&connection).await;
    following.stop().await;
    world.change(&world.users().await[0], json!({ "city": "Nuuk" })).await;
    world.call("DELETE", "/okta/log", Value::Null).await;
    invalidate_checkpoint(&world, SystemClock.now() - SignedDuration::from_hours(24 * 100)).await;
    let following = follow(&connection);
    world.assert_in_sync().await;
    let full = |status: &admin_api::ConnectionStatus| {
        status.runs.iter().filter(|run| run.kind == RunKind::FullSync && run.ended_at.is_some()).count() == 2
    };
    status(&connection, "everything was read once more", full).await;
    following.stop().await;
}

#[tokio::test]
async fn event_without_subject_starts_incremental_sync() {
    let world = test_env(8, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    world.faults("hooks.no-actor=1").await;
    let users = world.users().await;
    world.change(&users[0], json!({ "city": "Nuuk" })).await;
    world.add_member(&world.groups().await[0], &users[1]).await;
    world.assert_in_sync().await;
    let status = idle(&connection).await;
    assert!(status.last_incremental_sync_at.is_some());
    assert_eq!(status.runs.iter().filter(|run| run.kind == RunKind::FullSync).count(), 1);
    following.stop().await;
}

#[tokio::test]
async fn repeated_events_and_runs_change_nothing() {
    let world = test_env(8, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    world.assert_in_sync().await;
    idle(&connection).await;
    let executions = world.executions().await.len();
    let (target, now) = (json!({ "id": user, "type": "User" }), SystemClock.now());
    for id in ["again", "and again", "and again"] {
        world.deliver(id, "user.account.update_profile", &target, now).await;
        idle(&connection).await;
    }
    following.stop().await;
    for _ in 0..2 {
        let report = sync(&connection).await.unwrap();
        assert_eq!((report.executions, report.chunks), (0, 0), "{report:?}");
    }
    assert_eq!(world.executions().await.len(), executions);
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn syncing_requires_only_read_scopes() {
    let world = test_env(8, 2).await;
    let connection = world.synced("both").await;
    world.call("POST", "/okta/scopes/okta.eventHooks.manage/off", Value::Null).await;
    world.call("DELETE", "/okta/tokens", Value::Null).await;
    drop(connection);
    // A process that starts afterwards; the hook stays as it was, and so does whoever receives.
    let connection = world.open_with("system_log", OFTEN, |_, _| {}).await;
    sync(&connection).await.unwrap();
    let following = follow(&connection);
    let users = world.users().await;
    world.change(&users[0], json!({ "city": "Nuuk" })).await;
    world.add_member(&world.groups().await[0], &users[1]).await;
    world.add_attribute("badge", "Badge").await;
    world.assert_in_sync().await;
    connection
        .engine()
        .incremental_sync(SystemClock.now(), &NoopProgress, &CancellationToken::new())
        .await
        .unwrap();
    following.stop().await;
}
