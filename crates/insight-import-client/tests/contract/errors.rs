//! What a refusal is told as, and what to do about it.

use insight_import_client::{AssetsClient, Error};
use serde_json::{Value, json};
use wiremock::{MockServer, ResponseTemplate};

use super::support::*;

#[tokio::test]
async fn each_error_has_message_and_remedy() {
    let status = format!("{SOURCE}/configstatus");
    let cases: [(u16, Value); 8] = [
        (401, json!({"code": 401, "message": "Unauthorized"})),
        (403, json!({"errorMessages": ["no"], "errors": {}})),
        (404, json!({})),
        (400, json!({"errorMessages": ["The body is odd."], "errors": {"name": "is missing"}})),
        (400, json!({"errorMessages": ["You have reached the object limit of 50000."]})),
        (402, json!({"message": "Payment required"})),
        (413, json!({})),
        (422, Value::Null),
    ];
    let mut told = Vec::new();
    for (code, body) in cases {
        let server = server().await;
        answer(&server, "GET", &status, code, body).await;
        let error = client(&server).config_status().await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        told.push(format!("{code}: {error}\n  {:?}", error.remedy()));
    }
    let server = MockServer::start().await;
    answer(&server, "GET", "/rest/servicedeskapi/assets/workspace", 401, Value::Null).await;
    let account = AssetsClient::builder(server.uri()).api_token("ada@example.com", "t0ken".into());
    let error = account.api_url(server.uri()).build().unwrap().workspace_id().await.unwrap_err();
    told.push(format!("account: {error}\n  {:?}", error.remedy()));
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn server_error_is_returned_after_retries() {
    let server = server().await;
    let html = ResponseTemplate::new(502).set_body_string("<html>");
    wiremock::Mock::given(wiremock::matchers::path(format!("{SOURCE}/configstatus")))
        .respond_with(html)
        .mount(&server)
        .await;
    let error = hurried(async { client(&server).config_status().await }).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { status: 502, .. }) && error.is_transient());
    assert_eq!(sent(&server, &format!("{SOURCE}/configstatus")).await.len(), 6);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = server().await;
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(302).insert_header("location", elsewhere.uri());
    once(&server, "GET", &format!("{SOURCE}/configstatus"), redirect).await;
    assert!(client(&server).config_status().await.is_err());
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn oversized_response_is_rejected() {
    let server = server().await;
    let endless = ResponseTemplate::new(200).set_body_bytes(vec![b' '; (64 << 20) + 1]);
    once(&server, "GET", &format!("{SOURCE}/configstatus"), endless).await;
    let error = client(&server).config_status().await.unwrap_err();
    assert!(matches!(error, Error::ResponseTooLarge { .. }) && !error.is_transient(), "{error:?}");
}
