//! Looks: the objects that events ask to read again, claimed by one worker each.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};
use sync_engine::{StoreError, Subject, WorkItem, WorkKind};

use crate::convert::{attempts, in_row, millis, subject, subject_columns, timestamp};
use crate::event_queue::count_write;
use crate::{ConnectionStore, evidence};

/// Puts a look on the list, or adds another wish to the one that is there. Gives its sequence.
pub(crate) async fn look(
    store: &ConnectionStore,
    tx: &mut Transaction<'_, Sqlite>,
    subject: &Subject,
    at_least: Option<Timestamp>,
    expects_gone: bool,
    now: Timestamp,
) -> Result<i64, sqlx::Error> {
    let (kind, id) = subject_columns(subject);
    sqlx::query_scalar(
        "INSERT INTO looks (connection, kind, id, at_least, expects_gone, attempts, sequence, due)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, ?6)
         ON CONFLICT (connection, kind, id) DO UPDATE SET
             at_least = max(coalesce(at_least, excluded.at_least), coalesce(excluded.at_least, at_least)),
             -- A membership may come and go: the newest event tells how it should be.
             expects_gone = CASE WHEN kind <> 'membership' THEN expects_gone OR excluded.expects_gone
                                 WHEN coalesce(excluded.at_least, 0) >= coalesce(at_least, 0)
                                 THEN excluded.expects_gone ELSE expects_gone END,
             attempts = 0, sequence = sequence + 1, due = min(due, excluded.due)
         RETURNING sequence",
    )
    .bind(store.id)
    .bind(kind)
    .bind(id)
    .bind(at_least.map(millis))
    .bind(expects_gone)
    .bind(millis(now))
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn claim(
    store: &ConnectionStore,
    sort: WorkKind,
    limit: u32,
    now: Timestamp,
    lease: Duration,
) -> Result<Vec<WorkItem>, StoreError> {
    type Row = (String, String, Option<i64>, bool, i64, i64, i64);
    let until = millis(now).saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
    let mut rows: Vec<Row> = sqlx::query_as(
        "UPDATE looks SET claimed_until = ?4
         WHERE connection = ?1 AND (kind, id) IN (
             SELECT kind, id FROM looks WHERE connection = ?1 AND due <= ?2 AND claimed_until <= ?2
               AND (kind IN ('recent', 'directory', 'schema')) = ?5
             ORDER BY due LIMIT ?3)
         RETURNING kind, id, at_least, expects_gone, attempts, sequence, due",
    )
    .bind(store.id)
    .bind(millis(now))
    .bind(limit)
    .bind(until)
    .bind(sort == WorkKind::Sync)
    .fetch_all(&store.writer)
    .await
    .map_err(|e| StoreError::new("claim what is due", e))?;
    rows.sort_by_key(|row| row.6);
    rows.into_iter()
        .map(|(kind, id, at_least, expects_gone, tries, sequence, _)| {
            let row = format!("the work item {kind} {id}");
            let read = || {
                Ok(WorkItem {
                    subject: subject(&kind, id)?,
                    not_older_than: at_least.map(timestamp).transpose()?,
                    expect_deleted: expects_gone,
                    attempts: attempts(tries)?,
                    sequence,
                })
            };
            in_row(|| row, read)
        })
        .collect()
}

/// Looks of a JSON list that no newer event has asked for since.
const NOT_ASKED_AGAIN: &str = "
    SELECT k.kind, k.id, k.sequence FROM json_each(?2) l CROSS JOIN looks k
    ON k.connection = ?1 AND k.kind = l.value ->> 0 AND k.id = l.value ->> 1 AND k.sequence <= l.value ->> 2";

/// Lets go of the claims of a JSON list of looks.
async fn unclaim(
    store: &ConnectionStore,
    connection: &mut SqliteConnection,
    looks: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE looks SET claimed_until = 0
         WHERE connection = ?1 AND (kind, id) IN (SELECT l.value ->> 0, l.value ->> 1 FROM json_each(?2) l)",
    )
    .bind(store.id)
    .bind(looks)
    .execute(connection)
    .await
    .map(drop)
}

