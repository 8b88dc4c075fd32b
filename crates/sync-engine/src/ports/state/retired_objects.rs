//! Retired objects and their deletion.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::RecordKey;

use crate::domain::retired_object::{ObjectAuditEntry, RetiredObject};
use crate::domain::store_error::StoreError;

/// Retired objects, and the audit log of their deletion.
#[async_trait]
pub trait RetiredObjects: Send + Sync {
    /// Objects that were retired before a time, the oldest first.
    async fn retired_before(&self, before: Timestamp, limit: u32) -> Result<Vec<RetiredObject>, StoreError>;

    /// The number.
    async fn count_retired_before(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Deletes the record of an object that was deleted from Assets, and stores the audit entry. An object that isn't
    /// retired stays.
    async fn delete_record(&self, key: &RecordKey, line: &ObjectAuditEntry) -> Result<(), StoreError>;

    /// Irreversible actions, the newest first.
    async fn audit(&self, limit: u32) -> Result<Vec<ObjectAuditEntry>, StoreError>;
}
