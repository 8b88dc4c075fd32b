//! Addresses that the daemon listens on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sync_engine::Remedy;

use crate::error::ConfigError;

/// The placeholder for an invalid address.
pub(super) const UNKNOWN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Parses an address, or the default.
pub(super) fn address(key: &str, given: Option<&str>, otherwise: &str) -> Result<SocketAddr, ConfigError> {
    let given = given.unwrap_or(otherwise);
    given.parse().map_err(|_| ConfigError::Value {
        key: key.to_owned(),
        problem: format!("must be an IP address and port, such as \"{otherwise}\"; got \"{given}\""),
    })
}

/// An address that isn't loopback without TLS: anyone on the network path could read secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("refusing to listen on `{address}` without TLS")]
pub struct TlsRequired {
    /// The address.
    pub address: SocketAddr,
    /// The setting that chose it.
    pub setting: &'static str,
}

impl TlsRequired {
    /// The action that resolves it.
    pub fn remedy(&self) -> Remedy {
        Remedy::EnableTls { key: self.setting.to_owned() }
    }
}
