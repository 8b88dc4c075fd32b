//! The engine of one connection: its ports, its options, and its locks.

pub(crate) mod active;
pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod early_checks;
pub(crate) mod history;
pub(crate) mod options;
pub(crate) mod reading_order;
pub(crate) mod run_progress;
pub(crate) mod stats;
pub(crate) mod stop;
pub(crate) mod tick;

use std::collections::BTreeSet;
use std::sync::Arc;

use sync_model::ObjectKind;
use tokio::sync::{Mutex, RwLock};

use crate::domain::error::EngineError;
use crate::domain::report::Outstanding;
use crate::engine::context::{Context, Ports};
use crate::engine::early_checks::EarlyChecks;
use crate::engine::options::EngineOptions;
use crate::engine::stats::EngineStats;
use crate::engine::tick::Tick;
use crate::ports::view::MappingView;

/// Keeps one import source equal to one directory.
pub struct Engine {
    pub(crate) context: Arc<Context>,
    /// Held while an execution is open: there is one at a time.
    pub(crate) execution_lock: Mutex<()>,
    /// Held while a sync reads and sends: only one runs at a time.
    pub(crate) sync_lock: Mutex<()>,
    /// Held for reading from fetching objects until they are confirmed. A sync starts when no reader holds it, so that
    /// the confirmed records that memberships are copied from are no older than its start.
    pub(crate) in_flight: RwLock<()>,
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
    /// Attributes of objects that the directory's schema didn't define when it was read because of them.
    pub(crate) outside: std::sync::Mutex<BTreeSet<(ObjectKind, String)>>,
}

impl Engine {
    /// An engine over these ports.
    pub fn new(ports: Ports, options: EngineOptions) -> Self {
        Self {
            context: Arc::new(Context::new(ports, options)),
            execution_lock: Mutex::new(()),
            sync_lock: Mutex::new(()),
            in_flight: RwLock::new(()),
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
        self.context.stats.read()
    }

    /// Work that is left undone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn outstanding(&self) -> Result<Outstanding, EngineError> {
        self.context.outstanding().await
    }
}
