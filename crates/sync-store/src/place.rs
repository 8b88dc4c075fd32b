//! The place that confirmations belong to, and what is doubted when it changes.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{Doubt, Place, StoreError, Subject};
use sync_model::{ExecutionId, ObjectKind, RunId};

use crate::convert::{from_json, in_row, millis};
use crate::{ConnectionStore, looks, objects};

pub(crate) async fn read(store: &ConnectionStore) -> Result<Option<Place>, StoreError> {
    const ACTION: &str = "read the place of confirmations";
    let text: String = sqlx::query_scalar("SELECT place FROM connections WHERE id = ?1")
        .bind(store.id)
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
    if text.is_empty() {
        return Ok(None);
    }
    in_row(|| "the place of confirmations".to_owned(), || from_json(ACTION, &text)).map(Some)
}

pub(crate) async fn remember(
    store: &ConnectionStore,
    place: &Place,
    doubt: Option<&Doubt>,
    ask: Option<&Subject>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "remember the place of confirmations";
    let text = serde_json::to_string(place).map_err(|e| StoreError::new(ACTION, e))?;
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    sqlx::query("UPDATE connections SET place = ?2 WHERE id = ?1")
        .bind(store.id)
        .bind(text)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    match doubt {
        Some(Doubt::Everything) => {
            objects::doubt(store, &mut tx, None).await.map_err(failed)?;
            doubt_marks(store, &mut tx, None, now).await.map_err(failed)?;
        }
        Some(Doubt::Values(values)) => {
            for (kind, fields) in values {
                doubt_values(store, &mut tx, *kind, fields, now).await.map_err(failed)?;
            }
        }
        None => {}
    }
    if let Some(subject) = ask {
        looks::look(store, &mut tx, subject, None, false, now).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

/// Forgets an execution that ended. True if confirmations were doubted since it began.
pub(crate) async fn end_execution(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    execution: &ExecutionId,
) -> Result<bool, sqlx::Error> {
    let doubted = sqlx::query_scalar(
        "DELETE FROM executions WHERE connection = ?1 AND id = ?2
         RETURNING doubts <> (SELECT coalesce(iif(place = '', NULL, place) ->> 'doubts', 0) FROM connections WHERE id = ?1)",
    )
    .bind(store.id)
    .bind(execution.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(doubted.unwrap_or_default())
}

/// Doubts what a run stored: its records may have arrived before what the doubt was about.
pub(crate) async fn doubt_stored(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE objects SET dirty = 1, answers_to = ''
         WHERE connection = ?1 AND NOT gone AND (kind, id) IN (SELECT kind, id FROM staged WHERE run = ?2 AND stored)",
    )
    .bind(store.id)
    .bind(run.get())
    .execute(&mut **tx)
    .await?;
    doubt_marks(store, tx, Some(run), now).await?;
    looks::look(store, tx, &Subject::EntireDirectory, None, false, now).await.map(drop)
}

/// Has the marks of retired objects sent again, of all or of those that a run stored: where records go now, they may still
/// look alive, or not be there for what refers to them. They are not read for it: nothing of them changes in the directory
/// any more.
async fn doubt_marks(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: Option<RunId>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    const STORED: &str =
        "(?2 IS NULL OR (kind, id) IN (SELECT kind, id FROM staged WHERE run = ?2 AND stored))";
    let run = run.map(RunId::get);
    sqlx::query(AssertSqlSafe(format!("{MARKS_AGAIN} AND {STORED}")))
        .bind(store.id)
        .bind(run)
        .bind(millis(now))
        .bind("it was marked as gone elsewhere")
        .execute(&mut **tx)
        .await?;
    let unanswered =
        format!("UPDATE objects SET answers_to = '' WHERE connection = ?1 AND gone AND {STORED}");
    let unanswered = sqlx::query(AssertSqlSafe(unanswered)).bind(store.id).bind(run);
    unanswered.execute(&mut **tx).await.map(drop)
}

/// Has marks of retired objects sent again: those of a connection (`?1`), from a time on (`?3`), for a reason (`?4`).
const MARKS_AGAIN: &str =
    "INSERT OR IGNORE INTO unconfirmed (connection, kind, id, change, fingerprint, reading, read_at, answers_to, record,
                                        attempts, reason, due, run)
     SELECT connection, kind, id, 'retire', fingerprint, reading, read_at, record ->> '$.reference_key', record, 0, ?4, ?3, run
     FROM objects WHERE connection = ?1 AND gone";

/// Doubts every object that has one of the fields, one that is empty included: it may have been emptied while the field was
/// withheld.
async fn doubt_values(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    kind: ObjectKind,
    fields: &[String],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    const HAS_FIELD: &str = "kind = ?2 AND EXISTS (
        SELECT 1 FROM json_each(record, '$.fields') f WHERE f.key IN (SELECT value FROM json_each(?5)))";
    let fields = Value::from(fields).to_string();
    let live = format!("UPDATE objects SET dirty = 1 WHERE connection = ?1 AND NOT gone AND {HAS_FIELD}");
    for statement in [live, format!("{MARKS_AGAIN} AND {HAS_FIELD}")] {
        sqlx::query(AssertSqlSafe(statement))
            .bind(store.id)
            .bind(kind.as_str())
            .bind(millis(now))
            .bind("values of it may be stored otherwise")
            .bind(&fields)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

pub(crate) async fn count_doubted(store: &ConnectionStore) -> Result<u64, StoreError> {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM objects WHERE connection = ?1 AND dirty AND NOT gone")
            .bind(store.id)
            .fetch_one(&store.pool)
            .await
            .map_err(|e| StoreError::new("count what is in doubt", e))?;
    Ok(count.unsigned_abs())
}
