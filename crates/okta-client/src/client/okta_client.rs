//! The client: its org, its credential, and its time limits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use url::Url;

use super::transport::Transport;
use crate::auth::Authenticator;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::pacer::{Pacer, Priority};

/// Practically no limit.
const FOREVER: Duration = Duration::from_hours(24 * 365);

/// A client of one Okta org. Cheap to clone; clones share connections, token and pacing.
#[derive(Clone)]
pub struct OktaClient {
    pub(super) inner: Arc<Inner>,
    pub(super) priority: Priority,
}

pub(super) struct Inner {
    pub(super) transport: Transport,
    pub(super) org: Url,
    pub(super) auth: Authenticator,
    pub(super) pacer: Pacer,
    pub(super) total_time: Duration,
    /// Other origins in links instead of the org's own.
    pub(super) other_hosts: Mutex<Vec<String>>,
}

impl std::fmt::Debug for OktaClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OktaClient").field("org", &self.inner.org.as_str()).finish_non_exhaustive()
    }
}

impl OktaClient {
    /// The org's URL.
    pub fn org_url(&self) -> &Url {
        &self.inner.org
    }

    /// The scheduler of the requests, with the state of the rate limits.
    pub fn pacer(&self) -> &Pacer {
        &self.inner.pacer
    }

    /// The same client, whose requests are sent before all others if the rate limit delays them.
    #[must_use = "the client itself is not changed"]
    pub fn high_priority(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), priority: Priority::Urgent }
    }

    /// The scopes that Okta granted; empty with an API token.
    ///
    /// # Errors
    /// When Okta issues no token.
    pub async fn granted_scopes(&self) -> Result<Vec<String>> {
        let deadline = self.deadline();
        let granted = timeout_at(deadline, self.inner.auth.granted(&self.inner.transport, deadline)).await;
        granted.map_err(|_| self.late(endpoint::TOKEN))?
    }

    /// True if the token is bound to a key of this process (DPoP), so that a stolen one is useless.
    ///
    /// # Errors
    /// When Okta issues no token.
    pub async fn is_bound(&self) -> Result<bool> {
        let deadline = self.deadline();
        let bound = timeout_at(deadline, self.inner.auth.bound(&self.inner.transport, deadline)).await;
        bound.map_err(|_| self.late(endpoint::TOKEN))?
    }

    /// The requested API scopes that aren't granted; empty with an API token.
    ///
    /// # Errors
    /// If Okta returns no access token.
    pub async fn missing_scopes(&self) -> Result<Vec<String>> {
        self.granted_scopes().await?;
        let auth = &self.inner.auth;
        Ok(auth.requested_scopes().iter().filter(|scope| auth.lacks(scope)).cloned().collect())
    }

    /// The time at which a call that starts now is canceled.
    pub(super) fn deadline(&self) -> Instant {
        let now = Instant::now();
        // A duration beyond the clock's range means no deadline.
        now.checked_add(self.inner.total_time).unwrap_or(now + FOREVER)
    }

    /// The error of a call that exceeded its time limit.
    pub(super) fn late(&self, path: &str) -> Error {
        Error::TimedOut { path: path.to_owned(), seconds: self.inner.total_time.as_secs() }
    }

    /// The URL of a path of the API.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.inner.org.clone();
        url.set_path(path);
        url
    }
}
