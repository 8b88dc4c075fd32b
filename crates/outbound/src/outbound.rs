//! Outbound connections: the setup of a client and the meaning of its failures.

use std::sync::Arc;

use reqwest::{ClientBuilder, StatusCode};
use url::Url;

use crate::address::{PrivateAddress, Reach, host, literal};
use crate::cause::{Cause, Party};
use crate::not_reached::NotReached;
use crate::proxy::{Proxies, Proxy};
use crate::resolver::PublicOnly;

/// The way to addresses. Its clones share what was read of the environment.
#[derive(Debug, Clone)]
pub struct Outbound {
    private_allowed: bool,
    proxies: Via,
}

/// The proxies of a client.
#[derive(Debug, Clone)]
enum Via {
    Environment(Proxies),
    Program,
}

impl Outbound {
    /// Requests with the proxies of the environment, to public addresses and this machine. Call it when creating the
    /// client: reqwest reads the environment then, too.
    pub fn new() -> Self {
        Self { private_allowed: false, proxies: Via::Environment(Proxies::of_environment()) }
    }

    /// Permits or rejects private addresses.
    #[must_use]
    pub const fn allow_private_addresses(mut self, allow: bool) -> Self {
        self.private_allowed = allow;
        self
    }

    /// The same with a proxy that the program gives its client. The proxy is assumed for every address.
    #[must_use]
    pub fn through_own_proxy(mut self) -> Self {
        self.proxies = Via::Program;
        self
    }

    /// Configures a client to reject names that resolve to private addresses.
    pub fn apply(&self, client: ClientBuilder) -> ClientBuilder {
        match &self.proxies {
            // The name is then the proxy's, which only the program knows.
            Via::Environment(proxies) if !self.private_allowed => {
                client.dns_resolver(Arc::new(PublicOnly { proxies: proxies.hosts() }))
            }
            _ => client,
        }
    }

    /// Checks a literal IP address in a URL.
    ///
    /// # Errors
    /// If the address is private and private addresses are rejected.
    pub fn check(&self, url: &Url) -> Result<(), PrivateAddress> {
        match literal(url) {
            Some(address) if !self.private_allowed && Reach::of(address) == Reach::Private => {
                Err(PrivateAddress { host: host(url), address })
            }
            _ => Ok(()),
        }
    }

    /// The proxy for a URL.
    pub fn proxy_for(&self, url: &Url) -> Option<Proxy> {
        match &self.proxies {
            Via::Environment(proxies) => proxies.for_url(url),
            Via::Program => Some(Proxy::OF_PROGRAM),
        }
    }

    /// The failure of a request, with host, proxy, and cause.
    pub fn not_reached(&self, url: &Url, error: &reqwest::Error) -> NotReached {
        let proxy = self.proxy_for(url);
        // Without TLS there is no tunnel: the proxy is the only one that is connected to.
        let plain_proxy = proxy.is_some() && url.scheme() == "http";
        let (party, cause) = Cause::of(error, plain_proxy);
        NotReached { host: host(url), proxy, party, cause }
    }

    /// The failure if a response without a tunnel means that the proxy requires a sign-in; `None` for other responses.
    pub fn proxy_sign_in(&self, url: &Url, status: StatusCode) -> Option<NotReached> {
        let proxy = self.proxy_for(url).filter(|_| status == StatusCode::PROXY_AUTHENTICATION_REQUIRED)?;
        Some(NotReached { host: host(url), proxy: Some(proxy), party: Party::Proxy, cause: Cause::SignIn })
    }
}

impl Default for Outbound {
    fn default() -> Self {
        Self::new()
    }
}
