//! The one place where requests are sent: signed, paced, retried.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::auth::{Authenticator, Credential, NONCE_HEADER, ServiceApp};
use crate::error::{ConfigError, Error, Result};
use crate::key::PrivateKey;
use crate::link;
use crate::pacer::{Pacer, bucket};
use crate::resources::{EventHooks, Groups, Schemas, UserTypes, Users};

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

/// Okta's error object.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "errorCode")]
    code: String,
    #[serde(rename = "errorSummary")]
    summary: String,
    #[serde(rename = "errorCauses")]
    causes: Vec<Cause>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cause {
    #[serde(rename = "errorSummary")]
    summary: String,
}

/// A client of one Okta org. Cheap to clone; clones share connections, token and pacing.
#[derive(Clone)]
pub struct OktaClient {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    org: Url,
    auth: Authenticator,
    pacer: Pacer,
    total_time: Duration,
}

impl std::fmt::Debug for OktaClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OktaClient").field("org", &self.inner.org.as_str()).finish_non_exhaustive()
    }
}

/// Settings of a client.
#[derive(Debug)]
#[must_use = "nothing happens before `build`"]
pub struct OktaClientBuilder {
    org: String,
    credential: Option<Credential>,
    scopes: Vec<String>,
    timeout: Duration,
    total_time: Duration,
    pacer: Pacer,
    user_agent: Option<String>,
    root_certificate: Option<Vec<u8>>,
    proxy: Option<reqwest::Proxy>,
}

impl OktaClientBuilder {
    /// Signs in as an *API Services* app.
    pub fn service_app(mut self, client_id: impl Into<String>, key: PrivateKey) -> Self {
        self.credential =
            Some(Credential::ServiceApp { client_id: client_id.into(), key, scopes: Vec::new() });
        self
    }

    /// Signs in with an API token (SSWS).
    pub fn api_token(mut self, token: SecretString) -> Self {
        self.credential = Some(Credential::ApiToken(token));
        self
    }

    /// Asks for these scopes instead of all that this crate can use.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// How long one request may take. 30 seconds unless set.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// How long a call may take with all its retries and waits for the rate limit. 10 minutes unless set.
    pub const fn total_time(mut self, limit: Duration) -> Self {
        self.total_time = limit;
        self
    }

    /// Paces requests together with whoever else uses this pacer.
    pub fn pacer(mut self, pacer: Pacer) -> Self {
        self.pacer = pacer;
        self
    }

    /// Names the program that asks, before this crate's own name.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Trusts a further certificate authority, given as PEM.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Goes through a proxy.
    pub fn proxy(mut self, proxy: reqwest::Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Makes the client. Sends nothing.
    ///
    /// # Errors
    /// When the org URL, the credential or the certificate cannot work.
    pub fn build(self) -> Result<OktaClient, ConfigError> {
        let org = org_url(&self.org)?;
        let own = concat!("okta-client/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.map_or_else(|| own.to_owned(), |product| format!("{product} {own}"));
        // No redirects and no cookies: a request carries a credential, and Okta mixes up sessions that keep cookies.
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
        let auth = match self.credential.ok_or(ConfigError::NoCredential)? {
            Credential::ApiToken(token) => Authenticator::ApiToken(token),
            Credential::ServiceApp { client_id, key, .. } => {
                let scopes = if self.scopes.is_empty() {
                    DEFAULT_SCOPES.map(str::to_owned).to_vec()
                } else {
                    self.scopes
                };
                let proof_key = PrivateKey::generate_ec()?;
                Authenticator::ServiceApp(Box::new(ServiceApp::new(&org, client_id, key, scopes, proof_key)))
            }
        };
        let http = http.build().map_err(ConfigError::Http)?;
        let inner = Inner { http, org, auth, pacer: self.pacer, total_time: self.total_time };
        Ok(OktaClient { inner: Arc::new(inner) })
    }
}

impl OktaClient {
    /// A client of the org at this URL.
    pub fn builder(org_url: impl Into<String>) -> OktaClientBuilder {
        OktaClientBuilder {
            org: org_url.into(),
            credential: None,
            scopes: Vec::new(),
            timeout: Duration::from_secs(30),
            total_time: Duration::from_mins(10),
            pacer: Pacer::default(),
            user_agent: None,
            root_certificate: None,
            proxy: None,
        }
    }

    /// The org's URL.
    pub fn org_url(&self) -> &Url {
        &self.inner.org
    }

    /// What is known of the rate limits.
    pub fn pacer(&self) -> &Pacer {
        &self.inner.pacer
    }

    /// The scopes that Okta granted; empty with an API token.
    ///
    /// # Errors
    /// When Okta gives no token.
    pub async fn granted_scopes(&self) -> Result<Vec<String>> {
        match &self.inner.auth {
            Authenticator::ServiceApp(app) => app.granted_scopes(&self.inner.http).await,
            Authenticator::ApiToken(_) => Ok(Vec::new()),
        }
    }

    /// Users.
    pub const fn users(&self) -> Users<'_> {
        Users(self)
    }

    /// Groups and their members.
    pub const fn groups(&self) -> Groups<'_> {
        Groups(self)
    }

