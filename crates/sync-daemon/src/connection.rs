//! One org, one import source, and the engine between them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use admin_api::{ActiveRuns, AlertEntry};
use connectors::{AssetsStructure, OktaEventHook, OktaLog, OrgSource, Saved, Sides};
use jiff::Timestamp;
use okta_client::HookSecret;
use sync_config::{ConnectionConfig, EventSource, account_client, assets_client, okta_client, outbound};
use sync_engine::{
    Alert, AlertKind, AlertSink, Clock, Engine, EngineOptions, EventFeed, Finding, NoopProgress, Ports,
    StaleValue, StateStore, SystemClock, TaskOptions, TaskStatus, TaskWaker,
};
use sync_model::ConnectionName;
use sync_store::{ChangeSignal, LeaderLock, Store};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::active_runs::RunCollector;
use crate::alerts::Alerts;
use crate::error::ServiceError;
use crate::http::inbox::Inbox;
use crate::metric_samples::Sampling;
use crate::objects::lookup::Lookup;
use crate::room;
use crate::watch::Watch;

/// The time after which missing progress is an error, unless the daemon's settings say otherwise.
const STALL_TIMEOUT: Duration = Duration::from_mins(10);

/// One org, one import source, and the engine between them.
pub struct Connection {
    name: ConnectionName,
    engine: Engine,
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) file: Store,
    clock: Arc<dyn Clock>,
    pub(crate) watch: Watch,
    pub(crate) events: EventSource,
    pub(crate) alerts: Arc<Alerts>,
    pub(crate) run_collector: Arc<RunCollector>,
    pub(crate) sampling: Sampling,
    pub(crate) lookup: Lookup,
    waker: Arc<TaskWaker>,
    secret: Option<HookSecret>,
    has_hook: bool,
    pub(crate) follow: TaskOptions,
    pub(crate) stall_timeout: Duration,
    /// True while this process has the right to send.
    pub(crate) claimed: Arc<AtomicBool>,
}

impl Connection {
    /// Creates the clients and opens the connection's part of the store. Sends no request.
    ///
    /// # Errors
    /// When a setting cannot work, or the store fails.
    pub async fn open(config: &ConnectionConfig, store: &Store) -> Result<Self, ServiceError> {
        Self::open_with(config, store, |_, _| {}).await
    }

