//! Promises to users, with real processes against the sandbox.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sandbox::ControlClient;
use serde_json::{Value, json};
use support::{TestEnv, binary, in_sync};

#[tokio::test]
async fn second_sync_sends_nothing() {
    let world = TestEnv::start(&["--users", "60", "--groups", "11", "--seed", "7"]);
    let setup = world.json(&["setup"]);
    assert_eq!(setup["connections"][0]["schema"]["state"], "created");
    assert_eq!(world.json(&["setup"])["connections"][0]["schema"]["state"], "current");
    assert_eq!(world.json(&["verify"])["passed"], true);
    let first = world.json(&["sync"]);
    assert_eq!((&first["executions"], &first["records"]["user"]["created"]), (&json!(1), &json!(60)));
    assert_eq!(first["records"]["group"]["created"], 12);
    let second = world.json(&["sync"]);
    assert_eq!((&second["executions"], &second["chunks"]), (&json!(0), &json!(0)));
    assert_eq!(world.json(&["plan"])["changes"], 0);
    let status = world.json(&["status"]);
    assert_eq!(status["connections"][0]["objects"]["user"]["current"], 60);
    let audit = in_sync(&world, Duration::ZERO).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    assert_eq!((audit.okta.users, audit.insight.users), (60, 60));
}

#[tokio::test]
async fn daemon_keeps_assets_current() {
    let world = TestEnv::start(&["--users", "30", "--groups", "4"]);
    world.json(&["setup"]);
    world.json(&["sync"]);
    let daemon = world.daemon();
    let control = world.control();
    let users = control.get("/okta/users?limit=3").await.unwrap();
    let id = |n: usize| users["users"][n]["id"].as_str().unwrap().to_owned();
    let group = control.call("POST", "/okta/groups", &json!({"name": "New"})).await.unwrap();
    let group = group["id"].as_str().unwrap();
    control.call("PUT", &format!("/okta/groups/{group}/users/{}", id(0)), &Value::Null).await.unwrap();
    control
        .call("POST", &format!("/okta/users/{}", id(1)), &json!({"city": null, "title": "Dr"}))
        .await
        .unwrap();
    control.call("DELETE", &format!("/okta/users/{}", id(2)), &Value::Null).await.unwrap();
    let audit = in_sync(&world, Duration::from_mins(3)).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    assert_eq!((audit.insight.users, audit.marked_deleted), (29, 1));

    drop(daemon);
    assert_eq!(world.json(&["sync"])["executions"], 0, "a killed daemon leaves nothing undone");
}

/// How many requests to Okta, executions and chunks there were.
async fn progress(control: &ControlClient) -> u64 {
    let stats = control.get("/stats").await.unwrap();
    let counts = ["/okta/requests", "/insight/executions", "/insight/chunks"];
    counts.iter().filter_map(|count| stats.pointer(count)?.as_u64()).sum()
}

#[tokio::test]
async fn killed_sync_loses_and_repeats_nothing() {
    let world = TestEnv::start(&["--users", "300", "--groups", "20"]);
    world.json(&["setup"]);
    let control = world.control();
    for steps in [0, 1, 2, 4, 8, 12, 16, 20, 24, 28, 30, 31, 32] {
        let before = progress(&control).await;
        let mut sync = Command::new(binary("okta-insight"))
            .args(["sync", "--config", "c.toml"])
            .current_dir(world.folder())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while sync.try_wait().unwrap().is_none() && progress(&control).await < before + steps {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        sync.kill().unwrap();
        sync.wait().unwrap();
    }
    world.json(&["sync"]);
    let audit = in_sync(&world, Duration::ZERO).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    let again = world.json(&["sync"]);
    assert_eq!(again["executions"], 0, "{again}");
}

#[tokio::test]
async fn shrunken_listing_is_blocked_before_retiring() {
    let world = TestEnv::start(&["--users", "30", "--groups", "4"]);
    world.json(&["setup"]);
    world.json(&["sync"]);
    let control = world.control();
    for user in
        control.get("/okta/users?limit=1000").await.unwrap()["users"].as_array().unwrap().iter().take(20)
    {
        control
            .call("DELETE", &format!("/okta/users/{}", user["id"].as_str().unwrap()), &Value::Null)
            .await
            .unwrap();
    }
    let refused = world.run(&["sync", "--config", "c.toml"]);
    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&refused.stderr));
    assert_eq!(in_sync(&world, Duration::ZERO).await.marked_deleted, 0);
    let plan = world.run(&["plan", "--config", "c.toml", "--output", "json"]);
    assert_eq!(plan.status.code(), Some(3), "the plan is shown, though a sync would be refused");
    let plan: Value = serde_json::from_slice(&plan.stdout).unwrap();
    assert_eq!(plan["connections"][0]["kinds"]["user"]["retire"], 20);
    let violation = &plan["connections"][0]["violations"][0]["facts"]["violation"];
    assert_eq!((&violation["retired"], &violation["total"]), (&20.into(), &30.into()), "{violation}");
    world.json(&["sync", "--override-safeguards"]);
    let audit = in_sync(&world, Duration::ZERO).await;
    assert!(audit.in_sync && audit.marked_deleted == 20, "{:?}", audit.differences);
}

#[tokio::test]
async fn recorded_responses_pass_the_pipeline() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/okta-client/tests/samples");
    let world = TestEnv::start(&["--org-data", samples.to_str().unwrap()]);
    world.json(&["setup"]);
    let synced = world.json(&["sync"]);
    assert!(synced["records"]["user"]["created"].as_u64().unwrap() > 5, "{synced}");
    let audit = in_sync(&world, Duration::ZERO).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    assert_eq!((audit.okta.users, audit.okta.groups), (audit.insight.users, audit.insight.groups));
}

#[test]
fn bad_input_is_reported_without_secrets() {
    let world = TestEnv::start(&["--users", "5", "--groups", "1"]);
    let mut told = Vec::new();
    let key = world.changed("private_key", "private_key = \"{\\\"kty\\\":\\\"RSA\\\"\"");
    for (from, to) in [
        ("private_key", "private_key = '{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}'"),
        ("private_key", "private_key = '{\"kty\":\"RSA\",\"n\":\"AQ'"),
        ("private_key", "private_key = '{\"kty\":\"oct\",\"k\":\"AQAB\"}'"),
        ("org_url", "org_url = \"https://acme-admin.okta.com\""),
        ("org_url", "org_url = \"http://acme.okta.com\""),
        ("client_id", "client_id = \"0oawrong\""),
        ("import_token", "import_token = \"ATCTT3xdeadbeef\""),
        ("import_token", "import_tokn = \"ATCTT3xdeadbeef\""),
        ("client_id", ""),
        ("[store]", "[store"),
    ] {
        world.changed(from, to);
        let output = world.run(&["verify", "--config", "bad.toml"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.stdout.is_empty() && !text.contains("deadbeef") && !text.contains(&key), "{text}");
        told.push(format!(
            "{}\n=> {}\n{text}",
            if to.is_empty() { "(removed)" } else { from },
            output.status.code().unwrap()
        ));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn demo_ends_in_sync() {
    let output = Command::new(binary("okta-insight"))
        .args(["demo", "--exit", "--output", "json", "--users", "80", "--groups", "6", "--seed", "3"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["in_sync"], true);
    assert_eq!(document["okta"]["users"], document["insight"]["users"]);
    assert_eq!(document["live"]["changes"], document["live"]["applied"]);
    assert_eq!(document["full_sync"]["executions"], 1);
}
