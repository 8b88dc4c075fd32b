//! Staged changes of a run.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;
use sqlx::AssertSqlSafe;
use sync_engine::{ChangeKind, StagedChange, StagedChanges, StoreError};
use sync_model::{ObjectKind, Record, RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{fingerprint, in_row, keys_json, kind, millis, reading, record, to_json};

/// A staged change, as JSON for SQL.
#[derive(Serialize)]
struct NewRow<'c> {
    kind: ObjectKind,
    id: &'c str,
    change: ChangeKind,
    fingerprint: String,
    read_seq: i64,
    read_at: i64,
    reference_key: &'c str,
    record: &'c Record,
}

impl<'c> NewRow<'c> {
    fn of(staged: &'c StagedChange) -> Self {
        Self {
            kind: staged.record.key.kind,
            id: &staged.record.key.id,
            change: staged.change,
            fingerprint: format!("{:?}", staged.fingerprint),
            read_seq: staged.reading.number,
            read_at: millis(staged.reading.at),
            reference_key: &staged.record.reference_key,
            record: &staged.record,
        }
    }
}

#[async_trait]
impl StagedChanges for ConnectionStore {
    async fn stage(
        &self,
        run: RunId,
        seen: &[RecordKey],
        changes: &[StagedChange],
    ) -> Result<(), StoreError> {
        const ACTION: &str = "stage changes";
        let failed = |e| StoreError::new(ACTION, e);
        let rows: Vec<NewRow<'_>> = changes.iter().map(NewRow::of).collect();
        let rows = to_json(ACTION, &rows)?;
        let mut tx = self.begin(ACTION).await?;
        if !seen.is_empty() {
            sqlx::query(
                "INSERT OR IGNORE INTO run_objects (run_id, kind, id)
                 SELECT ?1, s.value ->> 0, s.value ->> 1 FROM json_each(?2) s",
            )
            .bind(run.get())
            .bind(keys_json(seen))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
            // A staged object that is unchanged by now needs no change.
            sqlx::query(
                "DELETE FROM staged_changes WHERE run_id = ?1
                 AND (kind, id) IN (SELECT s.value ->> 0, s.value ->> 1 FROM json_each(?2) s)",
            )
            .bind(run.get())
            .bind(keys_json(seen))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        }
        sqlx::query(
            "INSERT OR REPLACE INTO staged_changes (run_id, kind, id, change, fingerprint, read_seq, read_at, reference_key, record)
             SELECT ?1, value ->> 'kind', value ->> 'id', value ->> 'change', unhex(value ->> 'fingerprint'),
                    value ->> 'read_seq', value ->> 'read_at', value ->> 'reference_key', value -> 'record'
             FROM json_each(?2)",
        )
        .bind(run.get())
        .bind(rows)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn staged_counts(&self, run: RunId) -> Result<BTreeMap<(ObjectKind, ChangeKind), u64>, StoreError> {
        const ACTION: &str = "count staged changes";
        let rows: Vec<(String, String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT s.kind, s.change, count(*) {SENDABLE} GROUP BY s.kind, s.change"
        )))
        .bind(self.id)
        .bind(run.get())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
        rows.into_iter()
            .map(|(kind_word, change_word, n)| {
                Ok(((kind(&kind_word)?, change(&change_word)?), u64::try_from(n).unwrap_or_default()))
            })
            .collect()
    }

    async fn count_new(&self, run: RunId) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
        const ACTION: &str = "count objects that Assets may not have";
        let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT s.kind, count(*) {SENDABLE} AND (o.id IS NULL OR o.resend_pending OR o.retired OR u.id IS NOT NULL)
             GROUP BY s.kind"
        )))
        .bind(self.id)
        .bind(run.get())
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
        rows.into_iter().map(|(word, n)| Ok((kind(&word)?, u64::try_from(n).unwrap_or_default()))).collect()
    }

    async fn staged(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<StagedChange>, StoreError> {
        const ACTION: &str = "read staged changes";
        let rows: Vec<StagedRow> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT s.kind, s.id, s.change, s.read_seq, s.read_at, s.fingerprint, s.record {SENDABLE}
             AND (s.kind, s.id) > (?3, ?4) ORDER BY s.kind, s.id LIMIT ?5"
        )))
        .bind(self.id)
        .bind(run.get())
        .bind(after.map_or("", |key| key.kind.as_str()))
        .bind(after.map_or("", |key| key.id.as_str()))
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
        rows.into_iter().map(staged).collect()
    }
}

/// Staged changes of a run, without those that a later reading replaced, and without rejected ones: these would fail
/// the others of their kind, and are sent alone.
pub(crate) const SENDABLE: &str = "
    FROM staged_changes s
    LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id
    LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = s.kind AND u.id = s.id
    WHERE s.run_id = ?2 AND (o.read_seq IS NULL OR o.read_seq <= s.read_seq)
      AND (u.id IS NULL OR u.read_seq <= s.read_seq
           AND (u.fingerprint <> s.fingerprint OR (SELECT kind FROM runs WHERE id = ?2) = 'retry'))";

/// Kind, ID, change, number and time of the reading, fingerprint, and record.
pub(crate) type StagedRow = (String, String, String, i64, i64, Vec<u8>, String);

pub(crate) fn staged(row: StagedRow) -> Result<StagedChange, StoreError> {
    let (kind_word, id, word, number, at, bytes, text) = row;
    let record = record(&kind_word, &id, &text)?;
    let read = || Ok((change(&word)?, reading(number, at)?, fingerprint(&bytes)?));
    let (change, reading, fingerprint) = in_row(|| format!("the staged change of {kind_word} {id}"), read)?;
    Ok(StagedChange { change, record, fingerprint, reading })
}

pub(crate) fn change(word: &str) -> Result<ChangeKind, StoreError> {
    let read = || serde_json::from_value(word.into()).map_err(|e| StoreError::new("read a change", e));
    in_row(|| format!("a change \"{word}\""), read)
}