    /// The same for an embedder who replaces a port, or tunes the engine. The connection observes its runs itself.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(
        config: &ConnectionConfig,
        store: &Store,
        adjust: impl FnOnce(&mut Ports, &mut EngineOptions),
    ) -> Result<Self, ServiceError> {
        Self::build(config, store, None, adjust).await
    }

    /// The same with an [export](connectors) instead of Okta: for plans. Okta gets no request.
    ///
    /// # Errors
    /// As [`Self::open`], and when the folder contains no export.
    pub async fn open_saved(
        config: &ConnectionConfig,
        store: &Store,
        folder: &Path,
    ) -> Result<Self, ServiceError> {
        let saved = Saved::open(folder).await?;
        Self::build(config, store, Some(saved), |_, _| {}).await
    }

    async fn build(
        config: &ConnectionConfig,
        store: &Store,
        saved: Option<Saved>,
        adjust: impl FnOnce(&mut Ports, &mut EngineOptions),
    ) -> Result<Self, ServiceError> {
        let state: Arc<dyn StateStore> = Arc::new(store.connection(&config.name).await?);
        let okta = okta_client(config)?;
        let assets = assets_client(config)?;
        let account = account_client(config)?;
        let alerts = Arc::new(Alerts::new(&config.name, config.alerts.as_ref(), outbound(config))?);
        let watch = Watch::new(okta.clone(), assets.clone(), account.clone());
        let feed: Option<Arc<dyn EventFeed>> = match config.event_source {
            EventSource::SystemLog | EventSource::Both => Some(Arc::new(OktaLog::new(okta.clone()))),
            EventSource::EventHook => None,
        };
        let org = saved.map_or_else(|| OrgSource::Okta(okta.clone()), OrgSource::Saved);
        let sides = Sides::new(org, assets, account, config.scope.clone());
        let structure = AssetsStructure::new(sides.clone(), config.mapping.clone())
            .following_titles(config.assets.rename_attributes)
            .following_facts(Arc::clone(&state));
        let mut ports = Ports {
            target_schema: Arc::new(structure.clone()),
            event_hook: Arc::new(OktaEventHook::new(okta.clone(), &config.name, config.event_hook.clone())),
            store: Arc::clone(&state),
            feed,
            alerts: alerts.clone(),
            observer: Arc::new(NoopProgress),
            clock: Arc::new(SystemClock),
        };
        let mut options = EngineOptions { safeguards: config.safeguards, ..EngineOptions::default() };
        adjust(&mut ports, &mut options);
        let clock = Arc::clone(&ports.clock);
        let run_collector = Arc::new(RunCollector::new(Arc::clone(&clock), store.changes().clone()));
        ports.observer = run_collector.clone();
        let lookup = Lookup { okta, sides, structure, compared: Mutex::default() };
        Ok(Self {
            name: config.name.clone(),
            engine: Engine::new(ports, options),
            store: state,
            file: store.clone(),
            clock,
            watch,
            events: config.event_source,
            alerts,
            run_collector,
            sampling: Sampling::default(),
            lookup,
            waker: Arc::default(),
            secret: config.event_hook.as_ref().map(|hook| HookSecret::new(hook.secret.clone())),
            has_hook: config.wants_hook(),
            follow: task_options(config),
            stall_timeout: STALL_TIMEOUT,
            claimed: Arc::default(),
        })
    }

    /// Sets the time after which missing progress is an error.
    #[must_use]
    pub const fn stalling_after(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// Sets the interval of checks for work that becomes due by the clock, by default half a second.
    #[must_use]
    pub const fn polling_every(mut self, interval: Duration) -> Self {
        self.follow.poll = interval;
        self
    }

    /// The connection's name.
    pub const fn name(&self) -> &ConnectionName {
        &self.name
    }

    /// The engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn store(&self) -> &dyn StateStore {
        self.store.as_ref()
    }

    /// The time by the engine's clock, which decides when requested work is due.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) const fn task_options(&self) -> &TaskOptions {
        &self.follow
    }

    /// True if an event hook is configured.
    pub const fn has_hook(&self) -> bool {
        self.has_hook
    }

    /// Firing alerts, then recently resolved ones, the newest first. They are in memory: a new process starts without
    /// them.
    pub fn alert_entries(&self) -> Vec<AlertEntry> {
        self.alerts.alert_entries()
    }

    /// Values that were cleared in Okta and remain in Assets, the oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stale_values(&self, limit: u32) -> Result<Vec<StaleValue>, ServiceError> {
        Ok(self.store.stale_values(limit).await?)
    }

    /// Acquires the right to send for this connection until the result is dropped, and recovers the work of an earlier
    /// process.
    ///
    /// # Errors
    /// When another process has it, or the recovery fails.
    pub async fn claim(&self, store_path: &Path) -> Result<LeaderLease, ServiceError> {
        let claim = self.claim_to_follow(store_path).await?;
        let span = tracing::info_span!("following", connection = %self.name);
        self.engine.recover().instrument(span).await?;
        Ok(claim)
    }

    /// Claims the right to send for this connection until the result is dropped. [`Self::follow`] recovers the work of
    /// an earlier process: that can last as long as Assets is busy, and events are received meanwhile.
    ///
    /// # Errors
    /// When another process has it.
    pub async fn claim_to_follow(&self, store_path: &Path) -> Result<LeaderLease, ServiceError> {
        let lock = LeaderLock::acquire_with_retries(store_path, &self.name).await?;
        self.claimed.store(true, Ordering::Relaxed);
        Ok(LeaderLease { lock, claimed: Arc::clone(&self.claimed) })
    }

    /// Processes events until interrupted. Requires a [claim](Self::claim_to_follow) of the connection.
    pub async fn follow(&self, stop: &CancellationToken) {
        let ended = CancellationToken::new();
        let _following = self.watch.following(self.now());
        let following = async {
            Box::pin(self.engine.run_tasks(&self.follow, &self.waker, stop)).await;
            ended.cancel();
        };
        let span = tracing::info_span!("following", connection = %self.name);
        let sampling = self.store_samples(&ended).instrument(span.clone());
        let publishing = self.publish_leader_report(&ended).instrument(span.clone());
        let waking = self.wake_after_changes(&ended);
        tokio::join!(following.instrument(span), self.alerts.deliver(&ended), sampling, publishing, waking);
    }

    /// Wakes the tasks after each change of the state until interrupted: other processes request work there.
    async fn wake_after_changes(&self, ended: &CancellationToken) {
        let mut changes = self.changes().subscribe();
        loop {
            tokio::select! {
                () = ended.cancelled() => return,
                true = changes.changed() => self.waker.wake_after_change(),
                else => return,
            }
        }
    }

    /// The background tasks of this connection in this process.
    pub fn tasks(&self) -> Vec<TaskStatus> {
        self.engine.driver().statuses()
    }

    /// The present runs of this process. [`Self::changes`] signals their changes; rates fall while nothing happens.
    pub fn active_runs(&self) -> ActiveRuns {
        self.run_collector.view()
    }

    /// The signal for changes of the state, of runs, and of jobs.
    pub const fn changes(&self) -> &ChangeSignal {
        self.file.changes()
    }

    /// The waker of the background tasks, for requests of this process.
    pub(crate) fn waker(&self) -> &TaskWaker {
        &self.waker
    }

    /// Sends an alert that isn't the engine's.
    pub(crate) fn alert(&self, kind: AlertKind, finding: Finding) {
        self.alerts.send(Alert::firing(kind, finding, self.now()));
    }

    /// Stores the free space of the store's file system.
    pub(crate) fn record_free_space(&self, free: Option<u64>) {
        self.alerts.space(room::shortage(free), self.now());
    }

    /// The part that the hook receiver needs; `None` without a hook.
    pub(crate) fn inbox(&self) -> Option<Inbox> {
        let secret = self.secret.clone()?;
        let (store, waker) = (Arc::clone(&self.store), Arc::clone(&self.waker));
        let (clock, alerts) = (Arc::clone(&self.clock), Some(Arc::clone(&self.alerts)));
        Some(Inbox { secret, store, waker, clock, alerts })
    }
}

/// The schedule of the background tasks.
fn task_options(config: &ConnectionConfig) -> TaskOptions {
    TaskOptions {
        feed_poll: config.schedule.system_log_poll,
        schema_interval: config.schedule.schema_check,
        hook: config.wants_hook(),
        full: config.schedule.full_sync.clone(),
        delta: config.schedule.incremental_sync.clone(),
        jitter: config.schedule.jitter,
        retention: config.schedule.history_retention,
        ..TaskOptions::default()
    }
}

/// The right to send for a connection, held by one process at a time.
#[derive(Debug)]
pub struct LeaderLease {
    lock: LeaderLock,
    claimed: Arc<AtomicBool>,
}

impl Drop for LeaderLease {
    fn drop(&mut self) {
        self.claimed.store(false, Ordering::Relaxed);
    }
}

impl LeaderLease {
    /// True if no other process can have claimed the same: the lock file is still there.
    pub(crate) fn is_in_place(&self) -> bool {
        self.lock.is_in_place()
    }
}
