//! The way to the org: proxies, private authorities, IPv6, private addresses.

use std::net::{Ipv6Addr, TcpListener};

use okta_client::{ConfigError, Error, NetworkRemedy, NotReached, OktaClient, Remedy};
use sandbox::{ForwardProxy, ProxyManner};
use wiremock::MockServer;

use super::settings::org_with_its_own_authority;
use super::support::*;

const USER: &str = "/api/v1/users/00u1";

async fn refused_by(proxy: &str) -> Box<NotReached> {
    let builder = OktaClient::builder("https://acme.okta.example").api_token("t".into());
    let okta = builder.proxy(reqwest::Proxy::all(proxy).unwrap()).build().unwrap();
    match hurried(async { okta.organization().await }).await.unwrap_err() {
        Error::Transport { reason, sent: false } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn proxy_that_refuses_is_blamed() {
    for status in [403, 407] {
        let proxy = ForwardProxy::start(ProxyManner::Refuse(status)).await.unwrap();
        let reason = refused_by(&proxy.url()).await;
        assert!(reason.is_proxy_s_fault(), "{reason}");
    }
    let reason = refused_by("http://bob:hunter2@127.0.0.1:1").await;
    assert!(reason.is_proxy_s_fault() && !format!("{reason:?}").contains("hunter2"), "{reason:?}");
    let error = Error::Transport { reason, sent: false };
    assert!(error.to_string().contains("the proxy refuses the connection"), "{error}");
    let remedy = error.remedy().unwrap();
    assert!(matches!(remedy, Remedy::CheckNetwork(NetworkRemedy::CheckProxy { .. })), "{remedy}");
}

#[tokio::test]
async fn private_authority_is_trusted_through_proxy() {
    // No name server knows the name: the proxy alone finds the org.
    let (url, authority) = org_with_its_own_authority("acme.okta.example").await;
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let proxy = ForwardProxy::start(ProxyManner::Tunnel(([127, 0, 0, 1], port).into())).await.unwrap();
    let builder = || {
        let builder = OktaClient::builder(url.as_str()).api_token("t".into());
        builder.proxy(reqwest::Proxy::all(proxy.url()).unwrap())
    };
    let untrusting = builder().build().unwrap();
    let error = untrusting.organization().await.unwrap_err();
    assert!(error.to_string().contains("certificate isn't trusted"), "{error}");
    let okta = builder().root_certificate(authority).build().unwrap();
    assert_eq!(okta.users().get("00u1").await.unwrap().id, "00u1");
    assert_eq!(proxy.requests()[0], format!("CONNECT acme.okta.example:{port} HTTP/1.1"));
}

#[tokio::test]
async fn org_is_reached_over_ipv6() {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        eprintln!("SKIPPED: this machine has no IPv6 loopback address");
        return;
    };
    let org = MockServer::builder().listener(listener).start().await;
    tokens(&org, str::to_owned).await;
    answer(&org, USER, ok(user(1))).await;
    assert!(org.uri().starts_with("http://[::1]:"), "{}", org.uri());
    assert_eq!(client(&org).users().get("00u1").await.unwrap().id, "00u1");
}

#[test]
fn private_org_url_needs_permission() {
    for url in ["https://10.0.0.7", "https://[fe80::1]", "https://100.64.0.1"] {
        let builder = || OktaClient::builder(url).api_token("t".into());
        let error = builder().build().unwrap_err();
        assert!(matches!(error, ConfigError::PrivateAddress(_)), "{error:?}");
        assert!(error.to_string().contains("allow_private_addresses"), "{error}");
        assert!(builder().allow_private_addresses(true).build().is_ok());
    }
}
