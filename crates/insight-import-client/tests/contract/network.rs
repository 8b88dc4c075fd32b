//! The way to Assets: proxies, private authorities, IPv6, private addresses.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use insight_import_client::{
    AssetsClient, ConfigError, Error, ImportClient, NetworkRemedy, Remedy, SourceStatus,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sandbox::{ForwardProxy, ProxyManner};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use wiremock::MockServer;
use wiremock::matchers::path;

use super::support::*;

const API: &str = "https://api.assets.example";

#[tokio::test]
async fn proxy_rejection_is_attributed_to_proxy() {
    for status in [403, 407] {
        let proxy = ForwardProxy::start(ProxyManner::Refuse(status)).await.unwrap();
        let client = ImportClient::builder("ATCTT3xtoken".into()).api_url(API);
        let client = client.proxy(reqwest::Proxy::all(proxy.url()).unwrap()).build().unwrap();
        let error = hurried(async { client.config_status().await }).await.unwrap_err();
        let Error::Transport { reason, sent: false } = &error else { panic!("{error:?}") };
        assert!(reason.is_proxy_s_fault(), "{error}");
        let remedy = error.remedy().unwrap();
        let expected = match status {
            407 => matches!(remedy, Remedy::CheckNetwork(NetworkRemedy::SetProxyCredentials { .. })),
            _ => remedy == Remedy::CheckNetwork(NetworkRemedy::AllowHostInProxy),
        };
        assert!(expected, "{remedy}");
    }
}

/// A site behind a certificate of an authority of its own, given as PEM.
async fn site_with_its_own_authority(name: &str, answer: &str) -> (SocketAddr, String) {
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
    let address = listener.local_addr().unwrap();
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}", answer.len());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust the certificate ends the handshake.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, pem)
}

#[tokio::test]
async fn private_authority_is_trusted_through_proxy() {
    let link = |end: &str| format!("{API}{SOURCE}/{end}");
    // Each request of the test gets the same answer, which is one to all of them.
    let answer = json!({"status": "IDLE", "links": {"getStatus": link("configstatus"),
        "start": link("executions"), "mapping": link("mapping")}});
    let (address, authority) = site_with_its_own_authority("api.assets.example", &answer.to_string()).await;
    let proxy = ForwardProxy::start(ProxyManner::Tunnel(address)).await.unwrap();
    let builder = || {
        let builder = ImportClient::builder("ATCTT3xtoken".into()).api_url(API);
        builder.proxy(reqwest::Proxy::all(proxy.url()).unwrap())
    };
    let untrusting = builder().build().unwrap();
    let error = hurried(async { untrusting.config_status().await }).await.unwrap_err();
    assert!(error.to_string().contains("certificate isn't trusted"), "{error}");
    let client = builder().root_certificate(authority).build().unwrap();
    assert_eq!(client.config_status().await.unwrap().status, SourceStatus::Idle);
    assert_eq!(proxy.requests()[0], "CONNECT api.assets.example:443 HTTP/1.1");
}

#[tokio::test]
async fn assets_is_reached_over_ipv6() {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        eprintln!("SKIPPED: this machine has no IPv6 loopback address");
        return;
    };
    let site = MockServer::builder().listener(listener).start().await;
    let info = wiremock::ResponseTemplate::new(200).set_body_json(links(&site));
    wiremock::Mock::given(path("/jsm/assets/v1/imports/info")).respond_with(info).mount(&site).await;
    answer(&site, "GET", &format!("{SOURCE}/configstatus"), 200, json!({"status": "IDLE"})).await;
    assert!(site.uri().starts_with("http://[::1]:"), "{}", site.uri());
    assert_eq!(client(&site).config_status().await.unwrap().status, SourceStatus::Idle);
}

#[test]
fn private_addresses_need_permission() {
    let import = || ImportClient::builder("ATCTT3xtoken".into()).api_url("https://192.168.0.9");
    let account =
        || AssetsClient::builder("https://[fd00::9]").api_token("a@example.com", "ATATT3xtoken".into());
    for error in [import().build().unwrap_err(), account().build().unwrap_err()] {
        assert!(matches!(error, ConfigError::PrivateAddress(_)), "{error:?}");
        assert!(error.to_string().contains("allow_private_addresses"), "{error}");
    }
    assert!(import().allow_private_addresses(true).build().is_ok());
    assert!(account().allow_private_addresses(true).build().is_ok());
}
