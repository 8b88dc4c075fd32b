//! How a sandbox is set up.

use sandbox::{DpopMode, Sandbox, TlsFiles};
use serde_json::{Value, json};

use crate::env::{TestEnv, options, read};

#[tokio::test]
async fn certificate_enables_https_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let tls = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
    std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
    let mut options = options();
    options.tls = Some(tls);
    let env = TestEnv::with(options).await;
    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let org = env.ready("/okta/org_url");
    assert!(org.starts_with("https://"));
    assert_eq!(read(http.get(format!("{org}/api/v1/users"))).await.unwrap().status, 401);
    let counts = read(http.get(format!("{}/okta/counts", env.sandbox.control_url()))).await.unwrap();
    assert_eq!(counts.json()["users"], 6);
}

#[tokio::test]
async fn invalid_certificate_or_url_is_named() {
    let mut wrong = options();
    wrong.tls = Some(TlsFiles { certificate: "no-cert.pem".into(), key: "no-key.pem".into() });
    let error = Sandbox::start(&wrong).await.err().unwrap().to_string();
    assert!(error.starts_with("no-cert.pem: "), "{error}");
    let mut wrong = options();
    wrong.public_url_okta = Some("https://sandbox.example/okta".parse().unwrap());
    let error = Sandbox::start(&wrong).await.err().unwrap().to_string();
    assert!(error.contains("sandbox.example/okta"), "{error}");
}

#[tokio::test]
async fn public_url_becomes_org_url() {
    let mut options = options();
    options.public_url_okta = Some("https://okta.sandbox.example".parse().unwrap());
    let env = TestEnv::with(options).await;
    assert_eq!(env.ready("/okta/org_url"), "https://okta.sandbox.example");
}

#[tokio::test]
async fn exhausted_bucket_is_throttled() {
    let mut options = options();
    options.rate_limit = Some(2);
    let env = TestEnv::with(options).await;
    let first = env.get("/api/v1/users").await;
    assert_eq!((first.status, &first.headers["x-rate-limit-remaining"]), (200, &"1".parse().unwrap()));
    env.get("/api/v1/users").await;
    assert_eq!(env.get("/api/v1/users").await.status, 429);
    assert_eq!(env.get("/api/v1/logs").await.status, 200, "another bucket");
    env.control("POST", "/okta/rate-limit/off", Value::Null).await;
    assert_eq!(env.get("/api/v1/users").await.status, 200);
}

#[tokio::test]
async fn dpop_mode_decides_whether_proof_required() {
    let mut required = options();
    required.dpop = DpopMode::Required;
    let refused = TestEnv::with(required).await.ask_for_token().await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_dpop_proof")));
    let mut optional = options();
    optional.dpop = DpopMode::Optional;
    assert_eq!(TestEnv::with(optional).await.ask_for_token().await.json()["token_type"], "Bearer");
}
