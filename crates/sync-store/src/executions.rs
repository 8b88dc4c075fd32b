//! Executions, and the records that they confirm.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{Executions, OpenExecution, StoreError};
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{keys_json, kind, millis};
use crate::objects::resend;
use crate::staging::SENDABLE;
use crate::{absent_objects, aliases, place, removals, safeguards, stale_values, unconfirmed};

const CONFIRM: &str = "confirm records";

#[async_trait]
impl Executions for ConnectionStore {
    async fn open_execution(&self, run: RunId, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "store an open execution";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        for statement in [
            "INSERT INTO open_executions (connection_id, id, run_id, started_at, resend_count)
             SELECT id, ?2, ?3, ?4, coalesce(iif(place = '', NULL, place) ->> 'doubts', 0) FROM connections WHERE id = ?1",
            "INSERT OR IGNORE INTO run_executions (run_id, id, started_at) SELECT ?3, ?2, ?4 WHERE ?1 = ?1",
        ] {
            sqlx::query(statement)
                .bind(self.id)
                .bind(id.as_str())
                .bind(run.get())
                .bind(millis(now))
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    async fn open_executions(&self) -> Result<Vec<OpenExecution>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT id, run_id FROM open_executions WHERE connection_id = ?1 ORDER BY started_at",
        )
        .bind(self.id)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read the open executions", e))?;
        Ok(rows
            .into_iter()
            .map(|(id, run)| OpenExecution { id: ExecutionId::new(id), run: RunId::new(run) })
            .collect())
    }

    async fn knows_execution(&self, id: &ExecutionId) -> Result<bool, StoreError> {
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM run_executions WHERE id = ?1)")
            .bind(id.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("look up an execution", e))
    }

    async fn prove(&self, run: RunId, keys: &[RecordKey]) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE staged_changes SET stored = 1
             WHERE run_id = ?1 AND (kind, id) IN (SELECT r.value ->> 0, r.value ->> 1 FROM json_each(?2) r)",
        )
        .bind(run.get())
        .bind(keys_json(keys))
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("mark records that Assets holds", e))
    }

    async fn confirm(
        &self,
        run: RunId,
        execution: &ExecutionId,
        kinds: &[ObjectKind],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        close(self, run, execution, Some(kinds), reason, now).await
    }

    async fn close_execution(&self, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "close an execution";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let run: Option<i64> = sqlx::query_scalar(
            "DELETE FROM open_executions WHERE connection_id = ?1 AND id = ?2 RETURNING run_id",
        )
        .bind(self.id)
        .bind(id.as_str())
        .fetch_optional(&mut *tx)
        .await
        .map_err(failed)?;
        if let Some(run) = run {
            end_execution(&mut tx, RunId::new(run), id, false, now).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    async fn close_execution_as_unknown(
        &self,
        run: RunId,
        id: &ExecutionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        close(self, run, id, None, "", now).await
    }
}

/// Closes an execution: confirms the kinds of which Assets stored every record, and keeps the other records as
/// unconfirmed with the reason. Without kinds, its outcome is unknown and stays unknown in the history.
async fn close(
    store: &ConnectionStore,
    run: RunId,
    execution: &ExecutionId,
    stored: Option<&[ObjectKind]>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failed = |e| StoreError::new(CONFIRM, e);
    let mut tx = store.begin(CONFIRM).await?;
    mark_stored(store, &mut tx, run, stored.unwrap_or_default()).await.map_err(failed)?;
    removals::record(store, &mut tx, run).await.map_err(failed)?;
    safeguards::sent(store, &mut tx, run).await.map_err(failed)?;
    let touched = aliases::touched(store, &mut tx, run).await?;
    let referrers = referrers_of_changed(store, &mut tx, run).await?;
    replace_references(store, &mut tx, run).await.map_err(failed)?;
    save_confirmed(store, &mut tx, run, now).await.map_err(failed)?;
    resend(store, &mut tx, &referrers, now).await.map_err(failed)?;
    let marked = place::end_execution(store, &mut tx, execution).await.map_err(failed)?;
    if stored.is_some() {
        end_execution(&mut tx, run, execution, true, now).await.map_err(failed)?;
    }
    stale_values::confirm(store, &mut tx, run, now).await?;
    unconfirmed::confirm(store, &mut tx, run, reason, now).await?;
    let misled = aliases::misled(store, &mut tx, run, &touched).await?;
    resend(store, &mut tx, &misled, now).await.map_err(failed)?;
    if marked {
        place::resend_stored(store, &mut tx, run, now).await.map_err(failed)?;
    }
    absent_objects::enqueue_sent(store, &mut tx, run, now).await?;
    sqlx::query("DELETE FROM staged_changes WHERE run_id = ?1")
        .bind(run.get())
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// Removes the staged records that were not sent, and marks those of the stored kinds.
async fn mark_stored(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    stored: &[ObjectKind],
) -> Result<(), sqlx::Error> {
    // Records that were not sent, because they are overtaken or rejected, are not confirmed either.
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM staged_changes WHERE run_id = ?2 AND (kind, id) NOT IN (SELECT s.kind, s.id {SENDABLE})"
    )))
    .bind(store.id)
    .bind(run.get())
    .execute(&mut **tx)
    .await?;
    let kinds = Value::from(stored.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()).to_string();
    sqlx::query("UPDATE staged_changes SET stored = 1 WHERE run_id = ?1 AND kind IN (SELECT value FROM json_each(?2))")
        .bind(run.get())
        .bind(kinds)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// The records that refer to a new object, or to one with a new reference key: their reference is empty in Assets,
