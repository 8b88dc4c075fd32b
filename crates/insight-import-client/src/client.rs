//! The import source that a token was generated for.

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderValue, Method, header};
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::document::SchemaAndMapping;
use crate::error::{ConfigError, Error, Result};
use crate::execution::{Execution, ExecutionStatus, Links};
use crate::http::{Answer, Repeat, Transport};

const DEFAULT_API: &str = "https://api.atlassian.com";
/// The current path of link discovery, and the one it had before.
const INFO_PATHS: [&str; 2] = ["/jsm/assets/v1/imports/info", "/jsm/insight/v1/imports/info"];
/// How long a change of the mapping may take.
const MAPPING_LIMIT: Duration = Duration::from_mins(15);

/// What the import source says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceStatus {
    /// Ready to start.
    Idle,
    /// An execution is under way.
    Running,
    /// Switched off by an administrator.
    Disabled,
    /// No schema and mapping yet.
    MissingMapping,
    /// Something that this crate does not know, as received.
    Other(String),
}

/// The configuration status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigStatus {
    /// What it is.
    pub status: SourceStatus,
    cancel: Option<String>,
}

#[derive(Debug, Clone)]
struct SourceLinks {
    status: Url,
    start: Url,
    mapping: Url,
    /// The import source itself; other calls are below it.
    source: Url,
}

#[derive(Deserialize)]
struct Linked<T> {
    links: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InfoLinks {
    get_status: Option<String>,
    start: Option<String>,
    mapping: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartLinks {
    submit_results: Option<String>,
    submit_progress: Option<String>,
    get_execution_status: Option<String>,
    cancel: Option<String>,
}

/// Settings of a client.
#[derive(Debug)]
#[must_use = "nothing happens before `build`"]
pub struct ImportClientBuilder {
    token: SecretString,
    api: String,
    timeout: Duration,
    user_agent: Option<String>,
    root_certificate: Option<Vec<u8>>,
    proxy: Option<reqwest::Proxy>,
}

impl ImportClientBuilder {
    /// Another address than `https://api.atlassian.com`.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api = url.into();
        self
    }

    /// How long one request may take. A minute unless set.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
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
    /// When the address, the token or the certificate cannot work.
    pub fn build(self) -> Result<ImportClient, ConfigError> {
        let api = api_url(&self.api)?;
        let token = self.token.expose_secret().trim();
        if token.is_empty() {
            return Err(ConfigError::Token);
        }
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| ConfigError::Token)?;
        authorization.set_sensitive(true);
        let own = concat!("insight-import-client/", env!("CARGO_PKG_VERSION"));
        let agent = self.user_agent.map_or_else(|| own.to_owned(), |product| format!("{product} {own}"));
        // The answer to an asynchronous change is a redirect that must not be followed blindly.
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
        let http = http.build().map_err(ConfigError::Http)?;
        let inner = Inner { transport: Transport { http, api, authorization }, links: Mutex::new(None) };
        Ok(ImportClient { inner: Arc::new(inner) })
    }
}

/// A client of one import source. Cheap to clone; clones share connections and links.
#[derive(Debug, Clone)]
pub struct ImportClient {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    transport: Transport,
    links: Mutex<Option<SourceLinks>>,
}

