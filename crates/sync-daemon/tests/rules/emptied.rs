//! Memberships that seem to have ended all at once: an empty list alone ends none.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use sync_daemon::Connection;
use sync_engine::{NoopProgress, RunReport, Subject};
use sync_model::UserId;
use tokio_util::sync::CancellationToken;

use crate::gate::refusal;
use crate::support::follow;
use crate::test_env::{TestEnv, gated_test_env, idle, sync};

async fn read(connection: &Connection, user: &str) -> Option<RunReport> {
    let subject = [Subject::User(UserId::new(user))];
    connection.engine().targeted_sync(&subject, &NoopProgress, &CancellationToken::new()).await.ok()
}

/// A user who is in the group alone.
async fn member_of(world: &TestEnv, group: &str) -> String {
    let user = world.active_users().await.remove(0);
    for other in world.groups().await {
        world.call("DELETE", &format!("/okta/groups/{other}/users/{user}"), Value::Null).await;
    }
    world.add_member(group, &user).await;
    user
}

#[tokio::test]
async fn empty_listing_keeps_confirmed_members() {
    let (world, gate) = gated_test_env(12, 3).await;
    let group = world.groups().await[1].clone();
    for user in &world.active_users().await[..3] {
        world.add_member(&group, user).await;
    }
    let connection = world.synced("system_log").await;
    let members = format!("/api/v1/groups/{group}/users");
    gate.after(move |path, body| {
        if path.starts_with(&members) {
            *body = json!([]);
        }
    });
    let report = sync(&connection).await.unwrap();
    assert!(!report.is_complete(), "{report:?}");
    assert_eq!(report.unreadable.examples[0].id.as_deref(), Some(group.as_str()), "{report:?}");
    let audit = world.audit().await;
    assert!(audit.in_sync, "{:?}", audit.differences);

    gate.clear();
    for user in world.users().await {
        world.call("DELETE", &format!("/okta/groups/{group}/users/{user}"), Value::Null).await;
    }
    assert!(sync(&connection).await.unwrap().is_complete(), "a group can lose all its members");
    let audit = world.audit().await;
    assert!(audit.in_sync, "{:?}", audit.differences);
}

#[tokio::test]
async fn empty_groups_are_read_again() {
    let (world, gate) = gated_test_env(12, 3).await;
    let group = world.groups().await[1].clone();
    let user = member_of(&world, &group).await;
    let connection = world.synced("system_log").await;
    let (at, once) = (format!("/api/v1/users/{user}/groups"), AtomicBool::new(true));
    gate.after(move |path, body| {
        if path == at && once.swap(false, Ordering::Relaxed) {
            *body = json!([]);
        }
    });
    assert!(read(&connection, &user).await.unwrap().is_complete());
    let audit = world.audit().await;
    assert!(audit.in_sync, "{:?}", audit.differences);
}

#[tokio::test]
async fn hidden_groups_end_no_membership() {
    let (world, gate) = gated_test_env(12, 3).await;
    let group = world.groups().await[1].clone();
    let user = member_of(&world, &group).await;
    let connection = world.synced("system_log").await;
    for code in ["E0000006", "E0000007"] {
        let (of_user, by_id) = (format!("/api/v1/users/{user}/groups"), format!("/api/v1/groups/{group}"));
        let summary = format!("Not found: Resource not found: {group} (UserGroup)");
        gate.instead(move |path| {
            let status = if code == "E0000006" { 403 } else { 404 };
            (path == by_id).then(|| refusal(status, code, &summary))
        });
        gate.after(move |path, body| {
            if path == of_user || path.starts_with("/api/v1/groups?") {
                *body = json!([]);
            }
        });
        let report = read(&connection, &user).await;
        assert!(!report.as_ref().is_some_and(RunReport::is_complete), "{code}: {report:?}");
        let audit = world.audit().await;
        assert!(audit.in_sync, "{code}: {:?}", audit.differences);
    }
}

#[tokio::test]
async fn last_membership_ends_at_once() {
    let (world, gate) = gated_test_env(12, 3).await;
    let group = world.groups().await[1].clone();
    let user = member_of(&world, &group).await;
    let connection = world.synced("system_log").await;
    world.call("DELETE", &format!("/okta/groups/{group}/users/{user}"), Value::Null).await;
    let at = format!("/api/v1/users/{user}/groups");
    let before = gate.requests(&at);
    assert!(read(&connection, &user).await.unwrap().is_complete());
    assert_eq!(gate.requests(&at) - before, 2, "read again, and believed");
    let audit = world.audit().await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    // A deleted group takes its memberships along, whichever is read first.
    world.add_member(&group, &user).await;
    assert!(read(&connection, &user).await.unwrap().is_complete());
    let following = follow(&connection);
    world.call("DELETE", &format!("/okta/groups/{group}"), Value::Null).await;
    world.assert_in_sync().await;
    assert_eq!(idle(&connection).await.event_queue.unreadable, 0);
    following.stop().await;
}
