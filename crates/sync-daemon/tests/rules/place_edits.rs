//! Structures edited by hand and import sources that change: what was confirmed elsewhere is sent again without being asked.

use std::sync::Arc;

use serde_json::{Value, json};
use sync_daemon::Connection;
use sync_engine::{Fact, PlaceState, RunReport};

use crate::gate::Gate;
use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, gated_test_env, idle, status, sync, test_env, wait_until};

/// The number of entries that executions from one on held for an object type.
async fn entries(world: &TestEnv, from: usize, object_type: &str) -> u64 {
    let results = world.executions().await.into_iter().skip(from);
    let types = results.flat_map(|execution| {
        execution["progressResult"]["objectTypeResultMap"].as_object().cloned().unwrap_or_default()
    });
    let of_type = types.filter(|(_, result)| result["objectTypeName"] == object_type);
    of_type.filter_map(|(_, result)| result["entriesInSource"].as_u64()).sum()
}

/// Nothing is in doubt, and the connection says so.
async fn is_current(connection: &Connection) {
    let is = |s: &admin_api::ConnectionStatus| {
        s.event_queue.doubted + s.event_queue.withheld == 0 && s.freshness.synced_through.is_some()
    };
    status(connection, "the connection is current", is).await;
}

#[tokio::test]
async fn restored_import_source_gets_everything() {
    let world = test_env(9, 2).await;
    let first = world.synced("system_log").await;
    let other = world.open_other_source().await;
    other.engine().setup(false).await.unwrap();
    let status = other.status(0).await.unwrap();
    assert!(status.event_queue.doubted > 0 && status.freshness.synced_through.is_none(), "{status:?}");
    let following = follow(&other);
    world.other_converges().await;
    is_current(&other).await;
    following.stop().await;
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    drop(first);

    // Only its own compares the place.
    let back = world.open("system_log").await;
    let following = follow(&back);
    world.assert_in_sync().await;
    is_current(&back).await;
    following.stop().await;
}

#[tokio::test]
async fn execution_of_another_source_is_doubted() {
    let world = test_env(9, 2).await;
    let connection = world.synced("system_log").await;
    let profile = json!({ "firstName": "Ada", "lastName": "L", "login": "ada@example.com", "email": "ada@example.com" });
    let created = world.call("POST", "/okta/users", profile).await;
    let user = created["id"].as_str().unwrap().to_owned();
    let before = world.executions().await.len();
    world.faults("executions.stuck=told").await;
    let cut_off = tokio::spawn(async move { sync(&connection).await.map(drop) });
    wait_until("the execution works", async || {
        let history = world.executions().await.split_off(before);
        if history.iter().any(|e| e["status"] == "PROCESSING") { Ok(()) } else { Err(String::new()) }
    })
    .await;
    cut_off.abort();
    cut_off.await.unwrap_err();
    world.no_faults().await;

    // The other import source knows no such execution.
    let other = world.open_other_source().await;
    other.engine().setup(false).await.unwrap();
    other.engine().recover().await.unwrap();
    assert!(other.status(9).await.unwrap().unconfirmed.iter().any(|record| record.key.id == user));
    world.call("POST", &format!("/okta/users/{user}/lifecycle/deactivate"), Value::Null).await;
    world.call("DELETE", &format!("/okta/users/{user}"), Value::Null).await;
    let following = follow(&other);
    world.other_converges().await;
    is_current(&other).await;
    following.stop().await;

    let back = world.open("system_log").await;
    let following = follow(&back);
    world.assert_in_sync().await;
    is_current(&back).await;
    following.stop().await;
}

/// Edits an attribute by hand twice while the connection follows: everything is sent again without being asked.
async fn survives(edits: [(&str, Value); 2]) {
    let world = test_env(12, 3).await;
    for user in &world.users().await[..4] {
        world.change(user, json!({ "city": "Graz" })).await;
    }
    let connection = world.synced("system_log").await;
    let before = world.executions().await.len();
    for (n, (method, edit)) in edits.into_iter().enumerate() {
        world.call(method, "/insight/attributes", edit).await;
        connection.engine().setup(false).await.unwrap();
        if n == 0 {
            let status = connection.status(0).await.unwrap();
            assert!(status.event_queue.withheld + status.event_queue.doubted > 0, "{:?}", status.event_queue);
            assert_eq!(status.freshness.synced_through, None);
        }
    }
    let following = follow(&connection);
    world.assert_in_sync().await;
    is_current(&connection).await;
    following.stop().await;
    assert_eq!(entries(&world, before, "Okta Group").await, 0, "groups have no such field");
}

#[tokio::test]
async fn values_return_with_their_attribute() {
    let delete = json!({ "type": "user", "name": "City" });
    // Setup adds it again, and the second edit is none.
    survives([("DELETE", delete), ("PUT", json!({ "type": "user", "name": "City", "newName": "City" }))])
        .await;
}