impl ImportClient {
    /// A client of the import source that this token was generated for.
    pub fn builder(import_token: SecretString) -> ImportClientBuilder {
        ImportClientBuilder {
            token: import_token,
            api: DEFAULT_API.into(),
            timeout: Duration::from_mins(1),
            user_agent: None,
            root_certificate: None,
            proxy: None,
        }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    /// What the import source says of itself.
    ///
    /// # Errors
    /// As any call.
    pub async fn config_status(&self) -> Result<ConfigStatus> {
        #[derive(Deserialize)]
        struct Status {
            status: String,
            #[serde(default)]
            links: Value,
        }
        let links = self.links().await?;
        let answer = self.get("the state of the import source", &links.status).await?;
        let Status { status, links } = answer.json("the state of the import source")?;
        let status = match status.as_str() {
            "IDLE" => SourceStatus::Idle,
            "RUNNING" => SourceStatus::Running,
            "DISABLED" => SourceStatus::Disabled,
            "MISSING_MAPPING" => SourceStatus::MissingMapping,
            _ => SourceStatus::Other(status),
        };
        let cancel = links.get("cancel").and_then(Value::as_str).map(str::to_owned);
        Ok(ConfigStatus { status, cancel })
    }

    /// The current schema and mapping; `None` when there is none.
    ///
    /// # Errors
    /// As any call.
    pub async fn schema_and_mapping(&self) -> Result<Option<SchemaAndMapping>> {
        if self.config_status().await?.status == SourceStatus::MissingMapping {
            return Ok(None);
        }
        let url = below(&self.links().await?.source, &["schema-and-mapping"]);
        match self.get("the schema and mapping", &url).await {
            Ok(answer) => answer.json("the schema and mapping").map(Some),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates schema and mapping. For the first time only.
    ///
    /// # Errors
    /// [`Error::MappingExists`] when there is one, [`Error::InvalidMapping`] when it is found wrong, and as any call.
    pub async fn put_mapping(&self, document: &SchemaAndMapping) -> Result<()> {
        self.submit_mapping(Method::PUT, document, false).await
    }

    /// The same as a job of its own, for large documents; waits for its end.
    ///
    /// # Errors
    /// As [`Self::put_mapping`].
    pub async fn put_mapping_async(&self, document: &SchemaAndMapping) -> Result<()> {
        self.submit_mapping(Method::PUT, document, true).await
    }

    /// Adds to schema and mapping.
    ///
    /// # Errors
    /// [`Error::InvalidMapping`] when it is found wrong, and as any call.
    pub async fn patch_mapping(&self, document: &SchemaAndMapping) -> Result<()> {
        self.submit_mapping(Method::PATCH, document, false).await
    }

    /// The same as a job of its own, for large documents; waits for its end.
    ///
    /// # Errors
    /// As [`Self::patch_mapping`].
    pub async fn patch_mapping_async(&self, document: &SchemaAndMapping) -> Result<()> {
        self.submit_mapping(Method::PATCH, document, true).await
    }

    /// Starts an execution.
    ///
    /// # Errors
    /// [`Error::InProgress`], [`Error::Disabled`] and [`Error::MissingMapping`] when Assets will not, and as any call.
    /// After an error of transport an execution may have been started nevertheless.
    pub async fn start(&self) -> Result<Execution> {
        const WHAT: &str = "the start of an execution";
        let links = self.links().await?;
        let answer = self.transport().send(WHAT, Method::POST, &links.start, None, Repeat::Unsafe).await?;
        if answer.status.as_u16() == 409 {
            return Err(start_refused(&answer));
        }
        let Linked { links: StartLinks { submit_results, submit_progress, get_execution_status, cancel } } =
            answer.json(WHAT)?;
        let transport = self.transport();
        let links = Links {
            submit_results: transport.link("submitResults", submit_results.as_deref())?,
            submit_progress: submit_progress.and_then(|p| transport.link("submitProgress", Some(&p)).ok()),
            status: transport.link("getExecutionStatus", get_execution_status.as_deref())?,
            cancel: transport.link("cancel", cancel.as_deref())?,
        };
        // There is no field for it: the id is a part of the links.
        let mut segments = links.submit_results.path_segments().into_iter().flatten().rev();
        let id = segments.nth(1).unwrap_or_default().to_owned();
        Ok(Execution::new(self.clone(), id, links))
    }

    /// What Assets says of an execution; `None` when it does not know it.
    ///
    /// # Errors
    /// As any call.
    pub async fn execution_status(&self, id: &str) -> Result<Option<ExecutionStatus>> {
        let url = below(&self.links().await?.source, &["executions", id, "status"]);
        match self.status_at(&url).await {
            Ok(status) => Ok(Some(status)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Cancels an execution by id, leaving the reason in the import history.
    ///
    /// # Errors
    /// As any call; an execution that was completed cannot be cancelled.
    pub async fn cancel_execution(&self, id: &str, reason: &str) -> Result<()> {
        let url = below(&self.links().await?.source, &["executions", id]);
        self.record_failure(&url, reason).await;
        self.delete(&url).await
    }

    /// Cancels whatever is under way. `false` when nothing was.
    ///
    /// # Errors
    /// As any call; an execution that was completed cannot be cancelled.
    pub async fn cancel_running(&self) -> Result<bool> {
        let status = self.config_status().await?;
        if status.status != SourceStatus::Running {
            return Ok(false);
        }
        let url = if let Some(link) = &status.cancel {
            self.transport().link("cancel", Some(link))?
        } else {
            let source = self.links().await?.source;
            let latest = self.status_at(&below(&source, &["executions", "status"])).await?;
            let id = latest.id.ok_or(Error::NotFound { what: "the execution under way" })?;
            below(&source, &["executions", &id])
        };
        self.delete(&url).await?;
        Ok(true)
    }

    pub(crate) async fn status_at(&self, url: &Url) -> Result<ExecutionStatus> {
        ExecutionStatus::read(&self.get("the status of an execution", url).await?)
    }

    pub(crate) async fn delete(&self, execution: &Url) -> Result<()> {
        let what = "cancelling an execution";
        let answer = self.transport().send(what, Method::DELETE, execution, None, Repeat::Safe).await?;
        if answer.status.as_u16() == 409 {
            return Err(Error::WrongState { state: "completed".into(), wanted: "cancelled" });
        }
        Ok(())
    }

    /// Leaves a reason in the import history. Failing does no harm: the execution is cancelled all the same.
    pub(crate) async fn record_failure(&self, execution: &Url, reason: &str) {
        let url = below(execution, &["history", "failed"]);
        let body = json!({ "failureReason": reason }).to_string();
        let sent =
            self.transport().send("a failure", Method::POST, &url, Some(body.into()), Repeat::Safe).await;
        if let Err(error) = sent {
            tracing::debug!(%error, "the failure was not recorded");
        }
    }

    async fn get(&self, what: &'static str, url: &Url) -> Result<Answer> {
        self.transport().send(what, Method::GET, url, None, Repeat::Safe).await
    }

    /// The links of the import source, asked for once.
    async fn links(&self) -> Result<SourceLinks> {
        const WHAT: &str = "the import source of this token";
        let mut known = self.inner.links.lock().await;
        if let Some(links) = &*known {
            return Ok(links.clone());
        }
        let transport = self.transport();
        let mut answer = Err(Error::NotFound { what: WHAT });
        for path in INFO_PATHS {
            let mut url = transport.api.clone();
            url.set_path(path);
            answer = self.get(WHAT, &url).await;
            if !matches!(answer, Err(Error::NotFound { .. })) {
                break;
            }
        }
        let Linked { links: InfoLinks { get_status, start, mapping } } = answer?.json(WHAT)?;
        let mapping = transport.link("mapping", mapping.as_deref())?;
        let mut source = mapping.clone();
        if let Ok(mut segments) = source.path_segments_mut() {
            segments.pop_if_empty().pop();
        }
        let links = SourceLinks {
            status: transport.link("getStatus", get_status.as_deref())?,
            start: transport.link("start", start.as_deref())?,
            mapping,
            source,
        };
        Ok(known.insert(links).clone())
    }

    async fn submit_mapping(
        &self,
        method: Method,
        document: &SchemaAndMapping,
        detached: bool,
    ) -> Result<()> {
        const WHAT: &str = "the schema and mapping";
        let mut url = self.links().await?.mapping;
        if detached {
            url.query_pairs_mut().append_pair("async", "true");
        }
        let body = serde_json::to_vec(document).map_err(|source| Error::Decode { what: WHAT, source })?;
        let answer = self.transport().send(WHAT, method, &url, Some(Bytes::from(body)), Repeat::Safe).await?;
        match answer.status.as_u16() {
            409 => Err(Error::MappingExists),
            303 => {
                let location = answer.headers.get(header::LOCATION).and_then(|v| v.to_str().ok());
                let progress = self.transport().link("Location", location)?;
                self.await_mapping(&progress).await
            }
            // A proxy that follows redirects answers with the progress itself.
            _ => match serde_json::from_slice::<Value>(&answer.body) {
                Ok(progress) => mapping_result(&progress).unwrap_or(Ok(())),
                Err(_) => Ok(()),
            },
        }
    }

    async fn await_mapping(&self, progress: &Url) -> Result<()> {
        let deadline = Instant::now() + MAPPING_LIMIT;
        let mut pause = Duration::from_millis(50);
        loop {
            let answer = self.get("the progress of the mapping", progress).await?;
            if let Some(result) = mapping_result(&answer.json("the progress of the mapping")?) {
                return result;
            }
            if Instant::now() >= deadline {
                return Err(Error::TimedOut {
                    what: "the change of the mapping",
                    seconds: MAPPING_LIMIT.as_secs(),
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}

/// How a change of the mapping ended; `None` while it goes on.
fn mapping_result(progress: &Value) -> Option<Result<()>> {
    let text = |name: &str| progress.get(name).and_then(Value::as_str);
    let status = text("progressStatus").or_else(|| text("status"))?;
    match (status, text("result")) {
        ("FINISHED" | "DONE", None | Some("OK")) => Some(Ok(())),
        ("IN_PROGRESS" | "PENDING" | "STARTED", _) => None,
        (_, result) => {
            let message = text("resultMessage").or(result).unwrap_or(status).to_owned();
            Some(Err(Error::MappingFailed { message }))
        }
    }
}

fn start_refused(answer: &Answer) -> Error {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match body.get("errorCode").and_then(Value::as_str) {
        Some("IN_PROGRESS") => Error::InProgress,
        Some("DISABLED") => Error::Disabled,
        Some("MISSING_MAPPING") => Error::MissingMapping,
        code => Error::Refused {
            what: "the start of an execution",
            status: 409,
            message: code.unwrap_or("no reason given").to_owned(),
        },
    }
}

/// A path below a URL, without its query.
fn below(url: &Url, segments: &[&str]) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.extend(segments);
    }
    url
}

/// HTTPS, or a loopback host for tests; an origin and nothing else.
fn api_url(given: &str) -> Result<Url, ConfigError> {
    let wrong = |why| ConfigError::ApiUrl { given: given.to_owned(), why };
    let url = Url::parse(given.trim()).map_err(|_| wrong("it is not a URL"))?;
    let host = url.host_str().ok_or_else(|| wrong("it has no host"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::ApiUrl { given: host.to_owned(), why: "it holds a user name or password" });
    }
    let loopback = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(wrong("it must begin with https://")),
    }
    if url.path() != "/" || url.query().is_some() {
        return Err(wrong("it has a path after the host"));
    }
    Ok(url)
}
