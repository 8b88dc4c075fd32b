//! Confirmed records.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{ObjectCounts, RecordState, StoreError};
use sync_model::{ExecutionId, Fingerprint, ObjectKind, Record, RecordKey, RunId};

use crate::convert::{in_row, keys_json, kind, millis, record};
use crate::staging::SENDABLE;
use crate::{ConnectionStore, aliases, place, removals, runs, safeguards, stale_values, unconfirmed};

pub(crate) async fn states(
    store: &ConnectionStore,
    keys: &[RecordKey],
) -> Result<HashMap<RecordKey, RecordState>, StoreError> {
    const ACTION: &str = "read the states of records";
    // An unconfirmed record may still be in Assets: the next record must be sent.
    let rows: Vec<(String, String, Vec<u8>, bool, bool)> = sqlx::query_as(
        "SELECT k.value ->> 0, k.value ->> 1, coalesce(o.fingerprint, u.fingerprint),
                CASE WHEN u.id IS NOT NULL AND coalesce(u.read_seq >= o.read_seq, 1)
                     THEN u.change = 'retire' ELSE o.retired END,
                coalesce(o.resend_pending, 0) OR u.id IS NOT NULL
         FROM json_each(?2) k
         LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
         LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
         WHERE o.id IS NOT NULL OR u.id IS NOT NULL",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new(ACTION, e))?;
    rows.into_iter()
        .map(|(word, id, fingerprint, retired, resend_pending)| {
            let read = || {
                Fingerprint::from_bytes(&fingerprint)
                    .ok_or_else(|| StoreError::new(ACTION, "a fingerprint is truncated"))
            };
            let fingerprint = in_row(|| format!("the fingerprint of {word} {id}"), read)?;
            Ok((RecordKey { kind: kind(&word)?, id }, RecordState { fingerprint, retired, resend_pending }))
        })
        .collect()
}

pub(crate) async fn confirmed_record(
    store: &ConnectionStore,
    key: &RecordKey,
) -> Result<Option<Record>, StoreError> {
    Ok(confirmed_records(store, std::slice::from_ref(key)).await?.remove(key))
}

pub(crate) async fn confirmed_records(
    store: &ConnectionStore,
    keys: &[RecordKey],
) -> Result<HashMap<RecordKey, Record>, StoreError> {
    // The record that was sent last counts, although it is unconfirmed: it is the last one of the directory.
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT k.value ->> 0, k.value ->> 1,
                CASE WHEN u.id IS NOT NULL AND coalesce(u.read_seq >= o.read_seq, 1) THEN u.record ELSE o.record END
         FROM json_each(?2) k
         LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
         LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
         WHERE o.id IS NOT NULL OR u.id IS NOT NULL",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read confirmed records", e))?;
    let records = rows.iter().map(|(word, id, text)| record(word, id, text));
    records.map(|record| record.map(|record| (record.key.clone(), record))).collect()
}

pub(crate) async fn counts(
    store: &ConnectionStore,
) -> Result<BTreeMap<ObjectKind, ObjectCounts>, StoreError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT kind, sum(NOT retired), sum(retired) FROM confirmed_records WHERE connection_id = ?1 GROUP BY kind",
    )
    .bind(store.id)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("count objects", e))?;
    rows.into_iter()
        .map(|(word, current, retired)| {
            let counts = ObjectCounts {
                current: u64::try_from(current).unwrap_or_default(),
                retired: u64::try_from(retired).unwrap_or_default(),
            };
            Ok((kind(&word)?, counts))
        })
        .collect()
}

pub(crate) async fn referrers(
    store: &ConnectionStore,
    to: ObjectKind,
    value: &str,
) -> Result<Vec<RecordKey>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT kind, id FROM record_references WHERE connection_id = ?1 AND target_kind = ?2 AND target_key = ?3
         UNION
         SELECT kind, id FROM unconfirmed_references WHERE connection_id = ?1 AND target_kind = ?2 AND target_key = ?3
         ORDER BY kind, id",
    )
    .bind(store.id)
    .bind(to.as_str())
    .bind(value)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("find referrers of an object", e))?;
    rows.into_iter().map(|(word, id)| Ok(RecordKey { kind: kind(&word)?, id })).collect()
}

