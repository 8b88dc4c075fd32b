//! Objects as people look at them: found by what they are called, and all that is remembered of one.

use std::collections::HashMap;

use sync_engine::{
    ConfirmedRecord, ObjectHistory, OriginRun, SearchHit, SearchHits, StoreError, UnconfirmedRecordDetail,
};
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::ConnectionStore;
use crate::convert::{attempts, in_row, keys_json, kind, reading, record, timestamp};
use crate::staging::change;
use crate::stale_values;

pub(crate) async fn find(
    store: &ConnectionStore,
    text: &str,
    of: Option<ObjectKind>,
    limit: u32,
) -> Result<SearchHits, StoreError> {
    let [given, lower, upper, title] = spellings(text);
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT kind, id, names FROM objects INDEXED BY objects_by_names
         WHERE connection = ?1 AND (?2 IS NULL OR kind = ?2)
           AND (instr(names, ?4) OR instr(names, ?5) OR instr(names, ?6) OR instr(names, ?7) OR id = ?3)
         UNION ALL
         SELECT u.kind, u.id, u.names FROM unconfirmed u
         WHERE u.connection = ?1 AND (?2 IS NULL OR u.kind = ?2)
           AND (instr(u.names, ?4) OR instr(u.names, ?5) OR instr(u.names, ?6) OR instr(u.names, ?7) OR u.id = ?3)
           AND NOT EXISTS (
               SELECT 1 FROM objects o WHERE o.connection = ?1 AND o.kind = u.kind AND o.id = u.id
               AND (instr(o.names, ?4) OR instr(o.names, ?5) OR instr(o.names, ?6) OR instr(o.names, ?7)
                    OR o.id = ?3))
         ORDER BY kind, names, id LIMIT ?8",
    )
    .bind(store.id)
    .bind(of.map(ObjectKind::as_str))
    .bind(text)
    .bind(given)
    .bind(lower)
    .bind(upper)
    .bind(title)
    .bind(i64::from(limit) + 1)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("search the objects", e))?;
    let more = rows.len() > limit as usize;
    let keys =
        rows.into_iter().take(limit as usize).map(|(word, id, _)| Ok(RecordKey { kind: kind(&word)?, id }));
    let keys: Vec<RecordKey> = keys.collect::<Result<_, StoreError>>()?;
    let mut found = read_found(store, &keys).await?;
    Ok(SearchHits { objects: keys.iter().filter_map(|key| found.remove(key)).collect(), has_more: more })
}

/// The text in the cases that it may stand in, as the column holds them: SQLite's `lower` knows ASCII alone, so that a
/// name's other letters are there as they were written.
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

pub(crate) async fn known(store: &ConnectionStore, keys: &[RecordKey]) -> Result<Vec<SearchHit>, StoreError> {
    Ok(read_found(store, keys).await?.into_values().collect())
}

async fn read_found(
    store: &ConnectionStore,
    keys: &[RecordKey],
) -> Result<HashMap<RecordKey, SearchHit>, StoreError> {
    let rows: Vec<(String, String, String, bool, Option<i64>, bool)> = sqlx::query_as(
        "SELECT kind, id, iif(later, unconfirmed, record), iif(later, change = 'retire', gone), confirmed,
                unconfirmed IS NOT NULL
         FROM (
             SELECT k.value ->> 0 AS kind, k.value ->> 1 AS id, o.record, o.gone, o.confirmed, u.record AS unconfirmed, u.change,
                    u.id IS NOT NULL AND coalesce(u.reading >= o.reading, 1) AS later
             FROM json_each(?2) k
             LEFT JOIN objects o ON o.connection = ?1 AND o.kind = k.value ->> 0 AND o.id = k.value ->> 1
             LEFT JOIN unconfirmed u ON u.connection = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
             WHERE o.id IS NOT NULL OR u.id IS NOT NULL)",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read objects that were found", e))?;
    rows.into_iter()
        .map(|(word, id, text, gone, confirmed, unconfirmed)| {
            let record = record(&word, &id, &text)?;
            let read = || confirmed.map(timestamp).transpose();
            let confirmed = in_row(|| format!("the record of {word} {id}"), read)?;
            Ok((
                record.key.clone(),
                SearchHit { record, retired: gone, confirmed_at: confirmed, unconfirmed },
            ))
        })
        .collect()
}

pub(crate) async fn entry(
    store: &ConnectionStore,
    key: &RecordKey,
) -> Result<Option<ObjectHistory>, StoreError> {
    let confirmed = confirmed(store, key).await?;
    let unconfirmed = unconfirmed(store, key).await?;
    if confirmed.is_none() && unconfirmed.is_none() {
        return Ok(None);
    }
    let uncleared = stale_values::of(store, key).await?;
    Ok(Some(ObjectHistory { key: key.clone(), confirmed, unconfirmed, stale_values: uncleared }))
}

async fn confirmed(store: &ConnectionStore, key: &RecordKey) -> Result<Option<ConfirmedRecord>, StoreError> {
    type Row = (String, i64, i64, i64, Option<i64>, bool, Option<i64>, Option<String>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT o.record, o.reading, o.read_at, o.confirmed, o.gone_since, o.dirty, o.run, r.kind
         FROM objects o LEFT JOIN runs r ON r.id = o.run AND r.connection = ?1
         WHERE o.connection = ?1 AND o.kind = ?2 AND o.id = ?3",
    )
    .bind(store.id)
    .bind(key.kind.as_str())
    .bind(&key.id)
    .fetch_optional(&store.pool)
    .await
    .map_err(|e| StoreError::new("read what is confirmed of an object", e))?;
    row.map(|(text, number, at, confirmed, gone_since, dirty, run, run_kind)| {
        let record = record(key.kind.as_str(), &key.id, &text)?;
        let read = || {
            Ok(ConfirmedRecord {
                record,
                reading: reading(number, at)?,
                confirmed_at: timestamp(confirmed)?,
                retired_at: gone_since.map(timestamp).transpose()?,
                resend_pending: dirty,
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
        "SELECT u.record, u.change, u.reading, u.read_at, u.attempts, u.reason, u.due, u.run, r.kind
         FROM unconfirmed u LEFT JOIN runs r ON r.id = u.run AND r.connection = ?1
         WHERE u.connection = ?1 AND u.kind = ?2 AND u.id = ?3",
    )
    .bind(store.id)
    .bind(key.kind.as_str())
    .bind(&key.id)
    .fetch_optional(&store.pool)
    .await
    .map_err(|e| StoreError::new("read what was not accounted for of an object", e))?;
    row.map(|(text, word, number, at, tries, reason, due, run, run_kind)| {
        let record = record(key.kind.as_str(), &key.id, &text)?;
        let read = || {
            Ok(UnconfirmedRecordDetail {
                record,
                change: change(&word)?,
                reading: reading(number, at)?,
                attempts: attempts(tries)?,
                reason,
                next_attempt_at: timestamp(due)?,
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