    /// User types.
    pub const fn user_types(&self) -> UserTypes<'_> {
        UserTypes(self)
    }

    /// Schemas of users and groups.
    pub const fn schemas(&self) -> Schemas<'_> {
        Schemas(self)
    }

    /// Event hooks.
    pub const fn event_hooks(&self) -> EventHooks<'_> {
        EventHooks(self)
    }

    /// The URL of a path of the API.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.inner.org.clone();
        url.set_path(path);
        url
    }

    /// One object.
    pub(crate) async fn get<T: DeserializeOwned>(&self, url: Url, expected: &'static str) -> Result<T> {
        let path = url.path().to_owned();
        let (_, body) = self.send(Method::GET, url, None).await?;
        serde_json::from_slice(&body).map_err(|source| Error::Decode { path, expected, source })
    }

    /// A request with an optional JSON body, answered with one object.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        body: Option<Bytes>,
        expected: &'static str,
    ) -> Result<T> {
        let path = url.path().to_owned();
        let (_, body) = self.send(method, url, body).await?;
        serde_json::from_slice(&body).map_err(|source| Error::Decode { path, expected, source })
    }

    /// The items of a listing, page by page. Ends where no `next` link is given; an empty page does not end it.
    pub(crate) fn list<T: DeserializeOwned + Send + 'static>(
        &self,
        first: Url,
        expected: &'static str,
    ) -> impl Stream<Item = Result<T>> + Send + 'static {
        let client = self.clone();
        stream::try_unfold(Some(first), move |next| {
            let client = client.clone();
            async move {
                let Some(url) = next else { return Ok::<_, Error>(None) };
                let (items, next) = client.page::<T>(url, expected).await?;
                Ok(Some((stream::iter(items).map(Ok), next)))
            }
        })
        .try_flatten()
    }

    async fn page<T: DeserializeOwned>(
        &self,
        url: Url,
        expected: &'static str,
    ) -> Result<(Vec<T>, Option<Url>)> {
        let path = url.path().to_owned();
        let (headers, body) = self.send(Method::GET, url, None).await?;
        let items = serde_json::from_slice(&body).map_err(|source| Error::Decode {
            path: path.clone(),
            expected,
            source,
        })?;
        let next = link::target(&headers, "next").map(|target| self.follow(&path, target)).transpose()?;
        Ok((items, next))
    }

    /// A link that may be followed with the org's credential.
    fn follow(&self, path: &str, target: &str) -> Result<Url> {
        let foreign = |origin: String| Error::ForeignOrigin { path: path.to_owned(), origin };
        let url = self.inner.org.join(target).map_err(|_| foreign("not a URL".into()))?;
        if url.origin() == self.inner.org.origin() {
            Ok(url)
        } else {
            Err(foreign(url.origin().ascii_serialization()))
        }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Bytes>,
    ) -> Result<(HeaderMap, Bytes)> {
        let seconds = self.inner.total_time.as_secs();
        let path = url.path().to_owned();
        tokio::time::timeout(self.inner.total_time, self.send_until_done(method, url, body))
            .await
            .unwrap_or(Err(Error::TimedOut { path, seconds }))
    }

    async fn send_until_done(
        &self,
        method: Method,
        url: Url,
        body: Option<Bytes>,
    ) -> Result<(HeaderMap, Bytes)> {
        const ATTEMPTS: u32 = 6;
        let inner = &*self.inner;
        let bucket = bucket(&method, url.path());
        let (mut renewed, mut nonce_asked, mut attempt) = (false, false, 0);
        loop {
            let slot = inner.pacer.turn(bucket).await;
            let (signature, serial) = inner.auth.sign(&inner.http, &method, &url).await?;
            let answer = self.attempt(&method, &url, signature, body.clone()).await;
            drop(slot);
            let trouble = match answer {
                Ok((status, headers, bytes)) => {
                    inner.pacer.learn(bucket, status.as_u16(), &headers);
                    inner.auth.learn(&headers);
                    if status.is_success() {
                        return Ok((headers, bytes));
                    }
                    let challenge = headers.get(http::header::WWW_AUTHENTICATE).and_then(|v| v.to_str().ok());
                    if challenge.is_some_and(|c| c.contains("use_dpop_nonce"))
                        && headers.contains_key(NONCE_HEADER)
                        && !std::mem::replace(&mut nonce_asked, true)
                    {
                        continue;
                    }
                    if status == StatusCode::UNAUTHORIZED
                        && !std::mem::replace(&mut renewed, true)
                        && inner.auth.renew(serial).await
                    {
                        continue;
                    }
                    match status.as_u16() {
                        429 => Error::RateLimited {
                            path: url.path().to_owned(),
                            retry_after: inner.pacer.retry_after(bucket),
                        },
                        500 | 502..=504 => {
                            Error::Unavailable { path: url.path().to_owned(), status: status.as_u16() }
                        }
                        _ => return Err(refused(url.path(), status, challenge, &bytes)),
                    }
                }
                Err(error) => error,
            };
            attempt += 1;
            if attempt >= ATTEMPTS {
                return Err(trouble);
            }
            tracing::debug!(path = url.path(), attempt, error = %trouble, "trying again");
            tokio::time::sleep(pause(attempt)).await;
        }
    }

    async fn attempt(
        &self,
        method: &Method,
        url: &Url,
        signature: HeaderMap,
        body: Option<Bytes>,
    ) -> Result<(StatusCode, HeaderMap, Bytes)> {
        let mut request = self
            .inner
            .http
            .request(method.clone(), url.clone())
            .headers(signature)
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        } else if method == Method::GET && url.path().contains("/users") {
            // Without these members users are read faster. All three are needed for that.
            // https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/
            request = request.header(
                CONTENT_TYPE,
                HeaderValue::from_static(
                    "application/json; okta-response=\"omitCredentials,omitCredentialsLinks,omitTransitioningToStatus\"",
                ),
            );
        }
        let response = request.send().await.map_err(|error| transport(url, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.map_err(|error| transport(url, &error))?;
        Ok((status, headers, bytes))
    }
}

