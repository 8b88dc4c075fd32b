//! The engine of one connection: its ports, its options, and its locks.

pub(crate) mod active;
pub(crate) mod clock;
pub(crate) mod early_checks;
pub(crate) mod history;
pub(crate) mod run_progress;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod tick;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sync_model::ObjectKind;
use tokio::sync::{Mutex, RwLock};

use crate::domain::alert::{Alert, AlertKind};
use crate::domain::finding::Finding;
use crate::domain::safeguards::Safeguards;
use crate::driver::TaskDriver;
use crate::engine::early_checks::EarlyChecks;
use crate::engine::stats::{EngineStats, Stats};
use crate::engine::tick::Tick;
use crate::ports::alert_sink::AlertSink;
use crate::ports::clock::Clock;
use crate::ports::event_hook::EventHook;
use crate::ports::feed::EventFeed;
use crate::ports::observer::RunObserver;
use crate::ports::state_store::StateStore;
use crate::ports::target_schema::TargetSchema;
use crate::ports::view::MappingView;

/// The world around the engine.
#[derive(Clone)]
pub struct Ports {
    /// The object schema and mapping, and with them the views of both sides.
    pub target_schema: Arc<dyn TargetSchema>,
    /// The event hook.
    pub event_hook: Arc<dyn EventHook>,
    /// The state store.
    pub store: Arc<dyn StateStore>,
    /// The directory's log; without it, changes are reported only by the event hook.
    pub feed: Option<Arc<dyn EventFeed>>,
    /// The receiver of alerts.
    pub alerts: Arc<dyn AlertSink>,
    /// The observer of runs.
    pub observer: Arc<dyn RunObserver>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// Options of the engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The safeguards.
    pub safeguards: Safeguards,
    /// The number of objects or listings that are read concurrently.
    pub concurrency: usize,
    /// The number of records that are read from the store at once.
    pub page: u32,
    /// The number of work items in one batch.
    pub batch: u32,
    /// The time to wait for an importer that is busy with another execution.
    pub busy_limit: Duration,
    /// The time that an unrecorded execution may wait for records before it is canceled: the response to its start was
    /// lost, or its process has ended.
    pub orphan_limit: Duration,
    /// The age difference from its event at which an object is read again: events are logged after the change.
    pub event_tolerance: Duration,
    /// The overlap of an incremental sync with the previous one: the directory's filters lag.
    pub overlap: Duration,
    /// The age up to which a checkpoint is resumed.
    pub checkpoint_max_age: Duration,
    /// The duration of a worker's claim.
    pub lease: Duration,
    /// The time that an interrupted run has to end in order; then it is dropped.
    pub grace: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            safeguards: Safeguards::default(),
            concurrency: 8,
            page: 1000,
            batch: 2000,
            busy_limit: Duration::from_mins(30),
            orphan_limit: Duration::from_secs(30),
            event_tolerance: Duration::from_secs(5),
            overlap: Duration::from_mins(5),
            checkpoint_max_age: Duration::from_hours(24),
            lease: Duration::from_hours(1),
            grace: Duration::from_secs(2),
        }
    }
}

/// Keeps one import source equal to one directory.
pub struct Engine {
    pub(crate) ports: Ports,
    pub(crate) options: EngineOptions,
    /// Held while an execution is open: there is one at a time.
    pub(crate) execution_lock: Mutex<()>,
    /// Held while a sync reads and sends: only one runs at a time.
    pub(crate) sync_lock: Mutex<()>,
    /// Held for reading from fetching objects until they are confirmed. A sync starts when no reader holds it, so that
    /// the confirmed records that memberships are copied from are no older than its start.
    pub(crate) in_flight: RwLock<()>,
    pub(crate) stats: Stats,
    /// The last reading of the clock.
    pub(crate) tick: std::sync::Mutex<Option<Tick>>,
    /// True if this process's clock was compared with the one of the process before.
    pub(crate) clock_compared: std::sync::atomic::AtomicBool,
    /// True once the latest execution of the import source was compared with the store.
    pub(crate) executions_compared: std::sync::atomic::AtomicBool,
    /// Held while the schema in Assets is compared and extended for sending.
    pub(crate) schemas: Mutex<()>,
    /// The view for building and sending records; `None` until the schemas were compared. Replaced as a whole, and only
    /// while `schemas` is locked.
    pub(crate) view: std::sync::Mutex<Option<MappingView>>,
    pub(crate) early_checks: EarlyChecks,
    /// The driver of the background tasks.
    pub(crate) driver: TaskDriver,
    /// Attributes of objects that the directory's schema didn't define when it was read because of them.
    pub(crate) outside: std::sync::Mutex<BTreeSet<(ObjectKind, String)>>,
}

impl Engine {
    /// An engine over these ports.
    pub fn new(ports: Ports, options: EngineOptions) -> Self {
        let driver = TaskDriver::new(Arc::clone(&ports.alerts), Arc::clone(&ports.clock));
        Self {
            ports,
            options,
            driver,
            execution_lock: Mutex::new(()),
            sync_lock: Mutex::new(()),
            in_flight: RwLock::new(()),
            stats: Stats::default(),
            tick: std::sync::Mutex::default(),
            clock_compared: std::sync::atomic::AtomicBool::default(),
            executions_compared: std::sync::atomic::AtomicBool::default(),
            schemas: Mutex::new(()),
            view: std::sync::Mutex::default(),
            early_checks: EarlyChecks::default(),
            outside: std::sync::Mutex::default(),
        }
    }

    /// The counters since the start of the process.
    pub fn stats(&self) -> EngineStats {
        self.stats.read()
    }

    /// The driver of the background tasks of this engine.
    pub const fn driver(&self) -> &TaskDriver {
        &self.driver
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    pub(crate) fn alert(&self, kind: AlertKind, finding: Finding) {
        self.ports.alerts.send(Alert::firing(kind, finding, self.now()));
    }
}
