//! Records that Assets refuses or drops are told from those that travel with them.
//!
//! A refusal over HTTP names its record: the importer leaves it out of the execution, and the others go on. What is dropped
//! in the result is found in further executions: those that are thought to be good go together with half of the suspects,
//! so that each execution confirms as much as it can and halves what is left.

use std::collections::BTreeMap;

use sync_model::{ObjectKind, RunId};
use tokio_util::sync::CancellationToken;

use crate::{EngineError, Outcome, Outstanding, RejectedRecord, RunReport, RunResult, engine::Engine};

/// The most executions in a row that one run sends to isolate records.
const EXECUTIONS: u32 = 40;

impl Engine {
    /// Takes records out of a run that the importer refuses alone.
    pub(crate) async fn set_aside(
        &self,
        run: RunId,
        rejected: Vec<RejectedRecord>,
        sent: &mut BTreeMap<ObjectKind, u64>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        if rejected.is_empty() {
            return Ok(());
        }
        self.ports.store.reject(run, &rejected, self.now()).await?;
        report.result = RunResult::Incomplete;
        for RejectedRecord { key, reason, partly_sent } in rejected {
            if let Some(sent) = sent.get_mut(&key.kind).filter(|_| !partly_sent) {
                *sent = sent.saturating_sub(1);
            }
            report.counts(key.kind).rejected += 1;
            report.note(format!("{key} was rejected: {reason}"));
        }
        Ok(())
    }

    /// Separates suspects from the good among records that an execution did not account for.
    pub(crate) async fn isolate(
        &self,
        run: RunId,
        outcome: &Outcome,
        sent: &BTreeMap<ObjectKind, u64>,
        confirmed: &[ObjectKind],
    ) -> Result<(), EngineError> {
        let of_kind = |kind, sent: u64| {
            let known = outcome.types.iter().find(|t| outcome.ok && t.kind == Some(kind));
            known.map(|t| sent.saturating_sub(t.created + t.updated + t.identical)).filter(|n| *n > 0)
        };
        let dropped: BTreeMap<ObjectKind, Option<u64>> = sent
            .iter()
            .filter(|(kind, _)| !confirmed.contains(kind))
            .map(|(&kind, &sent)| (kind, of_kind(kind, sent)))
            .collect();
        if dropped.is_empty() {
            return Ok(());
        }
        let of_types = outcome.types.iter().flat_map(|t| &t.messages);
        let said: Vec<&str> = of_types.chain(&outcome.messages).map(String::as_str).collect();
        Ok(self.ports.store.isolate(run, &dropped, &said.join("\n"), self.now()).await?)
    }

    /// Sends again what is unconfirmed, until nothing of it is due.
    pub(crate) async fn send_rest(&self, stop: &CancellationToken) -> Result<(), EngineError> {
        for _ in 0..EXECUTIONS {
            // Boxed: sending again goes through the same road as this run.
            match Box::pin(self.send_unconfirmed(stop)).await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(EngineError::Stopped) => return Err(EngineError::Stopped),
                // What was read and confirmed stays so; the rest is told as outstanding.
                Err(error) => {
                    tracing::warn!(error = %crate::explain(&error), "records could not be sent again; they stay unconfirmed");
                    break;
                }
            }
        }
        Ok(())
    }

    /// Work that is left undone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn outstanding(&self) -> Result<Outstanding, EngineError> {
        let inbox = self.ports.store.inbox().await?;
        Ok(Outstanding {
            unconfirmed: inbox.unconfirmed,
            rejected: inbox.failed,
            next_attempt_at: self.ports.store.next_retry().await?,
            failed_events: inbox.dead,
        })
    }
}
