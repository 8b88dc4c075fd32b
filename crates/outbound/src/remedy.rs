//! Remedies for addresses that aren't reached.

use std::fmt;

/// An action that resolves a [`NotReached`](crate::NotReached). Shown, it is a short English text for developers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Correct the host name, or let the name server resolve it.
    CheckHostName,
    /// Correct the port, or start the service.
    CheckPort,
    /// Correct the scheme or the port of the URL.
    CheckScheme,
    /// Use a public address, or allow private addresses.
    AllowPrivateAddresses,
    /// Correct the host name or the clock, or trust the authority of a proxy that inspects TLS.
    CheckCertificate,
    /// Let the network, and the proxy if there is one, permit connections to the address.
    CheckNetwork {
        /// The place where the proxy is set; `None` without a proxy.
        proxy: Option<&'static str>,
    },
    /// Correct the URL of the proxy, or start the proxy.
    CheckProxy {
        /// The place where the proxy is set, such as `HTTPS_PROXY`.
        setting: &'static str,
    },
    /// Set the user name and the password of the proxy.
    SetProxyCredentials {
        /// The place where the proxy is set, such as `HTTPS_PROXY`.
        setting: &'static str,
    },
    /// Let the proxy connect to the host, or connect without the proxy.
    AllowHostInProxy,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CheckHostName => f.write_str("check the host name and the DNS resolver of this host"),
            Self::CheckPort => f.write_str("check the port, and that the service runs"),
            Self::CheckScheme => f.write_str("check the scheme and the port of the URL"),
            Self::AllowPrivateAddresses => f.write_str("use a public address, or allow private addresses"),
            Self::CheckCertificate => f.write_str(
                "check the host name and the clock of this host; if a proxy inspects TLS, trust its certificate authority",
            ),
            Self::CheckNetwork { proxy: Some(setting) } => {
                write!(f, "check the address, and that the proxy from {setting} permits connections to it")
            }
            Self::CheckNetwork { proxy: None } => {
                f.write_str("check the address and the firewall; if a proxy is required, set HTTPS_PROXY")
            }
            Self::CheckProxy { setting } => {
                write!(f, "check the scheme, host, and port of the proxy in {setting}, and that the proxy runs")
            }
            Self::SetProxyCredentials { setting } => {
                write!(f, "set the proxy's username and password in {setting}: http://USER:PASSWORD@HOST:PORT")
            }
            Self::AllowHostInProxy => {
                f.write_str("allow the host in the proxy, or add the host to NO_PROXY")
            }
        }
    }
}
