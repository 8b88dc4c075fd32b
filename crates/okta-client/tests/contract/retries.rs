//! What is sent again, when, and what is not.

use std::collections::HashSet;
use std::time::Duration;

use okta_client::model::{Channel, EventSubscription, NewEventHook};
use okta_client::{Error, OktaClient, PrivateKey};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wiremock::ResponseTemplate;

use super::support::*;

const USER: &str = "/api/v1/users/00u1";

/// A refusal for too many requests, with a window that ends so many seconds from now.
fn limited(seconds: i64) -> ResponseTemplate {
    let end = jiff::Timestamp::now().as_second() + seconds;
    ResponseTemplate::new(429)
        .insert_header("x-rate-limit-limit", "600")
        .insert_header("x-rate-limit-remaining", "0")
        .insert_header("x-rate-limit-reset", end.to_string())
        .set_body_json(json!({"errorCode": "E0000047", "errorSummary": "too many"}))
}

#[tokio::test]
async fn server_error_retry_uses_fresh_proof() {
    for status in [500, 502, 503, 504] {
        let server = server().await;
        answer_once(&server, USER, ResponseTemplate::new(status).set_body_string("<html>")).await;
        answer(&server, USER, ok(user(1))).await;
        hurried(async { client(&server).users().get("00u1").await }).await.unwrap();
        let calls = sent(&server, USER).await;
        let proofs: HashSet<_> = calls.iter().map(|c| claims(header(c, "dpop"))["jti"].clone()).collect();
        assert_eq!((calls.len(), proofs.len()), (2, 2), "{status}");
    }
}

#[tokio::test]
async fn lasting_error_returns_after_six_attempts() {
    let server = server().await;
    answer(&server, USER, ResponseTemplate::new(503)).await;
    let error = hurried(async { client(&server).users().get("00u1").await }).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 503, .. }) && error.is_transient());
    assert_eq!(sent(&server, USER).await.len(), 6);
}

