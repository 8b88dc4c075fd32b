//! Tokens and proofs.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;

use josekit::jwk::Jwk;
use josekit::jws::{ES256, RS256};
use josekit::jwt;
use okta_client::{Error, OktaClient, PrivateKey};
use serde_json::json;
use wiremock::{MockServer, Request, ResponseTemplate};

use super::support::*;

const USER: &str = "/api/v1/users/00u1";

#[tokio::test]
async fn each_token_request_is_freshly_signed() {
    let server = server().await;
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(200).set_body_json(user(1))).await;
    builder(&server).scopes(["okta.users.read"]).build().unwrap().users().get("00u1").await.unwrap();
    let tokens = sent(&server, "/oauth2/v1/token").await;
    assert_eq!(tokens.len(), 2);
    let mut used = HashSet::new();
    for request in &tokens {
        let form = form(request);
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["scope"], "okta.users.read");
        let assertion = claims(&form["client_assertion"]);
        assert_eq!(assertion["aud"], format!("{}/oauth2/v1/token", server.uri()));
        assert_eq!((&assertion["iss"], &assertion["sub"]), (&json!("0oaclient"), &json!("0oaclient")));
        let proof = header(request, "dpop");
        let jwk = &part(proof, 0)["jwk"];
        assert!(jwk.get("d").is_none() && jwk["kty"] == "EC", "only the public half");
        assert_eq!(part(proof, 0)["typ"], "dpop+jwt");
        assert!(used.insert(assertion["jti"].clone()) && used.insert(claims(proof)["jti"].clone()));
    }
    let call = &sent(&server, "/api/v1/users/00u1").await[0];
    assert_eq!(header(call, "authorization"), "DPoP token-1");
    let proof = claims(header(call, "dpop"));
    assert_eq!(proof["htm"], "GET");
    assert!(proof["ath"].is_string() && proof["htu"].as_str().unwrap().ends_with("/api/v1/users/00u1"));
}

#[tokio::test]
async fn token_type_selects_bearer_or_dpop() {
    let server = MockServer::start().await;
    let body = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": "t", "scope": ""});
    answer(&server, "/oauth2/v1/token", ResponseTemplate::new(200).set_body_json(body)).await;
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(200).set_body_json(user(1))).await;
    client(&server).users().get("00u1").await.unwrap();
    let call = &sent(&server, "/api/v1/users/00u1").await[0];
    assert_eq!(header(call, "authorization"), "Bearer t");
    assert!(call.headers.get("dpop").is_none());
}

#[tokio::test]
async fn concurrent_calls_share_one_token_request() {
    let server = server().await;
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(200).set_body_json(user(1))).await;
    let okta = client(&server);
    futures::future::try_join_all((0..20).map(|_| {
        let okta = okta.clone();
        async move { okta.users().get("00u1").await }
    }))
    .await
    .unwrap();
    assert_eq!(sent(&server, "/oauth2/v1/token").await.len(), 2, "one for the nonce, one for the token");
}

#[tokio::test]
async fn api_nonce_retry_keeps_token() {
    let server = server().await;
    let challenge = ResponseTemplate::new(401)
        .insert_header("www-authenticate", "DPoP error=\"use_dpop_nonce\"")
        .insert_header("dpop-nonce", "n2");
    answer_once(&server, USER, challenge).await;
    answer(&server, USER, ok(user(1))).await;
    client(&server).users().get("00u1").await.unwrap();
    let calls = sent(&server, USER).await;
    let nonce = |request: &Request| claims(header(request, "dpop"))["nonce"].clone();
    let nonces: Vec<_> = calls.iter().map(nonce).collect();
    assert_eq!(nonces, [json!(null), json!("n2")], "the token endpoint's nonce is its own");
    assert_eq!(header(&calls[1], "authorization"), "DPoP token-1", "the token was good");
}

