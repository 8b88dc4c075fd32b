//! Addresses that are rejected unless private addresses are permitted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The setting that allows such addresses.
const SETTING: &str = "allow_private_addresses";

/// An address that is rejected unless private addresses are permitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} has the private address {address}; to permit it, {}", allow())]
pub struct PrivateAddress {
    /// The host of the URL.
    pub(crate) host: String,
    /// The address.
    pub(crate) address: IpAddr,
}

/// The remedy for an intended address.
fn allow() -> String {
    format!("set {SETTING} = true in [server]")
}

/// The network of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To this machine.
    Loopback,
    /// To a network that is not the internet.
    Private,
    /// To the internet.
    Public,
}

impl Reach {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => embedded(address).map_or_else(|| Self::of_v6(address), Self::of_v4),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [first, second, ..] = address.octets();
        // 0.0.0.0/8 is this network, 100.64.0.0/10 is shared by the customers of a carrier (RFC 6598).
        let shared = first == 100 && second & 0xc0 == 64;
        if address.is_loopback() {
            Self::Loopback
        } else if address.is_private() || address.is_link_local() || first == 0 || shared {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        // fec0::/10 was for sites before there were unique local addresses.
        let site_local = address.segments()[0] & 0xffc0 == 0xfec0;
        if address.is_loopback() {
            Self::Loopback
        } else if address.is_unique_local()
            || address.is_unicast_link_local()
            || address.is_unspecified()
            || site_local
        {
            Self::Private
        } else {
            Self::Public
        }
    }
}

/// The IPv4 address that a packet to this one arrives at: mapped, or translated by NAT64 (RFC 6052).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() else { return address.to_ipv4_mapped() };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Some(Ipv4Addr::new(a, b, c, d))
}

/// True if the name always refers to this machine (RFC 6761).
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The numeric address in a URL.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Host and port, as a message names them.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_notation_is_classified() {
        let private = [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a00:1",
            "::ffff:0.0.0.0",
        ];
        for text in private {
            assert_eq!(Reach::of(text.parse().unwrap()), Reach::Private, "{text}");
        }
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
            assert_eq!(Reach::of(text.parse().unwrap()), Reach::Loopback, "{text}");
        }
        let public = [
            "8.8.8.8",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "2001:db8::1",
            "2606:4700::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ];
        for text in public {
            assert_eq!(Reach::of(text.parse().unwrap()), Reach::Public, "{text}");
        }
    }

    #[test]
    fn literals_are_found_however_written() {
        let of = |text: &str| literal(&Url::parse(text).unwrap()).map(|address| address.to_string());
        assert_eq!(of("https://0x0a000001/"), Some("10.0.0.1".into()));
        assert_eq!(of("https://167772161/"), Some("10.0.0.1".into()));
        assert_eq!(of("https://[fd00::1]:8443/"), Some("fd00::1".into()));
        assert_eq!(of("https://acme.okta.example/"), None);
    }

    #[test]
    fn only_localhost_names_lead_here() {
        assert!(["localhost", "LocalHost.", "acme.localhost"].into_iter().all(is_localhost));
        assert!(!["localhost.example", "notlocalhost", "acme.example"].into_iter().any(is_localhost));
    }
}
