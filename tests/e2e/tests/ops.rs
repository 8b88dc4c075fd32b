//! What an operator does while the daemon runs, with real processes.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use sandbox::ControlClient;
use serde_json::{Value, json};
use support::{PATIENCE, TestEnv, in_sync, wait_until};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// No hook, and after the first look at the log none for a day: the daemon learns of changes by reading everything.
const DEAF: &str = "[connections.main]\nevent_source = \"system_log\"\n[connections.main.schedule]\nsystem_log_poll = \"1d\"\n";

/// A world that was set up and synchronised once.
fn test_env() -> TestEnv {
    configured("")
}

fn configured(more: &str) -> TestEnv {
    let world = TestEnv::start(&["--users", "30", "--groups", "4"]);
    world.configure(more);
    world.json(&["setup"]);
    world.json(&["sync"]);
    world
}

/// The ids of users that are not deleted.
async fn users(control: &ControlClient) -> Vec<String> {
    let users = control.get("/okta/users?limit=1000").await.unwrap();
    users["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

async fn rename(control: &ControlClient, user: &str, city: &str) {
    control.call("POST", &format!("/okta/users/{user}"), &json!({"city": city})).await.unwrap();
}

async fn delete(control: &ControlClient, users: &[String]) {
    for user in users {
        control.call("DELETE", &format!("/okta/users/{user}"), &Value::Null).await.unwrap();
    }
}

async fn log_was_read(world: &TestEnv) {
    wait_until("the log was read", async || caught_up_at(world)).await;
}

fn caught_up_at(world: &TestEnv) -> Option<String> {
    world.json(&["status"])["connections"][0]["system_log"]["caught_up_at"].as_str().map(str::to_owned)
}

async fn get(address: &str, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn sync_is_delegated_to_daemon() {
    let world = configured(DEAF);
    let daemon = world.daemon();
    log_was_read(&world).await;
    let control = world.control();
    let synced = world.json(&["sync"]);
    let told = &synced["connections"][0];
    assert_eq!((&told["delegated"], &told["state"]), (&json!(true), &json!("succeeded")), "{synced}");
    assert_eq!(synced["records"]["user"]["read"], 30);

    let some = world.json(&["sync", "--users", &users(&control).await[..2].join(",")]);
    assert_eq!(some["connections"][0]["enqueued"], 2);
    wait_until("the two users were looked at", async || {
        (world.json(&["status"])["connections"][0]["event_queue"]["work_items"] == 0).then_some(())
    })
    .await;

    delete(&control, &users(&control).await[..20]).await;
    let refused = world.run(&["sync", "--config", "c.toml"]);
    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&refused.stderr));
    world.json(&["sync", "--override-safeguards"]);
    let audit = in_sync(&world, PATIENCE).await;
    assert!(audit.in_sync && audit.marked_deleted == 20, "{:?}", audit.differences);
    daemon.end();
}

#[tokio::test]
async fn pause_holds_events_until_resume() {
    let world = test_env();
    let _daemon = world.daemon();
    let control = world.control();
    let paused = world.json(&["pause", "--for", "1h"]);
    assert!(paused["connections"][0]["pause"]["until"].is_string(), "{paused}");
    rename(&control, &users(&control).await[0], "Nuuk").await;
    let status = wait_until("the event is kept", async || {
        let status = world.json(&["status"]);
        (status["connections"][0]["event_queue"]["pending"] == 1).then_some(status)
    })
    .await;
    let status = &status["connections"][0];
    assert!(
        status["pause"]["until"].is_string() && status["freshness"]["oldest_pending_event_at"].is_string()
    );
    // The tasks go on, and send nothing.
    let before = caught_up_at(&world);
    wait_until("the log is read again", async || {
        caught_up_at(&world).filter(|at| Some(at) != before.as_ref())
    })
    .await;
    assert!(!in_sync(&world, Duration::ZERO).await.in_sync, "nothing is sent");
    let refused = world.run(&["sync", "--config", "c.toml"]);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("is paused until") && told.contains("okta-insight resume"), "{told}");
    assert_eq!(world.json(&["resume"])["connections"][0]["pause"], Value::Null);
    let audit = in_sync(&world, PATIENCE).await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    assert_eq!(world.json(&["status"])["connections"][0]["pause"], Value::Null);
}

