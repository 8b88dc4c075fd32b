//! Faults of the way, on both sides, and how they are asked for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::env::{TestEnv, eventually, options};

#[tokio::test]
async fn okta_429_header_variants_are_simulated() {
    let env = TestEnv::new().await;
    env.faults("okta.429=1").await;
    let limited = env.get("/api/v1/users").await;
    assert_eq!((limited.status, &limited.json()["errorCode"]), (429, &json!("E0000047")));
    assert_eq!(limited.headers["x-rate-limit-remaining"], "0");
    assert_ne!(limited.headers["x-rate-limit-limit"], "0");
    env.faults("okta.429-no-headers=1").await;
    let bare = env.get("/api/v1/users").await;
    assert!(bare.status == 429 && bare.headers.get("x-rate-limit-limit").is_none());
    env.faults("okta.concurrency=1").await;
    let concurrency = env.get("/api/v1/users").await;
    assert_eq!(concurrency.headers["x-rate-limit-limit"], "0");
    assert_eq!(concurrency.headers["x-rate-limit-remaining"], "0");
}

#[tokio::test]
async fn assets_429_may_omit_retry_after() {
    let env = TestEnv::new().await;
    env.faults("assets.429=1").await;
    let limited = env.import("GET", "/configstatus", &Value::Null).await;
    assert!(limited.status == 429 && limited.headers.contains_key("retry-after"));
    env.faults("assets.429-no-headers=1").await;
    let bare = env.import("GET", "/configstatus", &Value::Null).await;
    assert!(bare.status == 429 && !bare.headers.contains_key("retry-after") && bare.text.is_empty());
}

#[tokio::test]
async fn server_errors_cover_every_status() {
    let env = TestEnv::new().await;
    env.faults("seed=3,okta.5xx=1,assets.5xx=1").await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        seen.insert(env.get("/api/v1/users").await.status);
        seen.insert(env.import("GET", "/configstatus", &Value::Null).await.status);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [500, 502, 503, 504]);
}

#[tokio::test]
async fn connection_faults_cut_header_or_body() {
    let env = TestEnv::new().await;
    for spec in ["okta.reset=1", "okta.lost-response=1"] {
        env.faults(spec).await;
        let error = env.try_okta("GET", "/api/v1/users", &Value::Null).await.unwrap_err();
        assert!(error.is_request() && error.status().is_none(), "{spec}: {error:?}");
    }
    env.faults("okta.reset-body=1").await;
    let error = env.try_okta("GET", "/api/v1/users", &Value::Null).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
}

#[tokio::test]
async fn only_lost_response_takes_effect() {
    let env = TestEnv::new().await.mapped().await;
    env.faults("assets.reset=1").await;
    assert!(env.try_import("POST", "/executions", &Value::Null).await.is_err());
    env.faults("").await;
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.json()["status"], "IDLE");
    env.faults("assets.lost-response=1").await;
    assert!(env.try_import("POST", "/executions", &Value::Null).await.is_err());
    env.faults("").await;
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.json()["status"], "RUNNING");
}

#[tokio::test]
async fn truncated_response_keeps_status_200() {
    let env = TestEnv::new().await;
    env.faults("okta.truncate=1").await;
    let half = env.get("/api/v1/users").await;
    assert!(half.status == 200 && half.text.starts_with("[{"));
    assert!(serde_json::from_str::<Value>(&half.text).is_err());
}

#[tokio::test]
async fn routing_404_names_no_object() {
    let env = TestEnv::new().await;
    env.faults("seed=3,okta.404=1,assets.404=1").await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let lost = env.get("/api/v1/users/me").await;
        assert!(lost.status == 404 && !lost.text.contains("E0000007"), "{}", lost.text);
        seen.insert(lost.text);
        assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.status, 404);
    }
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn past_429_reset_is_simulated() {
    let env = TestEnv::new().await;
    env.faults("okta.429-past=1,assets.429-past=1").await;
    let limited = env.get("/api/v1/users").await;
    let reset: i64 = limited.headers["x-rate-limit-reset"].to_str().unwrap().parse().unwrap();
    assert!(limited.status == 429 && reset < jiff::Timestamp::now().as_second());
    let limited = env.import("GET", "/configstatus", &Value::Null).await;
    assert!(limited.status == 429 && limited.headers["retry-after"] == "0");
}

#[tokio::test]
async fn one_corrupted_item_keeps_its_id() {
    let env = TestEnv::new().await;
    env.faults("okta.odd=1x/api/v1/users").await;
    let users = env.get("/api/v1/users").await.json();
    let odd: Vec<_> = users.as_array().unwrap().iter().filter(|user| user["profile"] == 7).collect();
    assert!(odd.len() == 1 && odd[0]["id"].is_string() && users.as_array().unwrap().len() > 1);
    let again = env.get("/api/v1/users").await.text;
    assert!(!again.contains("\"profile\":7"));
}

