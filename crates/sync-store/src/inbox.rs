//! Events, and the looks that they fold into.

use jiff::Timestamp;
use serde_json::{Value, json};
use sync_engine::{InboxCounts, InboxEvent, Look, StoreError};

use crate::ConnectionStore;
use crate::convert::{millis, subject, subject_columns, timestamp};

pub(crate) async fn store(
    store: &ConnectionStore,
    events: &[InboxEvent],
    now: Timestamp,
) -> Result<u64, StoreError> {
    const ACTION: &str = "store events";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    let mut new = 0;
    for event in events {
        let stored = sqlx::query(
            "INSERT OR IGNORE INTO events (connection, id, event_type, published, received, state)
             VALUES (?1, ?2, ?3, ?4, ?5, 'pending')",
        )
        .bind(store.id)
        .bind(event.id.as_str())
        .bind(&event.event_type)
        .bind(millis(event.published))
        .bind(millis(now))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        if stored.rows_affected() == 0 {
            continue;
        }
        new += 1;
        for named in &event.subjects {
            let (kind, id) = subject_columns(named);
            let sequence: i64 = sqlx::query_scalar(
                "INSERT INTO looks (connection, kind, id, at_least, expects_gone, attempts, sequence, due)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, ?6)
                 ON CONFLICT (connection, kind, id) DO UPDATE SET
                     at_least = max(coalesce(at_least, excluded.at_least), coalesce(excluded.at_least, at_least)),
                     expects_gone = expects_gone OR excluded.expects_gone,
                     attempts = 0, sequence = sequence + 1, due = min(due, excluded.due)
                 RETURNING sequence",
            )
            .bind(store.id)
            .bind(kind)
            .bind(id)
            .bind(event.changes_object.then(|| millis(event.published)))
            .bind(event.expects_gone)
            .bind(millis(now))
            .fetch_one(&mut *tx)
            .await
            .map_err(failed)?;
            sqlx::query(
                "INSERT OR IGNORE INTO waiting (connection, kind, id, event, sequence) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .bind(store.id)
            .bind(kind)
            .bind(id)
            .bind(event.id.as_str())
            .bind(sequence)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        }
        if event.subjects.is_empty() {
            sqlx::query("UPDATE events SET state = 'done', settled = ?3 WHERE connection = ?1 AND id = ?2")
                .bind(store.id)
                .bind(event.id.as_str())
                .bind(millis(now))
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        }
    }
    tx.commit().await.map_err(failed)?;
    Ok(new)
}

pub(crate) async fn due(
    store: &ConnectionStore,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Look>, StoreError> {
    let rows: Vec<(String, String, Option<i64>, bool, u32, i64)> = sqlx::query_as(
        "SELECT kind, id, at_least, expects_gone, attempts, sequence FROM looks
         WHERE connection = ?1 AND due <= ?2 ORDER BY due LIMIT ?3",
    )
    .bind(store.id)
    .bind(millis(now))
    .bind(limit)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read what is due", e))?;
    rows.into_iter()
        .map(|(kind, id, at_least, expects_gone, attempts, sequence)| {
            Ok(Look {
                target: subject(&kind, id)?,
                at_least: at_least.map(timestamp).transpose()?,
                expects_gone,
                attempts,
                sequence,
            })
        })
        .collect()
}

pub(crate) async fn settle(
    store: &ConnectionStore,
    looks: &[Look],
    now: Timestamp,
) -> Result<(), StoreError> {
    strike_off(store, looks, "done", None, now, "settle what was looked at").await
}

pub(crate) async fn bury(
    store: &ConnectionStore,
    looks: &[Look],
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    strike_off(store, looks, "dead", Some(reason), now, "give events up").await
}

pub(crate) async fn postpone(
    store: &ConnectionStore,
    looks: &[Look],
    until: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE looks SET due = ?3, attempts = attempts + 1 FROM json_each(?2) l
         WHERE connection = ?1 AND looks.kind = l.value ->> 0 AND looks.id = l.value ->> 1
           AND looks.sequence <= l.value ->> 2",
    )
    .bind(store.id)
    .bind(looks_json(looks))
    .bind(millis(until))
    .execute(&store.pool)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("put looks off", e))
}

pub(crate) async fn counts(store: &ConnectionStore) -> Result<InboxCounts, StoreError> {
    let (pending, dead, oldest, looks): (i64, i64, Option<i64>, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM events WHERE connection = ?1 AND state = 'pending'),
                (SELECT count(*) FROM events WHERE connection = ?1 AND state = 'dead'),
                (SELECT min(published) FROM events WHERE connection = ?1 AND state = 'pending'),
                (SELECT count(*) FROM looks WHERE connection = ?1)",
    )
    .bind(store.id)
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count what is waiting", e))?;
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(InboxCounts {
        pending: count(pending),
        dead: count(dead),
        looks: count(looks),
        oldest: oldest.map(timestamp).transpose()?,
    })
}

/// Removes looks that no newer event has asked for since, and closes the events that waited for them alone.
async fn strike_off(
    store: &ConnectionStore,
    looks: &[Look],
    state: &'static str,
    reason: Option<&str>,
    now: Timestamp,
    action: &'static str,
) -> Result<(), StoreError> {
    let failed = |e| StoreError::new(action, e);
    let looks = looks_json(looks);
    let mut tx = store.begin(action).await?;
    sqlx::query(
        "DELETE FROM looks WHERE connection = ?1 AND EXISTS (SELECT 1 FROM json_each(?2) l
             WHERE looks.kind = l.value ->> 0 AND looks.id = l.value ->> 1 AND looks.sequence <= l.value ->> 2)",
    )
    .bind(store.id)
    .bind(&looks)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
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
    sqlx::query(
        "UPDATE events SET state = ?3, settled = ?4, reason = ?5
         WHERE events.connection = ?1 AND events.id IN (SELECT value FROM json_each(?2)) AND events.state = 'pending'
           AND NOT EXISTS (SELECT 1 FROM waiting w WHERE w.connection = ?1 AND w.event = events.id)",
    )
    .bind(store.id)
    .bind(Value::from(events).to_string())
    .bind(state)
    .bind(millis(now))
    .bind(reason)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    tx.commit().await.map_err(failed)
}

fn looks_json(looks: &[Look]) -> String {
    let rows: Vec<Value> = looks
        .iter()
        .map(|look| {
            let (kind, id) = subject_columns(&look.target);
            json!([kind, id, look.sequence])
        })
        .collect();
    Value::Array(rows).to_string()
}
