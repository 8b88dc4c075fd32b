//! Renewal and revocation of tokens.

use axum::http::StatusCode;
use jiff::SignedDuration;
use sync_engine::{Clock, SystemClock};

use super::test_env::TestEnv;
use crate::access::{Role, TokenRequest, create_token};

#[tokio::test]
async fn last_administrator_token_stays() {
    let world = TestEnv::start().await;
    for name in ["mine", "other"] {
        let wish = TokenRequest { name: name.into(), role: Role::Admin, expires: None };
        create_token(&world.fleet.store().access(), &wish, SystemClock.now()).await.unwrap();
    }
    let page = world.get("/access").await.body;
    let row = |page: &str, name: &str| {
        let (_, row) = page.split_once(&format!("<th scope=\"row\">{name}")).unwrap();
        row.split_once("</tr>").unwrap().0.to_owned()
    };
    let (mine, other) = (row(&page, "mine"), row(&page, "other"));
    assert!(mine.contains("Current sign-in") && mine.contains("Revoking it signs you out"), "{mine}");
    assert!(!other.contains("Current sign-in") && other.contains("ends all sessions"), "{other}");
    for row in [&mine, &other] {
        let (_, asked) = row.split_once("<details").unwrap();
        assert!(asked.contains("<form method=\"post\""), "the button is behind a question: {row}");
        assert!(row.contains("Never") && !row.contains("Revoked"), "{row}");
    }

    assert_eq!(world.post("/access/2/revoke", &[]).await.location.as_deref(), Some("/access"));
    let page = world.get("/access").await.body;
    assert!(row(&page, "mine").contains("the last valid administrator token"), "{page}");
    let refused = world.post("/access/1/revoke", &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("Create another administrator token first"), "{}", refused.body);
    assert_eq!(world.post("/access/9/revoke", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn token_is_renewed_on_the_page() {
    let world = TestEnv::start().await;
    let access = world.fleet.store().access();
    let (now, end) = (SystemClock.now(), SystemClock.now() + SignedDuration::from_hours(24));
    let wish = TokenRequest { name: "first".into(), role: Role::Admin, expires: Some(end) };
    create_token(&access, &wish, now).await.unwrap();
    let page = world.get("/access").await.body;
    assert!(
        page.contains("action=\"/access/1/renew\"") && page.contains("last valid administrator token"),
        "{page}"
    );

    let expires = async || access.tokens().await.unwrap()[0].expires_at;
    assert_eq!(world.post("/access/1/renew", &[("life", "30")]).await.location.as_deref(), Some("/access"));
    let days = expires().await.unwrap().duration_since(now).as_hours() / 24;
    assert_eq!(days, 30);
    world.post("/access/1/renew", &[("life", "0")]).await;
    assert_eq!(expires().await, None);
    assert_eq!(world.post("/access/9/renew", &[("life", "30")]).await.status, StatusCode::NOT_FOUND);
    let too_long = world.post("/access/1/renew", &[("life", "4294967295")]).await;
    assert_eq!((too_long.status, expires().await), (StatusCode::BAD_REQUEST, None));
}

#[tokio::test]
async fn missing_pages_have_navigation() {
    let world = TestEnv::start().await;
    for (path, what, list) in [
        ("/connections/main/runs/99", "This run doesn't exist", Some("href=\"/connections/main/runs\"")),
        ("/connections/main/runs/x", "This run doesn't exist", Some("href=\"/connections/main/runs\"")),
        ("/connections/main/events/x", "This event doesn't exist", Some("href=\"/connections/main/events\"")),
        ("/connections/nobody/runs/99", "This connection doesn't exist", None),
        ("/connections/nobody", "This connection doesn't exist", None),
        ("/nowhere", "This address doesn't exist", None),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains(what) && answer.body.contains("aria-label=\"Main\""), "{path}");
        assert!(!answer.body.contains("name changed"), "{path}");
        let lists = answer.body.contains("href=\"/connections/");
        assert_eq!(lists, list.is_some(), "{path}");
        assert!(list.is_none_or(|list| answer.body.contains(list)), "{path}");
    }
}
