//! A run at work, from its beginning to its end.

use sync_model::RunId;
use tokio::time::Instant;
use tracing::Instrument;

use crate::domain::error::{EngineError, error_chain};
use crate::domain::report::{RunReport, RunState};
use crate::domain::run_kind::RunKind;
use crate::engine::context::Context;
use crate::engine::run_progress::RunProgress;
use crate::ports::view::MappingView;

/// A run and the view that it works by from its beginning to its end.
#[derive(Clone)]
pub(crate) struct ActiveRun {
    pub(crate) id: RunId,
    pub(crate) kind: RunKind,
    pub(crate) view: MappingView,
}

impl ActiveRun {
    /// True if the run sends its staged changes. A run that only shows them leaves no trace in the history.
    pub(crate) fn sends(&self) -> bool {
        self.kind != RunKind::Plan
    }
}

impl Context {
    /// Starts a run with a view.
    pub(crate) async fn begin(&self, kind: RunKind, view: MappingView) -> Result<ActiveRun, EngineError> {
        Ok(ActiveRun { id: self.store().begin_run(kind, self.now()).await?, kind, view })
    }

    /// Executes a run and closes it, whatever the result. A resumable sync stays open.
    pub(crate) async fn conclude(
        &self,
        run: &ActiveRun,
        kind: RunKind,
        mut report: RunReport,
        observed: &RunProgress<'_>,
        work: impl AsyncFnOnce(&mut RunReport) -> Result<(), EngineError>,
    ) -> Result<RunReport, EngineError> {
        let started = Instant::now();
        let requests = run.view.directory.requests();
        report.mapping_version = Some(run.view.version.clone());
        let span = tracing::info_span!("run", run = %run.id, kind = kind.as_str(), execution = tracing::field::Empty);
        let result = work(&mut report).instrument(span.clone()).await;
        report.duration_seconds = started.elapsed().as_secs_f64();
        report.okta_requests = run.view.directory.requests() - requests;
        // Event batches run every second; later runs report their remaining records.
        if !matches!(kind, RunKind::EventSync | RunKind::Retry) {
            report.add_outstanding(self.outstanding().await?);
        }
        self.stats.run(&report);
        if let Err(error) = &result {
            report.state = RunState::Failed;
            report.failure = Some(error.of_run(kind));
            if !matches!(error, EngineError::Interrupted) {
                self.stats.failed(kind.as_str(), matches!(error, EngineError::SafeguardTriggered(_)));
            }
            span.in_scope(|| tracing::info!(error = %error_chain(error), "run ended early"));
            let is_resumable =
                matches!(kind, RunKind::FullSync | RunKind::IncrementalSync | RunKind::Backfill);
            let goes_on = is_resumable && error.is_transient();
            // An execution without a known end keeps its staged records until recovery reads its outcome.
            let open = self.store().open_executions().await?.iter().any(|open| open.run == run.id);
            if goes_on || open {
                observed.ended(&report);
                return result.map(|()| report);
            }
        }
        self.store().end_run(run.id, &report, self.now()).await?;
        observed.ended(&report);
        if result.is_ok() && report.executions > 0 {
            let RunReport {
                state: result, duration_seconds: seconds, okta_requests: directory_requests, ..
            } = &report;
            span.in_scope(|| tracing::info!(?result, seconds, directory_requests, "run ended"));
        }
        result.map(|()| report)
    }
}
