//! The state of the clients of a running connection.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use admin_api::ClockSkew;
use insight_import_client::{AssetsClient, ImportClient, RateLimitState};
use jiff::Timestamp;
use okta_client::{OktaClient, PacerState};

/// Reads the state of the clients.
pub(crate) struct Watch {
    okta: OktaClient,
    assets: ImportClient,
    account: Option<AssetsClient>,
    following_since: Mutex<Option<Timestamp>>,
}

impl Watch {
    pub(crate) const fn new(okta: OktaClient, assets: ImportClient, account: Option<AssetsClient>) -> Self {
        Self { okta, assets, account, following_since: Mutex::new(None) }
    }

    /// The state of requests to Okta.
    pub(crate) fn okta(&self) -> PacerState {
        self.okta.pacer().state()
    }

    /// The state of requests to Assets with the import token.
    pub(crate) fn assets_pace(&self) -> RateLimitState {
        self.assets.pace()
    }

    /// The state of requests to Assets with the Atlassian account; `None` without one.
    pub(crate) fn account_pace(&self) -> Option<RateLimitState> {
        self.account.as_ref().map(AssetsClient::pace)
    }

    /// The time since which this process follows the connection; `None` if it doesn't.
    pub(crate) fn followed_since(&self) -> Option<Timestamp> {
        *self.since()
    }

    /// The clock offsets of both services in their last responses.
    pub(crate) fn clock_skew(&self) -> ClockSkew {
        let account = self.account.as_ref().and_then(|account| account.pace().clock_skew_seconds);
        ClockSkew {
            okta_seconds: self.okta().clock_skew_seconds,
            assets_seconds: self.assets.pace().clock_skew_seconds.or(account),
        }
    }

    /// The time for which a rate limit delays requests to either service.
    pub(crate) fn held_for(&self) -> Duration {
        let account = self.account.as_ref().map(|account| account.pace().held_for).unwrap_or_default();
        self.okta().held_for.max(self.assets.pace().held_for).max(account)
    }

    /// Must be kept while the connection's tasks run.
    pub(crate) fn following(&self, since: Timestamp) -> Following<'_> {
        *self.since() = Some(since);
        Following(self)
    }

    /// True if this process follows the connection.
    pub(crate) fn is_followed(&self) -> bool {
        self.since().is_some()
    }

    fn since(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.following_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the tasks of a connection as running, until it is dropped in any way.
pub(crate) struct Following<'w>(&'w Watch);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        *self.0.since() = None;
    }
}
