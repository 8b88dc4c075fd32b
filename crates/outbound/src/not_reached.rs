//! An address that did not answer: through which proxy, at which party, and why.

use std::fmt;

use crate::address::allow;
use crate::cause::{Cause, Party};
use crate::proxy::Proxy;

/// An address that did not answer. Shown, it says what failed and why; it never holds more of the URL than host and port.
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

    /// True if the proxy failed, so that the address itself was not asked.
    pub const fn is_proxy_s_fault(&self) -> bool {
        matches!(self.party, Party::Proxy)
    }

    /// True if the same request fails again until a setting is changed.
    pub const fn is_lasting(&self) -> bool {
        matches!(self.cause, Cause::PrivateAddress(_))
    }

    /// The operator's next step. `setting` names what gives the address, such as the key of a configuration.
    pub fn remedy(&self, setting: &str) -> String {
        match self.party {
            Party::Host => self.remedy_at_host(setting),
            Party::Proxy => self.remedy_at_proxy(),
        }
    }

    fn remedy_at_host(&self, setting: &str) -> String {
        match &self.cause {
            Cause::NameUnknown => format!("check the spelling of {setting}, and this machine's name server"),
            Cause::PrivateAddress(_) => {
                format!("use a public address in {setting}; where this one is meant, {}", allow())
            }
            Cause::Refused => format!("check the port in {setting}, and that the service runs"),
            Cause::Certificate(_) => {
                "check the host name and this machine's clock; where a proxy opens TLS on the way, add its \
                 certificate authority to this system's"
                    .to_owned()
            }
            Cause::NoTls => format!("check scheme and port in {setting}"),
            _ => match &self.proxy {
                Some(proxy) => format!(
                    "check {setting}, and that the proxy from {} lets this machine reach it",
                    proxy.setting()
                ),
                None => format!(
                    "check {setting}, and that this machine may reach it: a firewall may be in between, or a proxy be \
                     missing (HTTPS_PROXY)"
                ),
            },
        }
    }

    fn remedy_at_proxy(&self) -> String {
        let (host, setting) = (&self.host, self.proxy.as_ref().map_or("HTTPS_PROXY", Proxy::setting));
        match &self.cause {
            Cause::NameUnknown => format!("check the proxy's name in {setting}; {host} was not asked"),
            Cause::Refused => {
                format!(
                    "check host and port of the proxy in {setting}, and that it runs; {host} was not asked"
                )
            }
            Cause::NoTls => {
                format!(
                    "check scheme and port of the proxy in {setting}: http:// also for most proxies to https"
                )
            }
            Cause::SignIn => {
                format!(
                    "check the proxy's user name and password in {setting}: http://USER:PASSWORD@HOST:PORT"
                )
            }
            Cause::Denied => format!(
                "have the proxy allow connections to {host}, or list the host in NO_PROXY; it was not asked"
            ),
            _ => format!("check the proxy in {setting}; {host} was not asked"),
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
                write!(f, ": {it} leads to {address}, a private address, which is not allowed")
            }
            Cause::Refused => write!(f, ": {it} refuses the connection"),
            Cause::Certificate(reason) => write!(f, ": {its} certificate is not trusted: {reason}"),
            Cause::NoTls => write!(f, ": {it} does not speak TLS"),
            Cause::TimedOut => write!(f, ": {it} does not answer in time"),
            Cause::SignIn => write!(f, ": {it} requires a user name and password (status 407)"),
            Cause::Denied => write!(f, ": {it} refuses to connect to the host"),
            Cause::Other(words) if self.is_proxy_s_fault() => write!(f, ": {it} fails: {words}"),
            Cause::Other(words) => write!(f, ": {words}"),
        }
    }
}