#[tokio::test]
async fn a_refusal_is_not_asked_again() {
    let server = server().await;
    for status in [400, 405, 409, 501] {
        let at = format!("/api/v1/users/s{status}");
        answer(&server, &at, ResponseTemplate::new(status)).await;
        client(&server).users().get(&format!("s{status}")).await.unwrap_err();
        assert_eq!(sent(&server, &at).await.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn throttling_waits_without_using_attempts() {
    let server = server().await;
    for _ in 0..7 {
        answer_once(&server, USER, limited(2)).await;
    }
    answer(&server, USER, ok(user(1))).await;
    let okta = client(&server);
    let began = tokio::time::Instant::now();
    hurried(async { okta.users().get("00u1").await }).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(sent(&server, USER).await.len(), 8);
    assert_eq!(okta.pacer().state().refused, 7);
}

#[tokio::test]
async fn throttling_without_rate_headers_waits() {
    let server = server().await;
    answer_once(&server, USER, ResponseTemplate::new(429)).await;
    answer_once(&server, USER, ResponseTemplate::new(429).insert_header("retry-after", "3")).await;
    answer(&server, USER, ok(user(1))).await;
    let began = tokio::time::Instant::now();
    hurried(async { client(&server).users().get("00u1").await }).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
}

#[tokio::test]
async fn concurrency_429_lowers_concurrency() {
    let server = server().await;
    // How Okta says it: a limit of zero.
    let concurrent = ResponseTemplate::new(429)
        .insert_header("x-rate-limit-limit", "0")
        .insert_header("x-rate-limit-remaining", "0")
        .insert_header("x-rate-limit-reset", (jiff::Timestamp::now().as_second() + 60).to_string());
    answer_once(&server, USER, concurrent).await;
    answer(&server, USER, ok(user(1))).await;
    let okta = client(&server);
    let before = okta.pacer().state().concurrency;
    hurried(async { okta.users().get("00u1").await }).await.unwrap();
    assert!(okta.pacer().state().concurrency < before);
}

#[tokio::test]
async fn long_rate_limit_returns_retry_after() {
    let server = server().await;
    answer(&server, USER, limited(50)).await;
    let okta = builder(&server).total_time(Duration::from_secs(10)).build().unwrap();
    for _ in 0..2 {
        let error = hurried(async { okta.users().get("00u1").await }).await.unwrap_err();
        let Error::RateLimited { retry_after, .. } = &error else { panic!("{error:?}") };
        assert!((10..=60).contains(&retry_after.as_secs()), "{retry_after:?}");
    }
    assert_eq!(sent(&server, USER).await.len(), 1, "a closed bucket is not knocked at");
}

#[tokio::test]
async fn unresponsive_org_times_out() {
    let server = server().await;
    answer(&server, USER, ok(user(1)).set_delay(Duration::from_mins(10))).await;
    let okta =
        builder(&server).timeout(Duration::from_secs(2)).total_time(Duration::from_secs(12)).build().unwrap();
    let began = tokio::time::Instant::now();
    let error = hurried(async { okta.users().get("00u1").await }).await.unwrap_err();
    assert!(matches!(error, Error::Transport { .. } | Error::TimedOut { .. }), "{error:?}");
    assert!(error.is_transient() && began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn uncertain_hook_creation_is_not_retried() {
    let new = NewEventHook {
        name: "Sync".into(),
        events: EventSubscription::new(["user.lifecycle.create"]),
        channel: Channel::http("https://a.example/h", "Bearer s3cret".into(), Vec::new()),
    };
    let server = server().await;
    answer(&server, "/api/v1/eventHooks", ResponseTemplate::new(503)).await;
    let okta = client(&server);
    let error = hurried(async { okta.event_hooks().create(&new).await }).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert_eq!(sent(&server, "/api/v1/eventHooks").await.len(), 1);

    // A request that was refused by the rate limit did nothing.
    server.reset().await;
    answer_once(&server, "/api/v1/eventHooks", limited(2)).await;
    let hook = json!({"id": "who1", "name": "Sync", "status": "ACTIVE", "verificationStatus": "UNVERIFIED",
        "events": {"type": "EVENT_TYPE", "items": []}, "channel": {"type": "HTTP", "version": "1.0.0",
        "config": {"uri": "https://a.example/h"}}});
    answer(&server, "/api/v1/eventHooks", ok(hook)).await;
    hurried(async { okta.event_hooks().create(&new).await }).await.unwrap();
}

/// An org whose first answer to a call breaks off.
#[tokio::test]
async fn truncated_response_is_retried() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let org = tokio::spawn(async move {
        let body = user(1).to_string();
        let whole = body.len();
        for cut in [whole / 2, whole] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {whole}\r\nconnection: close\r\n\r\n");
            stream.write_all(format!("{head}{}", &body[..cut]).as_bytes()).await.unwrap();
        }
    });
    let okta = OktaClient::builder(format!("http://{address}")).api_token("t".into()).build().unwrap();
    assert_eq!(hurried(async { okta.users().get("00u1").await }).await.unwrap().id, "00u1");
    org.await.unwrap();
}

#[tokio::test]
async fn oversized_response_is_not_read() {
    let server = server().await;
    answer(&server, USER, ResponseTemplate::new(200).set_body_bytes(vec![b' '; 65 << 20])).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert_eq!(error.to_string(), "the response to /api/v1/users/00u1 exceeds 64 MB");
    assert_eq!(sent(&server, USER).await.len(), 1);
}

#[tokio::test]
async fn unreachable_org_error_names_reason() {
    let key = PrivateKey::generate_ec().unwrap();
    let okta = OktaClient::builder("http://127.0.0.1:1").service_app("0oa", key).build().unwrap();
    let error = hurried(async { okta.users().get("00u1").await }).await.unwrap_err();
    assert!(
        error.to_string().starts_with("could not reach 127.0.0.1:1: it refuses the connection"),
        "{error}"
    );
    assert!(error.is_transient());
}

#[tokio::test]
async fn canceled_call_frees_its_slot() {
    let server = server().await;
    answer_once(&server, USER, ok(user(1)).set_delay(Duration::from_secs(5))).await;
    answer(&server, USER, ok(user(1))).await;
    let okta = client(&server);
    okta.granted_scopes().await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(200), okta.users().get("00u1")).await;
    assert!(given_up.is_err());
    let state = okta.pacer().state();
    assert_eq!((state.in_flight, state.queued), (0, 0));
    okta.users().get("00u1").await.unwrap();
}
