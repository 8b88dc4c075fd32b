//! Where the console may listen, and who is at the other end.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

/// A console that anybody on the way could read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the console would listen on {0}, which others can reach, without TLS: tokens and sessions could be read on the way"
)]
pub struct ListenRefused(pub SocketAddr);

impl ListenRefused {
    /// The operator's next step.
    pub const fn hint(&self) -> &'static str {
        "set tls_certificate and tls_key in [console], or behind_proxy = true there when a proxy before it speaks TLS, or \
         listen on 127.0.0.1"
    }
}

/// Whether the console may listen there: where nobody else comes, or with TLS, its own or a proxy's.
///
/// # Errors
/// When it is not on loopback and nobody speaks TLS for it.
pub const fn listen_rule(address: SocketAddr, tls: bool, behind_proxy: bool) -> Result<(), ListenRefused> {
    if address.ip().is_loopback() || tls || behind_proxy { Ok(()) } else { Err(ListenRefused(address)) }
}

/// Who asks: the peer, or whom a proxy names last in `X-Forwarded-For`. What stands before that, anybody can have
/// written.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, behind_proxy: bool) -> IpAddr {
    if !behind_proxy {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    last.and_then(address).unwrap_or(peer)
}

/// An address, perhaps with a port, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    text.parse::<SocketAddr>().map(|address| address.ip()).or_else(|_| bare.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_it_listens_on_loopback_only() {
        for (address, tls, behind_proxy, fine) in [
            ("127.0.0.1:8485", false, false, true),
            ("[::1]:8485", false, false, true),
            ("0.0.0.0:8485", false, false, false),
            ("[::]:8485", false, false, false),
            ("192.0.2.1:8485", false, false, false),
            ("192.0.2.1:8485", true, false, true),
            ("192.0.2.1:8485", false, true, true),
        ] {
            let rule = listen_rule(address.parse().unwrap(), tls, behind_proxy);
            assert_eq!(rule.is_ok(), fine, "{address} {tls} {behind_proxy}");
        }
        let refused = listen_rule("0.0.0.0:8485".parse().unwrap(), false, false).unwrap_err();
        assert!(
            refused.to_string().contains("0.0.0.0:8485") && refused.hint().contains("behind_proxy = true")
        );
    }

    #[test]
    fn a_proxy_is_believed_only_when_there_is_one_and_only_its_own_word() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            headers
        };
        let spoofed = headers(&["203.0.113.9", "198.51.100.7, 192.0.2.1"]);
        assert_eq!(client_address(peer, &spoofed, false), peer);
        assert_eq!(client_address(peer, &spoofed, true).to_string(), "192.0.2.1");
        for (text, told) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("unknown", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(client_address(peer, &headers(&[text]), true).to_string(), told, "{text}");
        }
        assert_eq!(client_address(peer, &headers(&[]), true), peer);
    }
}
