//! A confirmation belongs to the place where it was made, and looking changes no mapping.

use admin_api::ConnectionStatus;
use serde_json::{Value, json};
use sync_engine::{EngineError, EventInbox, Finding, FindingCode, NoopProgress, RunState, Subject};
use sync_model::UserId;
use tokio_util::sync::CancellationToken;

use crate::support::follow;
use crate::test_env::{
    OFTEN, TestEnv, idle, status, sync, sync_with_override, test_env, wait_for_system_log, wait_until,
};

async fn groups_of(world: &TestEnv, cardinality: i32) {
    let limit = json!({ "type": "user", "name": "Okta Groups", "maximumCardinality": cardinality });
    world.call("PUT", "/insight/attributes", limit).await;
}

/// The objects that a user's groups refer to.
async fn groups_in_assets(world: &TestEnv, user: &str) -> Vec<String> {
    let object: Value = serde_json::from_str(&world.object(user).await).unwrap();
    let groups = &object["references"]["okta-sync/user/groups"];
    groups.as_array().unwrap().iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn plan_changes_no_mapping() {
    let world = test_env(9, 2).await;
    let connection = world.synced("event_hook").await;
    let engine = connection.engine();
    let before = engine.active_mapping_version();
    world.add_attribute("badge", "Badge").await;
    let (open, canceled) = (CancellationToken::new(), CancellationToken::new());
    canceled.cancel();
    let (one, other, stopped) = tokio::join!(
        engine.plan(&NoopProgress, &open),
        engine.plan(&NoopProgress, &open),
        engine.plan(&NoopProgress, &canceled),
    );
    assert!(one.is_ok() && other.is_ok());
    assert!(matches!(stopped, Err(EngineError::Interrupted)));
    engine.verify(false).await.unwrap();
    assert_eq!(engine.active_mapping_version(), before);
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "badge": "B-42" })).await;
    let subject = Subject::User(UserId::new(user.clone()));
    engine.targeted_sync(&[subject], &NoopProgress, &CancellationToken::new()).await.unwrap();
    assert!(world.object(&user).await.contains("B-42"));
}

#[tokio::test]
async fn withheld_values_return_when_storable() {
    let world = test_env(12, 4).await;
    let connection = world.synced("event_hook").await;
    groups_of(&world, 1).await;
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Graz" })).await;
    let report = sync(&connection).await.unwrap();
    let withheld: Vec<&str> = report.withheld.iter().map(|field| field.attribute.as_str()).collect();
    assert_eq!(withheld, ["Okta User: Okta Groups"]);
    assert_eq!(connection.status(0).await.unwrap().freshness.synced_through, None);
    assert!(!connection.engine().verify(false).await.unwrap().findings.is_empty());

    groups_of(&world, -1).await;
    let findings = connection.engine().verify(false).await.unwrap().findings;
    let resent = |finding: &Finding| finding.code() == FindingCode::ResendPending;
    assert!(findings.iter().any(resent), "{findings:?}");
    assert_eq!(sync(&connection).await.unwrap().withheld, []);
    assert!(world.audit().await.in_sync, "{:?}", world.audit().await.differences);
    let status = connection.status(0).await.unwrap();
    assert_eq!((status.event_queue.doubted, status.event_queue.withheld), (0, 0));
    assert!(status.freshness.synced_through.is_some());
}

#[tokio::test]
async fn memberships_that_ended_while_withheld_go() {
    let world = test_env(12, 4).await;
    let (left, deleted) = (world.active_users().await.remove(0), world.active_users().await.remove(1));
    let all = world.groups().await;
    for group in &all {
        world.add_member(group, &left).await;
        world.add_member(group, &deleted).await;
    }
    let connection = world.synced("event_hook").await;
    assert!(!groups_in_assets(&world, &deleted).await.is_empty());
    groups_of(&world, 1).await;
    for group in &all {
        world.call("DELETE", &format!("/okta/groups/{group}/users/{left}"), Value::Null).await;
    }
    world.call("POST", &format!("/okta/users/{deleted}/lifecycle/deactivate"), Value::Null).await;
    world.delete(&deleted).await;
    assert_eq!(sync_with_override(&connection).await.withheld.len(), 1);
    groups_of(&world, -1).await;
    let following = follow(&connection);
    assert!(world.assert_in_sync().await.in_sync);
    wait_until("memberships are gone", async || match groups_in_assets(&world, &deleted).await {
        groups if groups.is_empty() => Ok(()),
        groups => Err(groups.join(", ")),
    })
    .await;
    following.stop().await;
}

