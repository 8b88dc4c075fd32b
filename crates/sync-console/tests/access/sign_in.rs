//! Sessions: begun, ended, and who else might like one.

use std::time::Duration;

use secrecy::ExposeSecret;
use sync_console::access::{AccessOptions, Role, SignInError};

use crate::test_env::TestEnv;

const HTTPS: AccessOptions = AccessOptions {
    idle: Duration::from_hours(1),
    lifetime: Duration::from_hours(2),
    tls: true,
    behind_proxy: false,
};

#[tokio::test]
async fn session_cookie_is_protected() {
    for (options, expected) in [
        (AccessOptions::default(), ("okta_insight_session=", "; HttpOnly; SameSite=Lax; Path=/")),
        (HTTPS, ("__Host-okta_insight_session=", "; HttpOnly; SameSite=Lax; Secure; Path=/")),
        (
            AccessOptions { behind_proxy: true, ..AccessOptions::default() },
            ("__Host-okta_insight_session=", "; HttpOnly; SameSite=Lax; Secure; Path=/"),
        ),
    ] {
        let world = TestEnv::with(options, None).await;
        let token = world.token("t", Role::Admin).await;
        let answer = world.browser().sign_in(token.expose_secret(), "/runs").await;
        assert_eq!((answer.status, answer.location()), (303, "/runs"));
        assert_eq!(answer.header("cache-control"), "no-store");
        let cookies = answer.set_cookies();
        let session = cookies.iter().find(|cookie| cookie.starts_with(expected.0)).unwrap();
        let attributes = &session[session.find(';').unwrap()..];
        assert_eq!(attributes, expected.1);
        assert_eq!(session.len() - attributes.len() - expected.0.len(), 43, "256 random bits");
    }
}

