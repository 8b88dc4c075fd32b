//! Stale values: cleared in the directory, and still in Assets.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Sqlite, Transaction};
use sync_engine::{ClearRequest, DroppedValue, StaleValue, StaleValueCounts, StaleValues, StoreError};
use sync_model::{RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{attempts, in_row, kind, millis, time_of, timestamp};

/// The longest backoff of an attempt to clear a value, in milliseconds: one hour.
const LONGEST_PAUSE: i64 = 3_600_000;

#[async_trait]
impl StaleValues for ConnectionStore {
    async fn stage_stale_values(&self, run: RunId, dropped: &[DroppedValue]) -> Result<(), StoreError> {
        let mut fields: BTreeMap<&RecordKey, Vec<Value>> = BTreeMap::new();
        for value in dropped {
            fields.entry(&value.key).or_default().push(json!([value.field, value.attribute]));
        }
        let rows: Vec<Value> =
            fields.into_iter().map(|(key, fields)| json!([key.kind.as_str(), key.id, fields])).collect();
        sqlx::query(
            "UPDATE staged_changes SET stale_values = k.value -> 2 FROM json_each(?2) k
         WHERE staged_changes.run_id = ?1 AND staged_changes.kind = k.value ->> 0 AND staged_changes.id = k.value ->> 1",
        )
        .bind(run.get())
        .bind(Value::Array(rows).to_string())
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("stage stale values", e))
    }

    async fn due_stale_values(&self, limit: u32, now: Timestamp) -> Result<Vec<ClearRequest>, StoreError> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT kind, id, field FROM (
                 SELECT kind, id, field FROM stale_values c
                 WHERE connection_id = ?1 AND next_attempt_at <= ?2 AND NOT EXISTS (
                     SELECT 1 FROM unconfirmed_records u WHERE u.connection_id = ?1 AND u.kind = c.kind AND u.id = c.id)
                 ORDER BY next_attempt_at LIMIT ?3)
             ORDER BY kind, id, field",
        )
        .bind(self.id)
        .bind(millis(now))
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("find stale values to clear", e))?;
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

    async fn remove_stale_values(&self, objects: &[ClearRequest]) -> Result<(), StoreError> {
        sqlx::query(
            "DELETE FROM stale_values WHERE connection_id = ?1 AND (kind, id, field) IN (
             SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2 FROM json_each(?2) v)",
        )
        .bind(self.id)
        .bind(values_json(objects))
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("delete cleared stale values", e))
    }

    async fn requeue_stale_values(
        &self,
        objects: Option<&[ClearRequest]>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE stale_values SET attempts = attempts + 1, reason = ?3, next_attempt_at = ?4 + min(1000 << min(attempts, 20), ?5)
             WHERE connection_id = ?1 AND iif(?2 IS NULL, next_attempt_at <= ?4, (kind, id, field) IN (
                 SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2 FROM json_each(?2) v))",
        )
        .bind(self.id)
        .bind(objects.map(values_json))
        .bind(reason)
        .bind(millis(now))
        .bind(LONGEST_PAUSE)
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("requeue stale values", e))
    }

    async fn resend_stale_values(&self, now: Timestamp) -> Result<u64, StoreError> {
        const ACTION: &str = "resend records with stale values";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let sent = sqlx::query(
            "INSERT INTO unconfirmed_records (connection_id, kind, id, change, fingerprint, read_seq, read_at, reference_key,
                                              record, attempts, reason, next_attempt_at)
             SELECT connection_id, kind, id, iif(retired, 'retire', 'update'), fingerprint, read_seq, read_at,
                    record ->> '$.reference_key', record, 0, '', ?2
             FROM confirmed_records
             WHERE connection_id = ?1 AND (kind, id) IN (SELECT kind, id FROM stale_values WHERE connection_id = ?1)
             ON CONFLICT (connection_id, kind, id) DO NOTHING",
        )
        .bind(self.id)
        .bind(millis(now))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        sqlx::query("DELETE FROM stale_values WHERE connection_id = ?1")
            .bind(self.id)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(sent.rows_affected())
    }

    async fn stale_values(&self, limit: u32) -> Result<Vec<StaleValue>, StoreError> {
        read(self, None, i64::from(limit)).await
    }

    async fn stale_value_counts(&self) -> Result<StaleValueCounts, StoreError> {
        let (values, objects, failed, oldest): (i64, i64, i64, Option<i64>) = sqlx::query_as(
            "SELECT count(*), count(DISTINCT kind || '/' || id), coalesce(sum(attempts > 0), 0), min(became_stale_at)
             FROM stale_values WHERE connection_id = ?1",
        )
        .bind(self.id)
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("count stale values", e))?;
        let count = |n: i64| u64::try_from(n).unwrap_or_default();
        Ok(StaleValueCounts {
            values: count(values),
            objects: count(objects),
            failed: count(failed),
            oldest_at: time_of("a stale value", oldest)?,
        })
    }
}

/// Deletes stale values that confirmed records set again, and stores those that were staged with a run: even if its records
/// are unconfirmed, Assets may still have the values from before.
pub(crate) async fn confirm(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM stale_values WHERE connection_id = ?1 AND (kind, id, field) IN (
             SELECT u.kind, u.id, u.field FROM staged_changes s
             CROSS JOIN stale_values u ON u.connection_id = ?1 AND u.kind = s.kind AND u.id = s.id
             WHERE s.run_id = ?2 AND s.stored
               AND coalesce(s.record -> ('$.fields.\"' || u.field || '\"'), 'null') NOT IN ('null', '\"\"', '[]'))",
        "INSERT INTO stale_values (connection_id, kind, id, field, attribute, became_stale_at, next_attempt_at)
         SELECT ?1, s.kind, s.id, f.value ->> 0, f.value ->> 1, ?3, ?3
         FROM staged_changes s CROSS JOIN json_each(s.stale_values) f
         WHERE s.run_id = ?2 AND s.stale_values IS NOT NULL
         ON CONFLICT (connection_id, kind, id, field) DO UPDATE SET attribute = excluded.attribute",
    ] {
        sqlx::query(statement)
            .bind(store.id)
            .bind(run.get())
            .bind(millis(now))
            .execute(&mut **tx)
            .await
            .map_err(|e| StoreError::new("store stale values", e))?;
    }
    Ok(())
}

/// The values as one JSON parameter.
fn values_json(objects: &[ClearRequest]) -> String {
    let values = objects.iter().flat_map(|object| {
        object.fields.iter().map(|field| json!([object.key.kind.as_str(), object.key.id, field]))
    });
    values.collect::<Value>().to_string()
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
        "SELECT kind, id, field, attribute, attempts, reason, became_stale_at FROM stale_values
         WHERE connection_id = ?1 AND (?3 IS NULL OR kind = ?3 AND id = ?4)
         ORDER BY became_stale_at, kind, id, field LIMIT ?2",
    )
    .bind(store.id)
    .bind(limit)
    .bind(key.map(|key| key.kind.as_str()))
    .bind(key.map(|key| key.id.as_str()))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("list stale values", e))?;
    rows.into_iter()
        .map(|(word, id, field, attribute, tries, reason, became_stale_at)| {
            let read = || Ok((kind(&word)?, attempts(tries)?, timestamp(became_stale_at)?));
            let (kind, attempts, became_stale_at) =
                in_row(|| format!("the stale value {field} of {word} {id}"), read)?;
            Ok(StaleValue {
                key: RecordKey { kind, id },
                field,
                attribute,
                attempts,
                reason,
                became_stale_at,
            })
        })
        .collect()
}
