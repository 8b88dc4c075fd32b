//! The audit log: each change of the API leaves an entry.

use reqwest::Method;
use serde_json::{Value, json};

use crate::test_env::TestEnv;

/// Operations that ask both services and keep no more than what was seen.
const CHANGING_NOTHING: [&str; 7] = [
    "validate_connection",
    "verify",
    "run_checks",
    "compare_schemas",
    "preview_schema",
    "create_plan",
    "delete_plan",
];

async fn newest(world: &TestEnv) -> Value {
    world.api.get("/audit?limit=1", 200).await["entries"][0].clone()
}

#[tokio::test]
async fn every_changing_operation_leaves_an_entry() {
    let world = TestEnv::start().await.saved().await;
    let document = sync_console::openapi();
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let at = path.strip_prefix("/api/v1").unwrap().replace("{name}", "nobody").replace("{id}", "77");
        let at = at.replace("{kind}", "user").replace("{object}", "00u7").replace("{event}", "e7");
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            if method == "get" || CHANGING_NOTHING.contains(&id) {
                continue;
            }
            let before = newest(&world).await["id"].as_i64().unwrap_or_default();
            let method: Method = method.to_uppercase().parse().unwrap();
            let (status, _) = world.api.answer(world.api.request(method, &at)).await;
            let entry = newest(&world).await;
            assert_eq!(entry["id"], before + 1, "{id} leaves no entry: {entry}");
            assert_eq!(entry["succeeded"], status < 400, "{id} {status}: {entry}");
            assert!(!entry["action"].as_str().unwrap().contains(' '), "{id} has no name: {entry}");
            tried += 1;
        }
    }
    assert!(tried >= 10, "{tried}");
    world.end().await;
}

#[tokio::test]
async fn audit_entry_has_actor_and_origin() {
    let world = TestEnv::start().await.saved().await;
    let entry = newest(&world).await;
    let of = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (of("actor"), of("via"), of("origin")),
        ("first administrator".into(), "token".into(), "127.0.0.1".into())
    );
    assert_eq!((of("action"), of("connection")), ("save_connection".into(), "main".into()));
    assert_eq!(entry["before"], Value::Null);
    assert!(entry["after"]["settings"]["okta"]["org_url"].is_string(), "{entry}");
    world.api.post("/connections/main/pause", &json!({ "seconds": 600 }), 200).await;
    let entry = newest(&world).await;
    assert_eq!((&entry["request"], &entry["before"]), (&json!({ "seconds": 600 }), &Value::Null), "{entry}");
    assert!(entry["after"]["paused"].is_object(), "{entry}");
    let made = world.api.post("/tokens", &json!({ "name": "ro", "role": "read_only" }), 201).await;
    let entry = newest(&world).await;
    assert_eq!(entry["after"]["tokens"]["2"]["name"], "ro", "{entry}");
    let all = world.api.get("/audit?limit=500", 200).await.to_string();
    for secret in world.secrets().iter().map(String::as_str).chain(made["token"].as_str()) {
        assert!(!all.contains(secret), "a secret is in the audit log");
    }
    let page = world.api.get(&format!("/audit?limit=2&before={}", entry["id"]), 200).await;
    assert_eq!(page["entries"].as_array().unwrap().len(), 2);
    let reader = world.api.with_token(made["token"].as_str().unwrap());
    reader.get("/audit", 403).await;
    world.end().await;
}
