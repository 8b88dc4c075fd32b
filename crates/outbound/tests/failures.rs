//! Each way in which an address, or the proxy on the way, does not answer.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use outbound::{Cause, NotReached, Outbound, Remedy};
use reqwest::{Client, ClientBuilder, Proxy};
use sandbox::{ForwardProxy, ProxyManner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

const ORG: &str = "https://acme.okta.example";
/// The same without a proxy of the environment.
fn direct() -> Outbound {
    Outbound::new()
}

async fn failure(outbound: &Outbound, client: ClientBuilder, url: &str) -> NotReached {
    let url = Url::parse(url).unwrap();
    let client = outbound.apply(client).build().unwrap();
    outbound.not_reached(&url, &client.get(url.clone()).send().await.unwrap_err())
}

async fn without_proxy(url: &str) -> NotReached {
    failure(&direct(), Client::builder().no_proxy().connect_timeout(Duration::from_secs(5)), url).await
}

async fn through(proxy: &str, url: &str) -> NotReached {
    let client = Client::builder().proxy(Proxy::all(proxy).unwrap());
    failure(&Outbound::new().through_own_proxy(), client, url).await
}

#[tokio::test]
async fn proxy_rejection_is_attributed_to_proxy() {
    for (manner, cause) in
        [(ProxyManner::Refuse(407), Cause::SignIn), (ProxyManner::Refuse(403), Cause::Denied)]
    {
        let proxy = ForwardProxy::start(manner).await.unwrap();
        let reason = through(&proxy.url(), ORG).await;
        assert!(reason.is_proxy_s_fault(), "{reason}");
        assert_eq!(reason.cause(), &cause, "{reason}");
        assert_eq!(proxy.requests(), ["CONNECT acme.okta.example:443 HTTP/1.1"]);
    }
    let proxy = ForwardProxy::start(ProxyManner::HangUp).await.unwrap();
    let reason = through(&proxy.url(), ORG).await;
    assert!(reason.is_proxy_s_fault() && matches!(reason.cause(), Cause::Other(_)), "{reason}");
}

#[tokio::test]
async fn unreachable_proxy_is_attributed_to_proxy() {
    for (proxy, cause) in [
        ("http://127.0.0.1:1", Cause::Refused),
        ("http://proxy.invalid:3128", Cause::NameUnknown),
        ("https://127.0.0.1:1", Cause::Refused),
    ] {
        let reason = through(proxy, ORG).await;
        assert!(reason.is_proxy_s_fault() && reason.cause() == &cause, "{proxy}: {reason}");
        let plain = through(proxy, "http://127.0.0.1:9").await;
        assert!(plain.is_proxy_s_fault() && plain.cause() == &cause, "{proxy}: {plain}");
        assert!(matches!(plain.remedy(), Remedy::CheckProxy { .. }), "{}", plain.remedy());
    }
}

#[tokio::test]
async fn host_failure_through_proxy_names_host() {
    let proxy = ForwardProxy::start(ProxyManner::Tunnel(without_tls().await)).await.unwrap();
    let reason = through(&proxy.url(), ORG).await;
    assert!(!reason.is_proxy_s_fault() && reason.cause() == &Cause::NoTls, "{reason}");
    assert!(reason.to_string().contains("through the proxy"), "{reason}");
}

/// A server that answers whatever comes in plain text.
async fn without_tls() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    address
}

#[tokio::test]
async fn direct_failures_are_told_apart() {
    let reason = without_proxy("https://127.0.0.1:1").await;
    assert_eq!(reason.cause(), &Cause::Refused);
    assert_eq!(reason.to_string(), "could not reach 127.0.0.1:1: it refuses the connection");
    let reason = without_proxy("https://nowhere.invalid").await;
    assert_eq!(reason.cause(), &Cause::NameUnknown, "{reason}");
    let reason = without_proxy(&format!("https://{}", without_tls().await)).await;
    assert_eq!(reason.cause(), &Cause::NoTls, "{reason}");
    // Accepted by the system, and answered by no program.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::builder().no_proxy().timeout(Duration::from_millis(200));
    let reason = failure(&direct(), client, &format!("http://{}", silent.local_addr().unwrap())).await;
    assert_eq!(reason.cause(), &Cause::TimedOut, "{reason}");
}

#[test]
fn private_literals_need_permission() {
    for url in
        ["https://10.1.2.3", "https://[fd00::1]:8443", "https://169.254.169.254", "https://[::ffff:a00:1]"]
    {
        let url = Url::parse(url).unwrap();
        let error = direct().check(&url).unwrap_err().to_string();
        assert!(error.contains("allow_private_addresses = true"), "{error}");
        assert!(Outbound::new().allow_private_addresses(true).check(&url).is_ok());
    }
    for url in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost", "https://93.184.216.34"] {
        assert!(direct().check(&Url::parse(url).unwrap()).is_ok(), "{url}");
    }
}

#[tokio::test]
async fn name_with_private_address_is_rejected() {
    // The one name besides localhost that every machine resolves to itself, or to its own network.
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let private = |address: &SocketAddr| match address.ip() {
        std::net::IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        std::net::IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    };
    let resolved = (name, 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    if name == "localhost" || resolved.is_empty() || !resolved.iter().all(private) {
        eprintln!("SKIPPED: \"{name}\" does not resolve to an address of this machine alone: {resolved:?}");
        return;
    }
    let reason = without_proxy(&format!("http://{name}:1")).await;
    assert!(matches!(reason.cause(), Cause::PrivateAddress(_)) && reason.is_lasting(), "{reason}");
    assert!(reason.remedy() == Remedy::AllowPrivateAddresses);
    let allowed = Outbound::new().allow_private_addresses(true);
    let reason = failure(&allowed, Client::builder().no_proxy(), &format!("http://{name}:1")).await;
    assert_eq!(reason.cause(), &Cause::Refused, "{reason}");
    let reason = without_proxy("http://localhost:1").await;
    assert_eq!(reason.cause(), &Cause::Refused, "{reason}");
}