pub(crate) fn transport(url: &Url, error: &reqwest::Error) -> Error {
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    // The layers in between say nothing to an operator, and the URL may hold a cursor.
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let reason = if error.is_timeout() { "no answer in time".to_owned() } else { cause.to_string() };
    Error::Transport { host, reason }
}

/// A pause that doubles with every attempt, from half a second to half a minute, and differs from task to task.
pub(crate) fn pause(attempt: u32) -> Duration {
    let full = Duration::from_millis(500 * (1 << attempt.clamp(1, 7) >> 1));
    full.min(Duration::from_secs(30)).mul_f64(rand::random_range(0.5..1.0))
}

fn refused(path: &str, status: StatusCode, challenge: Option<&str>, body: &[u8]) -> Error {
    let path = path.to_owned();
    let parameter = |name: &str| {
        let after = challenge?.split_once(&format!("{name}=\""))?.1;
        Some(after.split_once('"')?.0.to_owned())
    };
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let oauth = parameter("error");
    match (status.as_u16(), oauth.as_deref(), refusal.code.as_str()) {
        (300..=399, ..) => Error::Redirect { path },
        (404, ..) => Error::NotFound { path },
        (403, Some("insufficient_scope"), _) => {
            Error::ScopeMissing { path, scope: parameter("scope").unwrap_or_else(|| "it needs".into()) }
        }
        (403, ..) => Error::RoleMissing { path },
        (401, ..) | (400, Some(_), _) => Error::Credentials {
            error: oauth
                .unwrap_or_else(|| if refusal.code.is_empty() { "status 401".into() } else { refusal.code }),
            description: parameter("error_description")
                .or_else(|| Some(refusal.summary).filter(|s| !s.is_empty()))
                .unwrap_or_else(|| "no reason given".into()),
        },
        (other, ..) => {
            let mut summary = refusal.summary;
            for cause in refusal.causes {
                summary.push_str("; ");
                summary.push_str(&cause.summary);
            }
            let code = if refusal.code.is_empty() { format!("status {other}") } else { refusal.code };
            Error::Refused {
                path,
                code,
                summary: if summary.is_empty() { "no reason given".into() } else { summary },
            }
        }
    }
}

/// Checks an org URL: HTTPS, or a loopback host for tests; a host and nothing else; not the admin console.
fn org_url(given: &str) -> Result<Url, ConfigError> {
    let wrong = |why: &str| ConfigError::OrgUrl { given: given.to_owned(), why: why.to_owned() };
    let mut url = Url::parse(given.trim()).map_err(|_| wrong("it is not a URL"))?;
    let host = url.host_str().ok_or_else(|| wrong("it has no host"))?.to_owned();
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => return Err(wrong("Okta is reached over https only")),
        _ => return Err(wrong("it must begin with https://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::OrgUrl { given: host, why: "it holds a user name or password".into() });
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
    fn an_org_url_is_a_host_over_https() {
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
            "https://example-admin.okta.com is the admin console; use https://example.okta.com"
        );
        let error = org_url("https://me:secret@example.okta.com").unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }
}
