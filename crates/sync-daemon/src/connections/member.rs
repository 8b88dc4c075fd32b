//! A connection in the daemon: its settings, the engine that follows it, and what people ask of it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::connection::{Connection, LeaderLease};
use crate::delegate::SLOW_START;
use crate::error::ServiceError;
#[cfg(unix)]
use crate::http::local_socket::LocalSocket;
use crate::schema::compare_schemas;
use crate::this_process::ThisProcess;
use admin_api::wire::{MOST_PLANNED_OBJECTS, SelfTestOptions, SyncOptions};
use admin_api::{PlanView, SavedSettings, SchemaView, Unavailable};
#[cfg(unix)]
use axum::Router;
use diagnostics::{CheckReport, JobActivity, JobState, SetupChecklist, SetupEvidence, SetupInputs};
use jiff::Timestamp;
use sync_config::{Config, ConnectionConfig, ManagedBy};
use sync_engine::{
    Clock, HookReport, NoopProgress, RunFilter, RunKind, SelfTestReport, SetupReport, VerifyReport,
};
use sync_model::ConnectionName;
use sync_store::ChangeSignal;
use tokio_util::sync::CancellationToken;
#[cfg(unix)]
use tokio_util::task::TaskTracker;

use super::job::{Job, Yard};

/// The time limit of short jobs.
const SHORT: Duration = Duration::from_mins(10);
/// The time limit of a self-test: each of its executions needs 10 to 15 seconds, and may wait for another one.
const SELF_TEST: Duration = Duration::from_mins(30);
/// The time limit of a plan of a large org.
const LONG: Duration = Duration::from_hours(6);
/// The age up to which results of checks are shown without a new check.
const SHOWN_FOR: Duration = Duration::from_secs(30);

/// A connection that works.
pub(super) struct Working {
    pub(super) connection: Arc<Connection>,
    pub(super) settings: ConnectionConfig,
    pub(super) claim: LeaderLease,
}

/// A connection in the daemon.
pub struct ManagedConnection {
    name: ConnectionName,
    managed_by: ManagedBy,
    saved: Option<SavedSettings>,
    yard: Yard,
    state: Result<Running, Unavailable>,
    file: PathBuf,
    config: Arc<Config>,
    jobs: Jobs,
}

struct Running {
    connection: Arc<Connection>,
    settings: ConnectionConfig,
    /// Held until the member ends; readers of the member don't delay its release.
    claim: Mutex<Option<LeaderLease>>,
}

/// The jobs of a connection.
pub(super) struct Jobs {
    clock: Arc<dyn Clock>,
    setup: Job<SetupReport>,
    verify: Job<VerifyReport>,
    plan: Job<PlanView>,
    checks: Job<CheckReport>,
    schema: Job<SchemaView>,
    self_test: Job<SelfTestReport>,
}

impl Jobs {
    pub(super) fn new(clock: &Arc<dyn Clock>, changed: &ChangeSignal) -> Self {
        Self {
            clock: Arc::clone(clock),
            setup: Job::new(SHORT, clock, changed),
            verify: Job::new(SHORT, clock, changed),
            plan: Job::new(LONG, clock, changed),
            checks: Job::new(SHORT, clock, changed),
            schema: Job::new(SHORT, clock, changed),
            self_test: Job::new(SELF_TEST, clock, changed),
        }
    }
}

