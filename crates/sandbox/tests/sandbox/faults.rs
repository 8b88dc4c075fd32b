//! Faults of the way, on both sides, and how they are asked for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{TestEnv, eventually, options};

#[tokio::test]
async fn okta_429_header_variants_are_simulated() {
    let world = TestEnv::new().await;
    world.faults("okta.429=1").await;
    let limited = world.get("/api/v1/users").await;
    assert_eq!((limited.status, &limited.json()["errorCode"]), (429, &json!("E0000047")));
    assert_eq!(limited.headers["x-rate-limit-remaining"], "0");
    assert_ne!(limited.headers["x-rate-limit-limit"], "0");
    world.faults("okta.429-no-headers=1").await;
    let bare = world.get("/api/v1/users").await;
    assert!(bare.status == 429 && bare.headers.get("x-rate-limit-limit").is_none());
    world.faults("okta.concurrency=1").await;
    let concurrency = world.get("/api/v1/users").await;
    assert_eq!(concurrency.headers["x-rate-limit-limit"], "0");
    assert_eq!(concurrency.headers["x-rate-limit-remaining"], "0");
}

#[tokio::test]
async fn assets_429_may_omit_retry_after() {
    let world = TestEnv::new().await;
    world.faults("assets.429=1").await;
    let limited = world.import("GET", "/configstatus", &Value::Null).await;
    assert!(limited.status == 429 && limited.headers.contains_key("retry-after"));
    world.faults("assets.429-no-headers=1").await;
    let bare = world.import("GET", "/configstatus", &Value::Null).await;
    assert!(bare.status == 429 && !bare.headers.contains_key("retry-after") && bare.text.is_empty());
}

#[tokio::test]
async fn server_errors_cover_every_status() {
    let world = TestEnv::new().await;
    world.faults("seed=3,okta.5xx=1,assets.5xx=1").await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        seen.insert(world.get("/api/v1/users").await.status);
        seen.insert(world.import("GET", "/configstatus", &Value::Null).await.status);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [500, 502, 503, 504]);
}

#[tokio::test]
async fn connection_faults_cut_header_or_body() {
    let world = TestEnv::new().await;
    for spec in ["okta.reset=1", "okta.lost-response=1"] {
        world.faults(spec).await;
        let error = world.try_okta("GET", "/api/v1/users", &Value::Null).await.unwrap_err();
        assert!(error.is_request() && error.status().is_none(), "{spec}: {error:?}");
    }
    world.faults("okta.reset-body=1").await;
    let error = world.try_okta("GET", "/api/v1/users", &Value::Null).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
}

#[tokio::test]
async fn only_lost_response_takes_effect() {
    let world = TestEnv::new().await.mapped().await;
    world.faults("assets.reset=1").await;
    assert!(world.try_import("POST", "/executions", &Value::Null).await.is_err());
    world.faults("").await;
    assert_eq!(world.import("GET", "/configstatus", &Value::Null).await.json()["status"], "IDLE");
    world.faults("assets.lost-response=1").await;
    assert!(world.try_import("POST", "/executions", &Value::Null).await.is_err());
    world.faults("").await;
    assert_eq!(world.import("GET", "/configstatus", &Value::Null).await.json()["status"], "RUNNING");
}

#[tokio::test]
async fn truncated_response_keeps_status_200() {
    let world = TestEnv::new().await;
    world.faults("okta.truncate=1").await;
    let half = world.get("/api/v1/users").await;
    assert!(half.status == 200 && half.text.starts_with("[{"));
    assert!(serde_json::from_str::<Value>(&half.text).is_err());
}

#[tokio::test]
async fn routing_404_names_no_object() {
    let world = TestEnv::new().await;
    world.faults("seed=3,okta.404=1,assets.404=1").await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let lost = world.get("/api/v1/users/me").await;
        assert!(lost.status == 404 && !lost.text.contains("E0000007"), "{}", lost.text);
        seen.insert(lost.text);
        assert_eq!(world.import("GET", "/configstatus", &Value::Null).await.status, 404);
    }
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn past_429_reset_is_simulated() {
    let world = TestEnv::new().await;
    world.faults("okta.429-past=1,assets.429-past=1").await;
    let limited = world.get("/api/v1/users").await;
    let reset: i64 = limited.headers["x-rate-limit-reset"].to_str().unwrap().parse().unwrap();
    assert!(limited.status == 429 && reset < jiff::Timestamp::now().as_second());
    let limited = world.import("GET", "/configstatus", &Value::Null).await;
    assert!(limited.status == 429 && limited.headers["retry-after"] == "0");
}

#[tokio::test]
async fn one_corrupted_item_keeps_its_id() {
    let world = TestEnv::new().await;
    world.faults("okta.odd=1x/api/v1/users").await;
    let users = world.get("/api/v1/users").await.json();
    let odd: Vec<_> = users.as_array().unwrap().iter().filter(|user| user["profile"] == 7).collect();
    assert!(odd.len() == 1 && odd[0]["id"].is_string() && users.as_array().unwrap().len() > 1);
    let again = world.get("/api/v1/users").await.text;
    assert!(!again.contains("\"profile\":7"));
}

