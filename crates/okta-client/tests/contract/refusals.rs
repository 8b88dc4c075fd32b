//! What a refusal is told as.

use futures::TryStreamExt;
use okta_client::{Error, GroupQuery, OktaClient, Remedy};
use serde_json::json;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

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
async fn each_error_has_message_and_remedy() {
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
        ("users/zone", refusal(403, "E0000006", "The IP address is not in an allowed network zone")),
        ("users/firewall", ResponseTemplate::new(401).set_body_string("<h1>Sign in</h1>\u{1b}[2J")),
        ("users/proxy", ResponseTemplate::new(407).set_body_string("Proxy authentication required")),
        ("users/portal", ResponseTemplate::new(511).set_body_string("<title>Guest network</title>")),
        ("users/json", ResponseTemplate::new(403).set_body_json(json!({"message": "IP denied by policy 7"}))),
        ("users/echo", ResponseTemplate::new(403).set_body_string("denied: Authorization: DPoP abc.def.ghi")),
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
        let passes = matches!(error, Error::Blocked { .. } | Error::Decode { well_formed: false, .. });
        assert_eq!(error.is_transient(), passes, "{error}");
        assert!(std::error::Error::source(&error).is_none_or(|s| !s.to_string().contains("secret")));
        told.push(format!("{error}\n  {:?}", error.remedy()));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn only_okta_404_means_not_found() {
    let gone = |id: &str| refusal(404, "E0000007", &format!("Not found: Resource not found: {id} (User)"));
    let live = [
        ("page", ResponseTemplate::new(404).set_body_string("<html><h1>404</h1></html>")),
        ("empty", ResponseTemplate::new(404)),
        (
            "gateway",
            ResponseTemplate::new(404).set_body_json(json!({"status": 404, "message": "no Route matched"})),
        ),
        ("path", refusal(404, "E0000008", "The requested path was not found")),
        ("listed", ResponseTemplate::new(404).set_body_json(json!([{"errorCode": "E0000007"}]))),
        ("text", ResponseTemplate::new(404).set_body_string("E0000007")),
        ("another", gone("00u2")),
        ("moved", ResponseTemplate::new(410).set_body_string("<html>Gone</html>")),
        ("forbidden", ResponseTemplate::new(403).set_body_string("<html>E0000007</html>")),
    ];
    let server = server().await;
    let okta = client(&server);
    for (id, response) in live {
        for kind in ["users", "groups"] {
            answer(&server, &format!("/api/v1/{kind}/{id}"), response.clone()).await;
        }
        let found = hurried(async {
            (okta.users().find(id).await.map(drop), okta.groups().find(id).await.map(drop))
        });
        for error in [found.await.0.unwrap_err(), okta_group(&okta, id).await] {
            assert!(matches!(error, Error::Misrouted { .. } | Error::Blocked { .. }), "{id}: {error:?}");
            assert!(error.is_transient(), "{id}");
        }
    }
    assert_eq!(sent(&server, "/api/v1/users/page").await.len(), 3, "asked again, not for ever");
    answer(&server, "/api/v1/users/00u9", gone("00u9")).await;
    assert!(okta.users().find("00u9").await.unwrap().is_none());
    assert_eq!(sent(&server, "/api/v1/users/00u9").await.len(), 1, "Okta's word needs no repetition");
}

async fn okta_group(okta: &okta_client::OktaClient, id: &str) -> Error {
    hurried(okta.groups().find(id)).await.unwrap_err()
}

#[tokio::test]
async fn html_404_is_retried() {
    let server = server().await;
    answer_once(&server, "/api/v1/users/00u1", ResponseTemplate::new(404).set_body_string("<html>")).await;
    answer(&server, "/api/v1/users/00u1", ok(user(1))).await;
    let okta = client(&server);
    assert!(hurried(okta.users().find("00u1")).await.unwrap().is_some());
}

#[tokio::test]
async fn token_error_quotes_the_response() {
    for (response, told) in [
        (
            ResponseTemplate::new(403).set_body_string("<h1>Your IP was rejected</h1>"),
            "a firewall, proxy, or gateway rejected /oauth2/v1/token with status 403: \"Your IP was rejected\"",
        ),
        (
            ResponseTemplate::new(404).set_body_string("no such app here"),
            "/oauth2/v1/token returned status 404, which doesn't prove that the object is missing: \"no such app here\"",
        ),
        (
            refusal(403, "E0000006", "You do not have permission"),
            "Okta rejected the app's credentials (E0000006): You do not have permission",
        ),
    ] {
        let server = MockServer::start().await;
        answer(&server, TOKEN, response).await;
        let error = client(&server).users().get("00u1").await.unwrap_err();
        assert_eq!(error.to_string(), told);
        assert_eq!(sent(&server, TOKEN).await.len(), 1);
    }
}

#[tokio::test]
async fn error_shows_okta_code_and_causes() {
    let server = server().await;
    let body = json!({"errorCode": "E0000031", "errorSummary": "Invalid search criteria.",
        "errorCauses": [{"errorSummary": "no such attribute"}]});
    answer(&server, "/api/v1/groups", ResponseTemplate::new(400).set_body_json(body)).await;
    let result: Result<Vec<_>, _> = client(&server).groups().list(&GroupQuery::default()).try_collect().await;
    let Err(error @ Error::Api { code, summary, causes, .. }) = &result else { panic!("{result:?}") };
    assert_eq!((code.as_str(), summary.as_str()), ("E0000031", "Invalid search criteria."));
    assert_eq!(causes.as_slice(), ["no such attribute"]);
    assert_eq!(
        error.to_string(),
        "Okta rejected /api/v1/groups (E0000031): Invalid search criteria.; no such attribute"
    );
    assert_eq!(sent(&server, "/api/v1/groups").await.len(), 1);
}

#[tokio::test]
async fn invalid_client_error_is_not_retried() {
    let server = MockServer::start().await;
    let body = json!({"error": "invalid_client", "error_description": "The client ID is invalid."});
    answer(&server, "/oauth2/v1/token", ResponseTemplate::new(401).set_body_json(body)).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Okta rejected the app's credentials (invalid_client): The client ID is invalid."
    );
    assert_eq!(sent(&server, "/oauth2/v1/token").await.len(), 1);
}

