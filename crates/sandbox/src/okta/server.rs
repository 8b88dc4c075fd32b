//! The org at work: its data, its log, and its requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::auth::Authority;
use super::changes::Refused;
use super::events;
use super::hooks::{self, Deliveries};
use super::log::Log;
use super::openid::OpenId;
use super::org::Org;
use super::replica::Replicas;
use super::requests::{Requests, Role};
use crate::error::SandboxError;
use crate::faults::{Fault, Faults};
use crate::options::SandboxOptions;

/// The org at work.
pub(crate) struct OrgServer {
    pub(super) org: Mutex<Org>,
    pub(super) replicas: Mutex<Replicas>,
    pub(super) log: Arc<Log>,
    pub(super) authority: Authority,
    pub(super) openid: Mutex<OpenId>,
    pub(super) deliveries: Deliveries,
    pub(super) faults: Arc<Faults>,
    pub(super) url: Url,
    pub(super) requests: Mutex<Requests>,
}

impl OrgServer {
    pub(crate) fn new(
        org: Org,
        url: Url,
        options: &SandboxOptions,
        faults: Arc<Faults>,
        stop: &CancellationToken,
    ) -> Result<Self, SandboxError> {
        let log = Arc::new(Log::new(Arc::clone(&faults)));
        Ok(Self {
            org: Mutex::new(org),
            replicas: Mutex::default(),
            authority: Authority::new(url.clone(), options.dpop)?,
            openid: Mutex::default(),
            deliveries: Deliveries::start(url.clone(), Arc::clone(&faults), Arc::clone(&log), stop)?,
            log,
            faults,
            url,
            requests: Mutex::new(Requests::new(options.rate_limit)),
        })
    }

    /// The current org. A short lock: no code waits while it has it.
    pub(crate) fn org(&self) -> MutexGuard<'_, Org> {
        self.org.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locked after the org, never before.
    pub(super) fn replicas(&self) -> MutexGuard<'_, Replicas> {
        self.replicas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the directory as it can be read now, which may be as it was a while ago.
    pub(super) fn readable<T>(&self, search: bool, read: impl FnOnce(&Org) -> T) -> T {
        let org = self.org();
        let mut replicas = self.replicas();
        let replica = if search { &mut replicas.searches } else { &mut replicas.reads };
        read(replica.readable().unwrap_or(&org))
    }

    pub(crate) fn credentials(&self) -> Value {
        self.authority.credentials()
    }

    /// Changes the org, and adds the events to the log and the hooks.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Org) -> Result<(T, Vec<Value>), Refused>,
    ) -> Result<T, Refused> {
        let (result, deliveries) = {
            let mut org = self.org();
            let mut replicas = self.replicas();
            let read_lag = self.faults.time(Fault::ReadLag);
            // The index is never newer than its source.
            let search_lag = self.faults.time(Fault::SearchLag).max(read_lag);
            replicas.reads.prepare(&org, read_lag);
            replicas.searches.prepare(&org, search_lag);
            org.touched.clear();
            let (result, events) = change(&mut org)?;
            let touched = std::mem::take(&mut org.touched);
            replicas.reads.follow(&org, &touched, read_lag);
            replicas.searches.follow(&org, &touched, search_lag);
            self.log.append(&events);
            (result, hooks::addressed(&org, &events))
        };
        self.deliveries.send(deliveries);
        Ok(result)
    }

    /// Deletes a user; the second half can follow later.
    pub(crate) fn delete_user(self: &Arc<Self>, id: &str) -> Result<(), Refused> {
        self.change(|org| org.begin_deletion(id))?;
        let Some(lag) = self.faults.time(Fault::DeletionLag) else {
            return self.change(|org| org.complete_deletion(id));
        };
        let (server, id, delay) = (Arc::clone(self), id.to_owned(), self.faults.delay(lag));
        tokio::spawn(async move {
            delay.await;
            // Another task may have completed it in the meantime.
            let _ = server.change(|org| org.complete_deletion(&id));
        });
        Ok(())
    }

    /// Makes all delayed changes readable.
    pub(crate) fn catch_up(&self) {
        *self.replicas() = Replicas::default();
    }

    /// The requests to the org so far.
    pub(crate) fn stats(&self) -> Value {
        json!({ "okta": self.requests().stats(), "deliveries": self.deliveries.stats() })
    }

    /// Registers one more public key (JWK) for the app. `false` when it is none for signatures.
    pub(crate) fn register_key(&self, key: &serde_json::Map<String, Value>) -> bool {
        self.authority.register_key(key)
    }

    /// Assigns the app's admin role or removes it, completely or for the schemas only.
    pub(crate) fn set_role(&self, role: &str) -> Result<(), Refused> {
        self.requests().role = match role {
            "on" => Role::Everything,
            "no-schemas" => Role::NoSchemas,
            "off" => Role::Nothing,
            _ => return Err(Refused("the states are on, off, and no-schemas")),
        };
        Ok(())
    }

    /// Shifts the org's clock by this number of seconds.
    pub(crate) fn set_clock(&self, seconds: i64) {
        self.authority.set_clock(seconds);
    }

    /// Changes how many requests a minute a bucket allows.
    pub(crate) fn set_rate_limit(&self, limit: Option<u64>) {
        self.requests().set_limit(limit);
    }

    /// Grants the app a scope, or revokes it.
    pub(crate) fn set_scope(&self, scope: &str, granted: bool) {
        self.authority.grant(scope, granted);
    }

    /// Invalidates every issued token.
    pub(crate) fn revoke_tokens(&self) {
        self.authority.revoke();
    }

    /// Expires the issued cursors of the log.
    pub(crate) fn expire_log_cursors(&self) {
        self.log.expire_cursors();
    }

    /// Removes the log's entries, as after its retention.
    pub(crate) fn clear_log(&self) {
        self.log.clear();
    }

    /// The event hooks as Okta shows them.
    pub(crate) fn hooks(&self) -> Value {
        self.org().hooks.values().map(|hook| hook.shown.clone()).collect()
    }

    /// Deletes a hook, or changes its subscription, as an administrator can.
    pub(crate) fn change_hook(&self, id: &str, events: Option<&Value>) -> Result<(), Refused> {
        self.change(|org| {
            let hook = org.hooks.get_mut(id).ok_or(Refused("there is no such hook"))?;
            let kind = if let Some(items) = events {
                hook.shown["events"]["items"] = items.clone();
                "event_hook.updated"
            } else {
                org.hooks.remove(id);
                "event_hook.deleted"
            };
            Ok(((), vec![events::event(kind, &[("EventHook", id)])]))
        })
    }

    /// Activates or deactivates a hook, or removes its verification, as an administrator can.
    pub(crate) fn set_hook(&self, id: &str, state: &str) -> Result<(), Refused> {
        let (member, value, kind) = match state {
            "activate" => ("status", "ACTIVE", "event_hook.activated"),
            "deactivate" => ("status", "INACTIVE", "event_hook.deactivated"),
            "unverify" => ("verificationStatus", "UNVERIFIED", "event_hook.updated"),
            _ => return Err(Refused("the states are activate, deactivate, and unverify")),
        };
        self.change(|org| {
            let hook = org.hooks.get_mut(id).ok_or(Refused("there is no such hook"))?;
            hook.shown[member] = value.into();
            Ok(((), vec![events::event(kind, &[("EventHook", id)])]))
        })
    }
}
