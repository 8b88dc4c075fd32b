//! The settings of a client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use outbound::Outbound;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::okta_client::{Inner, OktaClient};
use super::transport::Transport;
use crate::auth::{Authenticator, ServiceApp};
use crate::env::{self, AuthorizationMode, PrivateKeySource, SdkEnvironment, UnsupportedVariable};
use crate::error::ConfigError;
use crate::key::{PrivateKey, trimmed};
use crate::pacer::{Pacer, Priority};

/// Scopes for everything that this crate reads, and for managing event hooks.
const DEFAULT_SCOPES: [&str; 7] = [
    "okta.users.read",
    "okta.groups.read",
    "okta.userTypes.read",
    "okta.schemas.read",
    "okta.logs.read",
    "okta.eventHooks.read",
    "okta.eventHooks.manage",
];

/// The credential of a program.
enum Credential {
    /// An *API Services* app with a public key.
    ServiceApp { client_id: String, key: PrivateKey },
    /// An API token (SSWS) with the permissions of the user who created it.
    ApiToken(SecretString),
}

/// Settings of a client.
#[must_use = "nothing happens before `build`"]
pub struct OktaClientBuilder {
    org: String,
    credential: Option<Credential>,
    dpop_key: Option<PrivateKey>,
    scopes: Vec<String>,
    timeout: Duration,
    total_time: Duration,
    pacer: Pacer,
    user_agent: Option<String>,
    root_certificate: Option<Vec<u8>>,
    proxy: Option<reqwest::Proxy>,
    allow_private_addresses: bool,
}

impl std::fmt::Debug for OktaClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the URL, which isn't checked yet and may contain a password.
        f.debug_struct("OktaClientBuilder").finish_non_exhaustive()
    }
}

impl OktaClient {
    /// A client of the org at this URL.
    pub fn builder(org_url: impl Into<String>) -> OktaClientBuilder {
        OktaClientBuilder::new(org_url.into())
    }
}

impl OktaClientBuilder {
    fn new(org: String) -> Self {
        Self {
            org,
            credential: None,
            dpop_key: None,
            scopes: Vec::new(),
            timeout: Duration::from_secs(30),
            total_time: Duration::from_mins(10),
            pacer: Pacer::default(),
            user_agent: None,
            root_certificate: None,
            proxy: None,
            allow_private_addresses: false,
        }
    }

