//! From an approved plan to confirmed records: one execution, whose outcome is checked before records are confirmed.

use std::collections::BTreeMap;
use std::time::Duration;

use sync_model::{ExecutionId, ObjectKind, RecordKey};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, PortError, error_chain};
use crate::domain::import::{DroppedValue, ImportSourceState, Outcome};
use crate::domain::report::RunReport;
use crate::domain::safeguards::SafeguardMinimums;
use crate::domain::staged::StagedChange;
use crate::domain::violation::SafeguardViolation;
use crate::engine::active::ActiveRun;
use crate::engine::locks::ExecutionGuard;
use crate::import::imports::Imports;
use crate::import::isolation::unaccounted;
use crate::import::stale_values::report_stale_values;
use crate::plan::sync_plan::ApprovedPlan;
use crate::ports::importer::Execution;
use crate::ports::progress::{Phase, ProgressSink};
use crate::ports::view::MappingView;

/// A run that fills an execution.
struct Sending<'r> {
    run: &'r ActiveRun,
    report: &'r mut RunReport,
    progress: &'r dyn ProgressSink,
    stop: &'r CancellationToken,
    /// The number of records in the execution by kind.
    sent: BTreeMap<ObjectKind, u64>,
    /// Values that Assets keeps although their records contain none.
    kept: Vec<DroppedValue>,
    /// The number of records that the importer rejected, completely or in part.
    rejected: u64,
}

impl<'r> Sending<'r> {
    const fn new(
        run: &'r ActiveRun,
        report: &'r mut RunReport,
        progress: &'r dyn ProgressSink,
        stop: &'r CancellationToken,
    ) -> Self {
        Self { run, report, progress, stop, sent: BTreeMap::new(), kept: Vec::new(), rejected: 0 }
    }

    /// True if the importer rejected all records.
    fn is_rejected(&self) -> bool {
        self.rejected > 0 && self.sent.values().all(|sent| *sent == 0)
    }
}

