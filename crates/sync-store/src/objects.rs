//! The objects as they were confirmed.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{ObjectCounts, RecordState, StoreError};
use sync_model::{ExecutionId, Fingerprint, ObjectKind, Record, RecordKey, RunId};

use crate::convert::{in_row, keys_json, kind, millis, record};
use crate::staging::SENDABLE;
use crate::{ConnectionStore, aliases, place, removals, runs, safeguards, stale_values, unconfirmed};

pub(crate) async fn known(
    store: &ConnectionStore,
    keys: &[RecordKey],
) -> Result<HashMap<RecordKey, RecordState>, StoreError> {
    const ACTION: &str = "read what is known of objects";
    // What was sent and not accounted for may be in Assets all the same: whatever is read next has to be sent.
    let rows: Vec<(String, String, Vec<u8>, bool, bool)> = sqlx::query_as(
        "SELECT k.value ->> 0, k.value ->> 1, coalesce(o.fingerprint, u.fingerprint),
                CASE WHEN u.id IS NOT NULL AND coalesce(u.reading >= o.reading, 1)
                     THEN u.change = 'retire' ELSE o.gone END,
                coalesce(o.dirty, 0) OR u.id IS NOT NULL
         FROM json_each(?2) k
         LEFT JOIN objects o ON o.connection = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
         LEFT JOIN unconfirmed u ON u.connection = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
         WHERE o.id IS NOT NULL OR u.id IS NOT NULL",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new(ACTION, e))?;
    rows.into_iter()
        .map(|(word, id, fingerprint, gone, dirty)| {
            let read = || {
                Fingerprint::from_bytes(&fingerprint)
                    .ok_or_else(|| StoreError::new(ACTION, "a fingerprint is cut"))
            };
            let fingerprint = in_row(|| format!("the fingerprint of {word} {id}"), read)?;
            Ok((
                RecordKey { kind: kind(&word)?, id },
                RecordState { fingerprint, retired: gone, resend_pending: dirty },
            ))
        })
        .collect()
}

pub(crate) async fn confirmed(
    store: &ConnectionStore,
    key: &RecordKey,
) -> Result<Option<Record>, StoreError> {
    Ok(confirmed_many(store, std::slice::from_ref(key)).await?.remove(key))
}

pub(crate) async fn confirmed_many(
    store: &ConnectionStore,
    keys: &[RecordKey],
) -> Result<HashMap<RecordKey, Record>, StoreError> {
    // What was sent last counts, though nobody confirmed it: it is what the directory said last.
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT k.value ->> 0, k.value ->> 1,
                CASE WHEN u.id IS NOT NULL AND coalesce(u.reading >= o.reading, 1) THEN u.record ELSE o.record END
         FROM json_each(?2) k
         LEFT JOIN objects o ON o.connection = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
         LEFT JOIN unconfirmed u ON u.connection = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
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

pub(crate) async fn census(
    store: &ConnectionStore,
) -> Result<BTreeMap<ObjectKind, ObjectCounts>, StoreError> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT kind, sum(NOT gone), sum(gone) FROM objects WHERE connection = ?1 GROUP BY kind",
    )
    .bind(store.id)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("count objects", e))?;
    rows.into_iter()
        .map(|(word, live, gone)| {
            let census = ObjectCounts {
                current: u64::try_from(live).unwrap_or_default(),
                retired: u64::try_from(gone).unwrap_or_default(),
            };
            Ok((kind(&word)?, census))
        })
        .collect()
}

pub(crate) async fn referring_to(
    store: &ConnectionStore,
    to: ObjectKind,
    value: &str,
) -> Result<Vec<RecordKey>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT kind, id FROM links WHERE connection = ?1 AND to_kind = ?2 AND to_value = ?3
         UNION
         SELECT kind, id FROM unconfirmed_links WHERE connection = ?1 AND to_kind = ?2 AND to_value = ?3
         ORDER BY kind, id",
    )
    .bind(store.id)
    .bind(to.as_str())
    .bind(value)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("find what refers to an object", e))?;
    rows.into_iter().map(|(word, id)| Ok(RecordKey { kind: kind(&word)?, id })).collect()
}