#[tokio::test]
async fn metrics_and_health_use_separate_listener() {
    let world = test_env();
    let _daemon = world.daemon();
    let address = world.server("metrics_listen");
    rename(&world.control(), &users(&world.control()).await[0], "Nuuk").await;
    assert!(in_sync(&world, PATIENCE).await.in_sync);
    let (status, text) = get(&address, "/readyz").await;
    let health: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &health["ready"]), (200, &json!(true)), "{text}");
    assert_eq!(health["connections"]["main"]["conditions"], json!([]));
    assert_eq!(get(&address, "/healthz").await.0, 200);
    let text = wait_until("the event is counted", async || {
        let (_, text) = get(&address, "/metrics").await;
        text.contains("okta_insight_event_latency_seconds_count{connection=\"main\"} 1").then_some(text)
    })
    .await;
    for line in [
        "okta_insight_connection_up{connection=\"main\"} 1",
        "okta_insight_executions_total{connection=\"main\",outcome=\"succeeded\"} 1",
        "okta_insight_records_total{connection=\"main\",kind=\"user\",outcome=\"updated\"} 1",
        "okta_insight_okta_rate_limit_remaining_requests{connection=\"main\",bucket=\"",
        "okta_insight_system_log_caught_up_timestamp_seconds{connection=\"main\"} ",
        "okta_insight_last_successful_sync_timestamp_seconds{connection=\"main\"} ",
        "okta_insight_assets_requests_total{connection=\"main\",credential=\"import\"} ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for path in ["/metrics", "/readyz", "/healthz"] {
        assert_eq!(get(&world.server("listen"), path).await.0, 404, "{path} is not for the internet");
    }
}

#[tokio::test]
async fn safeguard_alert_reaches_webhook() {
    let webhook = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/s3cret"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&webhook)
        .await;
    let url = format!("{}/s3cret", webhook.uri());
    let world = configured(&format!("{DEAF}[connections.main.alerts]\nwebhook_url = \"{url}\"\n"));
    let daemon = world.daemon();
    log_was_read(&world).await;
    let control = world.control();
    delete(&control, &users(&control).await[..20]).await;
    world.run(&["sync", "--config", "c.toml"]);
    let alert: Value = wait_until("the alert is sent", async || {
        let sent = webhook.received_requests().await.unwrap();
        sent.first().map(|request| serde_json::from_slice(&request.body).unwrap())
    })
    .await;
    assert_eq!(
        (&alert["connection"], &alert["kind"]),
        (&json!("main"), &json!("safeguard_triggered")),
        "{alert}"
    );
    assert_eq!(alert["code"], "safeguard_triggered", "{alert}");
    assert!(alert["facts"]["violation"].is_object() && alert["remedy"].is_string(), "{alert}");
    assert!(alert["message"].is_string() && alert["started_at"].is_string(), "{alert}");
    assert_eq!(in_sync(&world, Duration::ZERO).await.marked_deleted, 0);
    daemon.end();
    assert!(
        world.log().contains("safeguard_triggered") && !world.log().contains("s3cret"),
        "{}",
        world.log()
    );
}

#[tokio::test]
async fn log_lines_name_connection_and_run() {
    let world = test_env();
    let daemon = world.daemon();
    let control = world.control();
    rename(&control, &users(&control).await[0], "Nuuk").await;
    let ended = line(&world, |line| line["fields"]["message"] == "run ended").await;
    assert_eq!(span(&ended, "following")["connection"], "main");
    let run = span(&ended, "run");
    assert!(run["run"].is_string() && run["execution"].is_string(), "{ended}");

    // Everything but the listing of users is refused.
    control.call("POST", "/okta/role/off", &Value::Null).await.unwrap();
    rename(&control, &users(&control).await[0], "Pau").await;
    let refused = line(&world, |line| span(line, "okta")["status"] == 403).await;
    assert!(span(&refused, "okta")["request_id"].is_string(), "{refused}");
    assert_eq!(span(&refused, "following")["connection"], "main");
    drop(daemon);
}

/// The first line of the daemon's log that fits.
async fn line(world: &TestEnv, fits: fn(&Value) -> bool) -> Value {
    let find = async || world.log().lines().filter_map(|line| serde_json::from_str(line).ok()).find(fits);
    wait_until("the line is in the log", find).await
}

/// The span of that name around a line, or nothing.
fn span(line: &Value, name: &str) -> Value {
    let spans = line["spans"].as_array();
    spans.and_then(|spans| spans.iter().find(|span| span["name"] == name)).cloned().unwrap_or_default()
}
