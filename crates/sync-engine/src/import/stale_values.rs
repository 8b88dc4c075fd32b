//! Values that were cleared in the directory and that the importer keeps, because it ignores empty values.
//!
//! They are stored before the records that no longer contain them are sent, become stale when those are confirmed, and
//! are cleared object by object with the account. Without an account they stay stored, counted, and reported; if the
//! import source now removes empty values, their records are resent.

use std::collections::BTreeMap;

use sync_model::{Record, RecordKey, is_empty};
use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, PortError, error_chain};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::import::DroppedValue;
use crate::domain::report::RunReport;
use crate::domain::staged::StagedChange;
use crate::domain::stale_value::{ClearRequest, ClearResult};
use crate::engine::active::ActiveRun;
use crate::import::imports::Imports;
use crate::ports::view::MappingView;

/// The number of values that are cleared while no other records are sent.
const TOGETHER: u32 = 100;

impl Imports {
    /// Stages the values that the target will keep when the records of a page are replaced.
    pub(crate) async fn stage_dropped_values(
        &self,
        run: &ActiveRun,
        page: &[StagedChange],
        kept: &mut Vec<DroppedValue>,
    ) -> Result<(), EngineError> {
        let keys: Vec<RecordKey> = page.iter().map(|staged| staged.record.key.clone()).collect();
        let held = self.context.store().possible_records(&keys).await?;
        let changes: Vec<(&Record, &Record)> = page
            .iter()
            .flat_map(|staged| {
                let held = held.get(&staged.record.key).into_iter().flatten();
                held.filter(|held| loses(held, &staged.record)).map(|held| (held, &staged.record))
            })
            .collect();
        if changes.is_empty() {
            return Ok(());
        }
        let found = run.view.importer.keeps(&changes).await;
        self.context.store().stage_stale_values(run.id, &found).await?;
        kept.extend(found);
        Ok(())
    }

    /// Clears all due values, and returns their number; zero without an account, when records can only be resent.
    pub(crate) async fn clear_all_stale_values(
        &self,
        view: &MappingView,
        stop: &CancellationToken,
    ) -> Result<u64, EngineError> {
        let mut cleared = 0;
        loop {
            match self.clear_stale_values(view, stop).await? {
                0 => return Ok(if view.objects.is_some() { cleared } else { 0 }),
                n => cleared += n,
            }
        }
    }

    /// Clears some of the due values. Returns the number of completed values; failed ones are requeued.
    pub(crate) async fn clear_stale_values(
        &self,
        view: &MappingView,
        stop: &CancellationToken,
    ) -> Result<u64, EngineError> {
        if stop.is_cancelled() {
            return Err(EngineError::Interrupted);
        }
        let Some(objects) = &view.objects else { return self.resend_dropped_values(view).await };
        if self.context.store().due_stale_values(1, self.context.now()).await?.is_empty() {
            return Ok(0);
        }
        // No record with the value may be in flight.
        let _guard = self.exclusive(view, None).await?;
        let due = self.context.store().due_stale_values(TOGETHER, self.context.now()).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let results = tokio::select! {
            () = stop.cancelled() => return Err(EngineError::Interrupted),
            results = objects.clear(&due) => results,
        };
        self.record_clear_results(&due, results).await
    }

    async fn record_clear_results(
        &self,
        due: &[ClearRequest],
        results: Result<Vec<ClearResult>, PortError>,
    ) -> Result<u64, EngineError> {
        let now = self.context.now();
        let results = match results {
            Ok(results) => results,
            Err(error) => {
                // Whatever it is, it is not about these objects: none would fare better now.
                let reason = error_chain(&error);
                tracing::warn!(error = %reason, "could not clear stale values; will retry");
                self.context.store().requeue_stale_values(None, &reason, now).await?;
                return Ok(0);
            }
        };
        let mut done = Vec::new();
        let mut failed: BTreeMap<String, Vec<ClearRequest>> = BTreeMap::new();
        for (object, result) in due.iter().zip(results) {
            match result {
                ClearResult::Cleared | ClearResult::NoObject => done.push(object.clone()),
                ClearResult::Failed(reason) => failed.entry(reason).or_default().push(object.clone()),
            }
        }
        self.context.store().remove_stale_values(&done).await?;
        for (reason, objects) in failed {
            tracing::warn!(objects = objects.len(), %reason, "could not clear stale values; will retry");
            self.context.store().requeue_stale_values(Some(&objects), &reason, now).await?;
        }
        Ok(done.iter().map(|object| object.fields.len() as u64).sum())
    }

    /// Without an account only the import can clear, once it is set to.
    async fn resend_dropped_values(&self, view: &MappingView) -> Result<u64, EngineError> {
        if self.context.store().stale_value_counts().await?.values == 0
            || !view.importer.removes_empty().await
        {
            return Ok(0);
        }
        let records = self.context.store().resend_stale_values(self.context.now()).await?;
        tracing::info!(records, "the import source now removes empty values; resending stale values");
        Ok(records)
    }
}

/// Reports stale values that can't be cleared without an account, one message per attribute.
pub(crate) fn report_stale_values(view: &MappingView, kept: &[DroppedValue], report: &mut RunReport) {
    if view.objects.is_some() {
        return;
    }
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for value in kept {
        *counts.entry(&value.attribute).or_default() += 1;
    }
    for (attribute, values) in counts {
        report.add(Finding::warning(Fact::StaleValues { attribute: Some(attribute.to_owned()), values }));
    }
}

/// True if a record lacks a value of its predecessor.
fn loses(held: &Record, new: &Record) -> bool {
    let lacks = |field: &str| new.fields.get(field).is_none_or(is_empty);
    held.fields.iter().any(|(field, value)| !is_empty(value) && lacks(field))
}
