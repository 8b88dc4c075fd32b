//! The ID that a key is sent under.

use okta_client::{Error, OktaClient, PrivateKey, Remedy};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::support::*;

const USER: &str = "/api/v1/users/00u1";

/// An org whose app has keys of these IDs.
async fn registered(ids: Vec<String>) -> MockServer {
    let server = MockServer::start().await;
    let token = move |request: &Request| {
        let kid = part(&form(request)["client_assertion"], 0)["kid"].clone();
        // Without an ID the only key is meant.
        if kid.as_str().map_or(ids.len() == 1, |kid| ids.iter().any(|id| id == kid)) {
            return ok(json!({"token_type": "Bearer", "expires_in": 3600, "access_token": "t"}));
        }
        let description = "The client_assertion JWT kid is invalid.";
        let body = json!({"error": "invalid_client", "error_description": description});
        ResponseTemplate::new(401).set_body_json(body)
    };
    Mock::given(path(TOKEN)).respond_with(token).mount(&server).await;
    answer(&server, USER, ok(user(1))).await;
    server
}

/// A key without an ID, as a PEM document has it, and the ID under which `keygen` would register it.
fn unnamed() -> (PrivateKey, String) {
    let named = PrivateKey::generate_ec().unwrap();
    let mut jwk: Value = serde_json::from_str(named.to_jwk().expose_secret()).unwrap();
    jwk["kid"] = "".into();
    (PrivateKey::parse(&jwk.to_string()).unwrap(), named.kid().unwrap().to_owned())
}

/// The IDs that were sent until the app was signed in.
async fn signs_in(server: &MockServer, key: PrivateKey) -> Result<Vec<Value>, Error> {
    let okta = OktaClient::builder(server.uri()).service_app("0oaclient", key).build().unwrap();
    okta.users().get("00u1").await?;
    let kid = |request: &Request| part(&form(request)["client_assertion"], 0)["kid"].clone();
    Ok(sent(server, TOKEN).await.iter().map(kid).collect())
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn only_key_needs_no_id() {
    let server = registered(ids(&["chosen-by-okta"])).await;
    assert_eq!(signs_in(&server, unnamed().0).await.unwrap(), [Value::Null]);
}

#[tokio::test]
async fn given_key_id_is_sent() {
    let server = registered(ids(&["chosen-by-okta", "another"])).await;
    let key = unnamed().0.with_kid("chosen-by-okta");
    assert_eq!(signs_in(&server, key).await.unwrap(), [json!("chosen-by-okta")]);
}

#[tokio::test]
async fn generated_key_is_known_by_thumbprint() {
    let (key, own) = unnamed();
    let server = registered(ids(&[&own, "another"])).await;
    assert_eq!(signs_in(&server, key).await.unwrap(), [Value::Null, own.into()]);
}

#[tokio::test]
async fn unknown_key_id_names_both_causes() {
    let server = registered(ids(&["chosen-by-okta", "another"])).await;
    for (key, attempts) in [(unnamed().0, 2), (unnamed().0.with_kid("wrong"), 3)] {
        let error = signs_in(&server, key).await.unwrap_err();
        assert_eq!(error.remedy(), Some(Remedy::RegisterPublicKey));
        assert_eq!(sent(&server, TOKEN).await.len(), attempts, "no end of attempts");
    }
}
