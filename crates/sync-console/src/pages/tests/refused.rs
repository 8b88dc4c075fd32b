//! What is not there, what is not for everybody, and what was given up.

use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use sync_service::engine::{NewEvent, StateStore, Subject, WorkKind};
use sync_service::model::{EventId, UserId};

use super::world::{Answer, World, main, own};
use crate::access::Role;

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    let world = World::start().await;
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
        assert!(answer.body.contains("There is no such"), "{path}");
    }
    for path in ["/connections/main/runs?kind=odd", "/connections/main/events?state=odd"] {
        assert_eq!(world.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

/// Has an event given up.
async fn give_up(world: &World, id: &str) {
    let store = world.fleet.store().connection(&main()).await.unwrap();
    let now = Timestamp::now();
    let event = NewEvent {
        id: EventId::new(id),
        event_type: "user.account.<b>".into(),
        published_at: now,
        subjects: vec![Subject::User(UserId::new("00u\"><b>1"))],
        requires_newer_object: true,
        expect_deleted: false,
        is_hook_failure: false,
    };
    store.store_events(&[event], now).await.unwrap();
    let looks = store.claim_work(WorkKind::Object, 10, now, Duration::from_mins(1)).await.unwrap();
    store.fail_work(&looks, "Okta refuses: run `okta-insight doctor`", now).await.unwrap();
}

#[tokio::test]
async fn what_was_given_up_says_why_and_is_put_back_one_by_one_or_all_at_once() {
    let world = World::start().await;
    give_up(&world, "e1").await;
    give_up(&world, "e2").await;
    let list = world.get("/connections/main/events?state=dead").await;
    insta::assert_snapshot!("events", own(&list.body));
    let one = world.get("/connections/main/events/e1").await;
    insta::assert_snapshot!("event", own(&one.body));

    let unknown = world.post("/connections/main/events/replay", &[("id", "none")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let back = world.post("/connections/main/events/replay", &[("id", "e1")]).await;
    assert_eq!(back.location.as_deref(), Some("/connections/main/events/e1?put_back=1"));
    let waiting = world.get("/connections/main/events/e1?put_back=1").await;
    assert!(waiting.body.contains("1 event put back") && waiting.body.contains("What it waits for"));
    let rest = world.post("/connections/main/events/replay", &[("which", "dead")]).await;
    assert_eq!(rest.location.as_deref(), Some("/connections/main/events?put_back=1"));
    assert!(world.get("/connections/main/events?state=dead").await.body.contains("No such event"));
}

#[tokio::test]
async fn all_that_is_wrong_with_a_new_connection_is_told_at_once() {
    let world = World::start().await;
    let nothing = world.post("/connections/new", &[]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in [
        "5 settings to look at",
        "there is a connection &quot;main&quot; already",
        r##"Enter the <a href="#org_url">organisation URL</a>"##,
        "✗ Enter the import token.",
    ] {
        assert!(nothing.body.contains(text), "{text}: {}", own(&nothing.body));
    }
    let wrong = [("name", "Acme GmbH"), ("client_id", "0oa1"), ("email", "a@example.com"), ("further", "{")];
    let answer = world.post("/connections/new", &wrong).await;
    for text in [
        "7 settings to look at",
        r##"&quot;Acme GmbH&quot; cannot <a href="#name">name</a> a connection: use 1 to 40"##,
        "Further settings</a>: ",
        "Enter the private key",
        "Enter the API token of the account; it is given whole or not at all",
    ] {
        assert!(answer.body.contains(text), "{text}: {}", own(&answer.body));
    }
    assert!(!answer.body.contains("Enter the client ID"));
}

#[tokio::test]
async fn what_is_searched_for_is_shown_as_a_text() {
    let world = World::start().await;
    let answer = world.get("/connections/main/events?q=%22%3E%3Cscript%3E&state=waiting").await;
    assert!(!answer.body.contains("\"><script>"));
    assert!(answer.body.contains("value=\"&quot;&gt;&lt;script&gt;\""));
}

#[tokio::test]
async fn whoever_may_only_look_is_offered_nothing_to_do() {
    let world = World::start().await;
    give_up(&world, "e1").await;
    world.page_with("/connections/main/schema/choices", "Preview").await;
    for page in ["runs", "events", "events/e1", "plan", "checks", "schema", "schema/choices"] {
        let Answer { status, body, .. } =
            world.get_as(Role::ReadOnly, &format!("/connections/main/{page}")).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let own = body.split_once("<main").unwrap().1;
        assert!(!own.contains("method=\"post\""), "{page}: {own}");
    }
}