#[tokio::test]
async fn token_redirect_suggests_correct_org_url() {
    let server = MockServer::start().await;
    let redirect = ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example/");
    answer(&server, "/oauth2/v1/token", redirect).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert!(matches!(error, Error::Redirect { .. }) && error.remedy() == Some(Remedy::CorrectOrgUrl));
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
async fn control_characters_in_error_are_removed() {
    let server = server().await;
    let body =
        json!({"errorCode": "E0000001", "errorSummary": "bad: \u{1b}[2J\nERROR forged", "errorCauses": null});
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(400).set_body_json(body)).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert_eq!(error.to_string(), "Okta rejected /api/v1/users/00u1 (E0000001): bad:  [2J ERROR forged");
}

#[tokio::test]
async fn decode_error_names_position_not_values() {
    let server = server().await;
    for (at, body) in [
        ("kind", json!({"id": "00u1", "status": "ACTIVE", "profile": "ada@example.com"})),
        ("id", json!({"id": {"login": "ada@example.com"}, "status": "ACTIVE"})),
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
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "missing field `status`, before line 1 column 13"
    );
}

#[tokio::test]
async fn echoed_credential_is_redacted() {
    const TOKEN_TEXT: &str = "00Ab-secret_of_an_api_token";
    let server = MockServer::start().await;
    let long = "x".repeat(150);
    for (status, body) in [
        (400, json!({"errorCode": "E0000001", "errorSummary": format!("{long} {TOKEN_TEXT}")}).to_string()),
        (403, json!({"message": format!("{long} token={TOKEN_TEXT};")}).to_string()),
        (403, format!("<p>{long} token={TOKEN_TEXT};")),
        (401, "{}".to_owned()),
    ] {
        server.reset().await;
        let challenge = format!("Bearer error=\"bad\", error_description=\"not {TOKEN_TEXT}\"");
        let mut refusal = ResponseTemplate::new(status).set_body_string(body);
        if status == 401 {
            refusal = refusal.insert_header("www-authenticate", challenge);
        }
        answer(&server, "/api/v1/users/00u1", refusal).await;
        let okta = OktaClient::builder(server.uri()).api_token(TOKEN_TEXT.into()).build().unwrap();
        let error = okta.users().get("00u1").await.unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains("00Ab") && told.contains('…'), "{status}: {told}");
    }
    server.reset().await;
    Mock::given(path(TOKEN))
        .respond_with(|request: &Request| {
            let said = format!("not {}", form(request)["client_assertion"]);
            ResponseTemplate::new(401)
                .set_body_json(json!({"error": "invalid_client", "error_description": said}))
        })
        .mount(&server)
        .await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert_eq!(error.to_string(), "Okta rejected the app's credentials (invalid_client): not …");
}
