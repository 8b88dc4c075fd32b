//! Causes of failures to reach an address, and the party at fault.

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;

use tokio_rustls::rustls::{self, InvalidMessage};

use crate::address::PrivateAddress;

/// The cause of a failed request to a host or its proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The name doesn't resolve.
    NameUnknown,
    /// A private address, which isn't permitted.
    PrivateAddress(IpAddr),
    /// No listener at that port.
    Refused,
    /// The certificate isn't trusted, or is for another name.
    Certificate(String),
    /// The other end doesn't use TLS.
    NoTls,
    /// The time limit was exceeded.
    TimedOut,
    /// The proxy requires a username and password (status 407).
    SignIn,
    /// The proxy refuses to connect to the host.
    Denied,
    /// Something else, in the system's words.
    Other(String),
}

/// The party that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    Host,
    Proxy,
}

/// The stage at which a proxy's tunnel failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tunnel {
    /// The proxy wasn't reached, or closed the connection; another error has the cause.
    NotOpened,
    SignIn,
    Denied,
}

impl Cause {
    /// The cause of an error, and the party at fault. `plain_proxy` means that every connection goes to a proxy.
    pub(crate) fn of(error: &reqwest::Error, plain_proxy: bool) -> (Party, Self) {
        let chain = chain(error);
        let tunnel = chain.iter().find_map(|error| tunnel(*error));
        let party =
            if tunnel.is_some() || (plain_proxy && error.is_connect()) { Party::Proxy } else { Party::Host };
        let cause = match tunnel {
            Some(Tunnel::SignIn) => Self::SignIn,
            Some(Tunnel::Denied) => Self::Denied,
            Some(Tunnel::NotOpened) | None => Self::of_chain(error, &chain),
        };
        (party, cause)
    }

    fn of_chain(error: &reqwest::Error, chain: &[&(dyn StdError + 'static)]) -> Self {
        if let Some(cause) = chain.iter().find_map(|error| Self::by_type(*error)) {
            return cause;
        }
        if error.is_timeout() {
            return Self::TimedOut;
        }
        if error.is_dns() {
            return Self::NameUnknown;
        }
        // The intermediate layers don't help an administrator, and the URL may contain a cursor.
        Self::Other(chain.last().map(ToString::to_string).unwrap_or_default())
    }

    fn by_type(error: &(dyn StdError + 'static)) -> Option<Self> {
        if let Some(refused) = error.downcast_ref::<PrivateAddress>() {
            return Some(Self::PrivateAddress(refused.address));
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return match error {
                rustls::Error::InvalidCertificate(reason) => Some(Self::Certificate(reason.to_string())),
                rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Some(Self::NoTls),
                _ => None,
            };
        }
        let error = error.downcast_ref::<io::Error>()?;
        (error.kind() == io::ErrorKind::ConnectionRefused).then_some(Self::Refused)
    }
}

/// An error and its sources, the outermost first. Errors that wrap others of the same kind hide them from `source`.
fn chain(error: &reqwest::Error) -> Vec<&(dyn StdError + 'static)> {
    let mut chain: Vec<&(dyn StdError + 'static)> = Vec::new();
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        chain.push(error);
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    chain
}

/// The stage at which a tunnel failed. The only place that reads a message: hyper-util exposes neither the type of this
/// error nor the status of the proxy's response.
fn tunnel(error: &(dyn StdError + 'static)) -> Option<Tunnel> {
    match error.to_string().strip_prefix("tunnel error: ")? {
        "proxy authorization required" => Some(Tunnel::SignIn),
        "unsuccessful" => Some(Tunnel::Denied),
        _ => Some(Tunnel::NotOpened),
    }
}
