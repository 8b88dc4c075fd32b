//! Who may ask the org, and how listings are paged.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::alg::rsa::RsaKeyPair;
use josekit::jws::{JwsHeader, RS256};
use josekit::jwt::{self, JwtPayload};
use sandbox::DpopMode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::env::{Answer, TestEnv, ids, options, read};

/// A proof of possession of the key.
fn proof(key: &RsaKeyPair, method: &str, url: &str, more: &[(&str, &str)]) -> String {
    let mut claims = JwtPayload::new();
    let now = jiff::Timestamp::now().as_second();
    for (name, value) in [("htm", method.into()), ("htu", url.into()), ("iat", Value::from(now))] {
        claims.set_claim(name, Some(value)).unwrap();
    }
    claims.set_claim("jti", Some(Uuid::new_v4().to_string().into())).unwrap();
    for (name, value) in more {
        claims.set_claim(name, Some((*value).into())).unwrap();
    }
    let mut header = JwsHeader::new();
    header.set_token_type("dpop+jwt");
    header.set_jwk(key.to_jwk_public_key());
    jwt::encode_with_signer(&claims, &header, &RS256.signer_from_jwk(&key.to_jwk_private_key()).unwrap())
        .unwrap()
}

fn error(answer: &Answer) -> String {
    answer.json()["error"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn dpop_token_needs_fresh_proofs() {
    let mut required = options();
    required.dpop = DpopMode::Required;
    let env = TestEnv::with(required).await;
    let key = RsaKeyPair::generate(2048).unwrap();
    let url = env.token_url();
    let assertion = env.assertion();
    let challenged = env.ask_with(&assertion, Some(&proof(&key, "POST", &url, &[]))).await;
    assert_eq!((challenged.status, error(&challenged).as_str()), (400, "use_dpop_nonce"));
    let nonce = challenged.headers["dpop-nonce"].to_str().unwrap().to_owned();
    let with_nonce = || proof(&key, "POST", &url, &[("nonce", &nonce)]);
    let used = env.ask_with(&assertion, Some(&with_nonce())).await;
    assert_eq!((used.status, error(&used).as_str()), (401, "invalid_client"));
    let granted = env.ask_with(&env.assertion(), Some(&with_nonce())).await.json();
    assert_eq!(granted["token_type"], "DPoP");

    let token = granted["access_token"].as_str().unwrap();
    let users = format!("{}/api/v1/users", env.ready("/okta/org_url"));
    let ath = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
    let ask = |proof: String| {
        let request = env.http.get(&users).header("authorization", format!("DPoP {token}"));
        read(request.header("dpop", proof))
    };
    let fresh = proof(&key, "GET", &users, &[("ath", &ath)]);
    assert_eq!(ask(fresh.clone()).await.unwrap().status, 200);
    for (what, bad) in [
        ("a used proof", fresh),
        ("another key", proof(&RsaKeyPair::generate(2048).unwrap(), "GET", &users, &[("ath", &ath)])),
        ("another method", proof(&key, "get", &users, &[("ath", &ath)])),
        ("the query in the address", proof(&key, "GET", &format!("{users}?limit=1"), &[("ath", &ath)])),
        ("no hash of the token", proof(&key, "GET", &users, &[])),
    ] {
        let refused = ask(bad).await.unwrap();
        let reason = refused.headers["www-authenticate"].to_str().unwrap();
        assert!(
            refused.status == 400 && refused.text.is_empty() && reason.contains("invalid_dpop_proof"),
            "{what}"
        );
    }
    let bearer = read(env.http.get(&users).bearer_auth(token)).await.unwrap();
    assert_eq!(bearer.status, 400, "a bound token is no bearer token");
}

#[tokio::test]
async fn throttled_request_consumes_its_proof() {
    let mut required = options();
    required.dpop = DpopMode::Required;
    let env = TestEnv::with(required).await;
    let key = RsaKeyPair::generate(2048).unwrap();
    let url = env.token_url();
    let nonce = env.ask_with(&env.assertion(), Some(&proof(&key, "POST", &url, &[]))).await;
    let nonce = nonce.headers["dpop-nonce"].to_str().unwrap().to_owned();
    let granted =
        env.ask_with(&env.assertion(), Some(&proof(&key, "POST", &url, &[("nonce", &nonce)]))).await;
    let token = granted.json()["access_token"].as_str().unwrap().to_owned();
    let users = format!("{}/api/v1/users", env.ready("/okta/org_url"));
    let proof = proof(&key, "GET", &users, &[("ath", &URL_SAFE_NO_PAD.encode(Sha256::digest(&token)))]);
    let ask =
        || read(env.http.get(&users).header("authorization", format!("DPoP {token}")).header("dpop", &proof));
    env.faults("okta.429=1").await;
    assert_eq!(ask().await.unwrap().status, 429);
    env.faults("").await;
    assert_eq!(ask().await.unwrap().status, 400);
}

#[tokio::test]
async fn missing_role_empties_user_list() {
    let env = TestEnv::new().await;
    env.control("POST", "/okta/role/off", Value::Null).await;
    let users = env.get("/api/v1/users").await;
    assert_eq!((users.status, users.json()), (200, json!([])));
    assert_eq!(env.get("/api/v1/groups").await.status, 403);
    env.control("POST", "/okta/role/on", Value::Null).await;
    env.control("POST", "/okta/scopes/okta.groups.read/off", Value::Null).await;
    env.sign_in().await;
    let refused = env.get("/api/v1/groups").await;
    assert_eq!(refused.status, 403);
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("insufficient_scope"));
    assert_eq!(env.get("/api/v1/users").await.status, 200);
}

#[tokio::test]
async fn user_list_is_paged_without_deactivated() {
    let mut many = options();
    many.users = 25;
    let env = TestEnv::with(many).await;
    let all = env.users().await;
    env.control("POST", &format!("/okta/users/{}/lifecycle/deactivate", all[0]), Value::Null).await;
    let filter = "/api/v1/users?filter=status%20eq%20%22DEPROVISIONED%22";
    let gone = ids(&env.get(filter).await.json());
    assert!(gone.contains(&all[0]));
    let mut next = Some("/api/v1/users?limit=10".to_owned());
    let mut listed = Vec::new();
    while let Some(path) = next {
        let page = env.get(&path).await;
        assert_eq!(page.headers.get_all("link").iter().count(), if page.next().is_some() { 2 } else { 1 });
        listed.extend(ids(&page.json()));
        next = page.next();
    }
    listed.extend(gone);
    listed.sort();
    assert_eq!(listed, all);
    assert_eq!(env.get("/api/v1/users?limit=201").await.status, 400);
    assert_eq!(env.get("/api/v1/users?after=made-up").await.status, 400);
}
