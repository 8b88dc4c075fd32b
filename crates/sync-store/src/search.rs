//! Search of objects by their names, and the history and state of one.

use std::collections::HashMap;

use async_trait::async_trait;
use sync_engine::lots::REJECTED;
use sync_engine::{
    ConfirmedRecord, Fact, Finding, ObjectCatalog, ObjectHistory, OriginRun, RequestedObject, RequestedState,
    SearchHit, SearchHits, StoreError, UnconfirmedRecordDetail,
};
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{attempts, from_json, in_row, keys_json, kind, reading, record, timestamp};
use crate::staging::change;
use crate::stale_values;

#[async_trait]
impl ObjectCatalog for ConnectionStore {
    async fn find_objects(
        &self,
        text: &str,
        of: Option<ObjectKind>,
        limit: u32,
    ) -> Result<SearchHits, StoreError> {
        let [given, lower, upper, title] = spellings(text);
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT kind, id, search_text FROM confirmed_records INDEXED BY confirmed_records_by_search_text
             WHERE connection_id = ?1 AND (?2 IS NULL OR kind = ?2)
               AND (instr(search_text, ?4) OR instr(search_text, ?5) OR instr(search_text, ?6) OR instr(search_text, ?7)
                    OR id = ?3)
             UNION ALL
             SELECT u.kind, u.id, u.search_text FROM unconfirmed_records u
             WHERE u.connection_id = ?1 AND (?2 IS NULL OR u.kind = ?2)
               AND (instr(u.search_text, ?4) OR instr(u.search_text, ?5) OR instr(u.search_text, ?6)
                    OR instr(u.search_text, ?7) OR u.id = ?3)
               AND NOT EXISTS (
                   SELECT 1 FROM confirmed_records o WHERE o.connection_id = ?1 AND o.kind = u.kind AND o.id = u.id
                   AND (instr(o.search_text, ?4) OR instr(o.search_text, ?5) OR instr(o.search_text, ?6)
                        OR instr(o.search_text, ?7) OR o.id = ?3))
             ORDER BY kind, search_text, id LIMIT ?8",
        )
        .bind(self.id)
        .bind(of.map(ObjectKind::as_str))
        .bind(text)
        .bind(given)
        .bind(lower)
        .bind(upper)
        .bind(title)
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("search the objects", e))?;
        let more = rows.len() > limit as usize;
        let keys = rows
            .into_iter()
            .take(limit as usize)
            .map(|(word, id, _)| Ok(RecordKey { kind: kind(&word)?, id }));
        let keys: Vec<RecordKey> = keys.collect::<Result<_, StoreError>>()?;
        let mut found = read_found(self, &keys).await?;
        Ok(SearchHits { objects: keys.iter().filter_map(|key| found.remove(key)).collect(), has_more: more })
    }

    async fn known_objects(&self, keys: &[RecordKey]) -> Result<Vec<SearchHit>, StoreError> {
        Ok(read_found(self, keys).await?.into_values().collect())
    }

    async fn object(&self, key: &RecordKey) -> Result<Option<ObjectHistory>, StoreError> {
        let confirmed = confirmed(self, key).await?;
        let unconfirmed = unconfirmed(self, key).await?;
        if confirmed.is_none() && unconfirmed.is_none() {
            return Ok(None);
        }
        let stale_values = stale_values::of(self, key).await?;
        Ok(Some(ObjectHistory { key: key.clone(), confirmed, unconfirmed, stale_values }))
    }

    async fn requested_objects(&self, keys: &[RecordKey]) -> Result<Vec<RequestedObject>, StoreError> {
        type Row = (String, String, Option<i64>, Option<String>, Option<i64>, Option<String>, Option<i64>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT k.value ->> 0, k.value ->> 1, l.attempts, b.finding, u.single_failures, u.reason, u.attempts
             FROM json_each(?2) k
             LEFT JOIN work_queue l ON l.connection_id = ?1 AND l.kind = k.value ->> 0 AND l.id = k.value ->> 1
             LEFT JOIN blocked_objects b ON b.connection_id = ?1 AND b.kind = k.value ->> 0 AND b.id = k.value ->> 1
             LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
             ORDER BY k.key",
        )
        .bind(self.id)
        .bind(keys_json(keys))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read the states of requested objects", e))?;
        rows.into_iter()
            .map(|(word, id, reads, blocked, failures, unconfirmed, sent)| {
                let error = unconfirmed.unwrap_or_default();
                let judged = || {
                    Ok(match (reads, blocked, failures) {
                        (Some(0), ..) => (RequestedState::Pending, None),
                        (Some(reads), ..) => (
                            RequestedState::Unreadable,
                            Some(Finding::warning(Fact::ReadsFailed { attempts: attempts(reads)?.into() })),
                        ),
                        (None, Some(finding), _) => (
                            RequestedState::Blocked,
                            Some(from_json("read the finding of a blocked object", &finding)?),
                        ),
                        (None, None, Some(failures)) if failures >= REJECTED => {
                            (RequestedState::Rejected, Some(Finding::warning(Fact::RecordRejected { error })))
                        }
                        (None, None, Some(_)) => (
                            RequestedState::Unconfirmed,
                            Some(Finding::warning(Fact::RecordUnconfirmed {
                                attempts: attempts(sent.unwrap_or_default())?,
                                error,
                            })),
                        ),
                        (None, None, None) => (RequestedState::Applied, None),
                    })
                };
                let (state, finding) = in_row(|| format!("the state of {word} {id}"), judged)?;
                Ok(RequestedObject { key: RecordKey { kind: kind(&word)?, id }, state, finding })
            })
            .collect()
    }
}

