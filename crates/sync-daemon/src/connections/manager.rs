//! The connections of a daemon, by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use admin_api::{SavedSettings, Unavailable};
use axum::Router;
use futures::future::join_all;
use jiff::Timestamp;
use sync_config::{Config, ConnectionConfig, MasterKey, check_clients};
use sync_engine::{Clock, SystemClock, TaskDriver};
use sync_model::ConnectionName;
use sync_store::{LeaderLock, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::local_api::LocalApi;
use super::member::{Jobs, ManagedConnection, Working};
use super::store_loss::StoreLossSignal;
use crate::connection::Connection;
use crate::error::ServiceError;
use crate::http::RefusedSignIns;
use crate::http::inbox::Inboxes;

/// The connections of a daemon.
pub struct ConnectionManager {
    pub(super) config: Arc<Config>,
    pub(super) file: PathBuf,
    pub(super) store: Store,
    clock: Arc<dyn Clock>,
    pub(super) key: Option<MasterKey>,
    pub(super) members: RwLock<BTreeMap<ConnectionName, Arc<ManagedConnection>>>,
    pub(super) inboxes: Inboxes,
    pub(super) refused_sign_ins: RefusedSignIns,
    pub(super) saving: tokio::sync::Mutex<()>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    pub(super) driver: Arc<TaskDriver>,
    pub(super) store_loss: StoreLossSignal,
    pub(super) local_api: LocalApi,
}

impl ConnectionManager {
    /// Opens the store and every connection, and acquires their locks. No task runs before [`Self::start`]. A
    /// connection that is unavailable, or that another process leads, is shown, doesn't affect the others, and is
    /// retried.
    ///
    /// # Errors
    /// When the store fails, or the settings of a connection of the configuration file are invalid.
    pub async fn open(config: Config, file: &Path) -> Result<Arc<Self>, ServiceError> {
        Self::open_with_clock(config, file, Arc::new(SystemClock)).await
    }

    /// The same by another clock.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with_clock(
        config: Config,
        file: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, ServiceError> {
        for connection in config.connections.values() {
            check_clients(connection)?;
        }
        let store = Store::open(&config.store).await?;
        let key = config.master_key().cloned();
        let manager = Self {
            file: file.to_owned(),
            store,
            clock,
            key,
            config: Arc::new(config),
            members: RwLock::default(),
            inboxes: Inboxes::default(),
            refused_sign_ins: RefusedSignIns::default(),
            saving: tokio::sync::Mutex::new(()),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            driver: Arc::default(),
            store_loss: StoreLossSignal::default(),
            local_api: LocalApi::default(),
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
            LeaderLock::acquire(&config.store, &connection.name)?;
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

    /// Serves a router at a socket beside the store, for each connection that this process leads or will lead. Requests
    /// have a [`LocalPeer`](crate::LocalPeer); only the owner of the socket and root can connect. If a socket can't be
    /// created, a warning is logged. Call it before [`Self::start`].
    pub async fn serve_locally(&self, router: Router) {
        self.local_api.offer(router);
        #[cfg(unix)]
        for member in self.members() {
            self.open_socket(&member).await;
        }
    }

    /// Stops the connections, and waits for active work. The store stays open for deliveries.
    pub async fn halt(&self) {
        self.stop.cancel();
        self.local_api.withdraw();
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

    /// The clock of the daemon and of its connections.
    pub const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The time by the daemon's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The state store.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The driver of the background tasks that belong to no connection.
    pub const fn driver(&self) -> &Arc<TaskDriver> {
        &self.driver
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
    pub(super) async fn add(
        &self,
        name: ConnectionName,
        saved: Option<SavedSettings>,
        settings: Result<ConnectionConfig, ServiceError>,
    ) {
        let working = match settings {
            Ok(settings) => self.work(settings).await,
            Err(error) => Err(error),
        };
        self.insert(self.member(name, saved, working.map_err(Into::into)), true).await;
    }

    pub(super) async fn work(&self, settings: ConnectionConfig) -> Result<Working, ServiceError> {
        let clock = Arc::clone(&self.clock);
        let connection =
            Connection::open_with(&settings, &self.store, |ports, _| ports.clock = clock).await?;
        let connection = Arc::new(connection.stalling_after(self.config.stall_timeout));
        let claim = connection.claim_to_follow(&self.config.store).await?;
        Ok(Working { connection, settings, claim })
    }

    pub(super) fn member(
        &self,
        name: ConnectionName,
        saved: Option<SavedSettings>,
        working: Result<Working, Unavailable>,
    ) -> Arc<ManagedConnection> {
        let jobs = Jobs::new(&self.clock, self.store.changes());
        let parts = (&self.config, &self.file);
        Arc::new(ManagedConnection::new(name, saved, working, parts, jobs, &self.stop))
    }

    /// Adds a member, and has it follow if `follow`. Canceled, it does neither.
    pub(super) async fn insert(&self, member: Arc<ManagedConnection>, follow: bool) {
        // No other task can end the member yet, so it holds its claim.
        #[cfg(unix)]
        self.open_socket(&member).await;
        if follow {
            member.follow();
        }
        if let Some(inbox) = member.connection().ok().and_then(|connection| connection.inbox()) {
            self.inboxes.insert(member.name().to_string(), inbox);
        }
        let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
        members.insert(member.name().clone(), member);
    }

    /// Opens the socket of a connection that this process leads. The claim must not end meanwhile.
    #[cfg(unix)]
    async fn open_socket(&self, member: &ManagedConnection) {
        if member.connection().is_err() {
            return;
        }
        if let Some((socket, router)) = self.local_api.bind(&self.config.store, member.name()).await {
            member.serve_locally(socket, router, &self.tasks);
        }
    }

    pub(super) fn remove_member(&self, name: &ConnectionName) {
        self.inboxes.remove(name.as_str());
        self.members.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}
