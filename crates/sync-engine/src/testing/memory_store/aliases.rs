//! References by alias in memory.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use sync_model::{ObjectKind, Record, RecordKey, RunId};

use crate::domain::aliases::{AliasUse, Owner};
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::domain::store_error::StoreError;
use crate::ports::state::aliases::Aliases;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::Tables;

#[async_trait]
impl Aliases for MemoryStore {
    async fn alias_owners(
        &self,
        run: RunId,
        kind: ObjectKind,
        aliases: &[String],
    ) -> Result<HashMap<String, Vec<Owner>>, StoreError> {
        let tables = self.tables("alias_owners")?;
        let owners = aliases.iter().map(|alias| (alias.clone(), tables.owners(run, kind, alias)));
        Ok(owners.filter(|(_, owners)| !owners.is_empty()).collect())
    }

    async fn alias_uses(
        &self,
        run: RunId,
        everything: bool,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<AliasUse>, StoreError> {
        let tables = self.tables("alias_uses")?;
        let touched = tables.touched(run);
        let mut uses: Vec<AliasUse> = tables
            .current(run)
            .into_iter()
            .filter_map(|(change, is_staged)| {
                let reference = change.record.alias_reference?;
                let matters = everything || is_staged || touched.contains(&reference.alias);
                matters.then_some(AliasUse { key: change.record.key, reference })
            })
            .filter(|used| after.is_none_or(|after| used.key > *after))
            .collect();
        uses.sort_by(|one, other| one.key.cmp(&other.key));
        uses.truncate(limit as usize);
        Ok(uses)
    }

    async fn as_staged_by(&self, run: RunId, keys: &[RecordKey]) -> Result<Vec<StagedChange>, StoreError> {
        let tables = self.tables("as_staged_by")?;
        let current = tables.current(run).into_iter().map(|(change, _)| change);
        Ok(current.filter(|change| keys.contains(&change.record.key)).collect())
    }
}

impl Tables {
    /// Current objects as a run would leave them: its staged, unconfirmed, or confirmed record, whichever was read last;
    /// and true for a staged one.
    fn current(&self, run: RunId) -> Vec<(StagedChange, bool)> {
        let confirmed = |key: &RecordKey| self.confirmed.get(key).map(|confirmed| confirmed.reading.number);
        let staged = |key: &RecordKey| self.staged.get(&run).and_then(|staged| staged.get(key));
        // A staged change that a later reading replaced.
        let is_free = |key: &RecordKey| {
            staged(key).is_none_or(|staged| confirmed(key).is_some_and(|n| staged.reading.number < n))
        };
        let of_run = self
            .staged_by(run)
            .filter(|(key, staged)| {
                staged.change != ChangeKind::Retire && !self.is_overtaken(key, staged.reading)
            })
            .map(|(_, s)| (StagedChange::new(s.change, s.record.clone(), s.reading), true));
        let sent = self
            .unconfirmed
            .iter()
            .filter(|(key, sent)| {
                sent.change != ChangeKind::Retire && !self.is_overtaken(key, sent.reading) && is_free(key)
            })
            .map(|(_, s)| (StagedChange::new(s.change, s.record.clone(), s.reading), false));
        let stored = self
            .confirmed
            .iter()
            .filter(|(key, confirmed)| {
                let is_last = self
                    .unconfirmed
                    .get(key)
                    .is_none_or(|sent| sent.reading.number < confirmed.reading.number);
                !confirmed.retired && is_last && is_free(key)
            })
            .map(|(_, c)| {
                let record = c.record.clone();
                (StagedChange::new(ChangeKind::Update, record, c.reading), false)
            });
        of_run.chain(sent).chain(stored).collect()
    }

    /// The current objects with an alias, by ID.
    pub(super) fn owners(&self, run: RunId, kind: ObjectKind, alias: &str) -> Vec<Owner> {
        let mut owners: Vec<Owner> = self
            .current(run)
            .into_iter()
            .filter(|(change, _)| change.record.key.kind == kind)
            .filter_map(|(change, _)| {
                let own = change.record.alias.filter(|own| own.value == alias)?;
                Some(Owner { id: change.record.key.id, yields: own.yields })
            })
            .collect();
        owners.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        owners
    }

    /// Aliases that objects of a run have or had.
    pub(super) fn touched(&self, run: RunId) -> BTreeSet<String> {
        let alias = |record: &Record| record.alias.as_ref().map(|alias| alias.value.clone());
        let records = self.staged_by(run).flat_map(|(key, staged)| {
            let confirmed = self.confirmed.get(key).map(|confirmed| &confirmed.record);
            let sent = self.unconfirmed.get(key).map(|sent| &sent.record);
            [Some(&staged.record), confirmed, sent]
        });
        records.flatten().filter_map(alias).collect()
    }
}