    /// A builder with the settings of the environment. The variables are those of Okta's SDKs: `OKTA_CLIENT_ORGURL`, and
    /// either `OKTA_CLIENT_TOKEN`, or `OKTA_CLIENT_CLIENTID` with `OKTA_CLIENT_PRIVATEKEY` (a JWK or PEM, or its file) and,
    /// for a key without an ID, `OKTA_CLIENT_PRIVATEKEYID`. `OKTA_CLIENT_AUTHORIZATIONMODE` selects one of the two;
    /// `OKTA_CLIENT_SCOPES` (separated by spaces or commas) limits the API scopes. Other variables of the SDKs have no
    /// effect and are logged.
    ///
    /// # Errors
    /// If a variable is missing or the key is invalid.
    pub fn from_env() -> Result<Self, ConfigError> {
        // A value that isn't text is none of these.
        let variables = std::env::vars_os();
        Self::from_variables(
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let found = SdkEnvironment::read(variables);
        for UnsupportedVariable { name, reason } in &found.unsupported {
            tracing::warn!(%name, reason, "environment variable has no effect");
        }
        let missing = ConfigError::Environment;
        let org = found
            .org_url
            .ok_or(missing(env::ORG_URL, "set it to the URL of the org, such as https://example.okta.com"))?;
        let builder = Self::new(org).scopes(found.scopes);
        let token = match found.authorization_mode {
            Some(AuthorizationMode::ApiToken) => {
                Some(found.api_token.ok_or(missing(env::TOKEN, "set it to an API token"))?)
            }
            Some(AuthorizationMode::PrivateKey) => None,
            None => found.api_token,
        };
        if let Some(token) = token {
            return Ok(builder.api_token(token));
        }
        let id = found
            .client_id
            .ok_or(missing(env::CLIENT_ID, "set it to the client ID of the API Services app"))?;
        let key = match found.private_key {
            None => {
                return Err(missing(
                    env::PRIVATE_KEY,
                    "set it to the whole private key of the app (JWK or PEM)",
                ));
            }
            Some(PrivateKeySource::Text(text)) => PrivateKey::parse(text.expose_secret())?,
            Some(PrivateKeySource::File(path)) => {
                let text = std::fs::read_to_string(path);
                PrivateKey::parse(&text.map_err(ConfigError::KeyFile)?)?
            }
        };
        Ok(builder.service_app(id, key.with_kid(&found.key_id.unwrap_or_default())))
    }

    /// Signs in as an *API Services* app.
    pub fn service_app(mut self, client_id: impl Into<String>, key: PrivateKey) -> Self {
        let client_id = trimmed(&client_id.into()).to_owned();
        self.credential = Some(Credential::ServiceApp { client_id, key });
        self
    }

    /// Signs in with an API token (SSWS). It has the permissions of the user who created it.
    pub fn api_token(mut self, token: SecretString) -> Self {
        self.credential = Some(Credential::ApiToken(token));
        self
    }

    /// Signs DPoP proofs with this key, by default a new EC key on P-256. The key doesn't need to be registered in Okta, and
    /// can be a clone of the app's own key.
    pub fn dpop_key(mut self, key: PrivateKey) -> Self {
        self.dpop_key = Some(key);
        self
    }

    /// Requests these API scopes instead of all that this crate can use.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The time limit of one request, by default 30 seconds.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The time limit of a call with all its retries and rate-limit waits, by default 10 minutes.
    pub const fn total_time(mut self, limit: Duration) -> Self {
        self.total_time = limit;
        self
    }

    /// Shares this pacer with other clients of the same app.
    pub fn pacer(mut self, pacer: Pacer) -> Self {
        self.pacer = pacer;
        self
    }

    /// Sets the name of the program, such as `example-sync/1.2`, which precedes the name of this crate in the user agent.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Trusts additional certificate authorities in PEM: one certificate or a bundle.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Uses this proxy instead of those of the environment.
    pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Permits an org URL with a private, link-local, or shared address. By default, such addresses are rejected, because a
    /// token would be sent to an internal network. Names are checked when they are resolved; a proxy resolves names itself.
    /// Loopback is always permitted for `localhost` and literal addresses.
    pub const fn allow_private_addresses(mut self, allow: bool) -> Self {
        self.allow_private_addresses = allow;
        self
    }

    /// Creates the client. Sends no request.
    ///
    /// # Errors
    /// If the org URL, the credential, or the certificate is invalid, or if the org URL has a private address.
    pub fn build(self) -> Result<OktaClient, ConfigError> {
        let org = org_url(&self.org)?;
        let mut outbound = Outbound::new().allow_private_addresses(self.allow_private_addresses);
        if self.proxy.is_some() {
            outbound = outbound.through_own_proxy();
        }
        outbound.check(&org)?;
        let own = concat!("okta-client/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.map_or_else(|| own.to_owned(), |product| format!("{product} {own}"));
        // No redirects and no cookies: each request carries a credential, and Okta confuses sessions if cookies are
        // sent.
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(self.timeout)
            .connect_timeout(Duration::from_secs(10).min(self.timeout))
            .user_agent(agent);
        if let Some(pem) = self.root_certificate {
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(ConfigError::Http)?;
            if certificates.is_empty() {
                return Err(ConfigError::InvalidCertificate);
            }
            http = http.tls_certs_merge(certificates);
        }
        if let Some(proxy) = self.proxy {
            http = http.proxy(proxy);
        }
        let auth = match self.credential.ok_or(ConfigError::NoCredential)? {
            Credential::ApiToken(token) => Authenticator::ApiToken(trimmed(token.expose_secret()).into()),
            Credential::ServiceApp { client_id, key } => {
                let scopes = if self.scopes.is_empty() {
                    DEFAULT_SCOPES.map(str::to_owned).to_vec()
                } else {
                    self.scopes
                };
                let dpop_key = self.dpop_key.map_or_else(PrivateKey::generate_ec, Ok)?;
                let app = ServiceApp::new(&org, client_id, key, scopes, dpop_key, self.pacer.clone());
                Authenticator::ServiceApp(Box::new(app))
            }
        };
        let http = outbound.apply(http).build().map_err(ConfigError::Http)?;
        let inner = Inner {
            transport: Transport { http, outbound },
            org,
            auth,
            pacer: self.pacer,
            total_time: self.total_time,
            other_hosts: Mutex::default(),
        };
        Ok(OktaClient { inner: Arc::new(inner), priority: Priority::Normal })
    }
}

/// Checks an org URL: HTTPS, or a loopback host for tests; a host and nothing else; not the admin console.
fn org_url(given: &str) -> Result<Url, ConfigError> {
    // This check comes first, so that no message repeats a password.
    if given.contains('@') {
        return Err(ConfigError::OrgUrl {
            given: "…@…".to_owned(),
            why: "it contains a username or password".to_owned(),
        });
    }
    let wrong = |why: &str| ConfigError::OrgUrl { given: given.to_owned(), why: why.to_owned() };
    let mut url = Url::parse(trimmed(given)).map_err(|_| wrong("it is not a URL"))?;
    let host = url.host_str().ok_or_else(|| wrong("it has no host"))?.to_owned();
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(wrong("it must start with https://")),
    }
    if let Some((org, rest)) = host.split_once("-admin.okta") {
        let instead = format!("{}://{org}.okta{rest}", url.scheme());
        return Err(ConfigError::AdminUrl { given: given.to_owned(), instead });
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a path after the host"));
    }
    url.set_path("");
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_errors_name_variables_not_values() {
        let from = |set: &[(&str, &str)]| {
            let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            OktaClientBuilder::from_variables(set.collect::<Vec<_>>())
        };
        let org = ("OKTA_CLIENT_ORGURL", "https://example.okta.com");
        let id = ("OKTA_CLIENT_CLIENTID", "0oa1");
        assert!(from(&[org, ("OKTA_CLIENT_TOKEN", "00secret\n")]).and_then(OktaClientBuilder::build).is_ok());
        let key = PrivateKey::generate_ec().unwrap().to_jwk();
        let key = ("OKTA_CLIENT_PRIVATEKEY", secrecy::ExposeSecret::expose_secret(&key));
        let scopes = ("OKTA_CLIENT_SCOPES", "okta.users.read, okta.groups.read okta.logs.read");
        let builder = from(&[org, id, key, scopes]).unwrap();
        assert_eq!(builder.scopes, ["okta.users.read", "okta.groups.read", "okta.logs.read"]);
        builder.build().unwrap();
        let token = ("OKTA_CLIENT_TOKEN", "00secret");
        let mode =
            |mode| from(&[org, id, key, token, ("OKTA_CLIENT_AUTHORIZATIONMODE", mode)]).unwrap().credential;
        assert!(matches!(mode("SSWS"), Some(Credential::ApiToken(_))));
        let named = ("OKTA_CLIENT_PRIVATEKEYID", "k1");
        let credential = from(&[org, (id.0, "0oa1\n"), key, named]).unwrap().credential;
        assert!(matches!(mode("PrivateKey"), Some(Credential::ServiceApp { .. })));
        let Some(Credential::ServiceApp { client_id, key: named }) = credential else { panic!("a token") };
        assert_eq!((client_id.as_str(), named.kid()), ("0oa1", Some("k1")));
        for (set, missing) in [
            (&[][..], "OKTA_CLIENT_ORGURL"),
            (&[org], "OKTA_CLIENT_CLIENTID"),
            (&[org, id], "OKTA_CLIENT_PRIVATEKEY"),
        ] {
            let error = from(set).unwrap_err().to_string();
            assert!(error.contains(missing), "{error}");
        }
        let error = from(&[org, id, ("OKTA_CLIENT_PRIVATEKEY", "s3cret")]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }

    #[test]
    fn org_url_must_be_https_host() {
        for good in [
            "https://example.okta.com",
            "https://example.okta.com/",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
        ] {
            assert!(org_url(good).is_ok(), "{good}");
        }
        for bad in [
            "example.okta.com",
            "http://example.okta.com",
            "https://example.okta.com/oauth2",
            "ftp://a",
            "https://a?b",
        ] {
            assert!(org_url(bad).is_err(), "{bad}");
        }
        let error = org_url("https://example-admin.okta.com").unwrap_err();
        assert_eq!(
            error.to_string(),
            "https://example-admin.okta.com is the URL of the Okta Admin Console; use https://example.okta.com"
        );
        for scheme in ["https", "http", "ftp"] {
            let given = format!("{scheme}://me:secret@example.okta.com");
            let error = org_url(&given).unwrap_err();
            assert!(!format!("{error} {error:?} {:?}", OktaClientBuilder::new(given)).contains("secret"));
        }
    }
}
