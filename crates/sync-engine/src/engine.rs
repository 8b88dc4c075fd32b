//! The engine of one connection: its ports, its options, and its locks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sync_model::ObjectKind;
use tokio::sync::{Mutex, RwLock};

use crate::stats::Stats;
use crate::time::Tick;
use crate::{
    AlertSink, Clock, EngineStats, EventFeed, EventHook, MappingView, RunObserver, Safeguards, StateStore,
    TargetSchema,
};

/// The world around the engine.
#[derive(Clone)]
pub struct Ports {
    /// The object schema and mapping, and with them the views of both sides.
    pub target_schema: Arc<dyn TargetSchema>,
    /// The event hook.
    pub event_hook: Arc<dyn EventHook>,
    /// What is remembered.
    pub store: Arc<dyn StateStore>,
    /// The directory's log; without it only the hook tells of changes.
    pub feed: Option<Arc<dyn EventFeed>>,
    /// Who is told when something is wrong.
    pub alerts: Arc<dyn AlertSink>,
    /// Who watches the runs.
    pub observer: Arc<dyn RunObserver>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// How the engine goes about its work.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// How much may change without consent.
    pub safeguards: Safeguards,
    /// How many objects or listings are read at once.
    pub concurrency: usize,
    /// How many records are taken from the store at once.
    pub page: u32,
    /// How many looks one batch takes.
    pub batch: u32,
    /// How long to wait for an importer that works on something else.
    pub busy_limit: Duration,
    /// How long an execution that nobody remembers may wait for records before it is cancelled: its start was not told, or
    /// its process is gone.
    pub orphan_limit: Duration,
    /// How much older than its event an object may be before it is read again: events are logged after the change.
    pub event_tolerance: Duration,
    /// How far back of its last beginning a delta pass reads: the directory's filters lag.
    pub overlap: Duration,
    /// How old an unfinished pass may be to be gone on with.
    pub pass_life: Duration,
    /// How long a worker may take over what it looks at.
    pub lease: Duration,
    /// Time that a run may take to end in order after it was told to stop; then it ends where it is.
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
            pass_life: Duration::from_hours(24),
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
    pub(crate) lane: Mutex<()>,
    /// Held while a pass reads and sends: there is one at a time.
    pub(crate) passes: Mutex<()>,
    /// Held for reading from a look at objects until what was read is confirmed. A pass begins when nobody holds it: the
    /// confirmed records that it takes memberships from are then no older than its beginning.
    pub(crate) looking: RwLock<()>,
    pub(crate) stats: Stats,
    /// The clock as it was looked at last.
    pub(crate) tick: std::sync::Mutex<Option<Tick>>,
    /// True if this process's clock was compared with the one of the process before.
    pub(crate) clock_compared: std::sync::atomic::AtomicBool,
    /// True once the latest execution of the import source was held against the store.
    pub(crate) executions_compared: std::sync::atomic::AtomicBool,
    /// Held while the structure in Assets is compared and extended for sending.
    pub(crate) schemas: Mutex<()>,
    /// The view that records are made and sent by; `None` until the schemas were compared. Replaced as a whole while
    /// `schemas` is held, and only then.
    pub(crate) view: std::sync::Mutex<Option<MappingView>>,
    /// Attributes that objects carry and that the directory's schema did not define when it was read for their sake.
    pub(crate) outside: std::sync::Mutex<BTreeSet<(ObjectKind, String)>>,
}

impl Engine {
    /// An engine over these ports.
    pub fn new(ports: Ports, options: EngineOptions) -> Self {
        Self {
            ports,
            options,
            lane: Mutex::new(()),
            passes: Mutex::new(()),
            looking: RwLock::new(()),
            stats: Stats::default(),
            tick: std::sync::Mutex::default(),
            clock_compared: std::sync::atomic::AtomicBool::default(),
            executions_compared: std::sync::atomic::AtomicBool::default(),
            schemas: Mutex::new(()),
            view: std::sync::Mutex::default(),
            outside: std::sync::Mutex::default(),
        }
    }

    /// What happened since the start of the process.
    pub fn stats(&self) -> EngineStats {
        self.stats.read()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}
