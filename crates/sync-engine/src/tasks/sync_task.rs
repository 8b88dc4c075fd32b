//! The scheduled and requested syncs.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::checkpoint::SyncMode;
use crate::domain::error::{EngineError, error_chain};
use crate::domain::inbox::{Subject, SyncRequest, WorkItem, WorkKind};
use crate::domain::report::{RunReport, RunState};
use crate::domain::run_kind::RunKind;
use crate::domain::safeguards::Safeguards;
use crate::domain::task::Task;
use crate::domain::task_status::ActivationReason;
use crate::driver::task::{Activated, BackgroundTask};
use crate::engine::Engine;
use crate::ports::progress::NoopProgress;
use crate::tasks::options::TaskOptions;
use crate::tasks::outcome::activated;
use crate::tasks::run_log::log_run;

/// The number of work items that are combined into one sync.
const MAX_WORK_PER_SYNC: u32 = 1000;

/// A sync that is due.
struct Due {
    scope: SyncMode,
    /// The origin of the request.
    items: Vec<WorkItem>,
    request: Option<SyncRequest>,
}

/// Runs the sync that is due by a request, an event, or a schedule.
pub(crate) struct SyncTask<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) options: &'e TaskOptions,
}

#[async_trait]
impl BackgroundTask for SyncTask<'_> {
    async fn activate(&mut self, _: ActivationReason, stop: &CancellationToken) -> Activated {
        match self.engine.run_due_sync(self.options, stop).await {
            Ok(false) => Activated::NothingDue,
            result => activated(Task::Sync, result.map(drop)),
        }
    }

    fn ends_in_order(&self) -> bool {
        true
    }
}

impl Engine {
    /// Runs the due sync, if there is one.
    async fn run_due_sync(
        &self,
        options: &TaskOptions,
        stop: &CancellationToken,
    ) -> Result<bool, EngineError> {
        if self.clock.is_paused().await? {
            return Ok(false);
        }
        let Some(due) = self.due(options).await? else { return Ok(false) };
        let override_safeguards = due.request.is_some_and(|request| request.override_safeguards);
        let limits = Safeguards { override_safeguards, ..self.context.options.safeguards };
        let mut unanswered = due.request;
        let on_start = async |run| match unanswered.take() {
            Some(request) => Ok(self.context.store().attach_run(request.id, run).await?),
            None => Ok(()),
        };
        match self.syncs.run(due.scope, &limits, &NoopProgress, stop, on_start).await {
            Ok(report) => {
                log_run("directory read", &report);
                self.context
                    .stats
                    .completed(self.context.store().complete_work(&due.items, self.context.now()).await?);
                Ok(true)
            }
            Err(error) => {
                if let Some(request) = unanswered {
                    self.reject_request(request, &error).await?;
                }
                if matches!(error, EngineError::Interrupted) {
                    self.context.store().release_work(&due.items).await?;
                } else {
                    self.work.requeue_or_fail(&due.items, &error_chain(&error)).await?;
                }
                Err(error)
            }
        }
    }

    /// Reports to the requester of a run that it could not start.
    async fn reject_request(&self, request: SyncRequest, error: &EngineError) -> Result<(), EngineError> {
        let observed = self.context.observe(RunKind::FullSync, &NoopProgress);
        let run = self.context.store().begin_run(RunKind::FullSync, request.requested_at).await?;
        observed.started(run);
        self.context.store().attach_run(request.id, run).await?;
        let report = RunReport {
            state: RunState::Failed,
            failure: Some(error.of_run(RunKind::FullSync)),
            mapping_version: self.schemas.active_mapping_version(),
            duration_seconds: self.context.now().duration_since(request.requested_at).as_secs_f64(),
            ..RunReport::default()
        };
        observed.ended(&report);
        Ok(self.context.store().end_run(run, &report, self.context.now()).await?)
    }

    /// The due work: interrupted syncs first, then requests, then schedules.
    async fn due(&self, options: &TaskOptions) -> Result<Option<Due>, EngineError> {
        let request = self.context.store().accept_request().await?;
        if let Some((_, checkpoint)) = self.context.store().resumable_checkpoint().await? {
            let scope = if request.is_some() { SyncMode::Full } else { checkpoint.mode };
            return Ok(Some(Due { scope, items: Vec::new(), request }));
        }
        if request.is_some() {
            return Ok(Some(Due { scope: SyncMode::Full, items: Vec::new(), request }));
        }
        let claim = self.context.store().claim_work(
            WorkKind::Sync,
            MAX_WORK_PER_SYNC,
            self.context.now(),
            self.context.options.lease,
        );
        let items = claim.await?;
        let scope = match self.requested_mode(options, &items).await {
            Ok(scope) => scope,
            Err(error) => {
                self.context.store().release_work(&items).await?;
                return Err(error);
            }
        };
        // A backfill doesn't read memberships; requests for them wait for the next sync.
        let wide = scope != Some(SyncMode::Backfill);
        let (answered, later): (Vec<WorkItem>, Vec<WorkItem>) =
            items.into_iter().partition(|item| wide || item.subject == Subject::Schema);
        self.context.store().release_work(&later).await?;
        Ok(scope.map(|scope| Due { scope, items: answered, request: None }))
    }

    /// The mode that work items require, or that the schedules do.
    async fn requested_mode(
        &self,
        options: &TaskOptions,
        items: &[WorkItem],
    ) -> Result<Option<SyncMode>, EngineError> {
        let requests = |subject: &Subject| items.iter().any(|item| item.subject == *subject);
        Ok(if requests(&Subject::EntireDirectory) {
            Some(SyncMode::Full)
        } else if requests(&Subject::Schema) {
            // The request stays queued until its sync completes.
            self.schemas.follow_schema(false).await?;
            Some(SyncMode::Backfill)
        } else if requests(&Subject::RecentChanges) {
            Some(self.recent().await?)
        } else {
            self.scheduled(options).await?
        })
    }
}
