//! A failed request: the host, the proxy, and the cause.

use std::fmt;

use crate::cause::{Cause, Party};
use crate::proxy::Proxy;
use crate::remedy::Remedy;

/// A host that couldn't be reached. The message contains the failed party and the cause, but only the host and port of the
/// URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NotReached {
    pub(crate) host: String,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) party: Party,
    pub(crate) cause: Cause,
}

impl NotReached {
    /// Host and port of the address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The proxy that was in use for it.
    pub const fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// The cause, at the address or the proxy.
    pub const fn cause(&self) -> &Cause {
        &self.cause
    }

    /// True if the proxy failed, so the host received no request.
    pub const fn is_proxy_s_fault(&self) -> bool {
        matches!(self.party, Party::Proxy)
    }

    /// True if the same request fails again until a setting is changed.
    pub const fn is_lasting(&self) -> bool {
        matches!(self.cause, Cause::PrivateAddress(_))
    }

    /// The action that resolves it.
    pub const fn remedy(&self) -> Remedy {
        match self.party {
            Party::Host => self.remedy_at_host(),
            Party::Proxy => self.remedy_at_proxy(),
        }
    }

    const fn remedy_at_host(&self) -> Remedy {
        match &self.cause {
            Cause::NameUnknown => Remedy::CheckHostName,
            Cause::PrivateAddress(_) => Remedy::AllowPrivateAddresses,
            Cause::Refused => Remedy::CheckPort,
            Cause::Certificate(_) => Remedy::CheckCertificate,
            Cause::NoTls => Remedy::CheckScheme,
            Cause::TimedOut | Cause::SignIn | Cause::Denied | Cause::Other(_) => {
                Remedy::CheckNetwork { proxy: self.setting() }
            }
        }
    }

    const fn remedy_at_proxy(&self) -> Remedy {
        let setting = match self.setting() {
            Some(setting) => setting,
            None => "HTTPS_PROXY",
        };
        match &self.cause {
            Cause::SignIn => Remedy::SetProxyCredentials { setting },
            Cause::Denied => Remedy::AllowHostInProxy,
            _ => Remedy::CheckProxy { setting },
        }
    }

    /// The place where the proxy is set.
    const fn setting(&self) -> Option<&'static str> {
        match &self.proxy {
            Some(proxy) => Some(proxy.setting()),
            None => None,
        }
    }
}

impl fmt::Display for NotReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not reach {}", self.host)?;
        if let Some(proxy) = &self.proxy {
            write!(f, " through {proxy}")?;
        }
        let (it, its) = match self.party {
            Party::Host => ("it", "its"),
            Party::Proxy => ("the proxy", "the proxy's"),
        };
        match &self.cause {
            Cause::NameUnknown => write!(f, ": {its} name does not resolve"),
            Cause::PrivateAddress(address) => {
                write!(f, ": {it} has the private address {address}, which is not permitted")
            }
            Cause::Refused => write!(f, ": {it} refuses the connection"),
            Cause::Certificate(reason) => write!(f, ": {its} certificate isn't trusted: {reason}"),
            Cause::NoTls => write!(f, ": {it} doesn't use TLS"),
            Cause::TimedOut => write!(f, ": {it} doesn't respond in time"),
            Cause::SignIn => write!(f, ": {it} requires a username and password (status 407)"),
            Cause::Denied => write!(f, ": {it} refuses to connect to the host"),
            Cause::Other(words) if self.is_proxy_s_fault() => write!(f, ": {it} fails: {words}"),
            Cause::Other(words) => write!(f, ": {words}"),
        }
    }
}