#[tokio::test]
async fn rejected_chunk_leaves_execution_open() {
    let env = TestEnv::new().await.mapped().await;
    let execution = env.begin().await;
    env.faults("assets.refused=1x").await;
    let sent = json!({"data": {"groups": []}});
    let refused = env.import("POST", &format!("{execution}/data"), &sent).await;
    assert!([400, 413, 422].contains(&refused.status), "{}", refused.text);
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.json()["status"], "RUNNING");
}

#[tokio::test]
async fn latency_lies_between_its_two_ends() {
    let env = TestEnv::new().await;
    env.faults("okta.latency=40..60").await;
    let before = Instant::now();
    env.get("/api/v1/users").await;
    assert!(before.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn same_seed_hits_same_requests() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let env = TestEnv::new().await;
        env.faults("seed=11,okta.429=0.5").await;
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(env.get("/api/v1/groups").await.status);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&200) && runs[0].contains(&429));
}

#[tokio::test]
async fn control_api_edits_fault_spec() {
    let env = TestEnv::new().await;
    env.control("PUT", "/faults", json!({"seed": 5, "hooks": {"lost": 0.5}})).await;
    env.control("POST", "/faults", json!({"okta": {"latency": [1, 2]}})).await;
    let shown = env.control("GET", "/faults", Value::Null).await;
    assert_eq!(shown["spec"], json!({"seed": 5, "hooks.lost": "0.5", "okta.latency": "1..2@1"}));
    let refused = env.try_control("PUT", "/faults", json!({"okta": {"latencie": 1}})).await;
    assert!(refused.status == 400 && refused.text.contains("okta.latencie"), "{}", refused.text);
    env.control("DELETE", "/faults", Value::Null).await;
    assert_eq!(env.control("GET", "/faults", Value::Null).await["spec"], json!({"seed": 0}));
}

#[tokio::test]
async fn fault_spec_applies_at_startup() {
    let mut options = options();
    options.faults = "assets.5xx=1".parse().unwrap();
    let env = TestEnv::with(options).await;
    assert!(env.import("GET", "/configstatus", &Value::Null).await.status >= 500);
}

#[tokio::test]
async fn reads_are_stale_until_lag_passes() {
    let env = TestEnv::new().await;
    let (user, group) = (env.users().await[0].clone(), env.groups().await[0].clone());
    let made = env.control("POST", "/okta/users", json!({"login": "late@example.com"})).await;
    let added = format!("/okta/groups/{group}/users/{}", made["id"].as_str().unwrap());
    let by_id = format!("/api/v1/users/{user}");
    let members = format!("/api/v1/groups/{group}/users");
    let title = async || env.get(&by_id).await.json()["profile"]["title"].as_str().unwrap().to_owned();
    let old = title().await;
    env.faults("okta.lag=100000").await;
    env.control("POST", &format!("/okta/users/{user}"), json!({"title": "New title"})).await;
    env.control("PUT", &added, Value::Null).await;
    assert_eq!(title().await, old);
    assert!(!env.get(&members).await.text.contains("late@example.com"));
    assert!(!env.get("/api/v1/users").await.text.contains("New title"));
    assert!(env.control("GET", "/okta/users", Value::Null).await.to_string().contains("New title"));
    env.control("DELETE", "/faults", Value::Null).await;
    assert_eq!(title().await, "New title");
    assert!(env.get(&members).await.text.contains("late@example.com"));
    env.faults("okta.lag=40").await;
    env.control("POST", &format!("/okta/users/{user}"), json!({"title": "Newer title"})).await;
    eventually(async || (title().await == "Newer title").then_some(())).await;
}

#[tokio::test]
async fn a_search_lags_behind_the_reads() {
    let env = TestEnv::new().await;
    let user = env.users().await[0].clone();
    env.faults("okta.lag=1,okta.search-lag=100000").await;
    env.control("POST", &format!("/okta/users/{user}"), json!({"title": "New title"})).await;
    let path = format!("/api/v1/users/{user}");
    eventually(async || (env.get(&path).await.json()["profile"]["title"] == "New title").then_some(())).await;
    let search = "/api/v1/users?search=profile.title%20eq%20%22New%20title%22";
    assert_eq!(env.get(search).await.json(), json!([]));
    env.control("DELETE", "/faults", Value::Null).await;
    assert_eq!(env.get(search).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn revoked_tokens_are_rejected() {
    let env = TestEnv::new().await.mapped().await;
    env.control("DELETE", "/okta/tokens", Value::Null).await;
    assert_eq!(env.get("/api/v1/users").await.status, 401);
    let execution = env.begin().await;
    env.control("POST", "/insight/token", Value::Null).await;
    let refused = env.import("POST", &format!("{execution}/data"), &json!({"completed": true})).await;
    assert_eq!((refused.status, refused.json()), (401, json!({"code": 401, "message": "Unauthorized"})));
}
