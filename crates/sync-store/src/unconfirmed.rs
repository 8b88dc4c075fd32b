//! Records that Assets did not account for. They are sent again, fewer at a time, until the one that it refuses is found.

use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};
use sync_engine::{StoreError, Unconfirmed};
use sync_model::{RecordKey, RunId};

use crate::ConnectionStore;
use crate::convert::{kind, millis, timestamp};

/// The longest pause before a record is sent again: an hour.
const LONGEST_PAUSE: i64 = 3_600_000;

/// How many records go together that were sent this often.
const fn together(attempts: u32) -> i64 {
    match attempts {
        0 | 1 => 4096,
        2 => 256,
        3 => 16,
        _ => 1,
    }
}

/// Takes over what a run sent and what was not accounted for, and drops what is confirmed now. `kinds` are those that
/// were accounted for, as a JSON list.
pub(crate) async fn settle(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    kinds: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM unconfirmed WHERE connection = ?1 AND (kind, id) IN (
             SELECT s.kind, s.id FROM staged s JOIN unconfirmed u
             ON u.connection = ?1 AND u.kind = s.kind AND u.id = s.id AND u.read_at <= s.read_at
             WHERE s.run = ?2 AND s.kind IN (SELECT value FROM json_each(?3)))",
        // A single record was refused for its own sake; the pause doubles each time.
        "INSERT INTO unconfirmed (connection, kind, id, change, fingerprint, read_at, answers_to, record, attempts,
                                  reason, due, run)
         SELECT ?1, s.kind, s.id, s.change, s.fingerprint, s.read_at, s.answers_to, s.record, 1, ?4, ?5 + 1000, ?2
         FROM staged s
         LEFT JOIN objects o ON o.connection = ?1 AND o.kind = s.kind AND o.id = s.id
         WHERE s.run = ?2 AND s.kind NOT IN (SELECT value FROM json_each(?3))
           AND (o.read_at IS NULL OR o.read_at <= s.read_at)
         ON CONFLICT (connection, kind, id) DO UPDATE SET
             change = excluded.change, fingerprint = excluded.fingerprint, read_at = excluded.read_at,
             answers_to = excluded.answers_to, record = excluded.record, attempts = attempts + 1,
             reason = excluded.reason, run = excluded.run, due = ?5 + min(1000 << min(attempts, 20), ?6)",
    ] {
        sqlx::query(statement)
            .bind(store.id)
            .bind(run.get())
            .bind(kinds)
            .bind(reason)
            .bind(millis(now))
            .bind(LONGEST_PAUSE)
            .execute(&mut **tx)
            .await
            .map_err(|e| StoreError::new("remember what was not accounted for", e))?;
    }
    Ok(())
}

pub(crate) async fn stage(store: &ConnectionStore, run: RunId, now: Timestamp) -> Result<u64, StoreError> {
    const ACTION: &str = "stage records again";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    let oldest: Option<u32> = sqlx::query_scalar(
        "SELECT attempts FROM unconfirmed WHERE connection = ?1 AND due <= ?2 ORDER BY due, kind, id LIMIT 1",
    )
    .bind(store.id)
    .bind(millis(now))
    .fetch_optional(&mut *tx)
    .await
    .map_err(failed)?;
    let Some(attempts) = oldest else { return Ok(0) };
    let staged = sqlx::query(
        "INSERT OR REPLACE INTO staged (run, kind, id, change, fingerprint, read_at, answers_to, record)
         SELECT ?2, kind, id, change, fingerprint, read_at, answers_to, record FROM unconfirmed
         WHERE connection = ?1 AND due <= ?3 AND attempts = ?4 ORDER BY kind, id LIMIT ?5",
    )
    .bind(store.id)
    .bind(run.get())
    .bind(millis(now))
    .bind(attempts)
    .bind(together(attempts))
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(staged.rows_affected())
}

pub(crate) async fn next(store: &ConnectionStore) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar("SELECT min(due) FROM unconfirmed WHERE connection = ?1")
        .bind(store.id)
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("find what is to be sent again", e))?;
    due.map(timestamp).transpose()
}

/// Those that were sent most often first: of all, or of those that one run was the last to send.
pub(crate) async fn list(
    store: &ConnectionStore,
    run: Option<RunId>,
    limit: u32,
) -> Result<Vec<Unconfirmed>, StoreError> {
    let rows: Vec<(String, String, u32, String, i64)> = sqlx::query_as(
        "SELECT kind, id, attempts, reason, due FROM unconfirmed
         WHERE connection = ?1 AND (?3 IS NULL OR run = ?3)
         ORDER BY attempts DESC, kind, id LIMIT ?2",
    )
    .bind(store.id)
    .bind(limit)
    .bind(run.map(RunId::get))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("list what was not accounted for", e))?;
    rows.into_iter()
        .map(|(word, id, attempts, reason, due)| {
            Ok(Unconfirmed {
                key: RecordKey { kind: kind(&word)?, id },
                attempts,
                reason,
                due: timestamp(due)?,
            })
        })
        .collect()
}

/// How many there are that a run was the last to send.
pub(crate) async fn count_of(store: &ConnectionStore, run: RunId) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar("SELECT count(*) FROM unconfirmed WHERE connection = ?1 AND run = ?2")
        .bind(store.id)
        .bind(run.get())
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("count what was not accounted for", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}
