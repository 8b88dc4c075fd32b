//! Proofs and assertions of a machine, or a gateway, whose clock is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::support::*;

const USER: &str = "/api/v1/users/00u1";

/// A `Date` so many seconds from now.
fn date_at(seconds: i64) -> String {
    let date = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap()
}

#[tokio::test]
async fn rejected_assertion_corrects_the_clock() {
    let server = MockServer::start().await;
    let theirs = jiff::Timestamp::now() + Duration::from_hours(2);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&theirs).unwrap();
    let in_time = move |at: i64| (theirs.as_second() - at).abs() < 60;
    Mock::given(method("POST"))
        .and(path(TOKEN))
        .respond_with(move |request: &Request| {
            let assertion = claims(&form(request)["client_assertion"]);
            let proof = claims(header(request, "dpop"));
            let good = in_time(assertion["iat"].as_i64().unwrap()) && in_time(proof["iat"].as_i64().unwrap());
            let answer = if good {
                ok(json!({"token_type": "DPoP", "expires_in": 3600, "access_token": "t"}))
            } else {
                ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client",
                    "error_description": "The client_assertion token is expired."}))
            };
            answer.insert_header("date", date.as_str())
        })
        .mount(&server)
        .await;
    answer(&server, USER, ok(user(1))).await;
    client(&server).users().get("00u1").await.unwrap();
    assert_eq!(sent(&server, TOKEN).await.len(), 2);
}

#[tokio::test]
async fn rejected_proof_corrects_the_clock() {
    let server = server().await;
    let theirs = jiff::Timestamp::now() - Duration::from_hours(2);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&theirs).unwrap();
    Mock::given(path(USER))
        .respond_with(move |request: &Request| {
            let at = claims(header(request, "dpop"))["iat"].as_i64().unwrap();
            let answer = if at <= theirs.as_second() + 5 {
                ok(user(1))
            } else {
                let challenge =
                    "DPoP error=\"invalid_dpop_proof\", error_description=\"issued in the future\"";
                ResponseTemplate::new(400).insert_header("www-authenticate", challenge)
            };
            answer.insert_header("date", date.as_str())
        })
        .mount(&server)
        .await;
    client(&server).users().get("00u1").await.unwrap();
    assert_eq!(sent(&server, USER).await.len(), 2);
}

#[tokio::test]
async fn small_deviation_is_corrected_each_time() {
    let server = server().await;
    let behind = Arc::new(AtomicI64::new(0));
    let theirs = Arc::clone(&behind);
    Mock::given(path(USER))
        .respond_with(move |request: &Request| {
            let offset = -theirs.load(Ordering::SeqCst);
            let at = claims(header(request, "dpop"))["iat"].as_i64().unwrap();
            let answer = if at <= jiff::Timestamp::now().as_second() + offset {
                ok(user(1))
            } else {
                let challenge =
                    "DPoP error=\"invalid_dpop_proof\", error_description=\"issued in the future\"";
                ResponseTemplate::new(400).insert_header("www-authenticate", challenge)
            };
            answer.insert_header("date", date_at(offset).as_str())
        })
        .mount(&server)
        .await;
    let okta = client(&server);
    for seconds in [3, -4, 0, -9, 0, 5, 0] {
        behind.store(seconds, Ordering::SeqCst);
        okta.users().get("00u1").await.unwrap();
    }
}

#[tokio::test]
async fn wrong_gateway_date_keeps_requests_working() {
    let server = server().await;
    let refusal = ResponseTemplate::new(400)
        .insert_header("www-authenticate", "DPoP error=\"invalid_dpop_proof\"")
        .insert_header("date", date_at(7200).as_str());
    answer_once(&server, USER, refusal).await;
    Mock::given(path(USER))
        .respond_with(|request: &Request| {
            let at = claims(header(request, "dpop"))["iat"].as_i64().unwrap();
            let answer = if (at - jiff::Timestamp::now().as_second()).abs() < 60 {
                ok(user(1))
            } else {
                ResponseTemplate::new(400)
                    .insert_header("www-authenticate", "DPoP error=\"invalid_dpop_proof\"")
            };
            answer.insert_header("date", date_at(7200).as_str())
        })
        .mount(&server)
        .await;
    let okta = client(&server);
    okta.users().get("00u1").await.unwrap();
    okta.users().get("00u1").await.unwrap();
    assert_eq!(
        sent(&server, USER).await.len(),
        4,
        "by the own clock, by the date, by the own clock, and so on"
    );
}
