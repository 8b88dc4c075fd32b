//! Passes over the directory, when they are due.

use tokio_util::sync::CancellationToken;

use crate::task_health::Trouble;
use crate::tasks::{rest, tell};
use crate::{
    EngineError, NoopProgress, RunKind, RunReport, RunState, Safeguards, Subject, SyncMode, SyncRequest,
    Task, TaskOptions, WorkItem, WorkKind, engine::Engine, error_chain,
};

/// The number of looks at everything that are folded into one pass.
const PASS_LOOKS: u32 = 1000;

/// A pass that is to be made.
struct Due {
    scope: SyncMode,
    /// The origin of the request.
    looks: Vec<WorkItem>,
    request: Option<SyncRequest>,
}

impl Engine {
    pub(crate) async fn follow_passes(&self, options: &TaskOptions, stop: &CancellationToken) {
        let mut trouble = Trouble::new(Task::Sync);
        while !stop.is_cancelled() {
            rest(trouble.pause().max(options.poll), stop).await;
            if stop.is_cancelled() {
                return;
            }
            let result = self.make_passes(options, stop).await;
            match result {
                Err(EngineError::Interrupted) => return,
                // Nothing was due: that says nothing of what failed before.
                Ok(false) => {}
                result => trouble.book(self, result.map(drop)),
            }
        }
    }

    /// Makes the pass that is due, if one is.
    async fn make_passes(
        &self,
        options: &TaskOptions,
        stop: &CancellationToken,
    ) -> Result<bool, EngineError> {
        if self.is_paused().await? {
            return Ok(false);
        }
        let Some(due) = self.due(options).await? else { return Ok(false) };
        let override_safeguards = due.request.is_some_and(|request| request.override_safeguards);
        let limits = Safeguards { override_safeguards, ..self.options.safeguards };
        let mut unanswered = due.request;
        let begun = async |run| match unanswered.take() {
            Some(request) => Ok(self.ports.store.attach_run(request.id, run).await?),
            None => Ok(()),
        };
        match self.pass(due.scope, &limits, &NoopProgress, stop, begun).await {
            Ok(report) => {
                tell("directory read", &report);
                self.stats.settled(self.ports.store.complete_work(&due.looks, self.now()).await?);
                Ok(true)
            }
            Err(error) => {
                if let Some(request) = unanswered {
                    self.turn_down(request, &error).await?;
                }
                if matches!(error, EngineError::Interrupted) {
                    self.ports.store.release_work(&due.looks).await?;
                } else {
                    self.put_off(&due.looks, &error_chain(&error)).await?;
                }
                Err(error)
            }
        }
    }

    /// Tells the requester of a run why it did not begin.
    async fn turn_down(&self, request: SyncRequest, error: &EngineError) -> Result<(), EngineError> {
        let told = self.tell(RunKind::FullSync, &NoopProgress);
        let run = self.ports.store.begin_run(RunKind::FullSync, request.requested_at).await?;
        told.began(run);
        self.ports.store.attach_run(request.id, run).await?;
        let report = RunReport {
            state: RunState::Failed,
            error: Some(error_chain(error)),
            finding: Some(error.of_run(RunKind::FullSync)),
            mapping_version: self.mapping_in_force(),
            duration_seconds: self.now().duration_since(request.requested_at).as_secs_f64(),
            ..RunReport::default()
        };
        told.ended(&report);
        Ok(self.ports.store.end_run(run, &report, self.now()).await?)
    }

    /// The work that is due: first what was begun, then what was asked for, then what the schedules say.
    async fn due(&self, options: &TaskOptions) -> Result<Option<Due>, EngineError> {
        let request = self.ports.store.accept_request().await?;
        if let Some((_, pass)) = self.ports.store.resumable_checkpoint().await? {
            let scope = if request.is_some() { SyncMode::Full } else { pass.mode };
            return Ok(Some(Due { scope, looks: Vec::new(), request }));
        }
        if request.is_some() {
            return Ok(Some(Due { scope: SyncMode::Full, looks: Vec::new(), request }));
        }
        let claim = self.ports.store.claim_work(WorkKind::Sync, PASS_LOOKS, self.now(), self.options.lease);
        let looks = claim.await?;
        let scope = match self.asked_for(options, &looks).await {
            Ok(scope) => scope,
            Err(error) => {
                self.ports.store.release_work(&looks).await?;
                return Err(error);
            }
        };
        // A pass for new attributes does not see memberships; what asks for those waits for the next.
        let wide = scope != Some(SyncMode::Backfill);
        let (answered, later): (Vec<WorkItem>, Vec<WorkItem>) =
            looks.into_iter().partition(|look| wide || look.subject == Subject::Schema);
        self.ports.store.release_work(&later).await?;
        Ok(scope.map(|scope| Due { scope, looks: answered, request: None }))
    }

    /// The pass that looks ask for, or else the schedules.
    async fn asked_for(
        &self,
        options: &TaskOptions,
        looks: &[WorkItem],
    ) -> Result<Option<SyncMode>, EngineError> {
        let asks = |subject: &Subject| looks.iter().any(|look| look.subject == *subject);
        Ok(if asks(&Subject::EntireDirectory) {
            Some(SyncMode::Full)
        } else if asks(&Subject::Schema) {
            // What asks for this pass stays asked for until it is made.
            self.follow_structure(false).await?;
            Some(SyncMode::Backfill)
        } else if asks(&Subject::RecentChanges) {
            Some(self.recent().await?)
        } else {
            self.scheduled(options).await?
        })
    }
}
