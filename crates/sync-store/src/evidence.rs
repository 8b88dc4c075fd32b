//! Objects that a run could not read, and failed events that the run resolves.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{EvidenceState, Reading, StoreError};
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use crate::ConnectionStore;
use crate::convert::{keys_json, kind, millis};
use crate::event_queue::next_change;
use crate::staging::SENDABLE;

/// The objects that the subjects of an event name: both sides of a membership, none for a subject without an object.
pub(crate) const AFFECTED: &str = "
    WITH affected (kind, id) AS (
        SELECT CASE value ->> 0 WHEN 'group_members' THEN 'group' WHEN 'membership' THEN 'group' ELSE value ->> 0 END,
               iif(value ->> 0 = 'membership', substr(value ->> 1, 1, instr(value ->> 1, '/') - 1), value ->> 1)
        FROM json_each(events.subjects)
        UNION ALL
        SELECT 'user', substr(value ->> 1, instr(value ->> 1, '/') + 1)
        FROM json_each(events.subjects) WHERE value ->> 0 = 'membership')";

#[async_trait]
impl EvidenceState for ConnectionStore {
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

    async fn knows_execution(&self, id: &ExecutionId) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM run_executions WHERE id = ?1)")
            .bind(id.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("look up an execution", e))
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

    async fn count_new(&self, run: RunId) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
        const ACTION: &str = "count objects that Assets may not have";
        let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT s.kind, count(*) {SENDABLE} AND (o.id IS NULL OR o.resend_pending OR o.retired OR u.id IS NOT NULL)
             GROUP BY s.kind"
        )))
        .bind(self.id)
        .bind(run.get())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
        rows.into_iter().map(|(word, n)| Ok((kind(&word)?, u64::try_from(n).unwrap_or_default()))).collect()
    }

    async fn resolve_failed_events(
        &self,
        run: RunId,
        before: Reading,
        unnamed: bool,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        const ACTION: &str = "resolve failed events";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let change_seq = next_change(self, &mut tx).await.map_err(failed)?;
        let resolved = sqlx::query(AssertSqlSafe(format!(
            "UPDATE events SET state = 'done', completed_at = ?4, reason = NULL, change_seq = ?5
             WHERE connection_id = ?1 AND state IN ('failed', 'blocked') AND arrived_seq < ?3 AND NOT EXISTS (
                 {AFFECTED}
                 SELECT 1 FROM affected n LEFT JOIN run_objects o ON o.run_id = ?2 AND o.kind = n.kind AND o.id = n.id
                 WHERE CASE WHEN n.kind IN ('user', 'group') THEN coalesce(o.unreadable, ?6)
                            ELSE ?6 OR EXISTS (SELECT 1 FROM run_objects WHERE run_id = ?2 AND unreadable) END)"
        )))
        .bind(self.id)
        .bind(run.get())
        .bind(before.number)
        .bind(millis(now))
        .bind(change_seq)
        .bind(unnamed)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(resolved.rows_affected())
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
