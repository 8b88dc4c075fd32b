//! The state of the safeguards in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{EventId, ObjectKind, RecordKey, RunId};

use crate::domain::event::EventState;
use crate::domain::finding::Finding;
use crate::domain::inbox::WorkItem;
use crate::domain::removals::{ClearedField, PlannedRemovals, RemovedMemberships};
use crate::domain::safeguards::SafeguardMinimums;
use crate::domain::staged::ChangeKind;
use crate::domain::store_error::StoreError;
use crate::domain::violation::ViolatingChanges;
use crate::ports::state::safeguards::SafeguardState;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::is_filled;

#[async_trait]
impl SafeguardState for MemoryStore {
    async fn planned_removals(
        &self,
        run: RunId,
        handful: SafeguardMinimums,
        since: Timestamp,
    ) -> Result<PlannedRemovals, StoreError> {
        let tables = self.tables("planned_removals")?;
        let mut fields: BTreeMap<(ObjectKind, String), u64> = BTreeMap::new();
        for (key, field) in tables.cleared(run) {
            *fields.entry((key.kind, field)).or_default() += 1;
        }
        let mut cleared_values = Vec::new();
        for ((kind, field), cleared) in fields {
            let recent = tables.recent_values(run, kind, &field, since);
            if cleared + recent <= handful.values {
                continue;
            }
            let current = tables.confirmed.iter().filter(|(key, c)| key.kind == kind && !c.retired);
            let total = current.filter(|(_, c)| is_filled(&c.record, &field)).count() as u64;
            cleared_values.push(ClearedField { kind, field, cleared, recent, total });
        }
        let removed = tables.removed_memberships(run).len() as u64;
        let recent = tables.recent_memberships(run, since);
        let groups = tables.references.values().flatten().filter(|to| to.kind == ObjectKind::Group);
        let memberships = if removed == 0 || removed + recent <= handful.memberships {
            RemovedMemberships::default()
        } else {
            RemovedMemberships { removed, recent, total: groups.count() as u64 }
        };
        let recently_retired = tables.recently_retired(Some(run), since);
        Ok(PlannedRemovals { cleared_values, memberships, recently_retired })
    }

    async fn date_losses(&self, now: Timestamp) -> Result<(), StoreError> {
        for at in self.tables("date_losses")?.removals.values_mut() {
            *at = Some(at.map_or(now, |at| at.min(now)));
        }
        Ok(())
    }

    async fn recently_retired_objects(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
        Ok(self.tables("recently_retired_objects")?.recently_retired(None, since))
    }

    async fn unstage(&self, run: RunId, suspects: &ViolatingChanges) -> Result<Vec<RecordKey>, StoreError> {
        let mut tables = self.tables("unstage")?;
        let keys: BTreeSet<RecordKey> = match suspects {
            ViolatingChanges::Retired(kind) => {
                let retired = tables
                    .staged_by(run)
                    .filter(|(key, staged)| key.kind == *kind && staged.change == ChangeKind::Retire);
                retired.map(|(key, _)| key.clone()).collect()
            }
            ViolatingChanges::MembershipsRemoved => {
                tables.removed_memberships(run).into_iter().map(|(key, _)| key).collect()
            }
            ViolatingChanges::ValuesCleared { kind, field } => {
                let cleared = tables.cleared(run).into_iter();
                cleared.filter(|(key, of)| key.kind == *kind && of == field).map(|(key, _)| key).collect()
            }
        };
        tables.staged.entry(run).or_default().retain(|key, _| !keys.contains(key));
        Ok(keys.into_iter().collect())
    }

    async fn block(
        &self,
        objects: &[RecordKey],
        work: &[WorkItem],
        finding: &Finding,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables("block")?;
        for key in objects {
            tables.blocked.entry(key.clone()).or_insert_with(|| (finding.clone(), now)).0 = finding.clone();
        }
        tables.close_work(work, EventState::Blocked, Some(finding), now);
        Ok(())
    }

    async fn requeue_blocked(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut tables = self.tables("requeue_blocked")?;
        let blocked = tables.in_state(EventState::Blocked);
        Ok(tables.replay(&blocked, now))
    }

    async fn requeue_unblocked(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut tables = self.tables("requeue_unblocked")?;
        let blocked = tables.in_state(EventState::Blocked);
        let free: Vec<EventId> = blocked.into_iter().filter(|id| !tables.names_blocked(id)).collect();
        Ok(if free.is_empty() { 0 } else { tables.replay(&free, now) })
    }

    async fn release_blocked(&self) -> Result<(), StoreError> {
        let mut tables = self.tables("release_blocked")?;
        tables.removals.clear();
        tables.blocked.clear();
        Ok(())
    }

    async fn unblock(&self) -> Result<(), StoreError> {
        self.tables("unblock")?.blocked.clear();
        Ok(())
    }
}
