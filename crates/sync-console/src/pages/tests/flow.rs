//! A connection from its setup to live changes, page by page.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::test_env::{Answer, TestEnv, own};

const HOSTILE: &str = "\"><script>alert(1)</script>";

/// The part of a page between two texts.
fn between<'p>(page: &'p str, begin: &str, end: &str) -> &'p str {
    page.split_once(begin).unwrap().1.split_once(end).unwrap().0
}

#[tokio::test]
async fn new_connection_shows_empty_states() {
    let world = TestEnv::start().await;
    let mut pages = Vec::new();
    for page in ["runs", "events", "plan", "checks"] {
        let Answer { status, body, .. } = world.get(&format!("/connections/main/{page}")).await;
        assert_eq!(status, StatusCode::OK);
        pages.push(own(&body));
    }
    insta::assert_snapshot!(pages.join("\n\n"));
}

#[tokio::test]
async fn plan_is_created_and_applied() {
    let world = TestEnv::start().await;
    let users = world.control.get("/okta/users").await.unwrap()["users"].take();
    let user = users[0]["id"].as_str().unwrap();
    world
        .control
        .call("POST", &format!("/okta/users/{user}"), &json!({ "city": HOSTILE, "login": HOSTILE }))
        .await
        .unwrap();
    // Otherwise its event may be applied before the plan is made.
    world.member().connection().unwrap().pause(None).await.unwrap();
    world.set_up().await;
    assert_eq!(world.post("/connections/main/plan", &[]).await.status, StatusCode::SEE_OTHER);
    let plan = world.page_with("/connections/main/plan", "Changes by object").await;
    assert!(plan.contains("&quot;&gt;&lt;script&gt;alert(1)"), "{}", own(&plan));
    assert!(!plan.contains("<script>alert"));
    insta::assert_snapshot!("plan", own(&plan));

    let id = between(&plan, "name=\"plan\" value=\"", "\"");
    let stale = world.post("/connections/main/plan/synchronize", &[("plan", "999")]).await;
    assert_eq!(stale.status, StatusCode::BAD_REQUEST);
    world.member().connection().unwrap().resume().await.unwrap();
    let begun = world.post("/connections/main/plan/synchronize", &[("plan", id)]).await;
    assert_eq!(begun.location.as_deref(), Some("/connections/main/activity"));
    let runs = world.page_with("/connections/main/runs?kind=full_sync", "✓").await;
    let run = between(&runs, "href=\"/connections/main/runs/", "\"");
    let detail = world.page_with(&format!("/connections/main/runs/{run}"), "(after ").await;
    assert!(detail.contains("Executions in Assets") && detail.contains("Processed"), "{}", own(&detail));

    let failed = world.get("/connections/main/runs?failed=yes&kind=full_sync").await;
    assert!(failed.body.contains("No matching runs"));
    assert!(failed.body.contains("value=\"yes\" checked"), "the form shows what was asked for");
}

#[tokio::test]
async fn safeguard_override_requires_review() {
    let world = TestEnv::start().await;
    world.set_up().await;
    world.synchronize().await;
    world.member().connection().unwrap().pause(None).await.unwrap();
    let users = world.control.get("/okta/users").await.unwrap()["users"].take();
    for user in users.as_array().unwrap() {
        let id = user["id"].as_str().unwrap();
        world.control.call("DELETE", &format!("/okta/users/{id}"), &Value::Null).await.unwrap();
    }
    world.post("/connections/main/plan", &[]).await;
    let plan = world.page_with("/connections/main/plan", "Retire</th>").await;
    insta::assert_snapshot!(own(between(&plan, "<div data-part=\"plan\">", "</section>")));
    let id = between(&plan, "name=\"plan\" value=\"", "\"");
    let refused = world.post("/connections/main/plan/synchronize", &[("plan", id)]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    world.member().connection().unwrap().resume().await.unwrap();
    let accepted = world.post("/connections/main/plan/synchronize", &[("plan", id), ("accept", "yes")]).await;
    assert_eq!(accepted.status, StatusCode::SEE_OTHER, "{}", accepted.body);
    let done = world.page_with("/connections/main/runs?kind=full_sync", "6 updated").await;
    assert!(done.contains("Succeeded"));
}

#[tokio::test]
async fn failed_checks_come_first() {
    let world = TestEnv::start().await;
    assert_eq!(world.post("/connections/main/checks", &[]).await.status, StatusCode::SEE_OTHER);
    let page = world.page_with("/connections/main/checks", "Okta org</caption>").await;
    let problem = page.find("notice-problem").unwrap();
    assert!(problem < page.find("<caption>").unwrap());
    assert!(page.contains("→"), "a remedy stands beside it");
    assert!(page.contains("Press <b>Setup</b> on the Setup page"), "in words of the console: {}", own(&page));
}
