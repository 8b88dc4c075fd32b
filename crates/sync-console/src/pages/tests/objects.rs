//! Objects in Okta and Assets, and the activity page.

use axum::http::StatusCode;
use serde_json::json;

use super::test_env::{TestEnv, own};
use crate::access::Role;

/// Set up and loaded, with a user whose city is hostile.
async fn loaded() -> (TestEnv, String) {
    let world = TestEnv::start().await;
    let users = world.control.get("/okta/users").await.unwrap()["users"].take();
    let user = users[0]["id"].as_str().unwrap().to_owned();
    let hostile = json!({ "city": "<script>alert(1)</script>" });
    world.control.call("POST", &format!("/okta/users/{user}"), &hostile).await.unwrap();
    world.set_up().await;
    world.synchronize().await;
    (world, user)
}

#[tokio::test]
async fn user_is_found_and_compared() {
    let (world, user) = loaded().await;
    let list = world.get("/connections/main/objects?q=USER000000&kind=user").await;
    assert_eq!(list.status, StatusCode::OK);
    let link = format!("/connections/main/objects/user/{user}");
    assert!(list.body.contains(&format!("href=\"{link}\">user000000@example.com")), "{}", own(&list.body));
    assert!(!list.body.contains("objects/group/"), "only users were asked for");
    let none = world.get("/connections/main/objects?q=nobody%3Cb%3E").await;
    assert!(none.body.contains("No matching objects") && none.body.contains("value=\"nobody&lt;b&gt;\""));

    let profile = world.control.get("/okta/users").await.unwrap()["users"][0]["profile"].take();
    let called =
        format!("{} {}", profile["firstName"].as_str().unwrap(), profile["lastName"].as_str().unwrap());
    let asked = called.replace(' ', "+");
    let by_name = world.get(&format!("/connections/main/objects?q={asked}")).await.body;
    assert!(by_name.contains(&format!("<div class=\"small muted\">{called}")), "{}", own(&by_name));

    let page = world.page_with(&link, "✓</span> In sync").await;
    assert!(page.contains("✓</span> Unchanged") && !page.contains("In Assets</th>"), "{}", own(&page));
    assert!(page.contains("The last confirmed record of this user matches Okta."));
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"), "{}", own(&page));
    assert!(page.contains("href=\"/connections/main/runs/"), "the run that sent it");
    assert!(
        page.contains("objects aren't readable without an Atlassian account")
            || page.contains("Objects aren't readable without an Atlassian account")
    );
    assert!(page.contains("No value: "));
    let by_login = world.get("/connections/main/objects/user/user000000@example.com").await;
    assert_eq!(by_login.location.as_deref(), Some(link.as_str()));
}

#[tokio::test]
async fn search_reports_okta_outage() {
    let (world, _) = loaded().await;
    world.control.call("POST", "/faults", &json!("okta.latency=60000..60001")).await.unwrap();
    let page = world.get("/connections/main/objects?q=nobody").await.body;
    assert!(page.contains("No matching synced objects"), "{}", own(&page));
    assert!(
        page.contains("no response within 3 s") && !page.contains("No matching objects"),
        "{}",
        own(&page)
    );
}

#[tokio::test]
async fn changed_object_is_outdated_until_resent() {
    let (world, user) = loaded().await;
    let link = format!("/connections/main/objects/user/{user}");
    world.member().connection().unwrap().pause(None).await.unwrap();
    world.control.call("POST", &format!("/okta/users/{user}"), &json!({ "city": "Bern" })).await.unwrap();
    let page = world.page_with(&link, "Changed in Okta").await;
    assert!(page.contains("class=\"differs\""), "{}", own(&page));
    let asked = world.post(&format!("{link}/resend"), &[]).await;
    assert_eq!(asked.location, Some(format!("{link}?resend=requested")));
    assert!(world.get(&format!("{link}?resend=requested")).await.body.contains("read from Okta again"));
    world.member().connection().unwrap().resume().await.unwrap();
    let page = world.page_with(&link, "✓</span> In sync").await;
    assert!(page.contains("Bern") && !page.contains("class=\"differs\""));
    assert!(page.contains("user.account.update_profile"), "the event that named it");
    let event = page.split("/connections/main/events/").nth(1).unwrap().split('"').next().unwrap();
    let event = world.page_with(&format!("/connections/main/events/{event}"), "Applied by").await;
    assert!(event.contains("\">user000000@example.com</a>"), "by name: {}", own(&event));
}

#[tokio::test]
async fn activity_shows_run_and_pause() {
    let (world, _) = loaded().await;
    let page = world.page_with("/connections/main/activity", "Last run: ").await;
    // An event sync that followed may have had nothing to send: then only the store has the last run.
    assert!(page.contains("Phase</th>") || page.contains("No active run"), "{}", own(&page));
    assert!(page.contains("data-live=\"/connections/main/activity/stream\""));
    let paused = world.post("/connections/main/activity/pause", &[]).await;
    assert_eq!(paused.location.as_deref(), Some("/connections/main/activity"));
    let page = world.get("/connections/main/activity").await.body;
    assert!(page.contains("Syncing is paused") && page.contains(">Resume</button>"));
    assert!(!page.contains(">Synchronize</button>"), "nothing is sent while it is paused");
    world.post("/connections/main/activity/resume", &[]).await;
    assert!(world.get("/connections/main/activity").await.body.contains(">Pause</button>"));
    let again = world.post("/connections/main/activity/synchronize", &[]).await;
    assert_eq!(again.location.as_deref(), Some("/connections/main/activity"));
}

#[tokio::test]
async fn unknown_object_is_missing() {
    let (world, user) = loaded().await;
    for path in ["objects/user/none", "objects/robot/1", "objects/group/%22%3E"] {
        let answer = world.get(&format!("/connections/main/{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.get("/connections/main/objects?kind=odd").await.status, StatusCode::BAD_REQUEST);
    for path in ["objects", "activity", &format!("objects/user/{user}")] {
        let body = world.get_as(Role::ReadOnly, &format!("/connections/main/{path}")).await.body;
        assert!(!body.split_once("<main").unwrap().1.contains("method=\"post\""), "{path}: {body}");
    }
}