/// Current objects that a run has not met, including those that were never confirmed.
const UNLISTED: &str = "
    SELECT o.id, o.record FROM confirmed_records o WHERE o.connection_id = ?1 AND o.kind = ?2 AND NOT o.retired
      AND NOT EXISTS (SELECT 1 FROM run_objects s WHERE s.run_id = ?3 AND s.kind = ?2 AND s.id = o.id)
    UNION ALL
    SELECT u.id, u.record FROM unconfirmed_records u
    WHERE u.connection_id = ?1 AND u.kind = ?2 AND u.change <> 'retire'
      AND NOT EXISTS (SELECT 1 FROM run_objects s WHERE s.run_id = ?3 AND s.kind = ?2 AND s.id = u.id)
      AND NOT EXISTS (SELECT 1 FROM confirmed_records o WHERE o.connection_id = ?1 AND o.kind = ?2 AND o.id = u.id)";

pub(crate) async fn count_referrers(
    store: &ConnectionStore,
    to: ObjectKind,
    value: &str,
) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM record_references WHERE connection_id = ?1 AND target_kind = ?2 AND target_key = ?3",
    )
    .bind(store.id)
    .bind(to.as_str())
    .bind(value)
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count referrers of an object", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}

pub(crate) async fn count_unlisted(
    store: &ConnectionStore,
    run: RunId,
    kind: ObjectKind,
) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM ({UNLISTED})")))
        .bind(store.id)
        .bind(kind.as_str())
        .bind(run.get())
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("count objects that were not listed", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}

pub(crate) async fn unlisted(
    store: &ConnectionStore,
    run: RunId,
    kind: ObjectKind,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let statement = format!("SELECT id, record FROM ({UNLISTED}) WHERE id > ?4 ORDER BY id LIMIT ?5");
    let rows: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(store.id)
        .bind(kind.as_str())
        .bind(run.get())
        .bind(after.unwrap_or_default())
        .bind(limit)
        .fetch_all(&store.pool)
        .await
        .map_err(|e| StoreError::new("find objects that were not listed", e))?;
    rows.iter().map(|(id, text)| record(kind.as_str(), id, text)).collect()
}

/// Closes an execution: confirms the kinds of which Assets stored every record, and keeps the other records as
/// unconfirmed with the reason. Without kinds, its outcome is unknown and stays unknown in the history.
pub(crate) async fn close(
    store: &ConnectionStore,
    run: RunId,
    execution: &ExecutionId,
    stored: Option<&[ObjectKind]>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "confirm records";
    let failed = |e| StoreError::new(ACTION, e);
    let kinds = Value::from(stored.unwrap_or_default().iter().map(|kind| kind.as_str()).collect::<Vec<_>>())
        .to_string();
    let mut tx = store.begin(ACTION).await?;
    // Records that were not sent, because they are overtaken or rejected, are not confirmed either.
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM staged_changes WHERE run_id = ?2 AND (kind, id) NOT IN (SELECT s.kind, s.id {SENDABLE})"
    )))
    .bind(store.id)
    .bind(run.get())
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    sqlx::query("UPDATE staged_changes SET stored = 1 WHERE run_id = ?1 AND kind IN (SELECT value FROM json_each(?2))")
        .bind(run.get())
        .bind(kinds)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    removals::record(store, &mut tx, run).await.map_err(failed)?;
    safeguards::sent(store, &mut tx, run).await.map_err(failed)?;
    let touched = aliases::touched(store, &mut tx, run).await?;
    // A record that refers to a new object, or to one with a new reference key, has an empty reference in Assets, unless it
    // was part of this execution.
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
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;

    for statement in [
        "DELETE FROM record_references WHERE connection_id = ?1 AND (kind, id) IN (
             SELECT kind, id FROM staged_changes WHERE run_id = ?2 AND stored)",
        "INSERT OR IGNORE INTO record_references (connection_id, kind, id, target_kind, target_key)
         SELECT ?1, s.kind, s.id, r.value ->> 'kind', r.value ->> 'reference_key'
         FROM staged_changes s, json_each(s.record, '$.references') r
         WHERE s.run_id = ?2 AND s.stored",
    ] {
        sqlx::query(statement).bind(store.id).bind(run.get()).execute(&mut *tx).await.map_err(failed)?;
    }
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
    .execute(&mut *tx)
    .await
    .map_err(failed)?;

    let referrers: Vec<RecordKey> = referrers
        .into_iter()
        .map(|(word, id)| Ok(RecordKey { kind: kind(&word)?, id }))
        .collect::<Result<_, StoreError>>()?;
    resend(store, &mut tx, &referrers, now).await.map_err(failed)?;
    let marked = place::end_execution(store, &mut tx, execution).await.map_err(failed)?;
    if stored.is_some() {
        runs::end_execution(&mut tx, run, execution, true, now).await.map_err(failed)?;
    }
    stale_values::confirm(store, &mut tx, run, now).await?;
    unconfirmed::confirm(store, &mut tx, run, reason, now).await?;
    let misled = aliases::misled(store, &mut tx, run, &touched).await?;
    resend(store, &mut tx, &misled, now).await.map_err(failed)?;
    if marked {
        place::resend_stored(store, &mut tx, run, now).await.map_err(failed)?;
    }
    sqlx::query("DELETE FROM staged_changes WHERE run_id = ?1")
        .bind(run.get())
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// Marks staged records that Assets holds as they were sent: the end of their execution confirms them.
pub(crate) async fn prove(store: &ConnectionStore, run: RunId, keys: &[RecordKey]) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE staged_changes SET stored = 1
         WHERE run_id = ?1 AND (kind, id) IN (SELECT r.value ->> 0, r.value ->> 1 FROM json_each(?2) r)",
    )
    .bind(run.get())
    .bind(keys_json(keys))
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("mark records that Assets holds", e))
}