/// Live objects that a run has not seen, those among them that Assets never accounted for.
const UNSEEN: &str = "
    SELECT o.id, o.record FROM objects o WHERE o.connection = ?1 AND o.kind = ?2 AND NOT o.gone
      AND NOT EXISTS (SELECT 1 FROM run_objects s WHERE s.run = ?3 AND s.kind = ?2 AND s.id = o.id)
    UNION ALL
    SELECT u.id, u.record FROM unconfirmed u
    WHERE u.connection = ?1 AND u.kind = ?2 AND u.change <> 'retire'
      AND NOT EXISTS (SELECT 1 FROM run_objects s WHERE s.run = ?3 AND s.kind = ?2 AND s.id = u.id)
      AND NOT EXISTS (SELECT 1 FROM objects o WHERE o.connection = ?1 AND o.kind = ?2 AND o.id = u.id)";

pub(crate) async fn count_referring_to(
    store: &ConnectionStore,
    to: ObjectKind,
    value: &str,
) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM links WHERE connection = ?1 AND to_kind = ?2 AND to_value = ?3",
    )
    .bind(store.id)
    .bind(to.as_str())
    .bind(value)
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count what refers to an object", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}

pub(crate) async fn count_unseen(
    store: &ConnectionStore,
    run: RunId,
    kind: ObjectKind,
) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM ({UNSEEN})")))
        .bind(store.id)
        .bind(kind.as_str())
        .bind(run.get())
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("count objects that were not listed", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}

pub(crate) async fn unseen(
    store: &ConnectionStore,
    run: RunId,
    kind: ObjectKind,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let statement = format!("SELECT id, record FROM ({UNSEEN}) WHERE id > ?4 ORDER BY id LIMIT ?5");
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

/// Closes an execution: confirms the kinds of which the target stored every record, and keeps the rest as unconfirmed with the
/// reason. Without kinds its end is unknown, and stays so in the history.
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
    // What was not sent, because it was overtaken or is known to be refused, is not confirmed either.
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM staged WHERE run = ?2 AND (kind, id) NOT IN (SELECT s.kind, s.id {SENDABLE})"
    )))
    .bind(store.id)
    .bind(run.get())
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    sqlx::query("UPDATE staged SET stored = 1 WHERE run = ?1 AND kind IN (SELECT value FROM json_each(?2))")
        .bind(run.get())
        .bind(kinds)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    removals::record(store, &mut tx, run).await.map_err(failed)?;
    safeguards::sent(store, &mut tx, run).await.map_err(failed)?;
    let touched = aliases::touched(store, &mut tx, run).await?;
    // Whoever refers to an object that is new, or answers to another name now, has an empty reference in Assets, unless
    // it was part of this execution.
    let referring: Vec<(String, String)> = sqlx::query_as(
        "SELECT DISTINCT l.kind, l.id FROM staged s
         LEFT JOIN objects o ON o.connection = ?1 AND o.kind = s.kind AND o.id = s.id
         CROSS JOIN links l ON l.connection = ?1 AND l.to_kind = s.kind AND l.to_value = s.answers_to
         WHERE s.run = ?2 AND s.stored
           AND o.answers_to IS NOT s.answers_to
           AND NOT EXISTS (SELECT 1 FROM staged t WHERE t.run = ?2 AND t.kind = l.kind AND t.id = l.id)",
    )
    .bind(store.id)
    .bind(run.get())
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;

    for statement in [
        "DELETE FROM links WHERE connection = ?1 AND (kind, id) IN (
             SELECT kind, id FROM staged WHERE run = ?2 AND stored)",
        "INSERT OR IGNORE INTO links (connection, kind, id, to_kind, to_value)
         SELECT ?1, s.kind, s.id, r.value ->> 'kind', r.value ->> 'reference_key'
         FROM staged s, json_each(s.record, '$.references') r
         WHERE s.run = ?2 AND s.stored",
    ] {
        sqlx::query(statement).bind(store.id).bind(run.get()).execute(&mut *tx).await.map_err(failed)?;
    }
    sqlx::query(
        "INSERT INTO objects (connection, kind, id, fingerprint, gone, dirty, reading, read_at, confirmed,
                              answers_to, record, gone_since, run, names)
         SELECT ?1, kind, id, fingerprint, change = 'retire', 0, reading, read_at, ?3, answers_to, record,
                iif(change = 'retire', ?3, NULL), ?2, names FROM staged
         WHERE run = ?2 AND stored
         ON CONFLICT (connection, kind, id) DO UPDATE SET
             fingerprint = excluded.fingerprint, gone = excluded.gone, dirty = 0, reading = excluded.reading,
             read_at = excluded.read_at,
             confirmed = excluded.confirmed, answers_to = excluded.answers_to, record = excluded.record, run = excluded.run,
             names = excluded.names,
             gone_since = iif(excluded.gone, coalesce(objects.gone_since, excluded.gone_since), NULL)
         WHERE objects.reading <= excluded.reading",
    )
    .bind(store.id)
    .bind(run.get())
    .bind(millis(now))
    .execute(&mut *tx)
    .await
    .map_err(failed)?;

    let referring: Vec<RecordKey> = referring
        .into_iter()
        .map(|(word, id)| Ok(RecordKey { kind: kind(&word)?, id }))
        .collect::<Result<_, StoreError>>()?;
    resend(store, &mut tx, &referring, now).await.map_err(failed)?;
    let doubted = place::end_execution(store, &mut tx, execution).await.map_err(failed)?;
    if stored.is_some() {
        runs::end_execution(&mut tx, run, execution, true, now).await.map_err(failed)?;
    }
    stale_values::settle(store, &mut tx, run, now).await?;
    unconfirmed::settle(store, &mut tx, run, reason, now).await?;
    let misled = aliases::misled(store, &mut tx, run, &touched).await?;
    resend(store, &mut tx, &misled, now).await.map_err(failed)?;
    if doubted {
        place::doubt_stored(store, &mut tx, run, now).await.map_err(failed)?;
    }
    sqlx::query("DELETE FROM staged WHERE run = ?1")
        .bind(run.get())
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// Marks staged records that Assets holds as they were sent: the end of their execution confirms them.
pub(crate) async fn prove(store: &ConnectionStore, run: RunId, keys: &[RecordKey]) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE staged SET stored = 1
         WHERE run = ?1 AND (kind, id) IN (SELECT r.value ->> 0, r.value ->> 1 FROM json_each(?2) r)",
    )
    .bind(run.get())
    .bind(keys_json(keys))
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("mark records that Assets holds", e))
}

