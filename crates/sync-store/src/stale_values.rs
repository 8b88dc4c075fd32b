//! Values that are gone in the directory and still in Assets.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Sqlite, Transaction};
use sync_engine::{ClearRequest, DroppedValue, StaleValue, StaleValueCounts, StoreError};
use sync_model::{Record, RecordKey, RunId};

use crate::ConnectionStore;
use crate::convert::{attempts, in_row, keys_json, kind, millis, record, time_of, timestamp};

/// The longest pause before it is tried again to clear a value: an hour.
const LONGEST_PAUSE: i64 = 3_600_000;

pub(crate) async fn held(
    store: &ConnectionStore,
    keys: &[RecordKey],
) -> Result<HashMap<RecordKey, Vec<Record>>, StoreError> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT o.kind, o.id, o.record FROM json_each(?2) k
         CROSS JOIN objects o ON o.connection = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
         UNION ALL
         SELECT u.kind, u.id, u.record FROM json_each(?2) k
         CROSS JOIN unconfirmed u ON u.connection = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read what Assets may hold", e))?;
    let mut held: HashMap<RecordKey, Vec<Record>> = HashMap::new();
    for (word, id, text) in rows {
        let record = record(&word, &id, &text)?;
        held.entry(record.key.clone()).or_default().push(record);
    }
    Ok(held)
}

pub(crate) async fn note(
    store: &ConnectionStore,
    run: RunId,
    kept: &[DroppedValue],
) -> Result<(), StoreError> {
    let mut fields: BTreeMap<&RecordKey, Vec<Value>> = BTreeMap::new();
    for value in kept {
        fields.entry(&value.key).or_default().push(json!([value.field, value.attribute]));
    }
    let rows: Vec<Value> =
        fields.into_iter().map(|(key, fields)| json!([key.kind.as_str(), key.id, fields])).collect();
    sqlx::query(
        "UPDATE staged SET kept = k.value -> 2 FROM json_each(?2) k
         WHERE staged.run = ?1 AND staged.kind = k.value ->> 0 AND staged.id = k.value ->> 1",
    )
    .bind(run.get())
    .bind(Value::Array(rows).to_string())
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("note what Assets keeps", e))
}

/// Strikes off what records give again that were accounted for, and takes over what was noted beside those that were
/// sent: whether they were accounted for or not, Assets may hold what came before.
pub(crate) async fn settle(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM uncleared WHERE connection = ?1 AND (kind, id, field) IN (
             SELECT u.kind, u.id, u.field FROM staged s
             CROSS JOIN uncleared u ON u.connection = ?1 AND u.kind = s.kind AND u.id = s.id
             WHERE s.run = ?2 AND s.stored
               AND coalesce(s.record -> ('$.fields.\"' || u.field || '\"'), 'null') NOT IN ('null', '\"\"', '[]'))",
        "INSERT INTO uncleared (connection, kind, id, field, attribute, since, due)
         SELECT ?1, s.kind, s.id, f.value ->> 0, f.value ->> 1, ?3, ?3
         FROM staged s CROSS JOIN json_each(s.kept) f
         WHERE s.run = ?2 AND s.kept IS NOT NULL
         ON CONFLICT (connection, kind, id, field) DO UPDATE SET attribute = excluded.attribute",
    ] {
        sqlx::query(statement)
            .bind(store.id)
            .bind(run.get())
            .bind(millis(now))
            .execute(&mut **tx)
            .await
            .map_err(|e| StoreError::new("remember what Assets keeps", e))?;
    }
    Ok(())
}

pub(crate) async fn due(
    store: &ConnectionStore,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<ClearRequest>, StoreError> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT kind, id, field FROM (
             SELECT kind, id, field FROM uncleared c
             WHERE connection = ?1 AND due <= ?2 AND NOT EXISTS (
                 SELECT 1 FROM unconfirmed u WHERE u.connection = ?1 AND u.kind = c.kind AND u.id = c.id)
             ORDER BY due LIMIT ?3)
         ORDER BY kind, id, field",
    )
    .bind(store.id)
    .bind(millis(now))
    .bind(limit)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("find what is to be cleared", e))?;
    let mut due: Vec<ClearRequest> = Vec::new();
    for (word, id, field) in rows {
        let key = RecordKey { kind: kind(&word)?, id };
        match due.last_mut().filter(|last| last.key == key) {
            Some(last) => last.fields.push(field),
            None => due.push(ClearRequest { key, fields: vec![field] }),
        }
    }
    Ok(due)
}

