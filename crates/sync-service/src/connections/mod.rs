//! The connections of a daemon: those of the configuration file, and those that were saved in the console.

mod check;
mod job;
mod member;
mod registry;
mod save;
mod standby;
mod store_monitor;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use futures::future::join_all;
use sync_model::ConnectionName;
use sync_store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use check::{FieldError, ValidationReport};
pub use job::{JobActivity, JobState};
pub use member::{ManagedConnection, SavedSettings, Unavailable};
pub use registry::ConnectionRegistry;
#[cfg(test)]
pub(crate) use registry::recall_one;
pub use save::{ConnectionDraft, SaveError, rotate};

use crate::http::{Inboxes, RefusedSignIns};
use crate::lock::Lock;
use crate::vault::MasterKey;
use crate::{Config, Connection, ConnectionConfig, ServiceError};
use member::Working;

/// The connections of a daemon.
pub struct ConnectionManager {
    config: Arc<Config>,
    file: PathBuf,
    store: Store,
    key: Option<MasterKey>,
    members: RwLock<BTreeMap<ConnectionName, Arc<ManagedConnection>>>,
    inboxes: Inboxes,
    refused_sign_ins: RefusedSignIns,
    saving: tokio::sync::Mutex<()>,
    stop: CancellationToken,
    tasks: TaskTracker,
    store_monitor: store_monitor::StoreMonitor,
}

impl ConnectionManager {
    /// Opens the store and every connection, and acquires their locks. No task runs before [`Self::start`]. A
    /// connection that is unavailable, or that another process leads, is shown, doesn't affect the others, and is
    /// retried.
    ///
    /// # Errors
    /// When the store fails, or the settings of a connection of the configuration file are invalid.
    pub async fn open(config: Config, file: &Path) -> Result<Arc<Self>, ServiceError> {
        for connection in config.connections.values() {
            Connection::check(connection)?;
        }
        let store = Store::open(&config.store).await?;
        let key = config.master_key().cloned();
        let manager = Self {
            file: file.to_owned(),
            store,
            key,
            config: Arc::new(config),
            members: RwLock::default(),
            inboxes: Inboxes::default(),
            refused_sign_ins: RefusedSignIns::default(),
            saving: tokio::sync::Mutex::new(()),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            store_monitor: store_monitor::StoreMonitor::default(),
        };
        manager.open_connections().await?;
        Ok(Arc::new(manager))
    }

    /// True if no process works on a connection that was saved in the console.
    ///
    /// # Errors
    /// When one does, or the store fails.
    pub async fn is_at_rest(config: &Config) -> Result<(), ServiceError> {
        let store = Store::open(&config.store).await?;
        let saved = store.saved_connections().await;
        store.close().await;
        for connection in saved? {
            Lock::acquire(&config.store, &connection.name)?;
        }
        Ok(())
    }

    /// Starts every connection, and retries those that can't start yet.
    pub fn start(self: &Arc<Self>) {
        self.members().iter().for_each(|member| member.follow());
        let manager = Arc::clone(self);
        self.tasks.spawn(async move { manager.retry_until_stopped().await });
        self.tasks.spawn(Arc::clone(self).monitor_store());
    }

    /// Stops the connections, and waits for active work. The store stays open for deliveries.
    pub async fn halt(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        join_all(self.members().iter().map(|member| member.end())).await;
    }

    /// Stops the connections, waits for active work, and closes the store.
    pub async fn end(&self) {
        self.halt().await;
        self.store.close().await;
    }

    /// The settings of the daemon.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The state store.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The queues for deliveries.
    pub(crate) const fn inboxes(&self) -> &Inboxes {
        &self.inboxes
    }

    /// Rejected sign-ins: counted by the console, exported with the metrics.
    pub const fn refused_sign_ins(&self) -> &RefusedSignIns {
        &self.refused_sign_ins
    }

    /// The connections by name.
    pub fn members(&self) -> Vec<Arc<ManagedConnection>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The connection of that name.
    pub fn get(&self, name: &ConnectionName) -> Option<Arc<ManagedConnection>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Adds a member and has it follow; why it cannot work is part of it.
    async fn add(
        &self,
        name: ConnectionName,
        saved: Option<SavedSettings>,
        settings: Result<ConnectionConfig, ServiceError>,
    ) {
        let working = match settings {
            Ok(settings) => self.work(settings).await,
            Err(error) => Err(error),
        };
        let member = self.member(name, saved, working.map_err(Into::into));
        member.follow();
        self.insert(member);
    }

    async fn work(&self, settings: ConnectionConfig) -> Result<Working, ServiceError> {
        let connection = Connection::open(&settings, &self.store).await?;
        let connection = Arc::new(connection.stalling_after(self.config.stall_timeout));
        let claim = connection.claim_to_follow(&self.config.store).await?;
        Ok(Working { connection, settings, claim })
    }

    fn member(
        &self,
        name: ConnectionName,
        saved: Option<SavedSettings>,
        working: Result<Working, Unavailable>,
    ) -> ManagedConnection {
        ManagedConnection::new(name, saved, working, (&self.config, &self.file), &self.stop)
    }

    fn insert(&self, member: ManagedConnection) {
        if let Some(inbox) = member.connection().ok().and_then(|connection| connection.inbox()) {
            self.inboxes.insert(member.name().to_string(), inbox);
        }
        let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
        members.insert(member.name().clone(), Arc::new(member));
    }

    fn remove_member(&self, name: &ConnectionName) {
        self.inboxes.remove(name.as_str());
        self.members.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}
