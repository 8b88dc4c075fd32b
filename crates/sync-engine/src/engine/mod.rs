//! The engine of one connection: services, and the public facade over them.

pub(crate) mod active;
pub(crate) mod basics;
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

use jiff::Timestamp;
use sync_model::{Record, RecordKey};
use tokio_util::sync::CancellationToken;

use crate::domain::error::EngineError;
use crate::domain::hook_report::HookReport;
use crate::domain::inbox::Subject;
use crate::domain::report::{Outstanding, RunReport};
use crate::domain::safeguards::Safeguards;
use crate::domain::schema_report::SchemaReport;
use crate::domain::site_fact::SelfTestReport;
use crate::driver::TaskDriver;
use crate::engine::basics::Basics;
use crate::engine::clock::ClockWatch;
use crate::engine::context::{Context, Ports};
use crate::engine::early_checks::EarlyChecks;
use crate::engine::locks::Turns;
use crate::engine::options::EngineOptions;
use crate::engine::stats::EngineStats;
use crate::import::imports::Imports;
use crate::import::prune::{Prune, PruneOptions, PrunePlan, PruneReport};
use crate::import::self_test::SelfTest;
use crate::plan::preview::{ObjectChange, Plans};
use crate::plan::sync_plan::SyncPlan;
use crate::ports::progress::ProgressSink;
use crate::sync::complete::WorkItems;
use crate::sync::events::Events;
use crate::sync::listing::Listings;
use crate::sync::members::MemberLists;
use crate::sync::read::Reads;
use crate::sync::run::Syncs;
use crate::sync::schema_evolution::Schemas;
use crate::sync::setup::{Setup, SetupReport, VerifyReport};
use crate::sync::targeted::TargetedSyncs;
use crate::sync::work::Fetches;

/// Keeps one import source equal to one directory.
///
/// Each subject has a service with its own state and locks. A service has only services that were constructed before it,
/// so no service knows one above it.
pub struct Engine {
    pub(crate) context: Arc<Context>,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) clock: Arc<ClockWatch>,
    pub(crate) imports: Arc<Imports>,
    pub(crate) early_checks: Arc<EarlyChecks>,
    pub(crate) work: Arc<WorkItems>,
    pub(crate) events: Arc<Events>,
    pub(crate) syncs: Syncs,
    /// The driver of the background tasks.
    pub(crate) driver: TaskDriver,
    setup: Setup,
    targeted_syncs: TargetedSyncs,
    plans: Plans,
    prune: Prune,
    self_test: SelfTest,
}

impl Engine {
    /// An engine over these ports.
    pub fn new(ports: Ports, options: EngineOptions) -> Self {
        let basics = Basics::new(ports, options);
        let reads = Arc::new(Reads::new(Arc::clone(&basics.context)));
        let members = Arc::new(MemberLists::new(&basics, Arc::clone(&reads)));
        let fetches = Arc::new(Fetches::new(&basics, Arc::clone(&reads), Arc::clone(&members)));
        let listings = Arc::new(Listings::new(&basics, Arc::clone(&reads), members));
        let work = Arc::new(WorkItems::new(Arc::clone(&basics.context)));
        let turns = Arc::<Turns>::default();
        let events = Events::new(&basics, Arc::clone(&turns), Arc::clone(&fetches), Arc::clone(&work));
        let events = Arc::new(events);
        let early_checks = Arc::<EarlyChecks>::default();
        let ports = &basics.context.ports;
        let driver = TaskDriver::new(Arc::clone(&ports.alerts), Arc::clone(&ports.clock));
        Self {
            driver,
            setup: Setup::new(&basics, Arc::clone(&early_checks)),
            plans: Plans::new(&basics, Arc::clone(&listings), Arc::clone(&fetches)),
            prune: Prune::new(&basics, reads),
            self_test: SelfTest::new(&basics),
            syncs: Syncs::new(&basics, Arc::clone(&turns), listings, Arc::clone(&events), Arc::clone(&work)),
            targeted_syncs: TargetedSyncs::new(&basics, turns, fetches, Arc::clone(&work)),
            early_checks,
            work,
            events,
            context: basics.context,
            schemas: basics.schemas,
            clock: basics.clock,
            imports: basics.imports,
        }
    }