#[tokio::test]
async fn endless_nonce_challenges_end_with_error() {
    let server = server().await;
    let challenge = ResponseTemplate::new(401)
        .insert_header("www-authenticate", "DPoP error=\"use_dpop_nonce\"")
        .insert_header("dpop-nonce", "n2");
    answer(&server, USER, challenge).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert!(matches!(&error, Error::Credentials { error, .. } if error == "use_dpop_nonce"), "{error:?}");
    assert!(sent(&server, USER).await.len() <= 3);
}

#[tokio::test]
async fn token_is_renewed_before_expiry() {
    let server = server().await;
    answer(&server, USER, ok(user(1))).await;
    let okta = client(&server);
    okta.users().get("00u1").await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_mins(54)).await;
    tokio::time::resume();
    okta.users().get("00u1").await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_mins(2)).await;
    tokio::time::resume();
    okta.users().get("00u1").await.unwrap();
    let tokens: Vec<_> =
        sent(&server, USER).await.iter().map(|c| header(c, "authorization").to_owned()).collect();
    assert_eq!(tokens, ["DPoP token-1", "DPoP token-1", "DPoP token-2"]);
}

#[tokio::test]
async fn second_token_rejection_is_credential_error() {
    let server = server().await;
    let refusal = json!({"errorCode": "E0000011", "errorSummary": "Invalid token provided"});
    answer(&server, USER, ResponseTemplate::new(401).set_body_json(refusal)).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert!(matches!(&error, Error::Credentials { error, .. } if error == "E0000011"), "{error:?}");
    assert_eq!(sent(&server, USER).await.len(), 2);
}

#[tokio::test]
async fn signatures_verify_with_either_dpop_key() {
    let server = server().await;
    answer(&server, USER, ok(user(1))).await;
    let rsa = PrivateKey::generate_rsa().unwrap();
    let public = |value: serde_json::Value| Jwk::from_bytes(value.to_string()).unwrap();
    for dpop_key in [None, Some(rsa.clone())] {
        let mut builder = OktaClient::builder(server.uri()).service_app("0oaclient", rsa.clone());
        if let Some(key) = &dpop_key {
            builder = builder.dpop_key(key.clone());
        }
        builder.build().unwrap().users().get("00u1").await.unwrap();
        let request = sent(&server, TOKEN).await.pop().unwrap();
        let assertion = form(&request)["client_assertion"].clone();
        assert_eq!(part(&assertion, 0)["kid"].as_str(), rsa.kid());
        let verifier = RS256.verifier_from_jwk(&public(rsa.public_jwk())).unwrap();
        jwt::decode_with_verifier(&assertion, &verifier).unwrap();
        let proof = header(&request, "dpop");
        let own = public(part(proof, 0)["jwk"].clone());
        assert_eq!(own.key_type(), if dpop_key.is_some() { "RSA" } else { "EC" });
        if dpop_key.is_some() {
            jwt::decode_with_verifier(proof, &RS256.verifier_from_jwk(&own).unwrap()).unwrap();
        } else {
            jwt::decode_with_verifier(proof, &ES256.verifier_from_jwk(&own).unwrap()).unwrap();
        }
    }
}

#[tokio::test]
async fn api_token_is_never_renewed() {
    let server = MockServer::start().await;
    answer_once(&server, USER, ok(user(1))).await;
    answer(&server, USER, ResponseTemplate::new(401)).await;
    let okta = OktaClient::builder(server.uri()).api_token("00secret".into()).build().unwrap();
    okta.users().get("00u1").await.unwrap();
    assert!(matches!(okta.users().get("00u1").await, Err(Error::Credentials { .. })));
    let calls = server.received_requests().await.unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(header(&calls[0], "authorization"), "SSWS 00secret");
    assert!(
        okta.granted_scopes().await.unwrap().is_empty() && okta.missing_scopes().await.unwrap().is_empty()
    );
    assert!(!okta.is_bound().await.unwrap());
}

