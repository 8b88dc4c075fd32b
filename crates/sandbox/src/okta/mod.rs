//! The Okta org.

mod api;
mod auth;
mod changes;
mod defaults;
mod events;
mod filter;
mod hooks;
mod load;
mod org;
mod seed;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) use api::router;
pub(crate) use changes::Refused;
pub(crate) use load::load;
pub(crate) use org::Org;
pub(crate) use seed::seed;

use crate::{SandboxError, SandboxOptions};
use auth::Authority;
use hooks::Deliveries;

/// The org at work.
pub(crate) struct OrgServer {
    org: Mutex<Org>,
    authority: Authority,
    deliveries: Deliveries,
    url: Url,
    requests: Mutex<api::Requests>,
}

impl OrgServer {
    pub(crate) fn new(
        org: Org,
        url: Url,
        options: &SandboxOptions,
        stop: &CancellationToken,
    ) -> Result<Self, SandboxError> {
        Ok(Self {
            org: Mutex::new(org),
            authority: Authority::new(url.clone(), options.dpop)?,
            deliveries: Deliveries::start(url.clone(), stop)?,
            url,
            requests: Mutex::new(api::Requests::new(options.rate_limit)),
        })
    }

    /// The org as it is. Nothing waits while it is held.
    pub(crate) fn org(&self) -> MutexGuard<'_, Org> {
        self.org.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, api::Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn credentials(&self) -> Value {
        self.authority.credentials()
    }

    /// Changes the org, and tells the log and the hooks what happened.
    pub(crate) fn change<T>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut Org) -> Result<(T, Vec<Value>), changes::Refused>,
    ) -> Result<T, changes::Refused> {
        let (result, deliveries) = {
            let mut org = self.org();
            let (result, events) = change(&mut org)?;
            org.log.extend(events.iter().cloned());
            (result, hooks::addressed(&org, &events))
        };
        self.deliveries.send(deliveries);
        Ok(result)
    }

    /// What was asked of the org so far.
    pub(crate) fn stats(&self) -> Value {
        json!({ "okta": self.requests().stats(), "deliveries": self.deliveries.stats() })
    }
}