    /// The counters since the start of the process.
    pub fn stats(&self) -> EngineStats {
        self.context.stats.read()
    }

    /// The driver of the background tasks of this engine.
    pub const fn driver(&self) -> &TaskDriver {
        &self.driver
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

    /// Reads everything and sends the differences from the confirmed records. Resumes an interrupted run.
    ///
    /// # Errors
    /// When a port fails, when there is no mapping yet, and when the plan exceeds a safeguard. After any error,
    /// confirmed records stay valid and a later run sends the rest.
    pub async fn full_sync(
        &self,
        limits: &Safeguards,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        self.syncs.full(limits, progress, stop).await
    }

    /// The same for a caller who expects all earlier changes: if it resumed an earlier run, whose first pages are
    /// older, everything is read again.
    ///
    /// # Errors
    /// As [`Self::full_sync`].
    pub async fn sync_as_of_now(
        &self,
        limits: &Safeguards,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        self.syncs.as_of_now(limits, progress, stop).await
    }

    /// Reads recent changes since a time and sends the differences. Resumes an interrupted run.
    ///
    /// # Errors
    /// As [`Self::full_sync`].
    pub async fn incremental_sync(
        &self,
        since: Timestamp,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        self.syncs.incremental(since, progress, stop).await
    }

    /// Reads some objects and sends those that differ.
    ///
    /// # Errors
    /// As [`Self::full_sync`].
    pub async fn targeted_sync(
        &self,
        subjects: &[Subject],
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        self.targeted_syncs.run(subjects, progress, stop).await
    }

    /// Reads everything and computes the changes of a sync. Sends nothing, and adds nothing to the object schema.
    ///
    /// # Errors
    /// When the directory, the importer, or the store fails.
    pub async fn plan(
        &self,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        self.plans.plan(progress, stop).await
    }

    /// Reads some objects and computes the changes of [`targeted_sync`](Self::targeted_sync). Sends nothing.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub async fn targeted_plan(
        &self,
        subjects: &[Subject],
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        self.plans.targeted(subjects, progress, stop).await
    }

    /// The objects of a plan with old and new values, by key; at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn changes(
        &self,
        plan: &SyncPlan,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<ObjectChange>, EngineError> {
        self.plans.changes(plan, after, limit).await
    }

    /// Deletes a plan that was shown.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn discard(&self, plan: SyncPlan) -> Result<(), EngineError> {
        self.plans.discard(plan).await
    }

    /// Sends two test users and two test groups, reads them back with the account, and deletes them. Stores what that shows
    /// about the site, and changes the mapping to the form of references that works. Without an account, only the
    /// counters of the executions are read, and the test objects remain, marked as deleted: the caller has to permit that.
    ///
    /// # Errors
    /// When there is no object schema yet, when there is no account and `keep_objects` is false, when Assets rejects the
    /// test objects, and when a port fails.
    pub async fn self_test(
        &self,
        keep_objects: bool,
        stop: &CancellationToken,
    ) -> Result<SelfTestReport, EngineError> {
        self.self_test.run(keep_objects, stop).await
    }

    /// Lists objects that can be deleted from Assets. Changes nothing.
    ///
    /// # Errors
    /// When there is no account, when there is no structure yet, or when a port fails.
    pub async fn prune_plan(&self, options: &PruneOptions) -> Result<PrunePlan, EngineError> {
        self.prune.plan(options).await
    }

    /// Checks a plan against the limits.
    ///
    /// # Errors
    /// When it exceeds a limit, or the store fails.
    pub async fn check_prune(&self, plan: &PrunePlan, options: &PruneOptions) -> Result<(), EngineError> {
        self.prune.check(plan, options).await
    }

    /// Deletes the objects of a plan, after the limits were checked and each object was looked up in the directory.
    /// Only for a plan that an administrator has confirmed.
    ///
    /// # Errors
    /// When there is no account, when a limit is exceeded, when the directory returns nothing, or when the store fails.
    /// Other failures are in the report.
    pub async fn prune(
        &self,
        plan: &PrunePlan,
        options: &PruneOptions,
        stop: &CancellationToken,
    ) -> Result<PruneReport, EngineError> {
        self.prune.prune(plan, options, stop).await
    }
}
