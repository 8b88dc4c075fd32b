//! The common settings of both clients' builders.

use std::time::Duration;

use http::HeaderValue;
use outbound::Outbound;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::pace::Pace;
use super::transport::Transport;
use crate::credential::Credential;
use crate::error::ConfigError;

const DEFAULT_API: &str = "https://api.atlassian.com";

/// The connection settings of the API.
pub(crate) struct HttpSettings {
    pub(crate) api: String,
    pub(crate) timeout: Duration,
    pub(crate) concurrency: usize,
    pub(crate) user_agent: Option<String>,
    pub(crate) root_certificate: Option<Vec<u8>>,
    pub(crate) proxy: Option<reqwest::Proxy>,
    pub(crate) allow_private_addresses: bool,
}

impl std::fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the URL, which is not checked yet, nor the proxy: both may hold a password.
        f.debug_struct("HttpSettings").field("proxy", &self.proxy.is_some()).finish_non_exhaustive()
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            api: DEFAULT_API.into(),
            timeout: Duration::from_mins(1),
            concurrency: 4,
            user_agent: None,
            root_certificate: None,
            proxy: None,
            allow_private_addresses: false,
        }
    }
}

impl HttpSettings {
    pub(crate) fn build(
        self,
        credential: Credential,
        authorization: HeaderValue,
    ) -> Result<Transport, ConfigError> {
        let api = base_url(&self.api)?;
        let mut outbound = Outbound::new().allow_private_addresses(self.allow_private_addresses);
        if self.proxy.is_some() {
            outbound = outbound.through_own_proxy();
        }
        outbound.check(&api)?;
        let own = concat!("insight-import-client/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.map_or_else(|| own.to_owned(), |product| format!("{product} {own}"));
        // The response to an asynchronous change is a redirect, which must not be followed unchecked.
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(self.timeout)
            .connect_timeout(Duration::from_secs(10).min(self.timeout))
            .user_agent(agent);
        if let Some(pem) = self.root_certificate {
            http = http.tls_certs_merge([reqwest::Certificate::from_pem(&pem).map_err(ConfigError::Http)?]);
        }
        if let Some(proxy) = self.proxy {
            http = http.proxy(proxy);
        }
        let http = outbound.apply(http).build().map_err(ConfigError::Http)?;
        Ok(Transport { http, outbound, api, authorization, credential, pace: Pace::new(self.concurrency) })
    }
}

/// The settings of the connection, for a builder with a field `http`.
macro_rules! http_settings {
    () => {
        /// Another address than `https://api.atlassian.com`.
        pub fn api_url(mut self, url: impl Into<String>) -> Self {
            self.http.api = url.into();
            self
        }

        /// The time limit of one request, by default one minute.
        pub const fn timeout(mut self, limit: std::time::Duration) -> Self {
            self.http.timeout = limit;
            self
        }

        /// The limit of active requests, by default four; lower for a while after Assets reports too many.
        pub const fn concurrency(mut self, most: usize) -> Self {
            self.http.concurrency = most;
            self
        }

        /// Sets the name of the program, which precedes the name of this crate in the user agent.
        pub fn user_agent(mut self, product: impl Into<String>) -> Self {
            self.http.user_agent = Some(product.into());
            self
        }

        /// Trusts a further certificate authority, given as PEM.
        pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
            self.http.root_certificate = Some(pem.into());
            self
        }

        /// Uses this proxy instead of those of the environment.
        pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
            self.http.proxy = Some(proxy);
            self
        }

        /// Permits addresses that are private, link-local, or shared. Rejected unless set: a token would be sent into
        /// this machine's own network. Names are checked when they are resolved; a proxy resolves them itself. Loopback
        /// needs no permission for `localhost` and literal addresses.
        pub const fn allow_private_addresses(mut self, allow: bool) -> Self {
            self.http.allow_private_addresses = allow;
            self
        }
    };
}
pub(crate) use http_settings;

/// The prefixes of Atlassian's import tokens, as far as they are known. Their lengths vary.
const IMPORT_TOKEN: &str = "ATCTT3x";
/// The same for API tokens.
const API_TOKEN: &str = "ATATT3x";

/// Finds a token of the other kind before it is sent.
pub(crate) fn check_kind(credential: Credential, token: &SecretString) -> Result<(), ConfigError> {
    let token = token.expose_secret().trim();
    match credential {
        Credential::ImportToken if token.starts_with(API_TOKEN) => Err(ConfigError::ApiTokenForImport),
        Credential::Account if token.starts_with(IMPORT_TOKEN) => Err(ConfigError::ImportTokenForAccount),
        _ => Ok(()),
    }
}

/// A secret as the value of a header.
pub(crate) fn authorization(scheme: &str, secret: &SecretString) -> Result<HeaderValue, ConfigError> {
    let secret = secret.expose_secret().trim();
    if secret.is_empty() {
        return Err(ConfigError::Token);
    }
    let mut value = HeaderValue::from_str(&format!("{scheme} {secret}")).map_err(|_| ConfigError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

/// HTTPS, or a loopback host for tests; an origin and nothing else.
pub(crate) fn base_url(given: &str) -> Result<Url, ConfigError> {
    let wrong = |why| ConfigError::ApiUrl { given: given.to_owned(), why };
    let url = Url::parse(given.trim()).map_err(|_| wrong("it is not a URL"))?;
    let host = url.host_str().ok_or_else(|| wrong("it has no host"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::ApiUrl {
            given: host.to_owned(),
            why: "it contains a username or password",
        });
    }
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(wrong("it must start with https://")),
    }
    if url.path() != "/" || url.query().is_some() {
        return Err(wrong("it has a path after the host"));
    }
    Ok(url)
}

/// A path below a URL, without its query.
pub(crate) fn below(url: &Url, segments: &[&str]) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}
