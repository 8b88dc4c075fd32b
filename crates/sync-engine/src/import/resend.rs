//! Resends of unconfirmed records.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, error_chain};
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::values::ValueProblems;
use crate::import::imports::Imports;
use crate::plan::sync_plan::SyncPlan;
use crate::ports::progress::NoopProgress;

/// The most executions in a row that one run sends to isolate records.
const EXECUTIONS: u32 = 40;

impl Imports {
    /// Resends unconfirmed records until none is due.
    pub(crate) async fn send_rest(&self, stop: &CancellationToken) -> Result<(), EngineError> {
        for _ in 0..EXECUTIONS {
            // Boxed, because a resend calls this function again.
            match Box::pin(self.send_unconfirmed(stop)).await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(EngineError::Interrupted) => return Err(EngineError::Interrupted),
                // Read and confirmed records stay; the other ones are reported as outstanding.
                Err(error) => {
                    tracing::warn!(error = %error_chain(&error), "could not resend records; they stay unconfirmed");
                    break;
                }
            }
        }
        Ok(())
    }

    /// Resends due unconfirmed records. Returns the result, unless none was due.
    pub(crate) async fn send_unconfirmed(
        &self,
        stop: &CancellationToken,
    ) -> Result<Option<RunReport>, EngineError> {
        if self.context.store().next_retry().await?.is_none_or(|due| due > self.context.now()) {
            return Ok(None);
        }
        let run = &self.context.begin(RunKind::Retry, self.schemas.active_view().await?).await?;
        let observed = &self.context.observe(RunKind::Retry, &NoopProgress);
        observed.started(run.id);
        self.context.store().stage_retries(run.id, self.context.now()).await?;
        self.staging.resolve_staged(run.id, false, &mut ValueProblems::default()).await?;
        let staged = self.context.store().staged_counts(run.id).await?;
        let plan = SyncPlan::new(run.id, &BTreeMap::new(), &staged, &BTreeMap::new());
        let sent =
            self.context.conclude(run, RunKind::Retry, RunReport::default(), observed, async |report| {
                self.apply(run, plan.approved_before(), report, observed, stop).await
            });
        sent.await.map(Some)
    }
}