#[tokio::test]
async fn daemon_sends_values_again_once_stored() {
    let world = test_env(12, 4).await;
    let connection = world
        .open_with(
            "system_log",
            "[connections.main.schedule]\nsystem_log_poll = \"200ms\"\nschema_check = \"1s\"\n",
            |_, _| {},
        )
        .await;
    world.sync_first(&connection).await;
    let following = follow(&connection);
    idle(&connection).await;
    groups_of(&world, 1).await;
    status(&connection, "it is noticed", |status| status.event_queue.withheld == 1).await;
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Graz" })).await;
    wait_until("the rest is applied", async || match world.object(&user).await {
        object if object.contains("Graz") => Ok(()),
        object => Err(object),
    })
    .await;
    groups_of(&world, -1).await;
    assert!(world.assert_in_sync().await.in_sync);
    following.stop().await;
}

/// Nothing compares the schemas here but the batch of events itself.
async fn survives_rename(object_type: &str, name: &str) {
    let world = test_env(12, 4).await;
    let connection = world.synced("system_log").await;
    let following = follow(&connection);
    idle(&connection).await;
    let rename = json!({ "type": object_type, "name": name, "newName": "Renamed" });
    world.call("PUT", "/insight/attributes", rename).await;
    for user in &world.users().await[..3] {
        world.change(user, json!({ "city": "Salzburg" })).await;
    }
    assert!(world.assert_in_sync().await.in_sync);
    following.stop().await;
}

#[tokio::test]
async fn references_survive_renamed_group_id() {
    survives_rename("group", "Okta Group ID").await;
}

#[tokio::test]
async fn references_survive_renamed_reference() {
    survives_rename("user", "Okta Groups").await;
}

#[tokio::test]
async fn objects_survive_renamed_user_id() {
    survives_rename("user", "Okta User ID").await;
}

#[tokio::test]
async fn another_import_source_gets_everything() {
    let (world, other) = (test_env(9, 2).await, test_env(1, 1).await);
    let first = world.synced("system_log").await;
    let second = world.open_into(&other, OFTEN).await;
    second.engine().setup(false).await.unwrap();
    assert!(world.state().await.event_queue_counts().await.unwrap().doubted > 0);
    let report = sync(&second).await.unwrap();
    assert_eq!(report.state, RunState::Succeeded);
    let created: u64 = report.records.values().map(|counts| counts.created).sum();
    assert!(created >= 11, "{report:?}");
    // And back: what was confirmed there says nothing of here.
    world.call("DELETE", "/insight/document", Value::Null).await;
    first.engine().setup(false).await.unwrap();
    sync(&first).await.unwrap();
    assert!(world.audit().await.in_sync, "{:?}", world.audit().await.differences);
}

#[tokio::test]
async fn marks_follow_to_another_import_source() {
    let (world, other) = (test_env(9, 2).await, test_env(1, 1).await);
    let first = world.synced("system_log").await;
    let second = world.open_into(&other, OFTEN).await;
    second.engine().setup(false).await.unwrap();
    sync(&second).await.unwrap();
    let user = world.users().await.remove(0);
    world.delete(&user).await;
    sync(&second).await.unwrap();
    // The first one still has the user alive.
    first.engine().setup(false).await.unwrap();
    sync(&first).await.unwrap();
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 1, "{:?}", audit.differences);
}

#[tokio::test]
async fn lost_store_is_filled_by_itself() {
    let world = test_env(9, 2).await;
    let connection = world.open("system_log").await;
    connection.engine().setup(false).await.unwrap();
    let following = follow(&connection);
    wait_for_system_log(&connection).await;
    assert_eq!(connection.status(1).await.unwrap().runs, [], "the first load is asked for");
    sync(&connection).await.unwrap();
    following.stop().await;

    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Graz" })).await;
    let anew = world.open_anew().await;
    let following = follow(&anew);
    let is_current = |status: &ConnectionStatus| status.freshness.synced_through.is_some();
    status(&anew, "everything was read and sent", is_current).await;
    assert!(world.audit().await.in_sync);
    following.stop().await;
}