/// Has objects sent again, also where nothing has changed. An object that Assets may not have any more answers to nothing:
/// once it is confirmed, whatever refers to it is sent again as well.
pub(crate) async fn distrust(
    store: &ConnectionStore,
    only: Option<&RecordKey>,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "doubt what was confirmed";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    let doubted = doubt(store, &mut tx, only).await.map_err(failed)?;
    if let Some(key) = only.filter(|_| doubted > 0) {
        look_at(store, &mut tx, std::slice::from_ref(key), now).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

/// Doubts one object, or every one, and gives their number.
pub(crate) async fn doubt(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    only: Option<&RecordKey>,
) -> Result<u64, sqlx::Error> {
    let which = if only.is_some() { "AND kind = ?2 AND id = ?3" } else { "AND ?2 IS NULL AND ?3 IS NULL" };
    let doubted = sqlx::query(AssertSqlSafe(format!(
        "UPDATE objects SET dirty = 1, answers_to = '' WHERE connection = ?1 AND NOT gone {which}"
    )))
    .bind(store.id)
    .bind(only.map(|key| key.kind.as_str()))
    .bind(only.map(|key| key.id.as_str()))
    .execute(&mut **tx)
    .await?;
    Ok(doubted.rows_affected())
}

/// Has objects read and sent again, also where nothing has changed.
async fn resend(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    keys: &[RecordKey],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE objects SET dirty = 1
         WHERE connection = ?1 AND (kind, id) IN (SELECT r.value ->> 0, r.value ->> 1 FROM json_each(?2) r)",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .execute(&mut **tx)
    .await?;
    look_at(store, tx, keys, now).await
}

/// Puts objects on the list of what is to be looked at.
async fn look_at(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    keys: &[RecordKey],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO looks (connection, kind, id, expects_gone, attempts, sequence, due)
         SELECT ?1, r.value ->> 0, r.value ->> 1, 0, 0, 1, ?3 FROM json_each(?2) r WHERE true
         ON CONFLICT (connection, kind, id) DO UPDATE SET sequence = sequence + 1, attempts = 0, due = excluded.due",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .bind(millis(now))
    .execute(&mut **tx)
    .await
    .map(drop)
}