/// Marks one object, or every one, for resend, and enqueues the one. Without a reference key, its referrers are sent again
/// once it is confirmed.
pub(crate) async fn mark_for_resend(
    store: &ConnectionStore,
    only: Option<&RecordKey>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "mark records for resend";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    let marked = set_resend_pending(store, &mut tx, only).await.map_err(failed)?;
    if let Some(key) = only.filter(|_| marked > 0) {
        enqueue(store, &mut tx, std::slice::from_ref(key), now).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

/// Marks one current object, or every one, for resend, and returns their number.
pub(crate) async fn set_resend_pending(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    only: Option<&RecordKey>,
) -> Result<u64, sqlx::Error> {
    let which = if only.is_some() { "AND kind = ?2 AND id = ?3" } else { "AND ?2 IS NULL AND ?3 IS NULL" };
    let marked = sqlx::query(AssertSqlSafe(format!(
        "UPDATE confirmed_records SET resend_pending = 1, reference_key = '' WHERE connection_id = ?1 AND NOT retired {which}"
    )))
    .bind(store.id)
    .bind(only.map(|key| key.kind.as_str()))
    .bind(only.map(|key| key.id.as_str()))
    .execute(&mut **tx)
    .await?;
    Ok(marked.rows_affected())
}

/// Marks objects for resend and enqueues them.
async fn resend(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    keys: &[RecordKey],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE confirmed_records SET resend_pending = 1
         WHERE connection_id = ?1 AND (kind, id) IN (SELECT r.value ->> 0, r.value ->> 1 FROM json_each(?2) r)",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .execute(&mut **tx)
    .await?;
    enqueue(store, tx, keys, now).await
}

/// Enqueues objects.
async fn enqueue(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    keys: &[RecordKey],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO work_queue (connection_id, kind, id, expect_deleted, attempts, sequence, next_attempt_at)
         SELECT ?1, r.value ->> 0, r.value ->> 1, 0, 0, 1, ?3 FROM json_each(?2) r WHERE true
         ON CONFLICT (connection_id, kind, id) DO UPDATE SET
             sequence = sequence + 1, attempts = 0, next_attempt_at = excluded.next_attempt_at",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .bind(millis(now))
    .execute(&mut **tx)
    .await
    .map(drop)
}
