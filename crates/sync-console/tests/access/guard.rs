//! What a request needs to get through.

use axum::http::Method;
use secrecy::ExposeSecret;
use sync_console::access::Role;

use crate::test_env::{Answer, TestEnv};

fn refusal(answer: &Answer) -> (u16, String) {
    let problem: serde_json::Value = serde_json::from_str(&answer.text).unwrap_or_default();
    let kind = problem["type"].as_str().unwrap_or_default();
    (answer.status, kind.rsplit(':').next().unwrap_or_default().to_owned())
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn unauthenticated_request_requires_sign_in() {
    let world = TestEnv::new().await;
    let mut browser = world.browser();
    let answer = browser.get("/runs?failed=1").await;
    assert_eq!((answer.status, answer.location()), (303, "/sign-in?next=%2Fruns%3Ffailed%3D1"));
    assert_eq!(browser.get("/").await.location(), "/sign-in");
    assert_eq!(browser.get("//evil.example/").await.status, 404, "it is no page of ours");
    let answer = browser.post("/runs", &[("a", "b")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/sign-in"), "a form is not sent again");
    let answer = browser.get("/api/v1/runs").await;
    assert_eq!(refusal(&answer), code(401, "unauthorized"));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    insta::assert_snapshot!(answer.text);
    // A script would take the sign-in page for an answer.
    let mut script = world.browser().with("sec-fetch-dest", "empty");
    assert_eq!(refusal(&script.get("/runs").await), code(401, "unauthorized"));
}

#[tokio::test]
async fn bearer_token_needs_no_session() {
    let world = TestEnv::new().await;
    let token = world.token("robot", Role::Admin).await;
    let mut robot = world.browser().with("authorization", &format!("bearer {}", token.expose_secret()));
    let answer = robot.get("/api/v1/runs").await;
    assert_eq!((answer.status, answer.text.trim_end()), (200, "robot admin Token"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(robot.post("/api/v1/runs", &[("a", "b")]).await.text, "changed a=b");
    let mut wrong = world.signed_in(Role::Admin).await.with("authorization", "Bearer oia_wrong");
    for path in ["/api/v1/runs", "/runs"] {
        let answer = wrong.get(path).await;
        assert_eq!(answer.status, 401, "a cookie does not help");
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
        assert!(!answer.text.contains("oia_wrong"));
    }
    let mut proxy = world.browser().with("authorization", "Basic dTpw");
    assert_eq!(proxy.get("/").await.location(), "/sign-in", "the credentials of a proxy are none of ours");
}

#[tokio::test]
async fn session_change_requires_csrf_token() {
    let world = TestEnv::new().await;
    let mut browser = world.signed_in(Role::Admin).await;
    let csrf = browser.csrf().await;
    let answer = browser.post("/runs", &[("csrf", &csrf), ("a", "b c")]).await;
    assert_eq!(answer.text, format!("changed csrf={csrf}&a=b+c"), "the form is still there");
    assert_eq!(answer.header("cache-control"), "no-store");
    let mut other = world.browser();
    other.sign_in(world.token("other", Role::Admin).await.expose_secret(), "/").await;
    let others = other.csrf().await;
    for wrong in ["", "x", &others, &csrf[1..]] {
        let answer = browser.post("/api/v1/runs", &[("csrf", wrong)]).await;
        assert_eq!(refusal(&answer), code(403, "invalid-csrf-token"), "{wrong}");
    }
    assert_eq!(browser.post("/runs", &[("a", "b")]).await.status, 403);
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        assert_eq!(browser.send(method, "/runs", None).await.status, 403);
    }
    let mut script = browser.with("x-csrf-token", &csrf);
    assert_eq!(script.post("/api/v1/runs", &[("a", "b")]).await.text, "changed a=b");
    script.headers.insert("x-csrf-token", "wrong".parse().unwrap());
    assert_eq!(script.post("/api/v1/runs", &[("csrf", &csrf)]).await.status, 403, "the header decides");
    script.headers.clear();
    let large = format!("csrf={csrf}&a={}", "x".repeat(300 * 1024));
    assert_eq!(script.send(Method::POST, "/runs", Some(large)).await.status, 413);
}

#[tokio::test]
async fn cross_site_change_is_rejected() {
    let world = TestEnv::new().await;
    let mut browser = world.signed_in(Role::Admin).await;
    let csrf = browser.csrf().await;
    let fields: [(&str, &str); 1] = [("csrf", &csrf)];
    for (name, value, fine) in [
        ("origin", "https://console.example", true),
        ("sec-fetch-site", "same-origin", true),
        ("origin", "https://evil.example", false),
        ("origin", "null", false),
        ("sec-fetch-site", "cross-site", false),
        ("sec-fetch-site", "same-site", false),
    ] {
        browser.headers.clear();
        let mut sent = browser.with(name, value);
        let answer = sent.post("/api/v1/runs", &fields).await;
        assert_eq!(answer.status == 200, fine, "{name}: {value}");
        assert!(fine || refusal(&answer) == code(403, "foreign-origin"));
        assert_eq!(sent.get("/").await.status, 200, "links from elsewhere may lead here");
        browser = sent;
    }
}

#[tokio::test]
async fn read_only_role_changes_nothing() {
    let world = TestEnv::new().await;
    let mut reader = world.signed_in(Role::ReadOnly).await;
    let csrf = reader.csrf().await;
    let answer = reader.post("/runs", &[("csrf", &csrf)]).await;
    assert_eq!(
        (answer.status, answer.text.trim()),
        (403, "This token is read-only: this sign-in is read-only; sign in with an administrator token")
    );
    let token = world.token("robot", Role::ReadOnly).await;
    let mut robot = world.browser().with("authorization", &format!("Bearer {}", token.expose_secret()));
    assert_eq!(robot.get("/api/v1/runs").await.status, 200);
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let answer = robot.send(method, "/api/v1/runs", None).await;
        assert_eq!(refusal(&answer), code(403, "insufficient-role"));
    }
}
