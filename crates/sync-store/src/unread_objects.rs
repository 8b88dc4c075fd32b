//! Objects that a run could not read.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};
use sync_engine::{StoreError, UnreadObjects};
use sync_model::{RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{keys_json, millis};

#[async_trait]
impl UnreadObjects for ConnectionStore {
    async fn add_unread(&self, run: RunId, objects: &[RecordKey]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO run_objects (run_id, kind, id, unreadable)
             SELECT ?1, k.value ->> 0, k.value ->> 1, 1 FROM json_each(?2) k WHERE true
             ON CONFLICT (run_id, kind, id) DO UPDATE SET unreadable = 1",
        )
        .bind(run.get())
        .bind(keys_json(objects))
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("store unreadable objects", e))
    }

    async fn count_unread(&self, run: RunId) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM run_objects WHERE run_id = ?1 AND unreadable AND id <> ''",
        )
        .bind(run.get())
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("count unreadable objects", e))?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    async fn enqueue_unread(&self, run: RunId, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "enqueue unreadable objects";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        sqlx::query(
            "INSERT OR IGNORE INTO unreadable_objects (connection_id, kind, id)
             SELECT ?1, kind, id FROM run_objects WHERE run_id = ?2 AND unreadable",
        )
        .bind(self.id)
        .bind(run.get())
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        sqlx::query(
            "INSERT INTO work_queue (connection_id, kind, id, not_older_than, expect_deleted, attempts, sequence,
                                     next_attempt_at)
             SELECT ?1, l.value, o.id, NULL, 0, 0, 1, ?3 FROM run_objects o
             CROSS JOIN json_each('{\"user\": [\"user\"], \"group\": [\"group\", \"group_members\"]}', '$.' || o.kind) l
             WHERE o.run_id = ?2 AND o.unreadable AND o.id <> ''
             ON CONFLICT (connection_id, kind, id) DO UPDATE SET
                 attempts = 0, sequence = sequence + 1, next_attempt_at = min(next_attempt_at, excluded.next_attempt_at)",
        )
        .bind(self.id)
        .bind(run.get())
        .bind(millis(now))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }
}

/// Removes the unreadable objects that an ending run has read: all but those that a full sync could not read, and the users
/// that a targeted sync has read.
pub(crate) async fn read_by_run(
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM unreadable_objects AS u WHERE EXISTS (
             SELECT 1 FROM runs r LEFT JOIN run_objects o ON o.run_id = r.id AND o.kind = u.kind AND o.id = u.id
             WHERE r.id = ?1 AND r.connection_id = u.connection_id
               AND (r.kind = 'full_sync' AND NOT coalesce(o.unreadable, 0)
                 OR r.kind = 'targeted_sync' AND u.kind = 'user' AND NOT o.unreadable))",
    )
    .bind(run.get())
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Removes the unreadable objects of completed work items that no other work item requests.
pub(crate) async fn read_by_work(
    tx: &mut Transaction<'static, Sqlite>,
    connection: i64,
    items: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM unreadable_objects AS u WHERE connection_id = ?1
         AND (kind, id) IN (SELECT iif(l.value ->> 0 = 'group_members', 'group', l.value ->> 0), l.value ->> 1
                            FROM json_each(?2) l)
         AND NOT EXISTS (SELECT 1 FROM work_queue l WHERE l.connection_id = ?1 AND l.id = u.id
                         AND l.kind IN (u.kind, iif(u.kind = 'group', 'group_members', u.kind)))",
    )
    .bind(connection)
    .bind(items)
    .execute(&mut **tx)
    .await
    .map(drop)
}
