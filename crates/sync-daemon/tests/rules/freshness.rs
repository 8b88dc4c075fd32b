//! Events name objects; what they are is read, and read again until it is as new as the event.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::follow;
use crate::test_env::{
    TestEnv, USER, gated_test_env, idle, status, test_env, wait_for_system_log, wait_until,
};

/// Waits until a user was read by ID since so many requests.
async fn user_read(world: &TestEnv, before: u64) {
    wait_until("a user is read", async || {
        let requests = world.requests(USER).await;
        if requests > before { Ok(()) } else { Err(requests.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn stale_read_is_retried() {
    let world = test_env(8, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    world.faults("okta.lag=100000").await;
    let before = world.requests(USER).await;
    world.change(&world.users().await[0], json!({ "city": "Nuuk" })).await;
    user_read(&world, before).await;
    world.no_faults().await;
    world.assert_in_sync().await;
    idle(&connection).await;
    assert!(world.requests(USER).await >= before + 2, "it was read before it was new");
    following.stop().await;
}

#[tokio::test]
async fn second_quick_change_is_read() {
    let world = test_env(8, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    world.faults("okta.lag=900").await;
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    // By then the first can be read, and whoever reads at once because of the second finds the first alone.
    tokio::time::sleep(Duration::from_millis(1300)).await;
    world.change(&user, json!({ "city": "Sisimiut" })).await;
    world.assert_in_sync().await;
    following.stop().await;
}

#[tokio::test]
async fn missing_membership_is_read_again() {
    let world = test_env(8, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    let group = world.call("POST", "/okta/groups", json!({ "name": "New" })).await;
    world.assert_in_sync().await;
    world.faults("okta.lag=900").await;
    world.add_member(group["id"].as_str().unwrap(), &world.users().await[0]).await;
    world.assert_in_sync().await;
    following.stop().await;
}

#[tokio::test]
async fn event_values_are_never_copied() {
    let world = test_env(8, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    let (user, before) = (world.users().await.remove(0), world.executions().await.len());
    let forged = json!({ "id": user, "type": "User", "displayName": "Mallory", "alternateId": "mallory@evil.test",
        "detailEntry": { "profile": { "city": "Evilville" }, "status": "DEPROVISIONED" } });
    let long_ago: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    let reads = world.requests(USER).await;
    world.deliver("forged", "user.account.update_profile", &forged, long_ago).await;
    status(&connection, "the event is done with", |status| status.event_queue.unfinished() == 0).await;
    assert_eq!(world.requests(USER).await, reads + 1, "the user was read");
    assert_eq!(world.executions().await.len(), before, "and nothing was sent");
    assert!(world.audit().await.in_sync);
    following.stop().await;
}

#[tokio::test]
async fn not_found_after_create_is_retried() {
    let world = test_env(8, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    world.faults("okta.lag=900").await;
    let profile =
        json!({ "login": "new@example.com", "email": "new@example.com", "firstName": "N", "lastName": "W" });
    world.call("POST", "/okta/users", profile).await;
    let audit = world.assert_in_sync().await;
    assert_eq!((audit.insight.users, audit.marked_deleted), (audit.okta.users, 0));
    following.stop().await;
}

#[tokio::test]
async fn slow_deletion_is_followed_to_completion() {
    let world = test_env(8, 2).await;
    // The hook alone: nobody tells when the deletion is over.
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    let before = world.requests(USER).await;
    world.faults("okta.delete-lag=100000").await;
    world.delete(&world.users().await[2]).await;
    user_read(&world, before).await;
    // The user is still there, and the comparison would be content with that.
    status(&connection, "the event waits", |status| status.event_queue.unfinished() > 0).await;
    world.no_faults().await;
    let gone = async || {
        let audit = world.audit().await;
        if audit.marked_deleted == 1 { Ok(audit) } else { Err(format!("{audit:?}")) }
    };
    let audit = wait_until("the object is marked", gone).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    idle(&connection).await;
    following.stop().await;
}

#[tokio::test]
async fn a_fictitious_id_ends_quietly() {
    let world = test_env(8, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    let before = world.executions().await.len();
    let nobody: Value = json!({ "id": "00u00000000000nobody", "type": "User" });
    let long_ago: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    world.deliver("fiction", "user.account.update_profile", &nobody, long_ago).await;
    let status = idle(&connection).await;
    assert_eq!((status.event_queue.failed, status.event_queue.unconfirmed_records), (0, 0));
    assert_eq!(world.executions().await.len(), before);
    assert!(world.audit().await.in_sync);
    following.stop().await;
}

#[tokio::test]
async fn log_position_precedes_its_response() {
    let (world, gate) = gated_test_env(8, 2).await;
    let connection = world.synced("system_log").await;
    let answered = Arc::new(Mutex::new(Timestamp::MIN));
    let last = Arc::clone(&answered);
    gate.after(move |path, _| {
        if path.starts_with("/api/v1/logs") {
            *last.lock().unwrap() = Timestamp::now();
        }
    });
    let following = follow(&connection);
    for _ in 0..5 {
        wait_for_system_log(&connection).await;
        let caught_up_at = connection.status(0).await.unwrap().system_log.unwrap().caught_up_at.unwrap();
        // A later change may be missing in the response.
        assert!(caught_up_at < *answered.lock().unwrap(), "{caught_up_at}");
    }
    following.stop().await;
}