/// The text in the cases that the column may contain: SQLite's `lower` converts ASCII only, so other letters keep their
/// case.
fn spellings(text: &str) -> [String; 4] {
    let title = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        first + &letters.as_str().to_lowercase()
    };
    let titled: Vec<String> = text.split(' ').map(title).collect();
    [text.to_owned(), text.to_lowercase(), text.to_uppercase(), titled.join(" ")]
        .map(|spelling| spelling.to_ascii_lowercase())
}

async fn read_found(
    store: &ConnectionStore,
    keys: &[RecordKey],
) -> Result<HashMap<RecordKey, SearchHit>, StoreError> {
    let rows: Vec<(String, String, String, bool, Option<i64>, bool)> = sqlx::query_as(
        "SELECT kind, id, iif(later, sent, record), iif(later, change = 'retire', retired), confirmed_at, sent IS NOT NULL
         FROM (
             SELECT k.value ->> 0 AS kind, k.value ->> 1 AS id, o.record, o.retired, o.confirmed_at,
                    u.record AS sent, u.change, u.id IS NOT NULL AND coalesce(u.read_seq >= o.read_seq, 1) AS later
             FROM json_each(?2) k
             LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
             LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
             WHERE o.id IS NOT NULL OR u.id IS NOT NULL)",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read search hits", e))?;
    rows.into_iter()
        .map(|(word, id, text, retired, confirmed, unconfirmed)| {
            let record = record(&word, &id, &text)?;
            let read = || confirmed.map(timestamp).transpose();
            let confirmed = in_row(|| format!("the record of {word} {id}"), read)?;
            Ok((record.key.clone(), SearchHit { record, retired, confirmed_at: confirmed, unconfirmed }))
        })
        .collect()
}

async fn confirmed(store: &ConnectionStore, key: &RecordKey) -> Result<Option<ConfirmedRecord>, StoreError> {
    type Row = (String, i64, i64, i64, Option<i64>, bool, Option<i64>, Option<String>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT o.record, o.read_seq, o.read_at, o.confirmed_at, o.retired_at, o.resend_pending, o.run_id, r.kind
         FROM confirmed_records o LEFT JOIN runs r ON r.id = o.run_id AND r.connection_id = ?1
         WHERE o.connection_id = ?1 AND o.kind = ?2 AND o.id = ?3",
    )
    .bind(store.id)
    .bind(key.kind.as_str())
    .bind(&key.id)
    .fetch_optional(&store.pool)
    .await
    .map_err(|e| StoreError::new("read the confirmed record of an object", e))?;
    row.map(|(text, number, at, confirmed, retired_at, resend_pending, run, run_kind)| {
        let record = record(key.kind.as_str(), &key.id, &text)?;
        let read = || {
            Ok(ConfirmedRecord {
                record,
                reading: reading(number, at)?,
                confirmed_at: timestamp(confirmed)?,
                retired_at: retired_at.map(timestamp).transpose()?,
                resend_pending,
                run: origin(run, run_kind)?,
            })
        };
        in_row(|| format!("the confirmed record of {key}"), read)
    })
    .transpose()
}

async fn unconfirmed(
    store: &ConnectionStore,
    key: &RecordKey,
) -> Result<Option<UnconfirmedRecordDetail>, StoreError> {
    type Row = (String, String, i64, i64, i64, String, i64, Option<i64>, Option<String>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT u.record, u.change, u.read_seq, u.read_at, u.attempts, u.reason, u.next_attempt_at, u.run_id, r.kind
         FROM unconfirmed_records u LEFT JOIN runs r ON r.id = u.run_id AND r.connection_id = ?1
         WHERE u.connection_id = ?1 AND u.kind = ?2 AND u.id = ?3",
    )
    .bind(store.id)
    .bind(key.kind.as_str())
    .bind(&key.id)
    .fetch_optional(&store.pool)
    .await
    .map_err(|e| StoreError::new("read the unconfirmed record of an object", e))?;
    row.map(|(text, word, number, at, tries, reason, next_attempt_at, run, run_kind)| {
        let record = record(key.kind.as_str(), &key.id, &text)?;
        let read = || {
            Ok(UnconfirmedRecordDetail {
                record,
                change: change(&word)?,
                reading: reading(number, at)?,
                attempts: attempts(tries)?,
                reason,
                next_attempt_at: timestamp(next_attempt_at)?,
                origin: origin(run, run_kind)?,
            })
        };
        in_row(|| format!("the unconfirmed record of {key}"), read)
    })
    .transpose()
}

fn origin(run: Option<i64>, kind: Option<String>) -> Result<Option<OriginRun>, StoreError> {
    let Some(id) = run.map(RunId::new) else { return Ok(None) };
    let kind = kind.map(|word| serde_json::from_value(word.into())).transpose();
    Ok(Some(OriginRun { id, kind: kind.map_err(|e| StoreError::new("read the kind of a run", e))? }))
}