#[tokio::test]
async fn session_expires_or_is_signed_out() {
    let world = TestEnv::with(AccessOptions { tls: false, ..HTTPS }, None).await;
    let mut out = world.signed_in(Role::ReadOnly).await;
    let session = out.cookies.clone();
    let refused = out.post("/sign-out", &[("csrf", "guessed")]).await;
    assert!(refused.status == 403 && out.is_signed_in().await);
    let csrf = out.csrf().await;
    let answer = out.post("/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!((answer.status, answer.location()), (303, "/sign-in?signed-out=1"));
    assert!(out.cookies.is_empty());
    assert!(out.get("/sign-in?signed-out=1").await.text.contains("SignedOut"));
    out.cookies = session;
    assert!(!out.is_signed_in().await, "the store has forgotten it");

    let mut idle = world.signed_in(Role::Admin).await;
    let mut busy = world.browser();
    busy.cookies = idle.cookies.clone();
    world.clock.advance(59);
    assert!(busy.is_signed_in().await);
    world.clock.advance(59);
    assert!(idle.is_signed_in().await, "any use counts");
    world.clock.advance(3);
    let answer = busy.get("/runs?failed=1").await;
    assert_eq!(answer.location(), "/sign-in?next=%2Fruns%3Ffailed%3D1&ended=1", "older than two hours");
    assert!(busy.cookies.is_empty());
    let page = busy.get(answer.location()).await;
    assert!(page.text.contains("Ended") && page.field("next") == "/runs?failed=1", "{}", page.text);
    let mut idle = world.browser();
    idle.sign_in(world.token("again", Role::Admin).await.expose_secret(), "/").await;
    world.clock.advance(60);
    assert!(!idle.is_signed_in().await);
}

#[tokio::test]
async fn sign_in_replaces_earlier_session() {
    let world = TestEnv::new().await;
    let token = world.token("t", Role::Admin).await;
    let mut browser = world.browser();
    // What somebody else may have planted.
    browser.cookies.insert("okta_insight_session".into(), "planted".into());
    browser.sign_in(token.expose_secret(), "/").await;
    let first = browser.cookies.clone();
    assert_ne!(first["okta_insight_session"], "planted");
    assert_eq!(browser.get("/sign-in?next=/runs").await.location(), "/runs", "there is no need to");
    let mut other = world.browser();
    let form = other.get("/sign-in").await.field("csrf");
    other.cookies.extend(first.clone());
    other.post("/sign-in", &[("token", token.expose_secret()), ("csrf", &form)]).await;
    assert_ne!(other.cookies["okta_insight_session"], first["okta_insight_session"]);
    assert!(other.is_signed_in().await && !browser.is_signed_in().await);
}

#[tokio::test]
async fn sign_in_form_is_browser_bound() {
    let world = TestEnv::new().await;
    let token = world.token("t", Role::Admin).await;
    let token = token.expose_secret();
    let mut attacker = world.browser();
    let csrf = attacker.get("/sign-in").await.field("csrf");
    let mut victim = world.browser();
    victim.get("/sign-in").await;
    for csrf in ["", &csrf] {
        let answer = victim.post("/sign-in", &[("token", token), ("csrf", csrf)]).await;
        assert!(answer.status == 403 && answer.text.contains("try again"), "{}", answer.text);
        assert!(!victim.is_signed_in().await);
    }
    let csrf = victim.get("/sign-in").await.field("csrf");
    let mut victim = victim.with("origin", "https://evil.example");
    assert_eq!(victim.post("/sign-in", &[("token", token), ("csrf", &csrf)]).await.status, 403);
    victim.headers.clear();
    assert_eq!(victim.post("/sign-in", &[("token", token), ("csrf", &csrf)]).await.status, 303);
}

#[tokio::test]
async fn a_sign_in_leads_nowhere_else() {
    let world = TestEnv::new().await;
    let token = world.token("t", Role::Admin).await;
    for next in
        ["//evil.example", "/\\evil.example", "https://evil.example/", "/%2Fevil.example", "javascript:1"]
    {
        let mut browser = world.browser();
        assert_eq!(browser.sign_in(token.expose_secret(), next).await.location(), "/", "{next}");
        assert_eq!(world.browser().get(&format!("/sign-in?next={next}")).await.field("next"), "/", "{next}");
    }
}

#[tokio::test]
async fn repeated_sign_in_failures_are_throttled() {
    let world = TestEnv::new().await;
    let token = world.token("t", Role::Admin).await;
    let mut browser = world.browser();
    for _ in 0..3 {
        assert_eq!(browser.sign_in(token.expose_secret(), "/").await.status, 303, "success does not count");
        browser.cookies.clear();
    }
    for _ in 0..5 {
        let answer = browser.sign_in("oia_guess", "/").await;
        assert!(answer.status == 401 && !answer.text.contains("oia_guess"), "{}", answer.text);
    }
    let answer = browser.sign_in("oia_guess", "/").await;
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!(answer.status == 429 && (1..=60).contains(&wait) && answer.text.contains("try again in"));
    let refused = world.access.sign_in(&"oia_guess".to_owned().into(), "127.0.0.1".parse().unwrap()).await;
    assert!(matches!(refused, Err(SignInError::Throttled { .. })));
    assert_eq!(browser.sign_in(token.expose_secret(), "/").await.status, 303, "a right token is not held up");
}

#[tokio::test]
async fn strangers_lock_no_right_token_out() {
    let world = TestEnv::new().await;
    let token = world.token("t", Role::Admin).await;
    for n in 0..300 {
        let from = format!("192.0.{}.{}", n / 100, n % 100).parse().unwrap();
        let _ = world.access.sign_in(&format!("oia_guess{n}").into(), from).await;
    }
    for from in ["192.0.0.1", "198.51.100.1"] {
        assert!(world.access.sign_in(&token, from.parse().unwrap()).await.is_ok(), "{from}");
    }
    let wrong = "oia_fresh".to_owned().into();
    let refused = world.access.sign_in(&wrong, "198.51.100.1".parse().unwrap()).await;
    assert!(matches!(refused, Err(SignInError::Token)), "another client is told what is wrong");
}

#[tokio::test]
async fn wrong_bearer_tokens_are_slowed_down() {
    let world = TestEnv::new().await;
    let token = world.token("t", Role::Admin).await;
    let mut guesser = world.browser().with("authorization", "Bearer oia_guess");
    for _ in 0..5 {
        assert_eq!(guesser.get("/runs").await.status, 401);
    }
    assert_eq!(guesser.get("/runs").await.status, 429);
    let counts: Vec<u64> = world.refused.counts().map(|(_, n)| n).collect();
    assert_eq!(counts, [5, 1, 0], "each is counted by its reason");
    let bearer = format!("Bearer {}", token.expose_secret());
    let mut right = world.browser().with("authorization", &bearer);
    assert_ne!(right.get("/runs").await.status, 429, "a right token is not held up");
}

#[tokio::test]
async fn proxied_clients_are_throttled_separately() {
    let options = AccessOptions { behind_proxy: true, ..AccessOptions::default() };
    let world = TestEnv::with(options, None).await;
    let mut guesser = world.browser().with("x-forwarded-for", "203.0.113.5, 192.0.2.1");
    for _ in 0..5 {
        assert_eq!(guesser.sign_in("oia_guess", "/").await.status, 401);
    }
    let mut same = world.browser().with("x-forwarded-for", "203.0.113.99, 192.0.2.1");
    assert_eq!(same.sign_in("oia_guess", "/").await.status, 429, "what it says of itself does not count");
    let mut other = world.browser().with("x-forwarded-for", "192.0.2.2");
    assert_eq!(other.sign_in("oia_guess", "/").await.status, 401);
}
