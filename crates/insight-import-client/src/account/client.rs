//! The client of Assets: its workspace and its requests.

use std::sync::Arc;

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::Url;

use super::page::Page;
use crate::error::{Error, RefusalReason, Result};
use crate::http::{RateLimitState, Repeat, Transport, below};

/// A client of Assets with an account's credential. Cheap to clone; clones share connections and pace.
#[derive(Debug, Clone)]
pub struct AssetsClient {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) transport: Transport,
    /// The site that lists workspaces.
    pub(super) site: Url,
    /// The path before `/jsm/assets` in the API.
    pub(super) gateway: Vec<String>,
    pub(super) workspace: OnceCell<String>,
}

impl AssetsClient {
    /// The state of rate limiting, for metrics.
    pub fn pace(&self) -> RateLimitState {
        self.inner.transport.pace.state()
    }

    /// The ID of the site's Assets workspace.
    ///
    /// # Errors
    /// [`Error::NoWorkspace`] if the account can't access one, and as any call.
    pub async fn workspace_id(&self) -> Result<&str> {
        self.inner.workspace.get_or_try_init(|| self.discover()).await.map(String::as_str)
    }

    async fn discover(&self) -> Result<String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Workspace {
            workspace_id: String,
        }
        const WHAT: &str = "the Assets workspace";
        let none = || Error::NoWorkspace { site: self.inner.site.as_str().trim_end_matches('/').to_owned() };
        let url = below(&self.inner.site, &["rest", "servicedeskapi", "assets", "workspace"]);
        match self.send(WHAT, Method::GET, &url, None, Repeat::Safe).await {
            Ok(page) => {
                let page: Page<Workspace> = page;
                page.values.into_iter().next().map(|found| found.workspace_id).ok_or_else(none)
            }
            Err(Error::NotFound { .. } | Error::Forbidden { reason: RefusalReason::Permission, .. }) => {
                Err(none())
            }
            Err(error) => Err(error),
        }
    }

    /// A URL of the workspace.
    pub(super) async fn url(&self, path: &[&str]) -> Result<Url> {
        let workspace = self.workspace_id().await?;
        let gateway: Vec<&str> = self.inner.gateway.iter().map(String::as_str).collect();
        let base = ["jsm", "assets", "workspace", workspace, "v1"];
        Ok(below(&self.inner.transport.api, &[&gateway, &base[..], path].concat()))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, what: &'static str, path: &[&str]) -> Result<T> {
        let url = self.url(path).await?;
        self.send(what, Method::GET, &url, None, Repeat::Safe).await
    }

    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        what: &'static str,
        method: Method,
        url: &Url,
        body: Option<serde_json::Value>,
        repeat: Repeat,
    ) -> Result<T> {
        let body = body.map(|body| body.to_string().into());
        let answer = self.inner.transport.send(what, method, url, body, repeat).await?;
        if answer.status.as_u16() == 409 {
            let message = crate::http::words(&answer);
            return Err(Error::Api { what, status: 409, message });
        }
        answer.json(what)
    }
}
