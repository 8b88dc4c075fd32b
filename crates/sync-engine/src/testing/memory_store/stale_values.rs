//! Stale values in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{RecordKey, RunId};

use crate::domain::import::DroppedValue;
use crate::domain::staged::ChangeKind;
use crate::domain::stale_value::{ClearRequest, StaleValue, StaleValueCounts};
use crate::domain::store_error::StoreError;
use crate::ports::state::stale_values::StaleValues;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{Tables, Unconfirmed, after_millis};

/// The longest pause of an attempt to clear a value, in milliseconds: one hour.
const LONGEST_PAUSE: i64 = 3_600_000;

#[async_trait]
impl StaleValues for MemoryStore {
    async fn stage_stale_values(&self, run: RunId, kept: &[DroppedValue]) -> Result<(), StoreError> {
        let mut tables = self.tables("stage_stale_values")?;
        let staged = tables.staged.entry(run).or_default();
        for key in kept.iter().map(|value| &value.key).collect::<BTreeSet<_>>() {
            let values = kept.iter().filter(|value| value.key == *key);
            if let Some(staged) = staged.get_mut(key) {
                staged.kept = values.map(|value| (value.field.clone(), value.attribute.clone())).collect();
            }
        }
        Ok(())
    }

    async fn due_stale_values(&self, limit: u32, now: Timestamp) -> Result<Vec<ClearRequest>, StoreError> {
        let tables = self.tables("due_stale_values")?;
        let mut found: Vec<_> = tables
            .stale
            .iter()
            .filter(|((key, _), stale)| stale.next_attempt_at <= now && !tables.unconfirmed.contains_key(key))
            .collect();
        found.sort_by_key(|(_, stale)| stale.next_attempt_at);
        found.truncate(limit as usize);
        found.sort_by_key(|(of, _)| (*of).clone());
        let mut due: Vec<ClearRequest> = Vec::new();
        for ((key, field), _) in found {
            match due.last_mut().filter(|last| last.key == *key) {
                Some(last) => last.fields.push(field.clone()),
                None => due.push(ClearRequest { key: key.clone(), fields: vec![field.clone()] }),
            }
        }
        Ok(due)
    }

    async fn remove_stale_values(&self, objects: &[ClearRequest]) -> Result<(), StoreError> {
        self.tables("remove_stale_values")?.stale.retain(|(key, field), _| !is_among(objects, key, field));
        Ok(())
    }

    async fn requeue_stale_values(
        &self,
        objects: Option<&[ClearRequest]>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables("requeue_stale_values")?;
        for ((key, field), stale) in &mut tables.stale {
            let is_meant = match objects {
                Some(objects) => is_among(objects, key, field),
                None => stale.next_attempt_at <= now,
            };
            if is_meant {
                let pause = (1000_i64 << stale.attempts.min(20)).min(LONGEST_PAUSE);
                stale.next_attempt_at = after_millis(now, pause);
                stale.attempts += 1;
                reason.clone_into(&mut stale.reason);
            }
        }
        Ok(())
    }

    async fn resend_stale_values(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut tables = self.tables("resend_stale_values")?;
        let Tables { confirmed, unconfirmed, stale, .. } = &mut *tables;
        let mut sent = 0;
        for (key, confirmed) in confirmed {
            if stale.keys().all(|(of, _)| of != key) || unconfirmed.contains_key(key) {
                continue;
            }
            let record = Unconfirmed {
                change: if confirmed.retired { ChangeKind::Retire } else { ChangeKind::Update },
                record: confirmed.record.clone(),
                reading: confirmed.reading,
                read_at: confirmed.reading.at,
                attempts: 0,
                reason: String::new(),
                next_attempt_at: now,
                run: None,
                lot: 0,
                bad_in_lot: 0,
                single_failures: 0,
            };
            unconfirmed.insert(key.clone(), record);
            sent += 1;
        }
        stale.clear();
        Ok(sent)
    }

    async fn stale_values(&self, limit: u32) -> Result<Vec<StaleValue>, StoreError> {
        let mut found = self.tables("stale_values")?.stale_of(None);
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn stale_value_counts(&self) -> Result<StaleValueCounts, StoreError> {
        let tables = self.tables("stale_value_counts")?;
        let objects: BTreeSet<&RecordKey> = tables.stale.keys().map(|(key, _)| key).collect();
        Ok(StaleValueCounts {
            values: tables.stale.len() as u64,
            objects: objects.len() as u64,
            failed: tables.stale.values().filter(|stale| stale.attempts > 0).count() as u64,
            oldest_at: tables.stale.values().map(|stale| stale.became_stale_at).min(),
        })
    }
}

fn is_among(objects: &[ClearRequest], key: &RecordKey, field: &String) -> bool {
    objects.iter().any(|object| object.key == *key && object.fields.contains(field))
}

impl Tables {
    /// The stale values of one object, or all, the oldest first.
    pub(super) fn stale_of(&self, only: Option<&RecordKey>) -> Vec<StaleValue> {
        let mut found: Vec<StaleValue> = self
            .stale
            .iter()
            .filter(|((key, _), _)| only.is_none_or(|only| only == key))
            .map(|((key, field), stale)| StaleValue {
                key: key.clone(),
                field: field.clone(),
                attribute: stale.attribute.clone(),
                attempts: stale.attempts,
                reason: stale.reason.clone(),
                became_stale_at: stale.became_stale_at,
            })
            .collect();
        found.sort_by_key(|stale| stale.became_stale_at);
        found
    }
}
