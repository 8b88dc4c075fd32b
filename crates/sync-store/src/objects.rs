//! Confirmed records.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{ConfirmedRecords, ObjectCounts, RecordState, StoreError};
use sync_model::{ObjectKind, Record, RecordKey};

use crate::connection::ConnectionStore;
use crate::convert::{self, in_row, keys_json, kind, millis, record};

#[async_trait]
impl ConfirmedRecords for ConnectionStore {
    async fn record_states(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, RecordState>, StoreError> {
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
        .bind(self.id)
        .bind(keys_json(keys))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
        rows.into_iter()
            .map(|(word, id, bytes, retired, resend_pending)| {
                let read = || convert::fingerprint(&bytes);
                let fingerprint = in_row(|| format!("the fingerprint of {word} {id}"), read)?;
                Ok((
                    RecordKey { kind: kind(&word)?, id },
                    RecordState { fingerprint, retired, resend_pending },
                ))
            })
            .collect()
    }

    async fn confirmed_record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        Ok(self.confirmed_records(std::slice::from_ref(key)).await?.remove(key))
    }

    async fn confirmed_records(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Record>, StoreError> {
        // The record that was sent last counts, although it is unconfirmed: it is the last one of the directory.
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT k.value ->> 0, k.value ->> 1,
                    CASE WHEN u.id IS NOT NULL AND coalesce(u.read_seq >= o.read_seq, 1) THEN u.record ELSE o.record END
             FROM json_each(?2) k
             LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
             LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
             WHERE o.id IS NOT NULL OR u.id IS NOT NULL",
        )
        .bind(self.id)
        .bind(keys_json(keys))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read confirmed records", e))?;
        let records = rows.iter().map(|(word, id, text)| record(word, id, text));
        records.map(|record| record.map(|record| (record.key.clone(), record))).collect()
    }

    async fn possible_records(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Vec<Record>>, StoreError> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT o.kind, o.id, o.record FROM json_each(?2) k
             CROSS JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
             UNION ALL
             SELECT u.kind, u.id, u.record FROM json_each(?2) k
             CROSS JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1",
        )
        .bind(self.id)
        .bind(keys_json(keys))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read records that Assets may have", e))?;
        let mut records: HashMap<RecordKey, Vec<Record>> = HashMap::new();
        for (word, id, text) in rows {
            let record = record(&word, &id, &text)?;
            records.entry(record.key.clone()).or_default().push(record);
        }
        Ok(records)
    }

    async fn object_counts(&self) -> Result<BTreeMap<ObjectKind, ObjectCounts>, StoreError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT kind, sum(NOT retired), sum(retired) FROM confirmed_records WHERE connection_id = ?1 GROUP BY kind",
        )
        .bind(self.id)
        .fetch_all(&self.pool)
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

    async fn referrers(&self, to: ObjectKind, value: &str) -> Result<Vec<RecordKey>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT kind, id FROM record_references WHERE connection_id = ?1 AND target_kind = ?2 AND target_key = ?3
             UNION
             SELECT kind, id FROM unconfirmed_references WHERE connection_id = ?1 AND target_kind = ?2 AND target_key = ?3
             ORDER BY kind, id",
        )
        .bind(self.id)
        .bind(to.as_str())
        .bind(value)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("find referrers of an object", e))?;
        rows.into_iter().map(|(word, id)| Ok(RecordKey { kind: kind(&word)?, id })).collect()
    }

    async fn count_referrers(&self, to: ObjectKind, value: &str) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM record_references WHERE connection_id = ?1 AND target_kind = ?2 AND target_key = ?3",
        )
        .bind(self.id)
        .bind(to.as_str())
        .bind(value)
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("count referrers of an object", e))?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    async fn mark_all_for_resend(&self) -> Result<(), StoreError> {
        mark_for_resend(self, None, Timestamp::UNIX_EPOCH).await
    }

    async fn mark_for_resend(&self, key: &RecordKey, now: Timestamp) -> Result<(), StoreError> {
        mark_for_resend(self, Some(key), now).await
    }
}

/// Marks one object, or every one, for resend, and enqueues the one. Without a reference key, its referrers are sent again
/// once it is confirmed.
async fn mark_for_resend(
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
pub(crate) async fn resend(
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
