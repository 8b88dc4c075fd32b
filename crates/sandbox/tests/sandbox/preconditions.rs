//! What an operator has to get right, taken away by hand.

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::receiver::Receiver;

/// How far the org's `Date` is from this machine's clock, in seconds.
fn skew(date: &http::HeaderValue) -> i64 {
    let date = jiff::fmt::rfc2822::parse(date.to_str().unwrap()).unwrap();
    date.timestamp().duration_since(jiff::Timestamp::now()).as_secs()
}

#[tokio::test]
async fn clock_skew_shifts_dates_and_validation() {
    let env = TestEnv::new().await;
    env.control("POST", "/okta/clock/7200", Value::Null).await;
    let early = env.ask_for_token().await;
    assert_eq!((early.status, early.json()["error"].as_str()), (401, Some("invalid_client")));
    assert!((7198..=7202).contains(&skew(&early.headers["date"])), "{:?}", early.headers["date"]);
    env.control("POST", "/okta/clock/0", Value::Null).await;
    assert_eq!(env.ask_for_token().await.status, 200);
}

#[tokio::test]
async fn organization_is_readable_without_credentials() {
    let env = TestEnv::new().await;
    let url = format!("{}/.well-known/okta-organization", env.ready("/okta/org_url"));
    let told: Value = env.http.get(url).send().await.unwrap().json().await.unwrap();
    assert!(told["id"].as_str().unwrap().starts_with("00o"), "{told}");
    assert_eq!(told["_links"]["organization"]["href"], env.ready("/okta/org_url"));
}

#[tokio::test]
async fn role_can_exclude_schemas() {
    let env = TestEnv::new().await;
    env.control("POST", "/okta/role/no-schemas", Value::Null).await;
    assert_eq!(env.get("/api/v1/meta/schemas/group/default").await.status, 403);
    assert_eq!(env.get("/api/v1/meta/types/user").await.status, 403);
    assert_ne!(env.get("/api/v1/users").await.json(), json!([]));
    assert_eq!(env.try_control("POST", "/okta/role/some", Value::Null).await.status, 400);
}

#[tokio::test]
async fn control_api_edits_event_hooks() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    let id = env.hook(&receiver, &["group.lifecycle.create", "group.profile.update"]).await;
    let path = format!("/okta/hooks/{id}");
    env.control("PUT", &format!("{path}/events"), json!(["group.lifecycle.create"])).await;
    let hook = env.get(&format!("/api/v1/eventHooks/{id}")).await.json();
    assert_eq!(hook["events"]["items"], json!(["group.lifecycle.create"]));
    let verified = env.control("POST", &format!("{path}/verify"), Value::Null).await;
    assert_eq!(verified["verificationStatus"], "VERIFIED");
    let mut other = hook.clone();
    other["name"] = "By hand".into();
    let made = env.control("POST", "/okta/hooks", other).await;
    assert_eq!((&made["name"], &made["verificationStatus"]), (&json!("By hand"), &json!("UNVERIFIED")));
    env.control("DELETE", &path, Value::Null).await;
    assert_eq!(env.get(&format!("/api/v1/eventHooks/{id}")).await.status, 404);
    assert!(env.logged().await.contains(&"event_hook.deleted".to_owned()));
}

#[tokio::test]
async fn settings_can_require_the_account() {
    let env = TestEnv::new().await;
    let source = "/importsource/a1b2c3d4-source";
    assert_eq!(env.import("GET", "", &Value::Null).await.status, 200);
    let settings = json!({"settingsForAccountOnly": true, "objectsElsewhere": 49_000});
    env.control("PUT", "/insight/settings", settings).await;
    assert_eq!(env.import("GET", "", &Value::Null).await.status, 403);
    assert_eq!(env.account("GET", source, &Value::Null).await.status, 200);
    let usage = env.account("GET", "/usage", &Value::Null).await.json();
    assert_eq!(usage["totalObjectsCount"], 49_000);
}
