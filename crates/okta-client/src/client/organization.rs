//! An org's public metadata.

use serde::Deserialize;
use tokio::time::timeout_at;

use super::okta_client::OktaClient;
use crate::error::{Error, Result};

/// The response has a few lines.
const LARGEST_ANSWER: usize = 1 << 20;

/// An org's public metadata.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Organization {
    /// The ID.
    pub id: String,
}

impl OktaClient {
    /// The org at the URL. Requires no token, and has one attempt.
    ///
    /// # Errors
    /// [`Error::NotAnOrg`] when another server responds, [`Error::Transport`] when none does.
    pub async fn organization(&self) -> Result<Organization> {
        let url = self.url("/.well-known/okta-organization");
        let transport = &self.inner.transport;
        let request = async {
            let answer =
                transport.http.get(url.clone()).send().await.map_err(|e| transport.failed(&url, &e))?;
            if answer.status().is_redirection() {
                return Err(Error::Redirect { path: url.path().to_owned() });
            }
            if answer.status().is_server_error() {
                return Err(Error::Unavailable {
                    path: url.path().to_owned(),
                    status: answer.status().as_u16(),
                });
            }
            let found = answer.status().is_success();
            let body = transport.body(answer, &url, LARGEST_ANSWER).await?;
            let organization = serde_json::from_slice(&body).ok().filter(|_| found);
            organization
                .ok_or_else(|| Error::NotAnOrg(self.inner.org.as_str().trim_end_matches('/').to_owned()))
        };
        timeout_at(self.deadline(), request).await.map_err(|_| self.late(url.path()))?
    }
}
