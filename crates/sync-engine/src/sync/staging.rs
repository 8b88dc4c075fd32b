//! From read objects to staged changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_model::{GroupId, ObjectKind, RecordKey, RetireReason};

use crate::domain::directory::DirectoryObject;
use crate::domain::error::EngineError;
use crate::domain::reading::Reading;
use crate::domain::report::RunReport;
use crate::domain::safeguards::SafeguardMinimums;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::domain::values::ValueProblems;
use crate::engine::active::ActiveRun;
use crate::engine::context::Context;
use crate::plan::sync_plan::SyncPlan;

/// Compares records with the confirmed ones, and stages those that differ.
pub(crate) struct Staging {
    pub(super) context: Arc<Context>,
}

impl Staging {
    pub(crate) const fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Compares a page with the confirmed records, and stages the differences. Out-of-scope objects are retired if
    /// Assets has them, and skipped otherwise.
    pub(crate) async fn stage_observed(
        &self,
        run: &ActiveRun,
        page: impl Iterator<Item = DirectoryObject>,
        reading: Reading,
        problems: &mut ValueProblems,
    ) -> Result<(), EngineError> {
        let (mut records, mut unselected, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for observed in page {
            keys.push(observed.record.key.clone());
            if !observed.in_scope {
                unselected.push(observed.record.key);
                continue;
            }
            for problem in observed.problems {
                problems.add(problem, &observed.record.key);
            }
            records.push(observed.record);
        }
        self.resolve(run.id, &mut records).await?;
        let selected: Vec<RecordKey> = records.iter().map(|record| record.key.clone()).collect();
        let known = self.context.store().record_states(&selected).await?;
        let mut changes: Vec<StagedChange> = records
            .into_iter()
            .filter_map(|record| {
                let known = known.get(&record.key);
                StagedChange::of(record, known, reading)
            })
            .collect();
        changes.extend(self.departures(run, &unselected, RetireReason::OutOfScope, reading).await?);
        self.context.store().stage(run.id, &keys, &changes).await?;
        Ok(())
    }

    /// The retirement marks for objects that are no longer synced; already retired ones need none. Unknown objects need none
    /// either, unless another run sends an older reading of them: that is noted.
    pub(crate) async fn departures(
        &self,
        run: &ActiveRun,
        keys: &[RecordKey],
        departure: RetireReason,
        reading: Reading,
    ) -> Result<Vec<StagedChange>, EngineError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let store = self.context.store();
        let known = store.record_states(keys).await?;
        // Of an org with a narrow scope, most of a page is irrelevant to Assets.
        let (keys, unknown): (Vec<RecordKey>, Vec<RecordKey>) =
            keys.iter().cloned().partition(|key| known.contains_key(key));
        if run.sends() && !unknown.is_empty() {
            store.add_absent(run.id, &unknown, reading, self.context.now()).await?;
        }
        let confirmed = store.confirmed_records(&keys).await?;
        let marks = keys.iter().filter_map(|key| {
            let record = run.view.rules.retire(confirmed.get(key)?, departure);
            let staged = StagedChange::of(record, Some(known.get(key)?), reading)?;
            Some(StagedChange { change: ChangeKind::Retire, ..staged })
        });
        Ok(marks.collect())
    }

    pub(crate) async fn plan_of(&self, run: &ActiveRun, report: &RunReport) -> Result<SyncPlan, EngineError> {
        let staged = self.context.store().staged_counts(run.id).await?;
        let counts = self.context.store().object_counts().await?;
        let read: BTreeMap<ObjectKind, u64> =
            report.records.iter().map(|(&kind, counts)| (kind, counts.read)).collect();
        let mut plan = SyncPlan::new(run.id, &read, &staged, &counts);
        plan.only_some();
        let limits = &self.context.options.safeguards;
        let since = self.context.window_begin(run, limits).await?;
        plan.removals =
            self.context.store().planned_removals(run.id, SafeguardMinimums::of(limits), since).await?;
        Ok(plan)
    }

    /// Groups that Assets doesn't hold, or holds as retired.
    pub(crate) async fn missing_groups(&self, groups: &[GroupId]) -> Result<Vec<RecordKey>, EngineError> {
        let keys: Vec<RecordKey> = groups.iter().map(RecordKey::group).collect();
        let known = self.context.store().record_states(&keys).await?;
        Ok(keys.into_iter().filter(|key| known.get(key).is_none_or(|known| known.retired)).collect())
    }
}
