//! The object schema follows Okta's as it grows, and is never forced otherwise.

use serde_json::{Value, json};
use sync_service::engine::{Clock, Quiet, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::support::follow;
use crate::world::{OFTEN, World, log_read, sync, until, world};

/// The log is read once at the start, and then no more.
const DEAF: &str = "[connections.main.schedule]\nlog = \"1d\"\n";

/// An attribute, and users who have a value, without anybody being told.
async fn grow(world: &World) -> Vec<String> {
    world.add_attribute("badge", "Badge").await;
    let users = world.users().await[..3].to_vec();
    for user in &users {
        world.change(user, json!({ "badge": "B-42" })).await;
    }
    world.call("DELETE", "/okta/log", Value::Null).await;
    users
}

/// Waits until they have the value in Assets too.
async fn have_it(world: &World, users: &[String]) {
    for user in users {
        until("the user has the new value", async || {
            let object = world.object(user).await;
            if object.contains("B-42") { Ok(()) } else { Err(object) }
        })
        .await;
    }
    world.converges().await;
}

#[tokio::test]
async fn a_new_attribute_is_added_by_itself_and_whoever_has_a_value_gets_it() {
    let world = world(9, 2).await;
    let connection = world.open_with("log", &format!("{DEAF}schema = \"300ms\"\n"), |_, _| {}).await;
    world.sync_first(&connection).await;
    let following = follow(&connection);
    log_read(&connection).await;
    let users = grow(&world).await;
    have_it(&world, &users).await;
    following.stop().await;
}

#[tokio::test]
async fn an_attribute_that_came_while_nobody_followed_is_filled_after_the_start() {
    let world = world(9, 2).await;
    let connection = world.synced("log").await;
    let users = grow(&world).await;
    let following = follow(&connection);
    have_it(&world, &users).await;
    following.stop().await;
}

#[tokio::test]
async fn an_attribute_that_a_delta_pass_added_is_filled_for_users_that_it_did_not_read() {
    let world = world(9, 2).await;
    let connection = world.open_with("log", DEAF, |_, _| {}).await;
    world.sync_first(&connection).await;
    let users = grow(&world).await;
    let report =
        connection.engine().reconcile(SystemClock.now(), &Quiet, &CancellationToken::new()).await.unwrap();
    assert_eq!(report.added_attributes, ["Okta User: Badge"]);
    let following = follow(&connection);
    have_it(&world, &users).await;
    following.stop().await;
}

#[tokio::test]
async fn a_new_attribute_of_groups_is_filled_for_groups() {
    let world = world(9, 2).await;
    let connection = world.synced("log").await;
    let property = json!({ "title": "Floor", "type": "string" });
    world.call("PUT", "/okta/schemas/group/floor", property).await;
    let group = world.groups().await.remove(0);
    world.call("POST", &format!("/okta/groups/{group}"), json!({ "floor": "Seventh" })).await;
    world.call("DELETE", "/okta/log", Value::Null).await;
    let following = follow(&connection);
    until("the group has the new value", async || {
        let found = world.control.get(&format!("/insight/objects?type=/type/group&identity={group}")).await;
        let object = found.unwrap().to_string();
        if object.contains("Seventh") { Ok(()) } else { Err(object) }
    })
    .await;
    world.converges().await;
    following.stop().await;
}

#[tokio::test]
async fn an_attribute_that_an_event_showed_is_filled_for_everybody() {
    let world = world(9, 2).await;
    // The hook does not tell of schemas, and nobody compares them for a long time.
    let connection = world.synced("hook").await;
    let following = follow(&connection);
    world.faults("hooks.lost=1").await;
    let users = grow(&world).await;
    world.no_faults().await;
    world.change(&users[0], json!({ "city": "Nuuk" })).await;
    have_it(&world, &users).await;
    following.stop().await;
}

#[tokio::test]
async fn a_removed_or_retitled_attribute_is_only_reported() {
    let world = world(9, 2).await;
    world.add_attribute("badge", "Badge").await;
    world.add_attribute("desk", "Desk").await;
    let connection = world.open_with("log", OFTEN, |_, _| {}).await;
    world.sync_first(&connection).await;
    world.call("DELETE", "/okta/schemas/user/badge", Value::Null).await;
    world.add_attribute("desk", "Workplace").await;
    let report = sync(&connection).await.unwrap();
    assert!(report.added_attributes.is_empty(), "{report:?}");
    for told in ["Badge", "Desk"] {
        assert!(report.messages.iter().any(|m| m.contains(told)), "{told}: {:?}", report.messages);
    }
    let document = world.control.get("/insight/document").await.unwrap().to_string();
    assert!(document.contains("\"Badge\"") && document.contains("\"Desk\""), "{document}");
    assert!(!document.contains("\"Workplace\""), "{document}");
}
