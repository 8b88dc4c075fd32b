//! The client of an import source: its state, its mapping, and its links.

use std::sync::{Arc, Mutex as StdMutex};

use ::http::Method;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::links::{ExecutionLinks, SourceLinks};
use crate::document::SchemaAndMapping;
use crate::error::{Error, Result};
use crate::http::{Answer, RateLimitState, Repeat, Transport, below};

/// The state of the import source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceStatus {
    /// Ready to start.
    Idle,
    /// An execution is running.
    Running,
    /// Switched off by an administrator.
    Disabled,
    /// No schema and mapping yet.
    MissingMapping,
    /// A value that this version doesn't support, as received.
    Other(String),
}

/// The configuration status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigStatus {
    /// The state.
    pub status: SourceStatus,
    pub(super) cancel: Option<String>,
}

/// A client of one import source. Cheap to clone; clones share connections, links and pace.
#[derive(Debug, Clone)]
pub struct ImportClient {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) transport: Transport,
    /// Fetched once, and again if they are invalid.
    pub(super) links: Mutex<Option<SourceLinks>>,
    /// The links of the last started execution; others are below the import source.
    pub(super) latest: StdMutex<Option<(String, ExecutionLinks)>>,
}

impl ImportClient {
    /// The state of rate limiting, for metrics.
    pub fn pace(&self) -> RateLimitState {
        self.transport().pace.state()
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    /// The state of the import source.
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
        const WHAT: &str = "the state of the import source";
        let answer = self.at_source(WHAT, Method::GET, |links| links.status.clone(), Repeat::Safe).await?;
        let Status { status, links } = answer.json(WHAT)?;
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
        const WHAT: &str = "the schema and mapping";
        if self.config_status().await?.status == SourceStatus::MissingMapping {
            return Ok(None);
        }
        let at = |links: &SourceLinks| below(&links.source, &["schema-and-mapping"]);
        match self.at_source(WHAT, Method::GET, at, Repeat::Safe).await {
            Ok(answer) => answer.json(WHAT).map(Some),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The settings of the import source. Atlassian doesn't document that an import token is sufficient for this call; an
    /// [`AssetsClient`](crate::AssetsClient) always is.
    ///
    /// # Errors
    /// As any call.
    pub async fn settings(&self) -> Result<crate::account::ImportSource> {
        const WHAT: &str = "the settings of the import source";
        self.at_source(WHAT, Method::GET, |links| links.source.clone(), Repeat::Safe).await?.json(WHAT)
    }

    /// The ID of the import source.
    ///
    /// # Errors
    /// As any call.
    pub async fn source_id(&self) -> Result<String> {
        let source = self.links().await?.source;
        Ok(source.path_segments().and_then(Iterator::last).unwrap_or_default().to_owned())
    }

    /// The origin that the import source is reached at, such as `https://api.atlassian.com`.
    ///
    /// # Errors
    /// As any call.
    pub async fn source_origin(&self) -> Result<String> {
        Ok(self.links().await?.source.origin().ascii_serialization())
    }

    /// The ID of the workspace that the import source belongs to.
    ///
    /// # Errors
    /// As any call.
    pub async fn workspace_id(&self) -> Result<String> {
        let source = self.links().await?.source;
        let mut segments = source.path_segments().into_iter().flatten().skip_while(|s| *s != "workspace");
        segments.nth(1).map(str::to_owned).ok_or_else(|| Error::NotFound {
            what: "the workspace in the links",
            message: "the links contain no workspace".into(),
        })
    }

    /// A call at one of the links. Invalid links are fetched again once: the token may belong to another source now.
    pub(super) async fn at_source(
        &self,
        what: &'static str,
        method: Method,
        at: impl Fn(&SourceLinks) -> url::Url,
        repeat: Repeat,
    ) -> Result<Answer> {
        let known = self.inner.links.lock().await.clone();
        let first = match &known {
            Some(links) => links.clone(),
            None => self.links().await?,
        };
        let result = self.transport().send(what, method.clone(), &at(&first), None, repeat).await;
        if known.is_none() || !matches!(result, Err(Error::NotFound { .. })) {
            return result;
        }
        *self.inner.links.lock().await = None;
        let fresh = at(&self.links().await?);
        if fresh == at(&first) {
            return result;
        }
        self.transport().send(what, method, &fresh, None, repeat).await
    }

    pub(super) async fn get(&self, what: &'static str, url: &url::Url) -> Result<Answer> {
        self.transport().send(what, Method::GET, url, None, Repeat::Safe).await
    }
}