#[tokio::test]
async fn values_return_with_attribute_type() {
    let edit = |kind: &str| ("PUT", json!({ "type": "user", "name": "City", "kind": kind }));
    survives([edit("integer"), edit("text")]).await;
}

#[tokio::test]
async fn narrower_type_withholds_values() {
    let world = test_env(9, 2).await;
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Graz" })).await;
    let connection = world.synced("system_log").await;
    let narrower = json!({ "type": "user", "name": "City", "kind": "integer" });
    world.call("PUT", "/insight/attributes", narrower).await;
    let report = sync(&connection).await.unwrap();
    assert!(report.withheld.iter().any(|field| field.attribute == "Okta User: City"), "{report:?}");
    let status = connection.status(0).await.unwrap();
    assert_eq!((status.withheld.len(), status.freshness.synced_through), (1, None));
}

#[tokio::test]
async fn references_return_with_their_cardinality() {
    let edit = |n: i32| ("PUT", json!({ "type": "user", "name": "Okta Groups", "maximumCardinality": n }));
    survives([edit(1), edit(-1)]).await;
}

#[tokio::test]
async fn id_renamed_during_sync_loses_nothing() {
    let (world, gate): (TestEnv, Gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let control = world.control.clone();
    gate.after(move |path, _| {
        if path.starts_with("/api/v1/users?") {
            let control = control.clone();
            tokio::spawn(async move {
                let rename = json!({ "type": "user", "name": "Okta User ID", "newName": "Renamed" });
                // A second page finds no such name.
                let _ = control.call("PUT", "/insight/attributes", &rename).await;
            });
        }
    });
    for user in &world.users().await[..3] {
        world.change(user, json!({ "city": "Nuuk" })).await;
    }
    // Sent, or stopped for the change.
    let _ = sync(&connection).await;
    gate.clear();
    let following = follow(&connection);
    world.assert_in_sync().await;
    is_current(&connection).await;
    following.stop().await;
}

/// With the token alone: the settings of the source are hidden, and the document looks the same.
#[tokio::test]
async fn execution_detects_recreated_object_schema() {
    let world = test_env(9, 2).await;
    world.call("PUT", "/insight/settings", json!({ "settingsForAccountOnly": true })).await;
    let connection = world.synced("system_log").await;
    world.remake_schema().await;
    let following = follow(&connection);
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    world.assert_in_sync().await;
    idle(&connection).await;
    is_current(&connection).await;
    following.stop().await;
    assert!(world.state().await.place().await.unwrap().unwrap().doubts > 0);
}

/// An object type that is deleted by hand while the connection follows: it returns with everything that it held, and with
/// the references to it.
async fn type_returns(object_type: &str) {
    let world = test_env(9, 2).await;
    let connection = world.synced("system_log").await;
    world.call("DELETE", "/insight/object-types", json!({ "type": object_type })).await;
    let following = follow(&connection);
    world.assert_in_sync().await;
    is_current(&connection).await;
    following.stop().await;
    assert!(world.state().await.place().await.unwrap().unwrap().doubts > 0);
}

#[tokio::test]
async fn users_return_with_their_object_type() {
    type_returns("Okta User").await;
}

#[tokio::test]
async fn groups_return_with_their_object_type() {
    type_returns("Okta Group").await;
}

#[tokio::test]
async fn manually_deleted_objects_return() {
    let world = test_env(9, 2).await;
    let connection = world.synced("system_log").await;
    let users = world.active_users().await;
    for user in &users[..2] {
        let object: Value = serde_json::from_str(&world.object(user).await).unwrap();
        let id = object["id"].to_string().replace('"', "");
        world.call("DELETE", &format!("/insight/objects/{id}"), Value::Null).await;
    }
    world.change(&users[0], json!({ "city": "Nuuk" })).await;
    let report = sync(&connection).await.unwrap();
    assert!(!report.is_complete(), "the second is still missing: {report:?}");
    let status = connection.status(0).await.unwrap();
    assert!(status.event_queue.doubted > 0 && status.freshness.synced_through.is_none(), "{status:?}");
    let following = follow(&connection);
    world.assert_in_sync().await;
    is_current(&connection).await;
    following.stop().await;
    // What is new may be made.
    let doubts = world.state().await.place().await.unwrap().unwrap().doubts;
    assert!(sync(&connection).await.unwrap().is_complete());
    assert_eq!(world.state().await.place().await.unwrap().unwrap().doubts, doubts);
}

#[tokio::test]
async fn options_return_when_import_adds_them() {
    let world = test_env(9, 2).await;
    let property = json!({ "title": "Skills", "type": "array", "items": { "type": "string" } });
    world.call("PUT", "/okta/schemas/user/skills", property).await;
    let user = world.active_users().await.remove(0);
    world.change(&user, json!({ "skills": ["Go", "Rust"] })).await;
    world.call("PUT", "/insight/settings", json!({ "ignoreUnknownValues": true })).await;
    let more = format!("{OFTEN}[connections.main.mapping]\narray_format = \"select\"\n");
    let connection = world.open_with("system_log", &more, |_, _| {}).await;
    connection.engine().setup(false).await.unwrap();
    let report = sync(&connection).await.unwrap();
    assert!(!report.is_complete() && !report.withheld.is_empty(), "{report:?}");
    assert_eq!(connection.status(0).await.unwrap().freshness.synced_through, None);
    world.call("PUT", "/insight/settings", json!({ "ignoreUnknownValues": false })).await;
    // Settings are read by each process anew.
    let connection = world.open_with("system_log", &more, |_, _| {}).await;
    let report = sync(&connection).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    let object = world.object(&user).await;
    assert!(object.contains("Rust") && object.contains("Go"), "{object}");
    is_current(&connection).await;
}

#[tokio::test]
async fn objects_without_identity_are_reported() {
    let world = test_env(9, 2).await;
    let connection = world.synced("system_log").await;
    let count = world.users().await.len();
    let delete = json!({ "type": "user", "name": "Okta User ID" });
    world.call("DELETE", "/insight/attributes", delete).await;
    connection.engine().setup(false).await.unwrap();
    let duplicates = |report: &RunReport| {
        report.findings.iter().find_map(|finding| match finding.fact {
            Fact::DuplicatesPossible { objects, .. } => Some(objects),
            _ => None,
        })
    };
    let report = sync(&connection).await.unwrap();
    assert_eq!(duplicates(&report), Some(count as u64), "{report:?}");
    assert_eq!(duplicates(&sync(&connection).await.unwrap()), None, "reported once");
    // Another attribute tells no objects apart.
    let delete = json!({ "type": "user", "name": "City" });
    world.call("DELETE", "/insight/attributes", delete).await;
    connection.engine().setup(false).await.unwrap();
    assert_eq!(duplicates(&sync(&connection).await.unwrap()), None);
}

/// Edits the structure while an execution works on the first load: the run ends, and does not claim what was dropped.
async fn edit_during_execution(edit: Value) -> (TestEnv, Arc<Connection>) {
    let world = test_env(12, 4).await;
    let connection = world.open("system_log").await;
    connection.engine().setup(false).await.unwrap();
    world.faults("executions.stuck=told").await;
    let engine = Arc::clone(&connection);
    let loading = tokio::spawn(async move { sync(&engine).await });
    wait_until("the execution works", async || {
        let working = world.executions().await.iter().any(|e| e["status"] == "PROCESSING");
        if working { Ok(()) } else { Err(String::new()) }
    })
    .await;
    world.call("PUT", "/insight/attributes", edit).await;
    world.no_faults().await;
    loading.await.unwrap().unwrap();
    (world, connection)
}

#[tokio::test]
async fn execution_detects_lowered_cardinality() {
    let limit = |n: i32| json!({ "type": "user", "name": "Okta Groups", "maximumCardinality": n });
    let (world, connection) = edit_during_execution(limit(1)).await;
    let status = connection.status(0).await.unwrap();
    assert_eq!((status.withheld.len(), status.freshness.synced_through), (1, None));
    world.call("PUT", "/insight/attributes", limit(-1)).await;
    let following = follow(&connection);
    world.assert_in_sync().await;
    is_current(&connection).await;
    following.stop().await;
}

#[tokio::test]
async fn execution_detects_renamed_identity() {
    let rename = json!({ "type": "group", "name": "Okta Group ID", "newName": "Number" });
    let (_world, connection) = edit_during_execution(rename).await;
    assert_eq!(connection.status(0).await.unwrap().freshness.synced_through, None);
}

#[tokio::test]
async fn older_store_copy_is_detected() {
    let world = test_env(9, 3).await;
    let connection = world.synced("system_log").await;
    let (group, user) = (world.groups().await[1].clone(), world.active_users().await.remove(0));
    let member = format!("/okta/groups/{group}/users/{user}");
    world.call("DELETE", &member, Value::Null).await;
    sync(&connection).await.unwrap();
    world.copy_store().await;
    world.call("PUT", &member, Value::Null).await;
    sync(&connection).await.unwrap();
    drop(connection);
    // As it was when the copy was made: nothing that the copy confirmed differs.
    world.call("DELETE", &member, Value::Null).await;

    let copy = world.open_copy().await;
    sync(&copy).await.unwrap();
    let audit = world.audit().await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    let before = world.executions().await.len();
    let again = world.open_copy().await;
    sync(&again).await.unwrap();
    assert_eq!(world.executions().await.len(), before, "its own executions are known");
}
