//! The System Log.

use serde_json::{Value, json};

use crate::env::TestEnv;

async fn make_users(env: &TestEnv, count: usize) {
    for n in 0..count {
        env.control("POST", "/okta/users", json!({"login": format!("n{n}@example.com")})).await;
    }
}

#[tokio::test]
async fn unbounded_query_pages_every_event_once() {
    let env = TestEnv::new().await;
    let mut next = "/api/v1/logs?limit=2".to_owned();
    let empty = env.get(&next).await;
    assert_eq!(empty.json(), json!([]));
    next = empty.next().unwrap();
    make_users(&env, 3).await;
    let mut seen = Vec::new();
    loop {
        let page = env.get(&next).await;
        next = page.next().unwrap();
        let events = page.json().as_array().unwrap().clone();
        if events.is_empty() {
            break;
        }
        assert!(events.len() <= 2);
        seen.extend(events.into_iter().map(|e| e["uuid"].as_str().unwrap().to_owned()));
    }
    let all = env.get("/api/v1/logs?limit=1000&sortOrder=ASCENDING").await.json();
    let all: Vec<_> = all.as_array().unwrap().iter().map(|e| e["uuid"].as_str().unwrap()).collect();
    assert_eq!(seen, all);
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn bounded_query_ends_without_next_link() {
    let env = TestEnv::new().await;
    make_users(&env, 2).await;
    let first = env.get("/api/v1/logs?limit=3&since=2026-01-01T00:00:00Z&until=2999-01-01T00:00:00Z").await;
    assert_eq!(first.json().as_array().unwrap().len(), 3);
    let last = env.get(&first.next().unwrap()).await;
    assert_eq!(last.json().as_array().unwrap().len(), 1);
    assert_eq!(last.next(), None);
}

#[tokio::test]
async fn bad_queries_are_refused() {
    let env = TestEnv::new().await;
    for (query, code) in [
        ("since=2026-01-01T00:00:00Z&after=x", "E0000001"),
        ("after=nonsense", "E0000001"),
        ("since=yesterday", "E0000001"),
        ("limit=1001", "E0000001"),
        ("filter=eventType%20is%20%22x%22", "E0000053"),
        ("filter=published%20gt%20%222026-01-01T00:00:00Z%22", "E0000053"),
    ] {
        let refused = env.get(&format!("/api/v1/logs?{query}")).await;
        assert_eq!((refused.status, &refused.json()["errorCode"]), (400, &json!(code)), "{query}");
    }
}

#[tokio::test]
async fn log_filter_matches_types_and_targets() {
    let env = TestEnv::new().await;
    let user = env.users().await[0].clone();
    env.control("POST", &format!("/okta/users/{user}"), json!({"title": "x"})).await;
    env.control("POST", "/okta/groups", json!({"name": "New"})).await;
    make_users(&env, 1).await;
    for (filter, count) in [
        (r#"eventType eq "group.lifecycle.create""#.to_owned(), 1),
        (r#"eventType sw "user.lifecycle." or eventType sw "group.""#.to_owned(), 3),
        (format!(r#"target.id eq "{user}""#), 1),
    ] {
        let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let found = env.get(&format!("/api/v1/logs?filter={filter}")).await;
        assert_eq!(found.json().as_array().map(Vec::len), Some(count), "{filter}: {}", found.text);
        assert!(found.next().unwrap().contains("filter="), "the next page is filtered too");
    }
}

#[tokio::test]
async fn expired_cursor_needs_new_query() {
    let env = TestEnv::new().await;
    make_users(&env, 1).await;
    let next = env.get("/api/v1/logs").await.next().unwrap();
    env.control("DELETE", "/okta/log/cursors", Value::Null).await;
    assert_eq!(env.get(&next).await.status, 400);
    assert_eq!(env.get("/api/v1/logs").await.json().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn expired_events_are_silently_omitted() {
    let env = TestEnv::new().await;
    make_users(&env, 1).await;
    let next = env.get("/api/v1/logs").await.next().unwrap();
    make_users(&env, 0).await;
    env.control("POST", "/okta/groups", json!({"name": "Lost"})).await;
    env.control("DELETE", "/okta/log", Value::Null).await;
    env.control("POST", "/okta/groups", json!({"name": "Kept"})).await;
    let page = env.get(&next).await.json();
    assert_eq!(page.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn delayed_event_follows_newer_ones() {
    let env = TestEnv::new().await;
    let next = env.get("/api/v1/logs").await.next().unwrap();
    env.faults("okta.log-delay=100000").await;
    env.control("POST", "/okta/groups", json!({"name": "Early"})).await;
    env.faults("").await;
    env.control("POST", "/okta/groups", json!({"name": "Late"})).await;
    let first = env.get(&next).await;
    assert_eq!(first.json().as_array().unwrap().len(), 1);
    env.control("POST", "/release", Value::Null).await;
    let late = crate::env::eventually(async || {
        let page = env.get(&first.next().unwrap()).await.json();
        page.get(0).cloned()
    })
    .await;
    assert!(late["published"].as_str() < first.json()[0]["published"].as_str());
}

#[tokio::test]
async fn hook_lifecycle_is_logged() {
    let env = TestEnv::new().await;
    let receiver = crate::receiver::Receiver::start().await;
    let id = env.hook(&receiver, &["user.lifecycle.create"]).await;
    let path = format!("/api/v1/eventHooks/{id}");
    env.okta("POST", &format!("{path}/lifecycle/deactivate"), &Value::Null).await;
    env.okta("DELETE", &path, &Value::Null).await;
    let kinds = ["created", "verified", "deactivated", "deleted"].map(|kind| format!("event_hook.{kind}"));
    assert_eq!(env.logged().await, kinds);
}