#[tokio::test]
async fn rejected_chunk_leaves_execution_open() {
    let world = TestEnv::new().await.mapped().await;
    let execution = world.begin().await;
    world.faults("assets.refused=1x").await;
    let sent = json!({"data": {"groups": []}});
    let refused = world.import("POST", &format!("{execution}/data"), &sent).await;
    assert!([400, 413, 422].contains(&refused.status), "{}", refused.text);
    assert_eq!(world.import("GET", "/configstatus", &Value::Null).await.json()["status"], "RUNNING");
}

#[tokio::test]
async fn latency_lies_between_its_two_ends() {
    let world = TestEnv::new().await;
    world.faults("okta.latency=40..60").await;
    let before = Instant::now();
    world.get("/api/v1/users").await;
    assert!(before.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn same_seed_hits_same_requests() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let world = TestEnv::new().await;
        world.faults("seed=11,okta.429=0.5").await;
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(world.get("/api/v1/groups").await.status);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&429));
}

#[tokio::test]
async fn control_api_edits_fault_spec() {
    let world = TestEnv::new().await;
    world.control("PUT", "/faults", json!({"seed": 5, "hooks": {"lost": 0.5}})).await;
    world.control("POST", "/faults", json!({"okta": {"latency": [1, 2]}})).await;
    let shown = world.control("GET", "/faults", Value::Null).await;
    assert_eq!(shown["spec"], json!({"seed": 5, "hooks.lost": "0.5", "okta.latency": "1..2@1"}));
    let refused = world.try_control("PUT", "/faults", json!({"okta": {"latencie": 1}})).await;
    assert!(refused.status == 400 && refused.text.contains("okta.latencie"), "{}", refused.text);
    world.control("DELETE", "/faults", Value::Null).await;
    assert_eq!(world.control("GET", "/faults", Value::Null).await["spec"], json!({"seed": 0}));
}

#[tokio::test]
async fn fault_spec_applies_at_startup() {
    let mut options = options();
    options.faults = "assets.5xx=1".parse().unwrap();
    let world = TestEnv::with(options).await;
    assert!(world.import("GET", "/configstatus", &Value::Null).await.status >= 500);
}

#[tokio::test]
async fn reads_are_stale_until_lag_passes() {
    let world = TestEnv::new().await;
    let (user, group) = (world.users().await[0].clone(), world.groups().await[0].clone());
    let made = world.control("POST", "/okta/users", json!({"login": "late@example.com"})).await;
    let added = format!("/okta/groups/{group}/users/{}", made["id"].as_str().unwrap());
    let by_id = format!("/api/v1/users/{user}");
    let members = format!("/api/v1/groups/{group}/users");
    let title = async || world.get(&by_id).await.json()["profile"]["title"].as_str().unwrap().to_owned();
    let old = title().await;
    world.faults("okta.lag=100000").await;
    world.control("POST", &format!("/okta/users/{user}"), json!({"title": "New title"})).await;
    world.control("PUT", &added, Value::Null).await;
    assert_eq!(title().await, old);
    assert!(!world.get(&members).await.text.contains("late@example.com"));
    assert!(!world.get("/api/v1/users").await.text.contains("New title"));
    assert!(world.control("GET", "/okta/users", Value::Null).await.to_string().contains("New title"));
    world.control("DELETE", "/faults", Value::Null).await;
    assert_eq!(title().await, "New title");
    assert!(world.get(&members).await.text.contains("late@example.com"));
    world.faults("okta.lag=40").await;
    world.control("POST", &format!("/okta/users/{user}"), json!({"title": "Newer title"})).await;
    eventually(async || (title().await == "Newer title").then_some(())).await;
}

#[tokio::test]
async fn a_search_lags_behind_the_reads() {
    let world = TestEnv::new().await;
    let user = world.users().await[0].clone();
    world.faults("okta.lag=1,okta.search-lag=100000").await;
    world.control("POST", &format!("/okta/users/{user}"), json!({"title": "New title"})).await;
    let path = format!("/api/v1/users/{user}");
    eventually(async || (world.get(&path).await.json()["profile"]["title"] == "New title").then_some(()))
        .await;
    let search = "/api/v1/users?search=profile.title%20eq%20%22New%20title%22";
    assert_eq!(world.get(search).await.json(), json!([]));
    world.control("DELETE", "/faults", Value::Null).await;
    assert_eq!(world.get(search).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn revoked_tokens_are_rejected() {
    let world = TestEnv::new().await.mapped().await;
    world.control("DELETE", "/okta/tokens", Value::Null).await;
    assert_eq!(world.get("/api/v1/users").await.status, 401);
    let execution = world.begin().await;
    world.control("POST", "/insight/token", Value::Null).await;
    let refused = world.import("POST", &format!("{execution}/data"), &json!({"completed": true})).await;
    assert_eq!((refused.status, refused.json()), (401, json!({"code": 401, "message": "Unauthorized"})));
}