impl Imports {
    pub(crate) async fn apply(
        &self,
        run: &ActiveRun,
        plan: ApprovedPlan,
        report: &mut RunReport,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<(), EngineError> {
        if plan.plan().changes() == 0 {
            return Ok(());
        }
        let guard = self.exclusive(&run.view, Some((run.id, report))).await?;
        check_missing_objects(&run.view).await?;
        self.check_schema(run).await?;
        // Read again while the lock is held: another run may have overtaken every one of them.
        let first = self.context.store().staged(run.id, None, self.context.options.page).await?;
        if first.is_empty() {
            return Ok(());
        }
        self.check_removals(run, &plan).await?;
        let execution = self.start(&guard, &run.view, stop).await?;
        let id = execution.id().clone();
        tracing::Span::current().record("execution", tracing::field::display(&id));
        self.context.store().open_execution(run.id, &id, self.context.now()).await?;
        report.execution = Some(id);
        progress.begin(Phase::Sending, Some(plan.plan().changes()));
        self.send(execution, first, Sending::new(run, report, progress, stop)).await
    }

    /// Another run may have sent removals after the plan was approved: the limits hold for both together.
    async fn check_removals(&self, run: &ActiveRun, plan: &ApprovedPlan) -> Result<(), EngineError> {
        let Some(limits) = plan.limits().filter(|_| plan.plan().may_remove()) else { return Ok(()) };
        let since = self.context.window_begin(run, limits).await?;
        let store = self.context.store();
        let mut plan = plan.plan().clone();
        plan.removals = store.planned_removals(run.id, SafeguardMinimums::of(limits), since).await?;
        plan.recount(&store.staged_counts(run.id).await?, &store.object_counts().await?);
        plan.approve(limits).map(drop).map_err(EngineError::SafeguardTriggered)
    }

    /// Records are sent only to the object schema that they were built for; another one may drop their values.
    async fn check_schema(&self, run: &ActiveRun) -> Result<(), EngineError> {
        match self.changed_view(run).await? {
            Some(now) if !run.view.place.is_within(&now.place) => Err(EngineError::StructureChanged),
            _ => Ok(()),
        }
    }

    /// The view after another comparison, if the object schema isn't the one that a run's records were built for.
    async fn changed_view(&self, run: &ActiveRun) -> Result<Option<MappingView>, EngineError> {
        let state = self.context.ports.target_schema.state().await.map_err(EngineError::TargetSchema)?;
        if state.is_none() || state == run.view.target_schema {
            return Ok(None);
        }
        Ok(Some(self.schemas.follow_schema(true).await?.view))
    }

    /// Starts an execution; waits while another one runs.
    pub(super) async fn start(
        &self,
        _: &ExecutionGuard<'_>,
        view: &MappingView,
        stop: &CancellationToken,
    ) -> Result<Box<dyn Execution>, EngineError> {
        let started_at = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut orphan: Option<(ExecutionId, Instant)> = None;
        loop {
            let error = match view.importer.start().await {
                Ok(execution) => return Ok(execution),
                Err(error) => error,
            };
            if !error.is_busy() || started_at.elapsed() >= self.context.options.busy_limit {
                return Err(start_failure(view, error).await);
            }
            // All executions of this process ended: this one waits for records that no process sends.
            let waits = view.importer.awaits_records().await.map_err(EngineError::Import)?;
            orphan = waits.map(|id| match orphan.take() {
                Some((known, since)) if known == id => (known, since),
                _ => (id, Instant::now()),
            });
            if let Some((id, since)) = &orphan
                && since.elapsed() >= self.context.options.orphan_limit
            {
                tracing::warn!(execution = %id, "canceling an abandoned execution");
                let reason = "canceled: no records were sent";
                view.importer.cancel(id, reason).await.map_err(EngineError::Import)?;
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return Err(EngineError::Interrupted),
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Sends the staged records of a run, and confirms those that the outcome accounts for.
    async fn send(
        &self,
        mut execution: Box<dyn Execution>,
        first: Vec<StagedChange>,
        mut sending: Sending<'_>,
    ) -> Result<(), EngineError> {
        let id = execution.id().clone();
        if let Err(error) = self.submit_pages(execution.as_mut(), first, &mut sending).await {
            self.give_up(execution, &id, &error).await;
            return Err(error);
        }
        sending.progress.end(Phase::Sending);
        if sending.is_rejected() {
            // An execution without records costs as much time as any other.
            self.give_up(execution, &id, "Assets rejected all records").await;
            return Ok(());
        }
        let outcome = self.outcome_of(execution, &sending).await?;
        self.confirm_sent(&id, &outcome, sending).await
    }

    /// Submits a page of staged records and all later ones.
    async fn submit_pages(
        &self,
        execution: &mut dyn Execution,
        first: Vec<StagedChange>,
        sending: &mut Sending<'_>,
    ) -> Result<(), EngineError> {
        let mut page = first;
        while let Some(last) = page.last() {
            let after: RecordKey = last.record.key.clone();
            let items = page.len() as u64;
            self.submit_page(execution, page, sending).await?;
            sending.progress.advance(Phase::Sending, items);
            page =
                self.context.store().staged(sending.run.id, Some(&after), self.context.options.page).await?;
        }
        Ok(())
    }

    async fn submit_page(
        &self,
        execution: &mut dyn Execution,
        page: Vec<StagedChange>,
        sending: &mut Sending<'_>,
    ) -> Result<(), EngineError> {
        let run = sending.run;
        for staged in &page {
            *sending.sent.entry(staged.record.key.kind).or_default() += 1;
        }
        if sending.stop.is_cancelled() {
            return Err(EngineError::Interrupted);
        }
        self.stage_dropped_values(run, &page, &mut sending.kept).await?;
        let records = page.into_iter().map(|staged| run.view.sendable(staged.record)).collect();
        let submitted = execution.submit(records).await.map_err(EngineError::Import)?;
        sending.report.chunks += submitted.chunks;
        sending.rejected += submitted.rejected.len() as u64;
        self.remove_rejected(run.id, submitted.rejected, &mut sending.sent, sending.report).await
    }

    /// Completes an execution. From here on, it can't be canceled. If its outcome stays unknown, it remains open in
    /// the store, with its staged records, until recovery reads it.
    async fn outcome_of(
        &self,
        execution: Box<dyn Execution>,
        sending: &Sending<'_>,
    ) -> Result<Outcome, EngineError> {
        sending.progress.begin(Phase::Processing, None);
        let outcome = tokio::select! {
            () = sending.stop.cancelled() => return Err(EngineError::Interrupted),
            outcome = execution.complete() => outcome.map_err(EngineError::Import)?,
        };
        sending.progress.end(Phase::Processing);
        // A manual change in Assets may have dropped values: nothing is confirmed before the schema is compared.
        self.changed_view(sending.run).await?;
        Ok(outcome)
    }

    /// Confirms the records that the outcome accounts for, and separates the others.
    async fn confirm_sent(
        &self,
        id: &ExecutionId,
        outcome: &Outcome,
        sending: Sending<'_>,
    ) -> Result<(), EngineError> {
        let Sending { run, report, stop, sent, kept, .. } = sending;
        report.executions += 1;
        let confirmed = report.add_outcome(outcome, &sent);
        self.context.stats.execution(report.state);
        self.confirmations.check_removed(outcome).await?;
        let unaccounted = unaccounted(outcome, &sent, &confirmed);
        self.prove(run.id, &run.view, &unaccounted, stop).await?;
        let new = self.context.store().count_new(run.id).await?;
        self.context.store().confirm(run.id, id, &confirmed, &outcome.reason(), self.context.now()).await?;
        self.context.date_losses(run.view.directory.as_ref()).await?;
        self.isolate(run.id, outcome, &unaccounted).await?;
        self.confirmations.resend_after_missing_references(outcome).await?;
        self.confirmations.check_place_after(run).await?;
        self.confirmations.notice_filled(outcome).await?;
        self.confirmations.notice_lost(&new, outcome, report).await?;
        report_stale_values(&run.view, &kept, report);
        Ok(())
    }

    /// Cancels an incomplete execution. If that fails as well, it stays open in the store for recovery.
    pub(super) async fn give_up(
        &self,
        execution: Box<dyn Execution>,
        id: &ExecutionId,
        why: impl std::fmt::Display,
    ) {
        let cancelled = execution.cancel(&why.to_string()).await;
        let closed = match cancelled {
            Ok(()) => {
                self.context.store().close_execution(id, self.context.now()).await.map_err(EngineError::Store)
            }
            Err(error) => Err(EngineError::Import(error)),
        };
        if let Err(error) = closed {
            tracing::warn!(execution = %id, error = %error_chain(&error), "could not cancel the execution; the next run recovers it");
        }
    }
}

/// An import source that deletes objects missing from an import must not receive a partial import.
pub(super) async fn check_missing_objects(view: &MappingView) -> Result<(), EngineError> {
    if view.importer.removes_missing().await.map_err(EngineError::Import)? == Some(true) {
        return Err(SafeguardViolation::MissingObjectsRemoved.into());
    }
    Ok(())
}

/// The reason for a rejected start, as an engine error if there is one.
async fn start_failure(view: &MappingView, error: PortError) -> EngineError {
    match view.importer.state().await {
        Ok(ImportSourceState::MissingMapping) => EngineError::SetupRequired,
        Ok(ImportSourceState::Disabled) => EngineError::Disabled,
        _ => EngineError::Import(error),
    }
}
