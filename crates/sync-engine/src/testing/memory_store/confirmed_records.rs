//! Confirmed records in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ObjectKind, Record, RecordKey};

use crate::domain::record_state::{ObjectCounts, RecordState};
use crate::domain::staged::ChangeKind;
use crate::domain::store_error::StoreError;
use crate::ports::state::confirmed_records::ConfirmedRecords;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::Tables;

#[async_trait]
impl ConfirmedRecords for MemoryStore {
    async fn record_states(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, RecordState>, StoreError> {
        let tables = self.tables("record_states")?;
        let state = |key: &RecordKey| {
            let (confirmed, sent) = (tables.confirmed.get(key), tables.unconfirmed.get(key));
            let record = confirmed.map(|c| &c.record).or_else(|| sent.map(|s| &s.record))?;
            let retired = match tables.later(key) {
                Some(later) => later.change == ChangeKind::Retire,
                None => confirmed.is_some_and(|confirmed| confirmed.retired),
            };
            Some(RecordState {
                fingerprint: record.fingerprint(),
                retired,
                resend_pending: sent.is_some() || confirmed.is_some_and(|confirmed| confirmed.resend_pending),
            })
        };
        Ok(keys.iter().filter_map(|key| Some((key.clone(), state(key)?))).collect())
    }

    async fn confirmed_record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        Ok(self.confirmed_records(std::slice::from_ref(key)).await?.remove(key))
    }

    async fn confirmed_records(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Record>, StoreError> {
        let tables = self.tables("confirmed_records")?;
        let known = |key: &RecordKey| Some((key.clone(), tables.last_record(key)?.clone()));
        Ok(keys.iter().filter_map(known).collect())
    }

    async fn possible_records(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Vec<Record>>, StoreError> {
        let tables = self.tables("possible_records")?;
        let records = |key: &RecordKey| {
            let confirmed = tables.confirmed.get(key).map(|confirmed| confirmed.record.clone());
            let sent = tables.unconfirmed.get(key).map(|sent| sent.record.clone());
            confirmed.into_iter().chain(sent).collect::<Vec<_>>()
        };
        let known = keys.iter().map(|key| (key.clone(), records(key)));
        Ok(known.filter(|(_, records)| !records.is_empty()).collect())
    }

    async fn object_counts(&self) -> Result<BTreeMap<ObjectKind, ObjectCounts>, StoreError> {
        let tables = self.tables("object_counts")?;
        let mut counts: BTreeMap<ObjectKind, ObjectCounts> = BTreeMap::new();
        for (key, confirmed) in &tables.confirmed {
            let counts = counts.entry(key.kind).or_default();
            *(if confirmed.retired { &mut counts.retired } else { &mut counts.current }) += 1;
        }
        Ok(counts)
    }

    async fn referrers(&self, kind: ObjectKind, value: &str) -> Result<Vec<RecordKey>, StoreError> {
        let tables = self.tables("referrers")?;
        let sent = tables.unconfirmed.iter().filter(|(_, sent)| {
            sent.record.references.iter().any(|to| to.kind == kind && to.reference_key == value)
        });
        let all: BTreeSet<RecordKey> =
            tables.referrers(kind, value).chain(sent.map(|(key, _)| key)).cloned().collect();
        Ok(all.into_iter().collect())
    }

    async fn count_referrers(&self, kind: ObjectKind, value: &str) -> Result<u64, StoreError> {
        Ok(self.tables("count_referrers")?.referrers(kind, value).count() as u64)
    }

    async fn mark_all_for_resend(&self) -> Result<(), StoreError> {
        self.tables("mark_all_for_resend")?.mark_for_resend(None);
        Ok(())
    }

    async fn mark_for_resend(&self, key: &RecordKey, now: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables("mark_for_resend")?;
        if tables.mark_for_resend(Some(key)) {
            tables.enqueue_object(key, now);
        }
        Ok(())
    }
}

impl Tables {
    /// The latest record of an object: confirmed, or read later and sent without confirmation.
    pub(super) fn last_record(&self, key: &RecordKey) -> Option<&Record> {
        let later = self.later(key).map(|sent| &sent.record);
        later.or_else(|| self.confirmed.get(key).map(|confirmed| &confirmed.record))
    }

    /// Marks one current object, or every one, for resend with its referrers. True if one was marked.
    pub(super) fn mark_for_resend(&mut self, only: Option<&RecordKey>) -> bool {
        let mut is_marked = false;
        for (key, confirmed) in &mut self.confirmed {
            if !confirmed.retired && only.is_none_or(|only| only == key) {
                confirmed.resend_pending = true;
                confirmed.reference_key.clear();
                is_marked = true;
            }
        }
        is_marked
    }
}
