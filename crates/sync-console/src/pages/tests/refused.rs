//! Missing pages, read-only pages, invalid forms, and failed events.

use std::time::Duration;

use axum::http::StatusCode;
use sync_engine::{Clock, EventInbox, Fact, Finding, NewEvent, Subject, SystemClock, WorkKind, WorkQueue};
use sync_model::{EventId, UserId};

use super::test_env::{Answer, TestEnv, main, own};
use crate::access::Role;

#[tokio::test]
async fn missing_pages_return_not_found() {
    let world = TestEnv::start().await;
    for path in [
        "/connections/other/runs",
        "/connections/other/events",
        "/connections/other/plan",
        "/connections/other/schema",
        "/connections/other/schema/choices",
        "/connections/other/checks",
        "/connections/main/runs/99",
        "/connections/main/runs/first",
        "/connections/main/runs/99/stream",
        "/connections/main/events/none",
        "/connections/main/events/none/stream",
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains("doesn't exist"), "{path}");
    }
    for path in ["/connections/main/runs?kind=odd", "/connections/main/events?state=odd"] {
        assert_eq!(world.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

/// Stores an event that fails after its last attempt.
async fn fail_event(world: &TestEnv, id: &str) {
    let store = world.fleet.store().connection(&main()).await.unwrap();
    let now = SystemClock.now();
    let event = NewEvent {
        id: EventId::new(id),
        event_type: "user.account.<b>".into(),
        published_at: now,
        subjects: vec![Subject::User(UserId::new("00u\"><b>1"))],
        requires_newer_object: true,
        expect_deleted: false,
        hook_notice: None,
    };
    store.store_events(&[event], now).await.unwrap();
    let looks = store.claim_work(WorkKind::Object, 10, now, Duration::from_mins(1)).await.unwrap();
    let failure = Fact::ObjectsFailed {
        objects: 1,
        attempts: 12,
        error: "Okta refused the request: invalid_client".to_owned(),
    };
    store.fail_work(&looks, &Finding::error(failure), now).await.unwrap();
}

#[tokio::test]
async fn failed_events_are_replayed() {
    let world = TestEnv::start().await;
    fail_event(&world, "e1").await;
    fail_event(&world, "e2").await;
    let list = world.get("/connections/main/events?state=failed").await;
    insta::assert_snapshot!("events", own(&list.body));
    let one = world.get("/connections/main/events/e1").await;
    insta::assert_snapshot!("event", own(&one.body));

    let unknown = world.post("/connections/main/events/replay", &[("id", "none")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let back = world.post("/connections/main/events/replay", &[("id", "e1")]).await;
    assert_eq!(back.location.as_deref(), Some("/connections/main/events/e1?replayed=1"));
    let waiting = world.get("/connections/main/events/e1?replayed=1").await;
    assert!(waiting.body.contains("1 event replayed") && waiting.body.contains("Pending work"));
    let rest = world.post("/connections/main/events/replay", &[("which", "failed")]).await;
    assert_eq!(rest.location.as_deref(), Some("/connections/main/events?replayed=1"));
    assert!(world.get("/connections/main/events?state=failed").await.body.contains("No matching events"));
}

#[tokio::test]
async fn form_lists_all_errors() {
    let world = TestEnv::start().await;
    let nothing = world.post("/connections/new", &[]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in [
        "5 settings to correct",
        "connection &quot;main&quot; already exists",
        r##"<a href="#org_url">Okta org URL</a>: "##,
        "✗ Enter the import token.",
    ] {
        assert!(nothing.body.contains(text), "{text}: {}", own(&nothing.body));
    }
    let wrong = [("name", "Acme GmbH"), ("client_id", "0oa1"), ("email", "a@example.com"), ("further", "{")];
    let answer = world.post("/connections/new", &wrong).await;
    for text in [
        "7 settings to correct",
        r##"<a href="#name">Name</a>: invalid connection name &quot;Acme GmbH&quot;: must be 1 to 40"##,
        "Advanced settings</a>: ",
        "Enter the private key",
        "Enter the API token; an Atlassian account requires the site URL, email, and API token",
    ] {
        assert!(answer.body.contains(text), "{text}: {}", own(&answer.body));
    }
    assert!(!answer.body.contains("Enter the client ID"));
}

#[tokio::test]
async fn search_text_is_escaped() {
    let world = TestEnv::start().await;
    let answer = world.get("/connections/main/events?q=%22%3E%3Cscript%3E&state=pending").await;
    assert!(!answer.body.contains("\"><script>"));
    assert!(answer.body.contains("value=\"&quot;&gt;&lt;script&gt;\""));
}

#[tokio::test]
async fn read_only_pages_have_no_forms() {
    let world = TestEnv::start().await;
    fail_event(&world, "e1").await;
    world.page_with("/connections/main/schema/choices", "Preview").await;
    for page in ["runs", "events", "events/e1", "plan", "checks", "schema", "schema/choices"] {
        let Answer { status, body, .. } =
            world.get_as(Role::ReadOnly, &format!("/connections/main/{page}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let own = body.split_once("<main").unwrap().1;
        assert!(!own.contains("method=\"post\""), "{page}: {own}");
    }
}