#[tokio::test]
async fn token_request_retries_use_fresh_assertions() {
    let server = MockServer::start().await;
    let date = jiff::Timestamp::now();
    let closed = ResponseTemplate::new(429)
        .insert_header("x-rate-limit-limit", "10")
        .insert_header("x-rate-limit-remaining", "0")
        .insert_header("x-rate-limit-reset", (date.as_second() + 20).to_string());
    answer_once(&server, TOKEN, ResponseTemplate::new(503)).await;
    answer_once(&server, TOKEN, closed).await;
    answer(&server, TOKEN, ok(json!({"token_type": "DPoP", "expires_in": 3600, "access_token": "t"}))).await;
    answer(&server, USER, ok(user(1))).await;
    hurried(async { client(&server).users().get("00u1").await }).await.unwrap();
    let tokens = sent(&server, TOKEN).await;
    let ids: HashSet<_> =
        tokens.iter().map(|t| claims(&form(t)["client_assertion"])["jti"].clone()).collect();
    assert_eq!((tokens.len(), ids.len()), (3, 3));
}

#[tokio::test]
async fn token_type_decides_is_bound() {
    for (kind, bound) in [("DPoP", true), ("Bearer", false)] {
        let server = MockServer::start().await;
        let token = json!({"token_type": kind, "expires_in": 3600, "access_token": "t"});
        answer(&server, TOKEN, ok(token)).await;
        assert_eq!(client(&server).is_bound().await.unwrap(), bound, "{kind}");
    }
}

#[tokio::test]
async fn missing_scopes_are_reported() {
    let server = granting(|_| "okta.users.read okta.eventHooks.manage".into()).await;
    let asked = ["okta.users.read", "okta.groups.read", "okta.eventHooks.read", "okta.eventHooks.manage"];
    let okta = builder(&server).scopes(asked).build().unwrap();
    assert_eq!(okta.granted_scopes().await.unwrap(), ["okta.users.read", "okta.eventHooks.manage"]);
    assert_eq!(okta.missing_scopes().await.unwrap(), ["okta.groups.read"], "managing covers reading");
}

#[tokio::test]
async fn debug_output_and_errors_hide_credentials() {
    let server = server().await;
    answer(&server, USER, ResponseTemplate::new(400).set_body_string("no")).await;
    let key = PrivateKey::generate_ec().unwrap();
    let builder = OktaClient::builder(server.uri()).service_app("0oaclient", key.clone());
    let mut shown = format!("{builder:?} {key:?}");
    let okta = builder.build().unwrap();
    let error = okta.users().get("00u1").await.unwrap_err();
    write!(shown, "{okta:?} {:?} {error} {error:?}", okta.pacer()).unwrap();
    let private: serde_json::Value =
        serde_json::from_str(secrecy::ExposeSecret::expose_secret(&key.to_jwk())).unwrap();
    assert!(!shown.contains("token-1") && !shown.contains(private["d"].as_str().unwrap()), "{shown}");
}

#[tokio::test]
async fn waiting_calls_share_token_rejection() {
    let server = MockServer::start().await;
    let body = json!({"error": "invalid_client", "error_description": "The client ID is invalid."});
    let refusal = ResponseTemplate::new(401).set_body_json(body).set_delay(Duration::from_millis(300));
    answer(&server, TOKEN, refusal).await;
    let okta = client(&server);
    let results = futures::future::join_all((0..20).map(|_| {
        let okta = okta.clone();
        async move { okta.users().get("00u1").await }
    }))
    .await;
    assert!(
        results
            .iter()
            .all(|r| matches!(r, Err(Error::Credentials { error, .. }) if error == "invalid_client"))
    );
    assert_eq!(sent(&server, TOKEN).await.len(), 1, "twenty refused sign-ins would lock the app out");
    okta.users().get("00u1").await.unwrap_err();
    assert_eq!(sent(&server, TOKEN).await.len(), 2, "whoever comes later asks again");
}

