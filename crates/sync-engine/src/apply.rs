//! From an approved plan to confirmed records: one execution, whose outcome is checked before records are confirmed.

use std::collections::BTreeMap;
use std::time::Duration;

use sync_model::{ExecutionId, ObjectKind, RecordKey};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::isolation::unaccounted;
use crate::{
    ActiveRun, AlertKind, ApprovedPlan, EngineError, Execution, Fact, Finding, ImportSourceState,
    MappingView, Outcome, Phase, PortError, ProgressSink, RunReport, SafeguardMinimums, SafeguardViolation,
    StagedChange, Subject, engine::Engine,
};

impl Engine {
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
        let _execution_lock = self.execution_lock.lock().await;
        self.recover_locked(&run.view, Some((run.id, report))).await?;
        check_missing_objects(&run.view).await?;
        self.check_schema(run).await?;
        // Read again while the lock is held: another run may have overtaken every one of them.
        let first = self.ports.store.staged(run.id, None, self.options.page).await?;
        if first.is_empty() {
            return Ok(());
        }
        self.check_removals(run, &plan).await?;
        let execution = self.start(&run.view, stop).await?;
        let id = execution.id().clone();
        tracing::Span::current().record("execution", tracing::field::display(&id));
        self.ports.store.open_execution(run.id, &id, self.now()).await?;
        report.execution = Some(id.clone());
        self.send(run, execution, first, &plan, report, progress, stop).await
    }

    /// Another run may have sent removals after the plan was approved: the limits hold for both together.
    async fn check_removals(&self, run: &ActiveRun, plan: &ApprovedPlan) -> Result<(), EngineError> {
        let Some(limits) = plan.limits().filter(|_| plan.plan().may_remove()) else { return Ok(()) };
        let since = self.window_begin(run, limits).await?;
        let store = &self.ports.store;
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
        let state = self.ports.target_schema.state().await.map_err(EngineError::TargetSchema)?;
        if state.is_none() || state == run.view.target_schema {
            return Ok(None);
        }
        Ok(Some(self.follow_schema(true).await?.view))
    }

    /// The import source deleted objects that an import of changes didn't contain: that option was enabled after the
    /// last check. No confirmed record can be trusted, so all objects are read and resent.
    pub(crate) async fn check_removed(&self, outcome: &Outcome) -> Result<(), EngineError> {
        let deleted = outcome.missing_deleted();
        if deleted > 0 {
            let finding = Finding::error(Fact::ObjectsDeleted { objects: deleted });
            self.alert(AlertKind::SafeguardTriggered, finding);
            self.ports.store.mark_all_for_resend().await?;
            self.ports.store.enqueue(&Subject::EntireDirectory, self.now()).await?;
        }
        Ok(())
    }

    /// The same for the records of the execution itself: they exist, but their referenced objects may not.
    pub(crate) async fn resend_after_missing_references(&self, outcome: &Outcome) -> Result<(), EngineError> {
        if outcome.missing_deleted() > 0 {
            self.ports.store.mark_all_for_resend().await?;
        }
        Ok(())
    }

    /// Starts an execution; waits while another one runs.
    async fn start(
        &self,
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
            if !error.is_busy() || started_at.elapsed() >= self.options.busy_limit {
                return Err(start_failure(view, error).await);
            }
            // All executions of this process ended: this one waits for records that no process sends.
            let waits = view.importer.awaits_records().await.map_err(EngineError::Import)?;
            orphan = waits.map(|id| match orphan.take() {
                Some((known, since)) if known == id => (known, since),
                _ => (id, Instant::now()),
            });
            if let Some((id, since)) = &orphan
                && since.elapsed() >= self.options.orphan_limit
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

    #[allow(clippy::too_many_arguments)] // One step of `apply`, apart from it only to keep both readable.
    async fn send(
        &self,
        run: &ActiveRun,
        mut execution: Box<dyn Execution>,
        first: Vec<StagedChange>,
        plan: &ApprovedPlan,
        report: &mut RunReport,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<(), EngineError> {
        let id = execution.id().clone();
        progress.begin(Phase::Sending, Some(plan.plan().changes()));
        let mut sent: BTreeMap<ObjectKind, u64> = BTreeMap::new();
        let mut page = first;
        let mut kept = Vec::new();
        let mut rejected = 0;
        while let Some(last) = page.last() {
            let after: RecordKey = last.record.key.clone();
            let items = page.len() as u64;
            for staged in &page {
                *sent.entry(staged.record.key.kind).or_default() += 1;
            }
            let outcome = if stop.is_cancelled() {
                Err(EngineError::Interrupted)
            } else if let Err(error) = self.stage_dropped_values(run, &page, &mut kept).await {
                Err(error)
            } else {
                let records = page.into_iter().map(|staged| run.view.sendable(staged.record)).collect();
                execution.submit(records).await.map_err(EngineError::Import)
            };
            match outcome {
                Ok(submitted) => {
                    report.chunks += submitted.chunks;
                    rejected += submitted.rejected.len() as u64;
                    let remove_rejected =
                        self.remove_rejected(run.id, submitted.rejected, &mut sent, report).await;
                    if let Err(error) = remove_rejected {
                        self.give_up(execution, &id, &error).await;
                        return Err(error);
                    }
                }
                Err(error) => {
                    self.give_up(execution, &id, &error).await;
                    return Err(error);
                }
            }
            progress.advance(Phase::Sending, items);
            page = match self.ports.store.staged(run.id, Some(&after), self.options.page).await {
                Ok(page) => page,
                Err(error) => {
                    let error = error.into();
                    self.give_up(execution, &id, &error).await;
                    return Err(error);
                }
            };
        }
        progress.end(Phase::Sending);
        if rejected > 0 && sent.values().all(|sent| *sent == 0) {
            // An execution without records costs as much time as any other.
            self.give_up(execution, &id, "Assets rejected all records").await;
            return Ok(());
        }

        progress.begin(Phase::Processing, None);
        // From here on, the execution can't be canceled. If its outcome stays unknown, it remains open in the store,
        // with its staged records, until recovery reads it.
        let outcome = tokio::select! {
            () = stop.cancelled() => return Err(EngineError::Interrupted),
            outcome = execution.complete() => outcome.map_err(EngineError::Import)?,
        };
        progress.end(Phase::Processing);
        // A manual change in Assets may have dropped values: nothing is confirmed before the schema is compared.
        self.changed_view(run).await?;
        report.executions += 1;
        let confirmed = report.add_outcome(&outcome, &sent);
        self.stats.execution(report.state);
        self.check_removed(&outcome).await?;
        let unaccounted = unaccounted(&outcome, &sent, &confirmed);
        self.prove(run.id, &run.view, &unaccounted, stop).await?;
        let new = self.ports.store.count_new(run.id).await?;
        self.ports.store.confirm(run.id, &id, &confirmed, &outcome.reason(), self.now()).await?;
        self.date_losses(run.view.directory.as_ref()).await?;
        self.isolate(run.id, &outcome, &unaccounted).await?;
        self.resend_after_missing_references(&outcome).await?;
        self.check_place_after(run).await?;
        self.notice_filled(&outcome).await?;
        self.notice_lost(&new, &outcome, report).await?;
        crate::stale_values::report_stale_values(&run.view, &kept, report);
        Ok(())
    }

    /// Cancels an incomplete execution. If that fails as well, it stays open in the store for recovery.
    async fn give_up(&self, execution: Box<dyn Execution>, id: &ExecutionId, why: impl std::fmt::Display) {
        let cancelled = execution.cancel(&why.to_string()).await;
        let closed = match cancelled {
            Ok(()) => self.ports.store.close_execution(id, self.now()).await.map_err(EngineError::Store),
            Err(error) => Err(EngineError::Import(error)),
        };
        if let Err(error) = closed {
            tracing::warn!(execution = %id, error = %crate::error_chain(&error), "could not cancel the execution; the next run recovers it");
        }
    }
}

/// An import source that deletes objects missing from an import must not receive a partial import.
async fn check_missing_objects(view: &MappingView) -> Result<(), EngineError> {
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
