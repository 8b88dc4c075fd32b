//! `okta-insight backup`, and what a restored copy does, with real processes against the sandbox.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use support::{TestEnv, in_sync};

/// A membership that begins or ends: nothing of the user changes but that.
async fn membership(world: &TestEnv, method: &str) {
    let all = |list: &Value, name: &str| list[name].as_array().unwrap().clone();
    let groups = all(&world.control().get("/okta/groups").await.unwrap(), "groups");
    let group = groups.iter().find(|group| group["type"] == "OKTA_GROUP").unwrap();
    let users = all(&world.control().get("/okta/users").await.unwrap(), "users");
    let user = users.iter().rfind(|user| user["status"] == "ACTIVE").unwrap();
    let id = |object: &Value| object["id"].as_str().unwrap().to_owned();
    let path = format!("/okta/groups/{}/users/{}", id(group), id(user));
    world.control().call(method, &path, &Value::Null).await.unwrap();
}

/// The store's file, as the backup names it.
fn store_of(backup: &Value) -> PathBuf {
    backup["store"].as_str().unwrap().into()
}

fn remove_with_sides(store: &Path) {
    for side in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{side}", store.display()));
    }
}

#[tokio::test]
async fn restored_backup_sends_what_it_must() {
    let world = TestEnv::start(&["--users", "20", "--groups", "3"]);
    world.json(&["setup"]);
    membership(&world, "DELETE").await;
    world.json(&["sync"]);
    let daemon = world.daemon();
    let backup = world.json(&["backup", "copy.db"]);
    let again = world.run(&["backup", "copy.db", "--config", "c.toml"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"));
    // Reaches Assets, and is taken back in Okta once the copy is in place.
    membership(&world, "PUT").await;
    assert!(in_sync(&world, Duration::from_mins(1)).await.in_sync);
    daemon.end();
    let store = world.folder().join(store_of(&backup));
    remove_with_sides(&store);
    std::fs::copy(world.path("copy.db"), &store).unwrap();
    membership(&world, "DELETE").await;
    let daemon = world.daemon();
    assert!(in_sync(&world, Duration::from_mins(1)).await.in_sync);
    daemon.end();
}

#[test]
fn backup_makes_no_store() {
    let world = TestEnv::start(&["--users", "3", "--groups", "1"]);
    let output = world.run(&["backup", "copy.db", "--config", "c.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no state store at"), "{output:?}");
    assert!(!world.path("copy.db").exists());
}
