//! The place and scope of confirmations, and the records to resend when the place changes.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{LostValues, Place, PlaceState, StoreError, Subject};
use sync_model::{ExecutionId, ObjectKind, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{from_json, in_row, millis, to_json};
use crate::{objects, work_queue};

#[async_trait]
impl PlaceState for ConnectionStore {
    async fn place(&self) -> Result<Option<Place>, StoreError> {
        const ACTION: &str = "read the place of confirmations";
        let text: String = sqlx::query_scalar("SELECT place FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new(ACTION, e))?;
        if text.is_empty() {
            return Ok(None);
        }
        in_row(|| "the place of confirmations".to_owned(), || from_json(ACTION, &text)).map(Some)
    }

    async fn save_place(
        &self,
        place: &Place,
        lost: Option<&LostValues>,
        enqueue: Option<&Subject>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "store the place of confirmations";
        let text = to_json(ACTION, place)?;
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        sqlx::query("UPDATE connections SET place = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(text)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        match lost {
            Some(LostValues::Everything) => {
                objects::set_resend_pending(self, &mut tx, None).await.map_err(failed)?;
                resend_retired(self, &mut tx, None, now).await.map_err(failed)?;
            }
            Some(LostValues::Values(values)) => {
                for (kind, fields) in values {
                    resend_fields(self, &mut tx, *kind, fields, now).await.map_err(failed)?;
                }
            }
            None => {}
        }
        if let Some(subject) = enqueue {
            work_queue::enqueue(self.id, &mut tx, subject, None, false, now).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    async fn scope_version(&self) -> Result<String, StoreError> {
        sqlx::query_scalar("SELECT scope_version FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the scope version", e))
    }

    async fn set_scope_version(&self, version: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET scope_version = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(version)
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("store the scope version", e))
    }
}

/// Closes an open execution. True if confirmations were invalidated after it started.
pub(crate) async fn end_execution(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    execution: &ExecutionId,
) -> Result<bool, sqlx::Error> {
    let doubted = sqlx::query_scalar(
        "DELETE FROM open_executions WHERE connection_id = ?1 AND id = ?2
         RETURNING resend_count <> (
             SELECT coalesce(iif(place = '', NULL, place) ->> 'doubts', 0) FROM connections WHERE id = ?1)",
    )
    .bind(store.id)
    .bind(execution.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(doubted.unwrap_or_default())
}

/// Marks the records that a run stored for resend: they may have arrived before confirmations were invalidated.
pub(crate) async fn resend_stored(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE confirmed_records SET resend_pending = 1, reference_key = ''
         WHERE connection_id = ?1 AND NOT retired
           AND (kind, id) IN (SELECT kind, id FROM staged_changes WHERE run_id = ?2 AND stored)",
    )
    .bind(store.id)
    .bind(run.get())
    .execute(&mut **tx)
    .await?;
    resend_retired(store, tx, Some(run), now).await?;
    work_queue::enqueue(store.id, tx, &Subject::EntireDirectory, None, false, now).await.map(drop)
}

/// Resends retired objects, all or those that a run stored: at the new place they may be current, or missing for their
/// referrers. They aren't read again, because they no longer change in the directory.
async fn resend_retired(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: Option<RunId>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    const STORED: &str =
        "(?2 IS NULL OR (kind, id) IN (SELECT kind, id FROM staged_changes WHERE run_id = ?2 AND stored))";
    let run = run.map(RunId::get);
    sqlx::query(AssertSqlSafe(format!("{RESEND_RETIRED} AND {STORED}")))
        .bind(store.id)
        .bind(run)
        .bind(millis(now))
        .execute(&mut **tx)
        .await?;
    let without_key = format!(
        "UPDATE confirmed_records SET reference_key = '' WHERE connection_id = ?1 AND retired AND {STORED}"
    );
    let without_key = sqlx::query(AssertSqlSafe(without_key)).bind(store.id).bind(run);
    without_key.execute(&mut **tx).await.map(drop)
}

/// Resends the retired objects of a connection (`?1`) from a time on (`?3`).
const RESEND_RETIRED: &str =
    "INSERT OR IGNORE INTO unconfirmed_records (connection_id, kind, id, change, fingerprint, read_seq, read_at,
                                                reference_key, record, attempts, reason, next_attempt_at, run_id)
     SELECT connection_id, kind, id, 'retire', fingerprint, read_seq, read_at, record ->> '$.reference_key', record,
            0, '', ?3, run_id
     FROM confirmed_records WHERE connection_id = ?1 AND retired";

/// Resends every object that has one of the fields, even an empty one: it may have been cleared while the field was withheld.
async fn resend_fields(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    kind: ObjectKind,
    fields: &[String],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    const HAS_FIELD: &str = "kind = ?2 AND EXISTS (
        SELECT 1 FROM json_each(record, '$.fields') f WHERE f.key IN (SELECT value FROM json_each(?4)))";
    let fields = Value::from(fields).to_string();
    let current = format!(
        "UPDATE confirmed_records SET resend_pending = 1 WHERE connection_id = ?1 AND NOT retired AND {HAS_FIELD}"
    );
    for statement in [current, format!("{RESEND_RETIRED} AND {HAS_FIELD}")] {
        sqlx::query(AssertSqlSafe(statement))
            .bind(store.id)
            .bind(kind.as_str())
            .bind(millis(now))
            .bind(&fields)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

pub(crate) async fn count_resend_pending(store: &ConnectionStore) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM confirmed_records WHERE connection_id = ?1 AND resend_pending AND NOT retired",
    )
    .bind(store.id)
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count records to resend", e))?;
    Ok(count.unsigned_abs())
}