/// unless they were part of this execution.
async fn referrers_of_changed(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
) -> Result<Vec<RecordKey>, StoreError> {
    let referrers: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT l.kind, l.id FROM staged_changes s
         LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id
         CROSS JOIN record_references l ON l.connection_id = ?1 AND l.target_kind = s.kind AND l.target_key = s.reference_key
         WHERE s.run_id = ?2 AND s.stored
           AND o.reference_key IS NOT s.reference_key
           AND NOT EXISTS (SELECT 1 FROM staged_changes t WHERE t.run_id = ?2 AND t.kind = l.kind AND t.id = l.id)",
    )
    .bind(store.id)
    .bind(run.get())
    .fetch_all(&mut **tx)
    .await
    .map_err(|e| StoreError::new(CONFIRM, e))?;
    referrers.into_iter().map(|(word, id)| Ok(RecordKey { kind: kind(&word)?, id })).collect()
}

/// Stores the references of the stored records instead of their earlier ones.
async fn replace_references(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
) -> Result<(), sqlx::Error> {
    for statement in [
        "DELETE FROM record_references WHERE connection_id = ?1 AND (kind, id) IN (
             SELECT kind, id FROM staged_changes WHERE run_id = ?2 AND stored)",
        "INSERT OR IGNORE INTO record_references (connection_id, kind, id, target_kind, target_key)
         SELECT ?1, s.kind, s.id, r.value ->> 'kind', r.value ->> 'reference_key'
         FROM staged_changes s, json_each(s.record, '$.references') r
         WHERE s.run_id = ?2 AND s.stored",
    ] {
        sqlx::query(statement).bind(store.id).bind(run.get()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Stores the stored records as confirmed, unless a later reading of an object is confirmed already.
async fn save_confirmed(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO confirmed_records (connection_id, kind, id, fingerprint, retired, resend_pending, read_seq, read_at,
                                        confirmed_at, reference_key, record, retired_at, run_id, search_text)
         SELECT ?1, kind, id, fingerprint, change = 'retire', 0, read_seq, read_at, ?3, reference_key, record,
                iif(change = 'retire', ?3, NULL), ?2, search_text FROM staged_changes
         WHERE run_id = ?2 AND stored
         ON CONFLICT (connection_id, kind, id) DO UPDATE SET
             fingerprint = excluded.fingerprint, retired = excluded.retired, resend_pending = 0,
             read_seq = excluded.read_seq, read_at = excluded.read_at, confirmed_at = excluded.confirmed_at,
             reference_key = excluded.reference_key, record = excluded.record, run_id = excluded.run_id,
             search_text = excluded.search_text,
             retired_at = iif(excluded.retired, coalesce(confirmed_records.retired_at, excluded.retired_at), NULL)
         WHERE confirmed_records.read_seq <= excluded.read_seq",
    )
    .bind(store.id)
    .bind(run.get())
    .bind(millis(now))
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Stores the end of an execution.
async fn end_execution(
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    id: &ExecutionId,
    processed: bool,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE run_executions SET ended_at = ?3, processed = ?4 WHERE run_id = ?1 AND id = ?2")
        .bind(run.get())
        .bind(id.as_str())
        .bind(millis(now))
        .bind(processed)
        .execute(&mut **tx)
        .await
        .map(drop)
}
