//! The audit entries that changing commands leave.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sync_config::Config;
use sync_daemon::{ServiceError, connection_state, difference, token_state};
use sync_engine::{Clock, SystemClock, error_chain};
use sync_model::ConnectionName;
use sync_store::{AuditEntry, Store};

use crate::args::ConfigFile;

/// The time limit for the audit entry of a failed change.
const BRIEFLY: Duration = Duration::from_secs(3);

/// The state that a change can touch.
#[derive(Clone, Copy)]
pub(super) enum Touches<'c> {
    Tokens,
    /// The connection of this name; every one when none was given.
    Connections(Option<&'c str>),
}

/// A change by a command on this machine.
pub(crate) struct Change<'c> {
    pub(super) action: &'static str,
    pub(super) file: &'c ConfigFile,
    pub(super) touches: Touches<'c>,
    /// Connections that daemons change: they leave entries of their own.
    pub(super) served: BTreeSet<ConnectionName>,
    pub(super) request: Value,
}

impl<'c> Change<'c> {
    /// Reads the state before the change.
    async fn begin(self) -> Begun<'c> {
        let before = self.state().await.map(|(_, state)| state);
        Begun { change: self, before }
    }

    /// The connection that the change concerns, if any, and the state that the change affects; `None` if the store
    /// can't be read.
    async fn state(&self) -> Option<(Option<ConnectionName>, Value)> {
        let config = self.file.load().ok()?;
        if !config.store.exists() {
            return Some((None, json!({})));
        }
        let store = Store::open(&config.store).await.ok()?;
        let state = self.read(&config, &store).await;
        store.close().await;
        state.ok()
    }

    async fn read(
        &self,
        config: &Config,
        store: &Store,
    ) -> Result<(Option<ConnectionName>, Value), ServiceError> {
        let names: Vec<ConnectionName> = match self.touches {
            Touches::Tokens => return Ok((None, token_state(store).await?)),
            Touches::Connections(Some(name)) => {
                ConnectionName::try_from(name.to_owned()).into_iter().collect()
            }
            Touches::Connections(None) => {
                let saved = store.saved_connections().await?.into_iter().map(|saved| saved.name);
                let names: BTreeSet<_> = config.connections.keys().cloned().chain(saved).collect();
                names.difference(&self.served).cloned().collect()
            }
        };
        if let [name] = names.as_slice() {
            return Ok((Some(name.clone()), connection_state(store, name, SystemClock.now()).await?));
        }
        let mut states = Map::new();
        for name in &names {
            states.insert(name.to_string(), connection_state(store, name, SystemClock.now()).await?);
        }
        Ok((None, json!({ "connections": states })))
    }
}

/// The audit entry of a command, if it leaves one.
pub(crate) struct Audit<'c>(Option<Begun<'c>>);

impl<'c> Audit<'c> {
    /// Reads the state before the change; `None` if a command makes none.
    pub(crate) async fn begin(change: Option<Change<'c>>) -> Self {
        match change {
            Some(change) => Self(Some(change.begin().await)),
            None => Self(None),
        }
    }

    /// Daemons change these connections, and audit that. Called before the change.
    pub(crate) async fn leave_to_daemons(&mut self, served: BTreeSet<ConnectionName>) {
        if let Some(begun) = self.0.take() {
            self.0 = Some(Change { served, ..begun.change }.begin().await);
        }
    }

    /// Daemons make the whole change, and audit it.
    pub(crate) fn leave_all_to_daemons(&mut self) {
        self.0 = None;
    }

    /// Stores the entry.
    pub(crate) async fn record(self, succeeded: bool) {
        if let Some(begun) = self.0 {
            begun.record(succeeded).await;
        }
    }
}

/// A change with the state before it.
struct Begun<'c> {
    change: Change<'c>,
    before: Option<Value>,
}

impl Begun<'_> {
    /// Stores the audit entry. A failure is logged and stops nothing. The entry of a failed change waits for another
    /// process that writes, but not for long: the command may have waited for it before.
    async fn record(self, succeeded: bool) {
        let Self { change, before } = self;
        let Ok(config) = change.file.load() else { return };
        if !config.store.exists() {
            return;
        }
        let (connection, after) = change.state().await.unzip();
        let (before, after) =
            before.zip(after).map(|(before, after)| difference(before, after)).unwrap_or_default();
        // By the number of the process, not by a variable that anyone can set.
        let user = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
        let entry = AuditEntry {
            connection: connection.flatten().map(|name| name.to_string()),
            request: Some(change.request).filter(|request| !request.is_null()),
            before,
            after,
            succeeded,
            ..AuditEntry::new(SystemClock.now(), &user, "cli", change.action)
        };
        let written = async {
            let store = Store::open(&config.store).await?;
            let written = store.audit().append(&entry).await;
            store.close().await;
            written.map_err(ServiceError::from)
        };
        let written = if succeeded {
            written.await
        } else {
            let Ok(written) = tokio::time::timeout(BRIEFLY, written).await else {
                let seconds = BRIEFLY.as_secs();
                eprintln!("warning: could not write the audit log within {seconds} s");
                return;
            };
            written
        };
        if let Err(error) = written {
            eprintln!("warning: could not write the audit log: {}", error_chain(&error));
        }
    }
}
