//! Recovers from a crash, an interruption, or a lost connection.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use sync_model::{ObjectKind, RunId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::error::EngineError;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::import::{ExecutionState, Outcome};
use crate::domain::report::{RunReport, RunState};
use crate::domain::run::OpenExecution;
use crate::engine::locks::ExecutionGuard;
use crate::import::imports::Imports;
use crate::import::isolation::unaccounted;
use crate::ports::view::MappingView;

/// The outcome of an interrupted execution.
enum End {
    Processed(Outcome),
    /// It had no effect.
    Cancelled,
    /// Any of its records may be in Assets.
    Unknown,
}

impl Imports {
    /// Recovers work of an earlier process: unfinished executions, and claims.
    pub(crate) async fn recover(&self) -> Result<(), EngineError> {
        let guard = self.lock.acquire().await;
        // An outcome names object types; the mapping assigns their records.
        if !self.context.store().open_executions().await?.is_empty() {
            // Not adopted yet: current confirmations belong to the schema before the next comparison.
            let compared =
                self.context.ports.target_schema.compare().await.map_err(EngineError::TargetSchema)?;
            let view = compared.view;
            self.recover_open(&guard, &view, None).await?;
        }
        // Work that a wrong clock postponed is due.
        self.context.store().follow_clock(SignedDuration::ZERO, self.context.now()).await?;
        self.context.store().release_all_claims().await?;
        // The limits may be others now.
        self.context.store().requeue_blocked(self.context.now()).await?;
        Ok(self.context.store().mark_runs_interrupted(self.context.now()).await?)
    }

    /// Waits for the right to send or delete, and recovers earlier executions. `current` is the run that continues
    /// afterward, with its report: it isn't closed here.
    pub(crate) async fn exclusive(
        &self,
        view: &MappingView,
        current: Option<(RunId, &mut RunReport)>,
    ) -> Result<ExecutionGuard<'_>, EngineError> {
        let guard = self.lock.acquire().await;
        self.recover_open(&guard, view, current).await?;
        Ok(guard)
    }

    async fn recover_open(
        &self,
        _: &ExecutionGuard<'_>,
        view: &MappingView,
        mut current: Option<(RunId, &mut RunReport)>,
    ) -> Result<(), EngineError> {
        for open in self.context.store().open_executions().await? {
            tracing::info!(execution = %open.id, run = %open.run, "recovering an interrupted execution");
            let end = self.await_end(view, &open).await?;
            if let Some((_, report)) = current.as_mut().filter(|(run, _)| *run == open.run) {
                // It sends the rest itself.
                self.close(view, &open, &end, report).await?;
                continue;
            }
            let mut report = RunReport {
                execution: Some(open.id.clone()),
                mapping_version: Some(view.version.clone()),
                ..RunReport::default()
            };
            self.close(view, &open, &end, &mut report).await?;
            report.failure = match &end {
                End::Processed(_) => None,
                End::Cancelled => Some(Finding::warning(Fact::RunInterrupted)),
                End::Unknown => Some(Finding::warning(Fact::OutcomeUnknown)),
            };
            if report.failure.is_some() {
                report.state = RunState::Failed;
            }
            // An interrupted sync resumes with its staged changes.
            let unfinished = self.context.store().resumable_checkpoint().await?;
            if matches!(end, End::Processed(_)) || unfinished.is_none_or(|(run, _)| run != open.run) {
                self.context.store().end_run(open.run, &report, self.context.now()).await?;
            }
        }
        Ok(())
    }

    async fn close(
        &self,
        view: &MappingView,
        open: &OpenExecution,
        end: &End,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let store = self.context.store();
        match end {
            End::Processed(outcome) => self.confirm_late(view, open, outcome, report).await,
            End::Cancelled => Ok(store.close_execution(&open.id, self.context.now()).await?),
            End::Unknown => {
                Ok(store.close_execution_as_unknown(open.run, &open.id, self.context.now()).await?)
            }
        }
    }

    async fn await_end(&self, view: &MappingView, open: &OpenExecution) -> Result<End, EngineError> {
        let deadline = Instant::now() + self.context.options.busy_limit;
        let mut pause = Duration::from_millis(100);
        loop {
            match view.importer.execution(&open.id).await.map_err(EngineError::Import)? {
                ExecutionState::Done(outcome) => return Ok(End::Processed(outcome)),
                ExecutionState::Cancelled => return Ok(End::Cancelled),
                ExecutionState::Unknown => return Ok(End::Unknown),
                ExecutionState::Ingesting => {
                    view.importer
                        .cancel(&open.id, "canceled: the sending process was interrupted")
                        .await
                        .map_err(EngineError::Import)?;
                    return Ok(End::Cancelled);
                }
                ExecutionState::Processing if Instant::now() >= deadline => {
                    return Err(EngineError::Import(
                        crate::domain::error::PortError::new(format!(
                            "execution {} is still being processed",
                            open.id
                        ))
                        .transient(true)
                        .with_remedy(Remedy::ReviewExecution),
                    ));
                }
                ExecutionState::Processing => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    async fn confirm_late(
        &self,
        view: &MappingView,
        open: &OpenExecution,
        outcome: &Outcome,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let mut sent: BTreeMap<ObjectKind, u64> = BTreeMap::new();
        for ((kind, _), n) in self.context.store().staged_counts(open.run).await? {
            *sent.entry(kind).or_default() += n;
        }
        report.executions += 1;
        let confirmed = report.add_outcome(outcome, &sent);
        self.context.stats.execution(report.state);
        self.confirmations.check_removed(outcome).await?;
        let unaccounted = unaccounted(outcome, &sent, &confirmed);
        self.prove(open.run, view, &unaccounted, &CancellationToken::new()).await?;
        let new = self.context.store().count_new(open.run).await?;
        self.context
            .store()
            .confirm(open.run, &open.id, &confirmed, &outcome.reason(), self.context.now())
            .await?;
        self.isolate(open.run, outcome, &unaccounted).await?;
        self.confirmations.resend_after_missing_references(outcome).await?;
        self.confirmations.notice_filled(outcome).await?;
        self.confirmations.notice_lost(&new, outcome, report).await
    }
}
