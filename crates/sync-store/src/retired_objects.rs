//! Retired objects, and the audit log of their deletion.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_engine::{ObjectAuditEntry, RetiredObject, RetiredObjects, StoreError};
use sync_model::RecordKey;

use crate::connection::ConnectionStore;
use crate::convert::{in_row, kind, millis, timestamp};

#[async_trait]
impl RetiredObjects for ConnectionStore {
    async fn retired_before(&self, before: Timestamp, limit: u32) -> Result<Vec<RetiredObject>, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT kind, id, retired_at FROM confirmed_records WHERE connection_id = ?1 AND retired AND retired_at < ?2
             ORDER BY retired_at, kind, id LIMIT ?3",
        )
        .bind(self.id)
        .bind(millis(before))
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("find retired objects", e))?;
        rows.into_iter()
            .map(|(word, id, since)| {
                let read = || Ok((kind(&word)?, timestamp(since)?));
                let (kind, retired_at) = in_row(|| format!("the confirmed record of {word} {id}"), read)?;
                Ok(RetiredObject { key: RecordKey { kind, id }, retired_at })
            })
            .collect()
    }

    async fn count_retired_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM confirmed_records WHERE connection_id = ?1 AND retired AND retired_at < ?2",
        )
        .bind(self.id)
        .bind(millis(before))
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("count retired objects", e))?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    async fn delete_record(&self, key: &RecordKey, entry: &ObjectAuditEntry) -> Result<(), StoreError> {
        const ACTION: &str = "delete a record";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let deleted = sqlx::query(
            "DELETE FROM confirmed_records WHERE connection_id = ?1 AND kind = ?2 AND id = ?3 AND retired",
        )
        .bind(self.id)
        .bind(key.kind.as_str())
        .bind(&key.id)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        if deleted.rows_affected() > 0 {
            for statement in [
                "DELETE FROM record_references WHERE connection_id = ?1 AND kind = ?2 AND id = ?3",
                "DELETE FROM stale_values WHERE connection_id = ?1 AND kind = ?2 AND id = ?3",
                "DELETE FROM unconfirmed_records WHERE connection_id = ?1 AND kind = ?2 AND id = ?3",
            ] {
                sqlx::query(statement)
                    .bind(self.id)
                    .bind(key.kind.as_str())
                    .bind(&key.id)
                    .execute(&mut *tx)
                    .await
                    .map_err(failed)?;
            }
        }
        sqlx::query(
            "INSERT INTO object_audit_log (connection_id, occurred_at, action, object, detail)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(self.id)
        .bind(millis(entry.occurred_at))
        .bind(&entry.action)
        .bind(&entry.object)
        .bind(&entry.detail)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn audit(&self, limit: u32) -> Result<Vec<ObjectAuditEntry>, StoreError> {
        let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
            "SELECT occurred_at, action, object, detail FROM object_audit_log
             WHERE connection_id = ?1 ORDER BY id DESC LIMIT ?2",
        )
        .bind(self.id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read the audit log of objects", e))?;
        rows.into_iter()
            .map(|(at, action, object, detail)| {
                let occurred_at = in_row(|| format!("the audit entry of {object}"), || timestamp(at))?;
                Ok(ObjectAuditEntry { occurred_at, action, object, detail })
            })
            .collect()
    }
}