#[tokio::test]
async fn canceled_token_request_passes_to_next() {
    let server = MockServer::start().await;
    let token = || ok(json!({"token_type": "Bearer", "expires_in": 3600, "access_token": "t"}));
    answer_once(&server, TOKEN, token().set_delay(Duration::from_mins(5))).await;
    answer(&server, TOKEN, token()).await;
    answer(&server, USER, ok(user(1))).await;
    let okta = client(&server);
    let ask = || {
        let okta = okta.clone();
        tokio::spawn(async move { okta.users().get("00u1").await })
    };
    let dropped = ask();
    received(&server, TOKEN, 1).await;
    let waiting = ask();
    // It waits for the token of the first.
    tokio::task::yield_now().await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    let user = tokio::time::timeout(Duration::from_mins(3), waiting).await.unwrap().unwrap().unwrap();
    assert_eq!(user.id, "00u1");
    assert_eq!((okta.pacer().state().in_flight, okta.pacer().state().queued), (0, 0));
}

#[tokio::test]
async fn failed_renewal_keeps_using_token() {
    let server = MockServer::start().await;
    let token = |name: &str| ok(json!({"token_type": "Bearer", "expires_in": 3600, "access_token": name}));
    answer_once(&server, TOKEN, token("t1")).await;
    answer_once(&server, TOKEN, ResponseTemplate::new(503)).await;
    answer(&server, TOKEN, token("t2")).await;
    answer(&server, USER, ok(user(1))).await;
    let okta = client(&server);
    for forward in [Duration::ZERO, Duration::from_mins(56), Duration::from_secs(1), Duration::from_mins(1)] {
        skip(forward).await;
        okta.users().get("00u1").await.unwrap();
    }
    let tokens: Vec<_> =
        sent(&server, USER).await.iter().map(|c| header(c, "authorization").to_owned()).collect();
    assert_eq!(tokens, ["Bearer t1", "Bearer t1", "Bearer t1", "Bearer t2"]);
    assert_eq!(sent(&server, TOKEN).await.len(), 3, "not with every call");
}

#[tokio::test]
async fn malformed_token_response_hides_token() {
    for (body, whole) in [
        ("{\"access_token\": \"s3cret\", \"expires_in\": \"s3cret\", \"token_type\": \"DPoP\"}", false),
        ("<html>s3cret", false),
        ("{\"access_token\": \"s3cret\", \"expires_in\": 18446744073709551615, \"token_type\": \"x\"}", true),
    ] {
        let server = MockServer::start().await;
        answer(&server, TOKEN, ResponseTemplate::new(200).set_body_string(body)).await;
        answer(&server, USER, ok(user(1))).await;
        let result = client(&server).users().get("00u1").await;
        assert_eq!(result.is_ok(), whole, "{result:?}");
        if let Err(error) = result {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            assert!(!format!("{error} {error:?} {cause:?}").contains("s3cret"), "{error:?}");
        }
    }
    let server = MockServer::start().await;
    answer(&server, TOKEN, ResponseTemplate::new(200).set_body_bytes(vec![b' '; 2 << 20])).await;
    assert!(matches!(client(&server).users().get("00u1").await, Err(Error::TooLarge { .. })));
}

#[tokio::test]
async fn throttled_token_endpoint_ends_the_call() {
    let server = MockServer::start().await;
    let end = jiff::Timestamp::now().as_second() + 50;
    let closed = ResponseTemplate::new(429).insert_header("x-rate-limit-reset", end.to_string());
    answer(&server, TOKEN, closed).await;
    let okta = builder(&server).total_time(Duration::from_secs(10)).build().unwrap();
    let error = okta.users().get("00u1").await.unwrap_err();
    assert!(matches!(&error, Error::RateLimited { path, .. } if path == TOKEN), "{error:?}");
    let state = okta.pacer().state();
    assert!(state.refused == 1 && state.held_for > Duration::from_secs(30), "counted and shown: {state:?}");
    server.reset().await;
    answer(&server, TOKEN, ok(json!({})).set_delay(Duration::from_mins(5))).await;
    let error = hurried(async { okta.granted_scopes().await }).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}
