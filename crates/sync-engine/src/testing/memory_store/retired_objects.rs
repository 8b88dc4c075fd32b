//! Retired objects in memory.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::RecordKey;

use crate::domain::retired_object::{ObjectAuditEntry, RetiredObject};
use crate::domain::store_error::StoreError;
use crate::ports::state::retired_objects::RetiredObjects;
use crate::testing::memory_store::MemoryStore;

#[async_trait]
impl RetiredObjects for MemoryStore {
    async fn retired_before(&self, before: Timestamp, limit: u32) -> Result<Vec<RetiredObject>, StoreError> {
        let tables = self.tables("retired_before")?;
        let mut found: Vec<RetiredObject> = tables
            .confirmed
            .iter()
            .filter_map(|(key, confirmed)| {
                let retired_at = confirmed.retired_at.filter(|at| *at < before)?;
                Some(RetiredObject { key: key.clone(), retired_at })
            })
            .collect();
        found.sort_by_key(|object| object.retired_at);
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn count_retired_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self.retired_before(before, u32::MAX).await?.len() as u64)
    }

    async fn delete_record(&self, key: &RecordKey, line: &ObjectAuditEntry) -> Result<(), StoreError> {
        let mut tables = self.tables("delete_record")?;
        if tables.confirmed.get(key).is_some_and(|confirmed| confirmed.retired) {
            tables.confirmed.remove(key);
            tables.references.remove(key);
            tables.unconfirmed.remove(key);
            tables.stale.retain(|(of, _), _| of != key);
        }
        tables.audit.push(line.clone());
        Ok(())
    }

    async fn audit(&self, limit: u32) -> Result<Vec<ObjectAuditEntry>, StoreError> {
        Ok(self.tables("audit")?.audit.iter().rev().take(limit as usize).cloned().collect())
    }
}
