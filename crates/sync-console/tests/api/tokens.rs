//! Tokens are made, used and revoked, and told once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::test_env::TestEnv;

#[tokio::test]
async fn token_is_shown_once_and_revocable() {
    let world = TestEnv::start().await;
    let api = &world.api;
    let first = api.get("/tokens", 200).await["tokens"][0]["id"].clone();
    let last = api.delete(&format!("/tokens/{first}"), 409).await;
    assert_eq!(last["title"], "Can't revoke the last administrator token");

    let made = api
        .post("/tokens", &json!({ "name": "dashboard", "role": "read_only", "expires_in_days": 30 }), 201)
        .await;
    let reader = api.with_token(made["token"].as_str().unwrap());
    assert_eq!((&made["entry"]["name"], &made["entry"]["role"]), (&json!("dashboard"), &json!("read_only")));
    assert!(made["entry"]["expires_at"].is_string(), "{made}");
    let listed = reader.get("/tokens", 200).await;
    assert_eq!(listed["tokens"].as_array().unwrap().len(), 2, "{listed}");
    assert!(!reader.received().contains(made["token"].as_str().unwrap()), "a token was told again");
    let times = api.received().matches(made["token"].as_str().unwrap()).count();
    assert_eq!(times, 1);

    let admin = api.post("/tokens", &json!({ "name": "second", "role": "admin" }), 201).await;
    assert_eq!(admin["entry"]["expires_at"], Value::Null);
    let second = api.with_token(admin["token"].as_str().unwrap());
    second.delete(&format!("/tokens/{}", made["entry"]["id"]), 204).await;
    assert_eq!(reader.answer(reader.request(Method::GET, "/tokens")).await.0, 401);
    second.delete(&format!("/tokens/{first}"), 204).await;
    second.delete(&format!("/tokens/{}", admin["entry"]["id"]), 409).await;
    assert_eq!(api.answer(api.request(Method::GET, "/version")).await.0, 401);
    world.end().await;
}

#[tokio::test]
async fn invalid_token_requests_are_rejected() {
    let world = TestEnv::start().await;
    let api = &world.api;
    for wish in [
        json!({}),
        json!([]),
        json!({ "name": "x" }),
        json!({ "name": "", "role": "admin" }),
        json!({ "name": "  ", "role": "admin" }),
        json!({ "name": "7", "role": "admin" }),
        json!({ "name": "oia_abc", "role": "admin" }),
        json!({ "name": "two\nlines", "role": "admin" }),
        json!({ "name": "x".repeat(101), "role": "admin" }),
        json!({ "name": "x", "role": "owner" }),
        json!({ "name": "x", "role": "admin", "expires_in_days": 0 }),
        json!({ "name": "x", "role": "admin", "expires_in_days": 3651 }),
        json!({ "name": "x", "role": "admin", "hash": "y" }),
    ] {
        let told = api.post("/tokens", &wish, 422).await;
        assert!(!told.to_string().contains("oia_abc"), "what may be a token was told: {told}");
    }
    api.post("/tokens", &json!({ "name": "twice", "role": "read_only" }), 201).await;
    let taken = api.post("/tokens", &json!({ "name": "twice", "role": "admin" }), 409).await;
    assert_eq!(taken["title"], "Name already in use");
    for (id, status) in [("77", 404), ("0", 404), ("-1", 404), ("twice", 404), ("99999999999999999999", 404)]
    {
        api.delete(&format!("/tokens/{id}"), status).await;
    }
    assert_eq!(api.get("/tokens", 200).await["tokens"].as_array().unwrap().len(), 2);
    world.end().await;
}

#[tokio::test]
async fn read_only_token_changes_nothing() {
    let world = TestEnv::start().await.saved().await;
    let made = world.api.post("/tokens", &json!({ "name": "reader", "role": "read_only" }), 201).await;
    let reader = world.api.with_token(made["token"].as_str().unwrap());
    for path in ["objects", "active-runs", "tasks", "metric-samples", "events", "runs", "schema"] {
        reader.get(&format!("/connections/main/{path}"), 200).await;
    }
    let refused = [
        (Method::POST, "/tokens".to_owned(), json!({ "name": "mine", "role": "admin" })),
        (Method::DELETE, format!("/tokens/{}", made["entry"]["id"]), Value::Null),
        (Method::POST, "/connections/main/objects/user/00u1/resend".to_owned(), Value::Null),
        (Method::POST, "/connections/main/schema/preview".to_owned(), json!({ "mapping": {} })),
    ];
    for (method, path, body) in refused {
        let told = reader.send(reader.request(method, &path).json(&body), 403).await;
        assert!(told["detail"].as_str().unwrap().contains("read"), "{path}: {told}");
    }
    world.end().await;
}