/// The values as one JSON parameter.
fn values_json(objects: &[ClearRequest]) -> String {
    let values = objects.iter().flat_map(|object| {
        object.fields.iter().map(|field| json!([object.key.kind.as_str(), object.key.id, field]))
    });
    values.collect::<Value>().to_string()
}

pub(crate) async fn strike_off(store: &ConnectionStore, objects: &[ClearRequest]) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM uncleared WHERE connection = ?1 AND (kind, id, field) IN (
             SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2 FROM json_each(?2) v)",
    )
    .bind(store.id)
    .bind(values_json(objects))
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("strike off what was cleared", e))
}

pub(crate) async fn put_off(
    store: &ConnectionStore,
    objects: Option<&[ClearRequest]>,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE uncleared SET attempts = attempts + 1, reason = ?3, due = ?4 + min(1000 << min(attempts, 20), ?5)
         WHERE connection = ?1 AND iif(?2 IS NULL, due <= ?4, (kind, id, field) IN (
             SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2 FROM json_each(?2) v))",
    )
    .bind(store.id)
    .bind(objects.map(values_json))
    .bind(reason)
    .bind(millis(now))
    .bind(LONGEST_PAUSE)
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("put off what could not be cleared", e))
}

pub(crate) async fn resend(store: &ConnectionStore, now: Timestamp) -> Result<u64, StoreError> {
    const ACTION: &str = "have records sent again";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    let sent = sqlx::query(
        "INSERT INTO unconfirmed (connection, kind, id, change, fingerprint, reading, read_at, answers_to, record,
                                  attempts, reason, due)
         SELECT connection, kind, id, iif(gone, 'retire', 'update'), fingerprint, reading, read_at,
                record ->> '$.reference_key', record, 0, 'the import source kept values of it', ?2
         FROM objects
         WHERE connection = ?1 AND (kind, id) IN (SELECT kind, id FROM uncleared WHERE connection = ?1)
         ON CONFLICT (connection, kind, id) DO NOTHING",
    )
    .bind(store.id)
    .bind(millis(now))
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    sqlx::query("DELETE FROM uncleared WHERE connection = ?1")
        .bind(store.id)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(sent.rows_affected())
}

pub(crate) async fn list(store: &ConnectionStore, limit: u32) -> Result<Vec<StaleValue>, StoreError> {
    read(store, None, i64::from(limit)).await
}

/// Those of one object.
pub(crate) async fn of(store: &ConnectionStore, key: &RecordKey) -> Result<Vec<StaleValue>, StoreError> {
    read(store, Some(key), -1).await
}

async fn read(
    store: &ConnectionStore,
    key: Option<&RecordKey>,
    limit: i64,
) -> Result<Vec<StaleValue>, StoreError> {
    type Row = (String, String, String, String, i64, String, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT kind, id, field, attribute, attempts, reason, since FROM uncleared
         WHERE connection = ?1 AND (?3 IS NULL OR kind = ?3 AND id = ?4)
         ORDER BY since, kind, id, field LIMIT ?2",
    )
    .bind(store.id)
    .bind(limit)
    .bind(key.map(|key| key.kind.as_str()))
    .bind(key.map(|key| key.id.as_str()))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("list what is not cleared", e))?;
    rows.into_iter()
        .map(|(word, id, field, attribute, tries, reason, since)| {
            let read = || Ok((kind(&word)?, attempts(tries)?, timestamp(since)?));
            let (kind, attempts, since) = in_row(|| format!("the stale value {field} of {word} {id}"), read)?;
            Ok(StaleValue {
                key: RecordKey { kind, id },
                field,
                attribute,
                attempts,
                reason,
                became_stale_at: since,
            })
        })
        .collect()
}

pub(crate) async fn count(store: &ConnectionStore) -> Result<StaleValueCounts, StoreError> {
    let (values, objects, failed, oldest): (i64, i64, i64, Option<i64>) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT kind || '/' || id), coalesce(sum(attempts > 0), 0), min(since)
         FROM uncleared WHERE connection = ?1",
    )
    .bind(store.id)
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count what is not cleared", e))?;
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(StaleValueCounts {
        values: count(values),
        objects: count(objects),
        failed: count(failed),
        oldest_at: time_of("a stale value", oldest)?,
    })
}