pub(crate) async fn release(store: &ConnectionStore, looks: &[WorkItem]) -> Result<(), StoreError> {
    let failed = |e| StoreError::new("let go of claims", e);
    let mut connection = store.writer.acquire().await.map_err(failed)?;
    unclaim(store, &mut connection, &looks_json(looks)).await.map_err(failed)
}

pub(crate) async fn release_claims(store: &ConnectionStore) -> Result<(), StoreError> {
    const ACTION: &str = "let go of claims";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    for statement in [
        "UPDATE looks SET claimed_until = 0 WHERE connection = ?1 AND claimed_until > 0",
        "UPDATE requests SET taken = 0 WHERE connection = ?1 AND taken AND run IS NULL",
    ] {
        sqlx::query(statement).bind(store.id).execute(&mut *tx).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

pub(crate) async fn settle(
    store: &ConnectionStore,
    looks: &[WorkItem],
    now: Timestamp,
) -> Result<u64, StoreError> {
    strike_off(store, looks, "done", None, now, "settle what was looked at").await
}

pub(crate) async fn bury(
    store: &ConnectionStore,
    looks: &[WorkItem],
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    strike_off(store, looks, "failed", Some(reason), now, "give events up").await.map(drop)
}

pub(crate) async fn postpone(
    store: &ConnectionStore,
    looks: &[WorkItem],
    until: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "put looks off";
    let failed = |e| StoreError::new(ACTION, e);
    let looks = looks_json(looks);
    let mut tx = store.begin(ACTION).await?;
    // What a newer event asks for stays due, whatever became of the older wish.
    sqlx::query(AssertSqlSafe(format!(
        "UPDATE looks SET due = ?3, attempts = attempts + 1
         WHERE connection = ?1 AND (kind, id, sequence) IN ({NOT_ASKED_AGAIN})"
    )))
    .bind(store.id)
    .bind(&looks)
    .bind(millis(until))
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    unclaim(store, &mut tx, &looks).await.map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// Removes looks that no newer event has asked for since, and closes the events that waited for them alone. Gives
/// the number of those.
async fn strike_off(
    store: &ConnectionStore,
    looks: &[WorkItem],
    state: &'static str,
    reason: Option<&str>,
    now: Timestamp,
    action: &'static str,
) -> Result<u64, StoreError> {
    let failed = |e| StoreError::new(action, e);
    let looks = looks_json(looks);
    let mut tx = store.begin(action).await?;
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM looks WHERE connection = ?1 AND (kind, id, sequence) IN ({NOT_ASKED_AGAIN})"
    )))
    .bind(store.id)
    .bind(&looks)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    if state == "done" {
        evidence::read_by_looks(&mut tx, store.id, &looks).await.map_err(failed)?;
    }
    // What a newer event asks for is free to be claimed again.
    unclaim(store, &mut tx, &looks).await.map_err(failed)?;
    let events: Vec<String> = sqlx::query_scalar(
        "DELETE FROM waiting WHERE connection = ?1 AND (kind, id, event) IN (
             SELECT w.kind, w.id, w.event FROM json_each(?2) l CROSS JOIN waiting w
             ON w.connection = ?1 AND w.kind = l.value ->> 0 AND w.id = l.value ->> 1 AND w.sequence <= l.value ->> 2)
         RETURNING event",
    )
    .bind(store.id)
    .bind(&looks)
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let write = if events.is_empty() { 0 } else { count_write(store, &mut tx).await.map_err(failed)? };
    let closed = sqlx::query(
        "UPDATE events SET state = ?3, settled = ?4, reason = ?5, written = ?6
         WHERE events.connection = ?1 AND events.id IN (SELECT value FROM json_each(?2)) AND events.state = 'pending'
           AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.connection = ?1 AND w.event = events.id)",
    )
    .bind(store.id)
    .bind(Value::from(events).to_string())
    .bind(state)
    .bind(millis(now))
    .bind(reason)
    .bind(write)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(closed.rows_affected())
}

fn looks_json(looks: &[WorkItem]) -> String {
    let rows: Vec<Value> = looks
        .iter()
        .map(|look| {
            let (kind, id) = subject_columns(&look.subject);
            json!([kind, id, look.sequence])
        })
        .collect();
    Value::Array(rows).to_string()
}
