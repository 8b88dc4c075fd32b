//! What the builder is told.

use std::sync::Arc;
use std::time::Duration;

use okta_client::{ConfigError, Error, OktaClient, Pacer};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use wiremock::{MockServer, ResponseTemplate};

use super::support::*;

const USER: &str = "/api/v1/users/00u1";

#[tokio::test]
async fn user_agent_names_product_and_crate() {
    let server = server().await;
    answer(&server, USER, ok(user(1))).await;
    builder(&server).user_agent("example-sync/1.2").build().unwrap().users().get("00u1").await.unwrap();
    let agent = format!("example-sync/1.2 okta-client/{}", env!("CARGO_PKG_VERSION"));
    let requests = server.received_requests().await.unwrap();
    assert!(requests.len() == 3 && requests.iter().all(|r| header(r, "user-agent") == agent));
}

#[tokio::test]
async fn a_proxy_carries_every_request() {
    let (org, proxy) = (MockServer::start().await, server().await);
    answer(&proxy, USER, ok(user(1))).await;
    let okta = builder(&org).proxy(reqwest::Proxy::all(proxy.uri()).unwrap()).build().unwrap();
    okta.users().get("00u1").await.unwrap();
    assert!(org.received_requests().await.unwrap().is_empty());
    assert_eq!(sent(&proxy, USER).await.len(), 1);
}

/// An org behind a certificate of an authority of its own, given as PEM.
pub(super) async fn org_with_its_own_authority(name: &str) -> (String, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{name}:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Whoever does not trust the certificate ends the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let body = user(1).to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (url, pem)
}

#[tokio::test]
async fn added_root_certificate_is_trusted() {
    let (url, authority) = org_with_its_own_authority("localhost").await;
    let builder = || OktaClient::builder(url.as_str()).api_token("t".into());
    let error = builder()
        .total_time(Duration::from_millis(500))
        .build()
        .unwrap()
        .users()
        .get("00u1")
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::Transport { .. } | Error::TimedOut { .. }), "{error:?}");
    let okta = builder().root_certificate(authority).build().unwrap();
    assert_eq!(okta.users().get("00u1").await.unwrap().id, "00u1");
    for wrong in ["", "-----BEGIN", "MIIB"] {
        assert!(
            matches!(builder().root_certificate(wrong).build(), Err(ConfigError::InvalidCertificate)),
            "{wrong}"
        );
    }
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";
    assert!(matches!(builder().root_certificate(damaged).build(), Err(ConfigError::Http(_))));
}

#[tokio::test]
async fn builder_requires_a_credential() {
    let error = OktaClient::builder("https://example.okta.com").build().unwrap_err();
    assert_eq!(error.to_string(), "no credential; set a client ID and a private key, or an API token");
}

#[tokio::test]
async fn maximum_total_time_is_accepted() {
    let server = server().await;
    answer(&server, USER, ok(user(1))).await;
    let okta = builder(&server).total_time(Duration::MAX).timeout(Duration::from_secs(5)).build().unwrap();
    okta.users().get("00u1").await.unwrap();
}

#[tokio::test]
async fn clients_share_pacer_state() {
    let server = server().await;
    let used_up = ok(user(1))
        .insert_header("x-rate-limit-limit", "600")
        .insert_header("x-rate-limit-remaining", "0")
        .insert_header("x-rate-limit-reset", (jiff::Timestamp::now().as_second() + 50).to_string());
    answer(&server, USER, used_up).await;
    let pacer = Pacer::default();
    let clients = [(); 2]
        .map(|()| builder(&server).pacer(pacer.clone()).total_time(Duration::from_secs(5)).build().unwrap());
    clients[0].users().get("00u1").await.unwrap();
    let error = hurried(async { clients[1].users().get("00u1").await }).await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { .. }), "{error:?}");
    assert_eq!(sent(&server, USER).await.len(), 1, "the second client did not ask");
    let state = serde_json::to_value(pacer.state()).unwrap();
    assert_eq!(state["buckets"]["GET /api/v1/users/{id}"]["limit"], json!(600));
    let alone = client(&server);
    alone.users().get("00u1").await.unwrap();
}

#[tokio::test]
async fn timed_out_request_is_retried() {
    let server = server().await;
    answer_once(&server, USER, ok(user(1)).set_delay(Duration::from_mins(10))).await;
    answer(&server, USER, ResponseTemplate::new(200).set_body_json(user(1))).await;
    let limit = Duration::from_mins(2);
    let okta = builder(&server).timeout(limit).build().unwrap();
    let asking = tokio::spawn(async move { okta.users().get("00u1").await });
    received(&server, USER, 1).await;
    skip(limit).await;
    asking.await.unwrap().unwrap();
    assert_eq!(sent(&server, USER).await.len(), 2);
}
