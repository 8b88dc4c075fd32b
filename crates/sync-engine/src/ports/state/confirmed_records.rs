//! Confirmed records.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ObjectKind, Record, RecordKey};

use crate::domain::record_state::{ObjectCounts, RecordState};
use crate::domain::store_error::StoreError;

/// The records that Assets is known to have.
#[async_trait]
pub trait ConfirmedRecords: Send + Sync {
    /// The states of these objects; unknown ones are absent.
    async fn record_states(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, RecordState>, StoreError>;

    /// The same of one object as [`Self::confirmed_records`].
    async fn confirmed_record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError>;

    /// The latest records: confirmed, or read later and sent without confirmation; unknown objects are absent.
    async fn confirmed_records(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Record>, StoreError>;

    /// The records that Assets may hold of these objects: the one confirmed last, and one that was sent since and not
    /// accounted for.
    async fn possible_records(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Vec<Record>>, StoreError>;

    /// Confirmed objects by kind.
    async fn object_counts(&self) -> Result<BTreeMap<ObjectKind, ObjectCounts>, StoreError>;

    /// The objects whose confirmed records refer to this value.
    async fn referrers(&self, kind: ObjectKind, value: &str) -> Result<Vec<RecordKey>, StoreError>;

    /// The number of objects whose confirmed records refer to this value.
    async fn count_referrers(&self, kind: ObjectKind, value: &str) -> Result<u64, StoreError>;

    /// Marks all confirmed records for resend: every current object is resent when it is next read, and its referrers
    /// as well, once it is confirmed.
    async fn mark_all_for_resend(&self) -> Result<(), StoreError>;

    /// Marks one object for resend, and queues it. An unknown or retired object stays unchanged.
    async fn mark_for_resend(&self, key: &RecordKey, now: Timestamp) -> Result<(), StoreError>;
}
