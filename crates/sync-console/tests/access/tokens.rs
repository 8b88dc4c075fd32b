//! Tokens: made, told once, revoked.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::http::Method;
use futures::{FutureExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use sync_console::access::{Role, TokenError, TokenRequest, create_token, first_token, revoke_token};
use sync_engine::Clock;

use crate::test_env::TestEnv;

fn token_request(name: &str) -> TokenRequest {
    TokenRequest { name: name.into(), role: Role::ReadOnly, expires: None }
}

#[tokio::test]
async fn first_token_is_created_once() {
    let world = TestEnv::new().await;
    let token = first_token(&world.store, world.clock.now()).await.unwrap().unwrap();
    assert!(first_token(&world.store, world.clock.now()).await.unwrap().is_none());
    let told = token.expose_secret();
    assert!(told.starts_with("oia_") && told.len() == 4 + 43, "{}", told.len());
    assert!(!format!("{token:?}").contains(told));
    let mut browser = world.browser();
    assert_eq!(browser.sign_in(told, "/").await.status, 303);
    assert!(browser.get("/").await.text.starts_with("first administrator admin Session"));
    assert!(!world.is_on_disk(told) && !world.is_on_disk(&told[4..]), "only a hash is kept");
    assert!(world.is_on_disk("first administrator"));
    let session = browser.cookies.values().next().unwrap();
    assert!(!world.is_on_disk(session), "only a hash is kept");
}

#[tokio::test]
async fn invalid_token_requests_are_rejected() {
    let world = TestEnv::new().await;
    let now = world.clock.now();
    create_token(&world.store, &token_request("laptop"), now).await.unwrap();
    let mut told = Vec::new();
    let mut note = |error: TokenError| told.push(format!("{error}\n  {}", error.hint().unwrap_or_default()));
    for name in ["", "  ", "laptop", "7", "two\nlines", "oia_a-secret", &"x".repeat(101)] {
        note(create_token(&world.store, &token_request(name), now).await.unwrap_err());
    }
    let past = TokenRequest { expires: Some(Timestamp::UNIX_EPOCH), ..token_request("past") };
    note(create_token(&world.store, &past, now).await.unwrap_err());
    note(revoke_token(&world.store, "nobody's", now).await.unwrap_err());
    note(revoke_token(&world.store, "99", now).await.unwrap_err());
    note(revoke_token(&world.store, "oia_a-secret", now).await.unwrap_err());
    world.token("boss", Role::Admin).await;
    note(revoke_token(&world.store, "boss", now).await.unwrap_err());
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn revoked_or_expired_token_ends_sessions() {
    let world = TestEnv::new().await;
    world.token("other", Role::Admin).await;
    let mut revoked = world.signed_in(Role::Admin).await;
    let now = world.clock.now();
    let brief = TokenRequest { expires: Some(now + SignedDuration::from_mins(30)), ..token_request("brief") };
    let (_, brief) = create_token(&world.store, &brief, now).await.unwrap();
    let mut expired = world.browser();
    expired.sign_in(brief.expose_secret(), "/").await;
    assert!(revoked.is_signed_in().await && expired.is_signed_in().await);
    revoke_token(&world.store, "admin", now).await.unwrap();
    assert!(!revoked.is_signed_in().await);
    world.clock.advance(31);
    assert!(!expired.is_signed_in().await);
    assert_eq!(expired.sign_in(brief.expose_secret(), "/").await.status, 401);
}

#[tokio::test]
async fn revoked_token_ends_streams() {
    let world = TestEnv::new().await;
    world.token("other", Role::Admin).await;
    let token = world.token("robot", Role::ReadOnly).await;
    let mut session = world.signed_in(Role::Admin).await;
    let mut robot = world.browser().with("authorization", &format!("Bearer {}", token.expose_secret()));
    for (follower, token) in [(&mut session, "admin"), (&mut robot, "robot")] {
        let answer = follower.ask(Method::GET, "/stream", None).await;
        assert_eq!(answer.status(), 200);
        let mut body = answer.into_body().into_data_stream();
        let stays = tokio::time::timeout(Duration::from_millis(500), ends_after_check(&mut body)).await;
        assert!(stays.is_err(), "{token} is let in");
        revoke_token(&world.store, token, world.clock.now()).await.unwrap();
        let ends = tokio::time::timeout(Duration::from_mins(3), ends_after_check(&mut body)).await;
        assert_eq!(ends, Ok(true), "{token} is revoked");
    }
}

/// Whether the stream has ended after it was looked who follows.
async fn ends_after_check(body: &mut BodyDataStream) -> bool {
    // The check before this one may end late.
    if let Some(item) = body.next().now_or_never() {
        return item.is_none();
    }
    // The store works on threads of its own, for which time goes on.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(6)).await;
    tokio::time::resume();
    body.next().await.is_none()
}
