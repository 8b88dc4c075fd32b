//! What a refusal is told as.

use futures::TryStreamExt;
use okta_client::{Error, GroupQuery};
use serde_json::json;
use wiremock::{MockServer, ResponseTemplate};

use super::support::*;

fn refusal(status: u16, code: &str, summary: &str) -> ResponseTemplate {
    let body = json!({"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae1",
        "errorCauses": []});
    ResponseTemplate::new(status).set_body_json(body)
}

fn challenged(status: u16, challenge: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("www-authenticate", challenge)
}

#[tokio::test]
async fn each_refusal_says_what_failed_and_what_to_do() {
    let server = granting(|asked| asked.replace("okta.groups.read", "")).await;
    let cases = [
        (
            "users/insufficient",
            challenged(403, "DPoP error=\"insufficient_scope\", scope=\"okta.users.read\""),
        ),
        ("users/role", refusal(403, "E0000006", "You do not have permission")),
        ("groups/compared", refusal(403, "E0000006", "You do not have permission")),
        (
            "users/status",
            refusal(403, "E0000038", "This operation is not allowed in the user's current status."),
        ),
        ("users/blocked", ResponseTemplate::new(403).set_body_string("<html>blocked</html>")),
        (
            "users/several",
            challenged(403, "Bearer realm=\"okta\"").append_header(
                "www-authenticate",
                "DPoP error=insufficient_scope, scope=\"okta.users.read\"",
            ),
        ),
        ("users/session", refusal(403, "E0000005", "Invalid session")),
        (
            "users/replayed",
            challenged(
                400,
                "DPoP error=\"invalid_dpop_proof\", error_description=\"The DPoP proof JWT has \
                             already been used.\"",
            ),
        ),
        ("users/dead", refusal(401, "E0000011", "Invalid token provided")),
        ("users/silent", ResponseTemplate::new(401)),
        ("users/feature", refusal(401, "E0000015", "You do not have permission to access the feature")),
        ("users/missing", refusal(404, "E0000007", "Not found: Resource not found: missing (User)")),
        ("users/invalid", refusal(400, "E0000001", "Api validation failed: filter")),
        ("users/moved", ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example/")),
        ("users/gateway", ResponseTemplate::new(400).set_body_string("<html>blocked</html>")),
        ("users/unreadable", ResponseTemplate::new(200).set_body_string("{\"id\": \"secret")),
    ];
    let okta = client(&server);
    let mut told = Vec::new();
    for (at, response) in cases {
        answer(&server, &format!("/api/v1/{at}"), response).await;
        let (kind, id) = at.split_once('/').unwrap();
        let error = match kind {
            "users" => okta.users().get(id).await.unwrap_err(),
            _ => okta.groups().get(id).await.unwrap_err(),
        };
        assert!(!error.is_transient(), "{error}");
        assert!(std::error::Error::source(&error).is_none_or(|s| !s.to_string().contains("secret")));
        told.push(format!("{error}\n  hint: {}", error.hint().unwrap_or_default()));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn okta_s_code_and_causes_are_told() {
    let server = server().await;
    let body = json!({"errorCode": "E0000031", "errorSummary": "Invalid search criteria.",
        "errorCauses": [{"errorSummary": "no such attribute"}]});
    answer(&server, "/api/v1/groups", ResponseTemplate::new(400).set_body_json(body)).await;
    let result: Result<Vec<_>, _> = client(&server).groups().list(&GroupQuery::default()).try_collect().await;
    let Err(error @ Error::Refused { code, summary, causes, .. }) = &result else { panic!("{result:?}") };
    assert_eq!((code.as_str(), summary.as_str()), ("E0000031", "Invalid search criteria."));
    assert_eq!(causes.as_slice(), ["no such attribute"]);
    assert_eq!(
        error.to_string(),
        "Okta refused /api/v1/groups (E0000031): Invalid search criteria.; no such attribute"
    );
    assert_eq!(sent(&server, "/api/v1/groups").await.len(), 1);
}

#[tokio::test]
async fn a_refused_credential_is_told_in_okta_s_words_and_not_repeated() {
    let server = MockServer::start().await;
    let body = json!({"error": "invalid_client", "error_description": "The client ID is invalid."});
    answer(&server, "/oauth2/v1/token", ResponseTemplate::new(401).set_body_json(body)).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Okta refused the app's credentials (invalid_client): The client ID is invalid."
    );
    assert_eq!(sent(&server, "/oauth2/v1/token").await.len(), 1);
}

#[tokio::test]
async fn the_admin_console_s_redirect_is_explained() {
    let server = MockServer::start().await;
    let redirect = ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example/");
    answer(&server, "/oauth2/v1/token", redirect).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert!(matches!(error, Error::Redirect { .. }) && error.hint().unwrap().contains("-admin"));
}

#[tokio::test]
async fn a_redirect_takes_no_credential_along() {
    let server = server().await;
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(307).insert_header("location", elsewhere.uri());
    answer(&server, "/api/v1/users/00u1", redirect).await;
    client(&server).users().get("00u1").await.unwrap_err();
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_a_user_typed_and_okta_repeats_stays_on_its_line() {
    let server = server().await;
    let body =
        json!({"errorCode": "E0000001", "errorSummary": "bad: \u{1b}[2J\nERROR forged", "errorCauses": null});
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(400).set_body_json(body)).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert_eq!(error.to_string(), "Okta refused /api/v1/users/00u1 (E0000001): bad:  [2J ERROR forged");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_says_where_and_repeats_nothing() {
    let server = server().await;
    for (at, body) in [
        ("kind", json!({"id": "00u1", "status": "ACTIVE", "profile": "ada@example.com"})),
        ("time", json!({"id": "00u1", "status": "ACTIVE", "created": "ada@example.com"})),
        ("text", json!("ada@example.com")),
    ] {
        answer(&server, &format!("/api/v1/users/{at}"), ok(body)).await;
        let error = client(&server).users().get(at).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("line 1 column"), "{cause}");
        assert!(!format!("{error} {error:?} {cause}").contains("ada@"), "{error:?}");
    }
    answer(&server, "/api/v1/users/missing", ok(json!({"id": "00u1"}))).await;
    let error = client(&server).users().get("missing").await.unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().starts_with("missing field `status`"));
}
