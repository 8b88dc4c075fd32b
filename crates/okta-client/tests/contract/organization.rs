//! Who answers at a URL.

use okta_client::{Error, Remedy};
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::client;

async fn answered(answer: ResponseTemplate) -> (MockServer, okta_client::Result<okta_client::Organization>) {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/.well-known/okta-organization"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let organization = client(&server).organization().await;
    (server, organization)
}

#[tokio::test]
async fn organization_is_read_without_credentials() {
    let body = json!({"id": "00o1", "pipeline": "idx", "_links": {}});
    let (server, organization) = answered(ResponseTemplate::new(200).set_body_json(body)).await;
    assert_eq!(organization.unwrap().id, "00o1");
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1, "no token was fetched");
    assert!(!requests[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn whoever_else_answers_is_no_org() {
    for answer in [
        ResponseTemplate::new(404),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(404).set_body_json(json!({"id": "00o1"})),
    ] {
        let (server, organization) = answered(answer).await;
        let error = organization.unwrap_err();
        assert!(matches!(&error, Error::NotAnOrg(url) if *url == server.uri()), "{error}");
        assert_eq!(error.remedy(), Some(Remedy::CorrectOrgUrl));
    }
    let elsewhere = ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example.com/");
    assert!(matches!(answered(elsewhere).await.1, Err(Error::Redirect { .. })));
    assert!(matches!(
        answered(ResponseTemplate::new(503)).await.1,
        Err(Error::Unavailable { status: 503, .. })
    ));
}
