//! `okta-insight prune`, with real processes against the sandbox.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::ops::Deref;
use std::process::Output;

use serde_json::{Value, json};

/// A sandbox, set up and synchronised, with a configuration that has an account, `c.toml`, and one that has none.
struct TestEnv(support::TestEnv);

impl Deref for TestEnv {
    type Target = support::TestEnv;

    fn deref(&self) -> &support::TestEnv {
        &self.0
    }
}

impl TestEnv {
    fn start() -> Self {
        let world = support::TestEnv::start(&["--users", "12", "--groups", "3"]);
        let without = std::fs::read_to_string(world.path("c.toml")).unwrap();
        std::fs::write(world.path("none.toml"), &without).unwrap();
        let ready: Value = serde_json::from_slice(&std::fs::read(world.path("ready.json")).unwrap()).unwrap();
        let assets = &ready["insight"];
        let account = format!(
            "[connections.main.assets]\nsite_url = {}\nemail = {}\napi_token = {}",
            assets["site_url"], assets["email"], assets["api_token"]
        );
        std::fs::write(world.path("c.toml"), without.replace("[connections.main.assets]", &account)).unwrap();
        for command in ["setup", "sync"] {
            assert!(world.run(&[command, "--config", "none.toml"]).status.success());
        }
        Self(world)
    }

    /// Deletes users in Okta, and has them marked in Assets.
    async fn delete_users(&self, count: usize) -> Vec<String> {
        let control = self.control();
        let users = control.get("/okta/users").await.unwrap();
        let mut deleted = Vec::new();
        for user in users["users"].as_array().unwrap().iter().skip(2).take(count) {
            let id = user["id"].as_str().unwrap();
            control.call("DELETE", &format!("/okta/users/{id}"), &Value::Null).await.unwrap();
            deleted.push(id.to_owned());
        }
        assert!(self.run(&["sync", "--config", "c.toml"]).status.success());
        deleted
    }

    async fn held(&self, user: &str) -> bool {
        let path = format!("/insight/objects?type=/type/user&identity={user}");
        self.control().get(&path).await.unwrap()["objects"] != json!([])
    }
}

/// What a command printed, without what differs from time to time.
fn shown(output: &Output) -> String {
    let text = format!(
        "=> {}\n{}---\n{}",
        output.status.code().unwrap(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let stable = text.split_inclusive(char::is_whitespace).map(|word| {
        let bare = word.trim_end();
        let is_time = bare.ends_with('Z') && bare.contains('T');
        if is_time { word.replace(bare, "TIME") } else { word.to_owned() }
    });
    stable.collect()
}

#[tokio::test]
async fn prune_requires_confirmation() {
    let world = TestEnv::start();
    let user = world.delete_users(1).await.remove(0);
    let recent = world.run(&["prune", "--config", "c.toml"]);
    assert_eq!(recent.status.code(), Some(0), "nothing has been gone for thirty days");

    let command = ["prune", "--config", "c.toml", "--older-than", "0s"];
    let listed = world.run(&command);
    assert_eq!(listed.status.code(), Some(3));
    assert!(world.held(&user).await, "nobody has confirmed");
    let deleted = world.run(&[&command[..], &["--yes"]].concat());
    assert!(deleted.status.success() && !world.held(&user).await);
    let again = world.run(&[&command[..], &["--yes"]].concat());
    insta::assert_snapshot!([&recent, &listed, &deleted, &again].map(shown).join("\n======\n"));
    let synced = world.run(&["sync", "--config", "c.toml", "--output", "json"]);
    let synced: Value = serde_json::from_slice(&synced.stdout).unwrap();
    assert_eq!(synced["executions"], 0, "what was deleted is not missed");
}

#[tokio::test]
async fn prune_prints_one_document() {
    let world = TestEnv::start();
    let user = world.delete_users(1).await.remove(0);
    let command = ["prune", "--config", "c.toml", "--older-than", "0s", "--output", "json"];
    let listed = world.run(&command);
    assert_eq!(listed.status.code(), Some(3));
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let connection = &listed["connections"][0];
    assert_eq!((&connection["result"], &connection["omitted"]), (&Value::Null, &json!(0)));
    assert_eq!(connection["objects"][0]["key"], json!({ "kind": "user", "id": user }));
    let deleted = world.run(&[&command[..], &["--yes"]].concat());
    assert_eq!(deleted.status.code(), Some(0));
    let deleted: Value = serde_json::from_slice(&deleted.stdout).unwrap();
    let result = &deleted["connections"][0]["result"]["objects"][0];
    assert_eq!((&result["outcome"], &result["key"]["id"]), (&json!("deleted"), &json!(user)));
    assert_eq!(result["in_assets"], connection["objects"][0]["in_assets"]);
}

#[tokio::test]
async fn prune_explains_refusals() {
    let world = TestEnv::start();
    let users = world.delete_users(3).await;
    let command = |config: &'static str| ["prune", "--config", config, "--older-than", "0s", "--yes"];
    let no_account = world.run(&command("none.toml"));
    let too_many = world.run(&command("c.toml"));
    let no_time = world.run(&["prune", "--config", "c.toml", "--older-than", "long"]);
    let one = world.run(&[&command("c.toml")[..], &["--limit", "1"]].concat());
    insta::assert_snapshot!([&no_account, &too_many, &no_time, &one].map(shown).join("\n======\n"));
    let mut held = 0;
    for user in &users {
        held += usize::from(world.held(user).await);
    }
    assert_eq!(held, 2, "only what the limit allowed was deleted");
    let rest = world.run(&[&command("c.toml")[..], &["--override-safeguards"]].concat());
    assert!(rest.status.success());
    assert!(!world.held(&users[0]).await && !world.held(&users[2]).await);
}
