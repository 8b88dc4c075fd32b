//! The objects that a run could not read, and the events that it answers all the same.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{EvidenceState, Reading, StoreError};
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use crate::ConnectionStore;
use crate::convert::{keys_json, kind, millis};
use crate::event_queue::count_write;
use crate::staging::SENDABLE;

#[async_trait]
impl EvidenceState for ConnectionStore {
    async fn leave_unread(&self, run: RunId, objects: &[RecordKey]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO run_objects (run, kind, id, unread)
             SELECT ?1, k.value ->> 0, k.value ->> 1, 1 FROM json_each(?2) k WHERE true
             ON CONFLICT (run, kind, id) DO UPDATE SET unread = 1",
        )
        .bind(run.get())
        .bind(keys_json(objects))
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("note objects that could not be read", e))
    }

    async fn knows_execution(&self, id: &ExecutionId) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM run_executions WHERE id = ?1)")
            .bind(id.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("look up an execution", e))
    }

    async fn count_unread(&self, run: RunId) -> Result<u64, StoreError> {
        let n: i64 =
            sqlx::query_scalar("SELECT count(*) FROM run_objects WHERE run = ?1 AND unread AND id <> ''")
                .bind(run.get())
                .fetch_one(&self.pool)
                .await
                .map_err(|e| StoreError::new("count objects that could not be read", e))?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    async fn ask_unread(&self, run: RunId, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "have objects read again";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        sqlx::query(
            "INSERT OR IGNORE INTO unread_objects (connection, kind, id)
             SELECT ?1, kind, id FROM run_objects WHERE run = ?2 AND unread",
        )
        .bind(self.id)
        .bind(run.get())
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        sqlx::query(
            "INSERT INTO looks (connection, kind, id, at_least, expects_gone, attempts, sequence, due)
             SELECT ?1, l.value, o.id, NULL, 0, 0, 1, ?3 FROM run_objects o
             CROSS JOIN json_each('{\"user\": [\"user\"], \"group\": [\"group\", \"members\"]}', '$.' || o.kind) l
             WHERE o.run = ?2 AND o.unread AND o.id <> ''
             ON CONFLICT (connection, kind, id) DO UPDATE SET
                 attempts = 0, sequence = sequence + 1, due = min(due, excluded.due)",
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
        const ACTION: &str = "count what Assets may lack";
        let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT s.kind, count(*) {SENDABLE} AND (o.id IS NULL OR o.dirty OR o.gone OR u.id IS NOT NULL)
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
        const ACTION: &str = "settle what was given up";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let write = count_write(self, &mut tx).await.map_err(failed)?;
        let settled = sqlx::query(
            // The objects that an event names: of a membership both sides, of what is no single object none.
            "UPDATE events SET state = 'done', settled = ?4, reason = NULL, written = ?5
             WHERE connection = ?1 AND state = 'failed' AND arrived < ?3 AND NOT EXISTS (
                 WITH named (kind, id) AS (
                     SELECT CASE value ->> 0 WHEN 'members' THEN 'group' WHEN 'membership' THEN 'group'
                                             ELSE value ->> 0 END,
                            iif(value ->> 0 = 'membership', substr(value ->> 1, 1, instr(value ->> 1, '/') - 1),
                                value ->> 1)
                     FROM json_each(events.named)
                     UNION ALL
                     SELECT 'user', substr(value ->> 1, instr(value ->> 1, '/') + 1)
                     FROM json_each(events.named) WHERE value ->> 0 = 'membership'
                     UNION ALL
                     SELECT 'everything', '' WHERE events.named = '[]')
                 SELECT 1 FROM named n LEFT JOIN run_objects o ON o.run = ?2 AND o.kind = n.kind AND o.id = n.id
                 WHERE CASE WHEN n.kind IN ('user', 'group') THEN coalesce(o.unread, ?6)
                            ELSE ?6 OR EXISTS (SELECT 1 FROM run_objects WHERE run = ?2 AND unread) END)",
        )
        .bind(self.id)
        .bind(run.get())
        .bind(before.number)
        .bind(millis(now))
        .bind(write)
        .bind(unnamed)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(settled.rows_affected())
    }
}

/// Strikes off the objects that an ending run has read: a full run everything that it did not leave unread, and one of named
/// objects the users among them.
pub(crate) async fn read_by_run(
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM unread_objects AS u WHERE EXISTS (
             SELECT 1 FROM runs r LEFT JOIN run_objects o ON o.run = r.id AND o.kind = u.kind AND o.id = u.id
             WHERE r.id = ?1 AND r.connection = u.connection
               AND (r.kind = 'full_sync' AND NOT coalesce(o.unread, 0)
                 OR r.kind = 'targeted_sync' AND u.kind = 'user' AND NOT o.unread))",
    )
    .bind(run.get())
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Strikes off the objects that no look asks for any more, among those of some looks that are over.
pub(crate) async fn read_by_looks(
    tx: &mut Transaction<'static, Sqlite>,
    connection: i64,
    looks: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM unread_objects AS u WHERE connection = ?1
         AND (kind, id) IN (SELECT iif(l.value ->> 0 = 'members', 'group', l.value ->> 0), l.value ->> 1
                            FROM json_each(?2) l)
         AND NOT EXISTS (SELECT 1 FROM looks l WHERE l.connection = ?1 AND l.id = u.id
                         AND l.kind IN (u.kind, iif(u.kind = 'group', 'members', u.kind)))",
    )
    .bind(connection)
    .bind(looks)
    .execute(&mut **tx)
    .await
    .map(drop)
}