impl ManagedConnection {
    pub(super) fn new(
        name: ConnectionName,
        saved: Option<SavedSettings>,
        state: Result<Working, Unavailable>,
        (config, file): (&Arc<Config>, &PathBuf),
        jobs: Jobs,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            name,
            managed_by: if saved.is_some() { ManagedBy::Console } else { ManagedBy::File },
            saved,
            yard: Yard::below(stop),
            state: state.map(|w| Running {
                connection: w.connection,
                settings: w.settings,
                claim: Mutex::new(Some(w.claim)),
            }),
            file: file.clone(),
            config: Arc::clone(config),
            jobs,
        }
    }

    /// Follows the connection in the background.
    pub(super) fn follow(&self) {
        if let Ok(running) = &self.state {
            let (connection, stop) = (Arc::clone(&running.connection), self.yard.stop().clone());
            self.yard.tasks().spawn(async move { connection.follow(&stop).await });
        }
    }

    /// Serves the router at a socket until the connection ends; its file is removed before the claim is released.
    #[cfg(unix)]
    pub(super) fn serve_locally(&self, socket: LocalSocket, router: Router, tasks: &TaskTracker) {
        socket.serve(router, self.yard.stop().clone(), self.yard.tasks(), tasks);
    }

    /// Stops following, and whatever else is done for it.
    pub(super) async fn end(&self) {
        self.yard.end().await;
        if let Ok(running) = &self.state {
            running.claim.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    /// True if no other process can have claimed the connection.
    pub(super) fn is_claim_in_place(&self) -> bool {
        let Ok(running) = &self.state else { return true };
        let claim = running.claim.lock().unwrap_or_else(PoisonError::into_inner);
        claim.as_ref().is_none_or(LeaderLease::is_in_place)
    }

    /// Releases the claim and acquires it again: the lock file was deleted, and another process may have created one.
    pub(super) async fn claim_again(&self, store: &Path) -> Result<(), ServiceError> {
        let Ok(running) = &self.state else { return Ok(()) };
        let claim = running.connection.claim_to_follow(store).await?;
        *running.claim.lock().unwrap_or_else(PoisonError::into_inner) = Some(claim);
        Ok(())
    }

    /// The connection's name.
    pub const fn name(&self) -> &ConnectionName {
        &self.name
    }

    /// The time by the daemon's clock.
    pub fn now(&self) -> Timestamp {
        self.jobs.clock.now()
    }

    /// The owner of the settings.
    pub const fn managed_by(&self) -> ManagedBy {
        self.managed_by
    }

    /// The settings saved in the console.
    pub const fn saved(&self) -> Option<&SavedSettings> {
        self.saved.as_ref()
    }

    /// The configuration file, whether it is there or not.
    pub const fn config_file(&self) -> &PathBuf {
        &self.file
    }

    /// The settings in force.
    ///
    /// # Errors
    /// When the connection cannot work, and why.
    pub fn settings(&self) -> Result<&ConnectionConfig, &Unavailable> {
        self.state.as_ref().map(|running| &running.settings)
    }

    /// The connection.
    ///
    /// # Errors
    /// When it cannot work, and why.
    pub fn connection(&self) -> Result<&Arc<Connection>, &Unavailable> {
        self.state.as_ref().map(|running| &running.connection)
    }

    /// Starts *Setup* in the background; `false` if it is already running, or if the connection is unavailable.
    pub fn set_up(self: &Arc<Self>) -> bool {
        let Ok(connection) = self.connection().cloned() else { return false };
        self.yard.start(self, |m| &m.jobs.setup, JobActivity::CreatingSchema, {
            |member, _stop| async move {
                let structure = connection.engine().set_up_schema().await?;
                let hook: Option<HookReport> = if connection.has_hook() {
                    member.jobs.setup.says(JobActivity::CreatingEventHook);
                    Some(connection.engine().set_up_hook().await?)
                } else {
                    None
                };
                // Earlier results no longer hold.
                member.jobs.verify.forget();
                member.jobs.schema.forget();
                Ok(SetupReport { schema: structure, event_hook: hook })
            }
        })
    }

    /// The state of *Setup*.
    pub fn setup(&self) -> JobState<SetupReport> {
        self.jobs.setup.state()
    }

    /// Starts *Verify* in the background; `false` if it is already running, or if the connection is unavailable.
    pub fn verify(self: &Arc<Self>) -> bool {
        let Ok(connection) = self.connection().cloned() else { return false };
        self.yard.start(
            self,
            |m| &m.jobs.verify,
            JobActivity::Verifying,
            |_, _stop| async move { Ok(connection.engine().verify(connection.has_hook()).await?) },
        )
    }

    /// The state of *Verify*.
    pub fn verified(&self) -> JobState<VerifyReport> {
        self.jobs.verify.state()
    }

    /// Checks the schemas and the event hook again in the background if the last check isn't recent: the connection's
    /// setup is shown.
    pub fn refresh_checks(&self) {
        if let Ok(connection) = self.connection() {
            connection.engine().refresh_checks(SHOWN_FOR);
        }
    }

    /// Starts a plan in the background; `false` if one is already running, or if the connection is unavailable.
    pub fn make_plan(self: &Arc<Self>) -> bool {
        let Ok(running) = &self.state else { return false };
        let (connection, limits) = (Arc::clone(&running.connection), running.settings.safeguards);
        self.yard.start(self, |m| &m.jobs.plan, JobActivity::Planning, {
            |_, stop| async move {
                connection.make_plan(&limits, MOST_PLANNED_OBJECTS, &NoopProgress, &stop).await
            }
        })
    }

    /// The last plan.
    pub fn plan(&self) -> JobState<PlanView> {
        self.jobs.plan.state()
    }

    /// Forgets the last plan: what it said was carried out, or is no longer wanted.
    pub fn forget_plan(&self) {
        self.jobs.plan.forget();
    }

    /// Starts the checks in the background; `false` if they are already running, or if the connection is unavailable.
    pub fn examine(self: &Arc<Self>) -> bool {
        let Ok(settings) = self.settings().cloned() else { return false };
        self.yard.start(self, |m| &m.jobs.checks, JobActivity::Checking, {
            |member, _stop| async move {
                let report =
                    diagnostics::examine_one(&member.config, &member.file, &settings, &ThisProcess).await;
                // The report may contradict the conditions.
                if let Ok(connection) = member.connection() {
                    connection.engine().refresh_checks(Duration::ZERO);
                }
                Ok(report)
            }
        })
    }

    /// The state of the checks.
    pub fn checks(&self) -> JobState<CheckReport> {
        self.jobs.checks.state()
    }

    /// Begins to compare the schemas in the background; `false` when that is done already, or the connection cannot
    /// work.
    pub fn compare_schemas(self: &Arc<Self>) -> bool {
        let Ok(settings) = self.settings().cloned() else { return false };
        self.yard.start(self, |m| &m.jobs.schema, JobActivity::ComparingSchemas, {
            |_, _stop| async move { compare_schemas(&settings).await }
        })
    }

    /// The schemas side by side, as they were compared last.
    pub fn schemas(&self) -> JobState<SchemaView> {
        self.jobs.schema.state()
    }

    /// Starts a self-test in the background; `false` if one is already running, or if the connection is unavailable.
    pub fn test_site(self: &Arc<Self>, options: SelfTestOptions) -> bool {
        let Ok(connection) = self.connection().cloned() else { return false };
        self.yard.start(self, |m| &m.jobs.self_test, JobActivity::Testing, {
            |member, stop| async move {
                let report = connection.self_test(options, &stop).await?;
                // The mapping may have another form of references.
                member.jobs.schema.forget();
                Ok(report)
            }
        })
    }

    /// The state of the self-test.
    pub fn self_test(&self) -> JobState<SelfTestReport> {
        self.jobs.self_test.state()
    }

    /// The setup checklist, from the last results and the connection's conditions; it sends no requests.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn setup_checklist(&self) -> Result<SetupChecklist, ServiceError> {
        let evidence = match self.connection() {
            Ok(connection) => Some(setup_evidence(connection).await?),
            Err(_) => None,
        };
        Ok(SetupChecklist::of(&SetupInputs {
            managed_by: self.managed_by,
            saved_at: self.saved.as_ref().map(|saved| saved.saved_at),
            config_file: &self.file,
            settings: self.settings().map_err(Unavailable::finding),
            setup: self.setup(),
            verified: self.verified(),
            evidence,
        }))
    }

    /// Asks for a full run, which begins shortly; it shows among the runs. What is released by accepting is said in the
    /// plan. Gives the number of the request.
    ///
    /// # Errors
    /// When the connection cannot work or is paused, or the store fails.
    pub async fn request_sync(&self, wish: SyncOptions) -> Result<i64, ServiceError> {
        let connection = self.working()?;
        connection.require_unpaused().await?;
        if wish.resend {
            connection.resend_all().await?;
        }
        let request = connection.store().request_sync(wish.override_safeguards, connection.now()).await?;
        connection.waker().wake_syncs();
        self.forget_plan();
        Ok(request.id)
    }

    /// The connection, or why there is none as an error.
    ///
    /// # Errors
    /// When it cannot work.
    pub fn working(&self) -> Result<&Arc<Connection>, ServiceError> {
        self.connection().map_err(|broken| ServiceError::unavailable(&self.name, broken))
    }
}

/// The facts of the store that the setup checklist follows from.
async fn setup_evidence(connection: &Connection) -> Result<SetupEvidence, ServiceError> {
    let status = connection.status(0).await?;
    let full = RunFilter { kind: Some(RunKind::FullSync), limit: 1, ..RunFilter::default() };
    let requested_at = connection.store().pending_request_at(connection.now() - SLOW_START).await?;
    Ok(SetupEvidence {
        conditions: status.conditions,
        withheld: status.withheld,
        is_paused: status.pause.is_some(),
        last_full_sync_at: status.last_full_sync_at,
        objects: status.objects,
        last_full_sync: connection.runs(&full).await?.into_iter().next(),
        requested_at,
    })
}
