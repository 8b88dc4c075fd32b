//! The engine of one connection.

pub(crate) mod active;
pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod early_checks;
pub(crate) mod history;
pub(crate) mod locks;
pub(crate) mod options;
pub(crate) mod reading_order;
pub(crate) mod run_progress;
pub(crate) mod stats;
pub(crate) mod stop;

use std::sync::Arc;

use sync_model::Record;

use crate::domain::error::EngineError;
use crate::domain::hook_report::HookReport;
use crate::domain::report::Outstanding;
use crate::domain::schema_report::SchemaReport;
use crate::engine::clock::ClockWatch;
use crate::engine::context::{Context, Ports};
use crate::engine::early_checks::EarlyChecks;
use crate::engine::locks::Turns;
use crate::engine::options::EngineOptions;
use crate::engine::stats::EngineStats;
use crate::import::confirmations::Confirmations;
use crate::import::imports::Imports;
use crate::sync::listing::Listings;
use crate::sync::members::MemberLists;
use crate::sync::read::Reads;
use crate::sync::schema_evolution::Schemas;
use crate::sync::setup::{Setup, SetupReport, VerifyReport};
use crate::sync::staging::Staging;
use crate::sync::work::Fetches;

/// Keeps one import source equal to one directory.
///
/// It has a service for each subject, in the order in which they depend on each other: a service has only services above
/// it in this list, and each state and lock belongs to one of them.
pub struct Engine {
    pub(crate) context: Arc<Context>,
    pub(crate) confirmations: Arc<Confirmations>,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) clock: Arc<ClockWatch>,
    pub(crate) early_checks: Arc<EarlyChecks>,
    setup: Setup,
    pub(crate) staging: Arc<Staging>,
    pub(crate) imports: Arc<Imports>,
    pub(crate) reads: Arc<Reads>,
    pub(crate) fetches: Arc<Fetches>,
    pub(crate) listings: Arc<Listings>,
    pub(crate) turns: Turns,
}

impl Engine {
    /// An engine over these ports.
    pub fn new(ports: Ports, options: EngineOptions) -> Self {
        let context = Arc::new(Context::new(ports, options));
        let confirmations = Arc::new(Confirmations::new(Arc::clone(&context)));
        let schemas = Arc::new(Schemas::new(Arc::clone(&context), Arc::clone(&confirmations)));
        let clock = Arc::new(ClockWatch::new(Arc::clone(&context), Arc::clone(&schemas)));
        let early_checks = Arc::<EarlyChecks>::default();
        let setup = Setup::new(
            Arc::clone(&context),
            Arc::clone(&confirmations),
            Arc::clone(&schemas),
            Arc::clone(&early_checks),
        );
        let staging = Arc::new(Staging::new(Arc::clone(&context)));
        let imports = Arc::new(Imports::new(
            Arc::clone(&context),
            Arc::clone(&confirmations),
            Arc::clone(&schemas),
            Arc::clone(&staging),
        ));
        let reads = Arc::new(Reads::new(Arc::clone(&context)));
        let members =
            Arc::new(MemberLists::new(Arc::clone(&context), Arc::clone(&staging), Arc::clone(&reads)));
        let fetches = Arc::new(Fetches::new(
            Arc::clone(&context),
            Arc::clone(&staging),
            Arc::clone(&reads),
            Arc::clone(&members),
        ));
        let listings =
            Arc::new(Listings::new(Arc::clone(&context), Arc::clone(&staging), Arc::clone(&reads), members));
        Self {
            context,
            confirmations,
            schemas,
            clock,
            early_checks,
            setup,
            staging,
            imports,
            reads,
            fetches,
            listings,
            turns: Turns::default(),
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

    /// The version of the mapping that records are built by; `None` until the schemas were compared.
    pub fn active_mapping_version(&self) -> Option<String> {
        self.schemas.active_mapping_version()
    }

    /// The name of an object by the active mapping; `None` if there is no mapping or the record has no name.
    pub fn name(&self, record: &Record) -> Option<String> {
        self.schemas.name(record)
    }

    /// Creates the object schema and mapping, and the event hook if `with_hook`. Repeatable: correct parts stay
    /// unchanged.
    ///
    /// # Errors
    /// When either can't be created. The object schema is created first and stays if the event hook fails.
    pub async fn setup(&self, with_hook: bool) -> Result<SetupReport, EngineError> {
        self.setup.set_up(with_hook).await
    }

    /// The first half of *Setup*: the object schema and mapping.
    ///
    /// # Errors
    /// When they cannot be created or extended.
    pub async fn set_up_schema(&self) -> Result<SchemaReport, EngineError> {
        self.setup.set_up_schema().await
    }

    /// The second half of *Setup*: the event hook.
    ///
    /// # Errors
    /// When it cannot be created, changed or verified.
    pub async fn set_up_hook(&self) -> Result<HookReport, EngineError> {
        self.setup.set_up_hook().await
    }

    /// Checks the parts that *Setup* creates, and changes nothing.
    ///
    /// # Errors
    /// When a part can't be read. Findings about readable parts are in the report.
    pub async fn verify(&self, with_hook: bool) -> Result<VerifyReport, EngineError> {
        self.setup.verify(with_hook).await
    }

    /// Recovers work of an earlier process: unfinished executions are awaited and confirmed, or canceled; claims are
    /// released. The leader calls it once when it starts.
    ///
    /// # Errors
    /// When the importer or the store fails; the next run tries again.
    pub async fn recover(&self) -> Result<(), EngineError> {
        self.imports.recover().await
    }
}
