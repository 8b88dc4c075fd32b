//! StagedRow changes in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::domain::staged::{ChangeKind, StagedChange};
use crate::domain::store_error::StoreError;
use crate::ports::state::staged_changes::StagedChanges;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{StagedRow, Tables};

#[async_trait]
impl StagedChanges for MemoryStore {
    async fn stage(
        &self,
        run: RunId,
        seen: &[RecordKey],
        changes: &[StagedChange],
    ) -> Result<(), StoreError> {
        let mut tables = self.tables("stage")?;
        let listed = tables.listed.entry(run).or_default();
        for key in seen {
            listed.entry(key.clone()).or_insert(false);
        }
        let staged = tables.staged.entry(run).or_default();
        // A staged object that is unchanged by now needs no change.
        staged.retain(|key, _| !seen.contains(key));
        for change in changes {
            let StagedChange { change, record, reading, .. } = change.clone();
            let key = record.key.clone();
            staged.insert(key, StagedRow { change, record, reading, stored: false, kept: Vec::new() });
        }
        Ok(())
    }

    async fn staged_counts(&self, run: RunId) -> Result<BTreeMap<(ObjectKind, ChangeKind), u64>, StoreError> {
        let tables = self.tables("staged_counts")?;
        let mut counts = BTreeMap::new();
        for (key, staged) in tables.sendable(run) {
            *counts.entry((key.kind, staged.change)).or_default() += 1;
        }
        Ok(counts)
    }

    async fn count_new(&self, run: RunId) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
        let tables = self.tables("count_new")?;
        let may_lack = |key: &RecordKey| {
            let confirmed = tables.confirmed.get(key);
            confirmed.is_none_or(|confirmed| confirmed.resend_pending || confirmed.retired)
                || tables.unconfirmed.contains_key(key)
        };
        let mut counts = BTreeMap::new();
        for (key, _) in tables.sendable(run).filter(|(key, _)| may_lack(key)) {
            *counts.entry(key.kind).or_default() += 1;
        }
        Ok(counts)
    }

    async fn staged(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<StagedChange>, StoreError> {
        let tables = self.tables("staged")?;
        let rest = tables.sendable(run).filter(|(key, _)| after.is_none_or(|after| *key > after));
        let change = |(_, staged): (&RecordKey, &StagedRow)| {
            StagedChange::new(staged.change, staged.record.clone(), staged.reading)
        };
        Ok(rest.take(limit as usize).map(change).collect())
    }
}

impl Tables {
    /// The staged changes that a run would send.
    fn sendable(&self, run: RunId) -> impl Iterator<Item = (&RecordKey, &StagedRow)> {
        self.staged_by(run).filter(move |(key, staged)| self.is_sendable(run, key, staged))
    }
}
