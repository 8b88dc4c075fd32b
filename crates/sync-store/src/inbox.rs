//! Events, and the looks that they fold into.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};
use sync_engine::{FeedState, InboxCounts, InboxEvent, Look, LookSort, Reading, StoreError, Subject};

use crate::ConnectionStore;
use crate::convert::{millis, subject, subject_columns, timestamp};
use crate::{evidence, place};

pub(crate) async fn store(
    store: &ConnectionStore,
    events: &[InboxEvent],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut tx = store.begin(STORE).await?;
    let new = insert(store, &mut tx, events, now).await?;
    tx.commit().await.map_err(storing)?;
    Ok(new)
}

pub(crate) async fn store_delivery(
    store: &ConnectionStore,
    delivery: &str,
    events: &[InboxEvent],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut tx = store.begin(STORE).await?;
    let stored =
        sqlx::query("INSERT OR IGNORE INTO deliveries (connection, id, received) VALUES (?1, ?2, ?3)")
            .bind(store.id)
            .bind(delivery)
            .bind(millis(now))
            .execute(&mut *tx)
            .await
            .map_err(storing)?;
    let new = if stored.rows_affected() == 0 { 0 } else { insert(store, &mut tx, events, now).await? };
    tx.commit().await.map_err(storing)?;
    Ok(new)
}

pub(crate) async fn store_feed(
    store: &ConnectionStore,
    events: &[InboxEvent],
    state: &FeedState,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let text = serde_json::to_string(state).map_err(|e| StoreError::new(STORE, e))?;
    let mut tx = store.begin(STORE).await?;
    let new = insert(store, &mut tx, events, now).await?;
    sqlx::query(
        "INSERT INTO feeds (connection, state) VALUES (?1, ?2)
         ON CONFLICT (connection) DO UPDATE SET state = excluded.state",
    )
    .bind(store.id)
    .bind(text)
    .execute(&mut *tx)
    .await
    .map_err(storing)?;
    tx.commit().await.map_err(storing)?;
    Ok(new)
}

pub(crate) async fn feed(store: &ConnectionStore) -> Result<Option<FeedState>, StoreError> {
    const ACTION: &str = "read how far the log was read";
    let text: Option<String> = sqlx::query_scalar("SELECT state FROM feeds WHERE connection = ?1")
        .bind(store.id)
        .fetch_optional(&store.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|e| StoreError::new(ACTION, e))
}

pub(crate) async fn ask(
    store: &ConnectionStore,
    subject: &Subject,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = store.begin(STORE).await?;
    look(store, &mut tx, subject, None, false, now).await.map_err(storing)?;
    tx.commit().await.map_err(storing)
}

const STORE: &str = "store events";

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn storing(error: sqlx::Error) -> StoreError {
    StoreError::new(STORE, error)
}

/// Inserts those that are new, with what they ask to look at, and gives their number.
async fn insert(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    events: &[InboxEvent],
    now: Timestamp,
) -> Result<u64, StoreError> {
    if events.is_empty() {
        return Ok(0);
    }
    let write = count_write(store, tx).await.map_err(storing)?;
    let mut new = 0;
    for event in events {
        // An event that names nothing is done as soon as it is known.
        let (state, settled) =
            if event.subjects.is_empty() { ("done", Some(millis(now))) } else { ("pending", None) };
        let stored = sqlx::query(
            "INSERT OR IGNORE INTO events (connection, id, event_type, published, received, state, settled, named,
                                           changes_object, expects_gone, written, arrived)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)",
        )
        .bind(store.id)
        .bind(event.id.as_str())
        .bind(&event.event_type)
        .bind(millis(event.published))
        .bind(millis(now))
        .bind(state)
        .bind(settled)
        .bind(named_json(&event.subjects))
        .bind(event.changes_object)
        .bind(event.expects_gone)
        .bind(write)
        .execute(&mut **tx)
        .await
        .map_err(storing)?;
        if stored.rows_affected() == 0 {
            continue;
        }
        new += 1;
        let at_least = event.changes_object.then_some(event.published);
        let (id, subjects) = (event.id.as_str(), &event.subjects);
        wait_for(store, tx, id, subjects, at_least, event.expects_gone, now).await.map_err(storing)?;
    }
    Ok(new)
}

/// Has an event wait until what it names was looked at.
pub(crate) async fn wait_for(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    event: &str,
    subjects: &[Subject],
    at_least: Option<Timestamp>,
    expects_gone: bool,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for named in subjects {
        let sequence = look(store, tx, named, at_least, expects_gone, now).await?;
        let (kind, id) = subject_columns(named);
        sqlx::query(
            "INSERT OR REPLACE INTO waiting (connection, kind, id, event, sequence) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(store.id)
        .bind(kind)
        .bind(id)
        .bind(event)
        .bind(sequence)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Numbers a reading in the same sequence as [writes](count_write).
pub(crate) async fn next_reading(store: &ConnectionStore, now: Timestamp) -> Result<Reading, StoreError> {
    let number = sqlx::query_scalar(NEXT)
        .bind(store.id)
        .fetch_one(&store.writer)
        .await
        .map_err(|e| StoreError::new("number a reading of the directory", e))?;
    Ok(Reading { number, at: now })
}

const NEXT: &str = "UPDATE connections SET sequence = sequence + 1 WHERE id = ?1 RETURNING sequence";

/// Counts a write that changes events, and gives its number: numbers grow in the order in which the writes are seen.
pub(crate) async fn count_write(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(NEXT).bind(store.id).fetch_one(&mut **tx).await
}

fn named_json(subjects: &[Subject]) -> String {
    let named = subjects.iter().map(|subject| {
        let (kind, id) = subject_columns(subject);
        json!([kind, id])
    });
    named.collect::<Value>().to_string()
}

/// Puts a look on the list, or adds another wish to the one that is there. Gives its sequence.
pub(crate) async fn look(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
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
    sort: LookSort,
    limit: u32,
    now: Timestamp,
    lease: Duration,
) -> Result<Vec<Look>, StoreError> {
    type Row = (String, String, Option<i64>, bool, u32, i64, i64);
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
    .bind(sort == LookSort::Passes)
    .fetch_all(&store.writer)
    .await
    .map_err(|e| StoreError::new("claim what is due", e))?;
    rows.sort_by_key(|row| row.6);
    rows.into_iter()
        .map(|(kind, id, at_least, expects_gone, attempts, sequence, _)| {
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

pub(crate) async fn release(store: &ConnectionStore, looks: &[Look]) -> Result<(), StoreError> {
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
    looks: &[Look],
    now: Timestamp,
) -> Result<u64, StoreError> {
    strike_off(store, looks, "done", None, now, "settle what was looked at").await
}

pub(crate) async fn bury(
    store: &ConnectionStore,
    looks: &[Look],
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    strike_off(store, looks, "dead", Some(reason), now, "give events up").await.map(drop)
}

pub(crate) async fn postpone(
    store: &ConnectionStore,
    looks: &[Look],
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

pub(crate) async fn counts(store: &ConnectionStore) -> Result<InboxCounts, StoreError> {
    type Row = (
        i64,
        i64,
        i64,
        Option<i64>,
        Option<i64>,
        Option<i64>,
        i64,
        i64,
        i64,
        Option<i64>,
        i64,
        Option<i64>,
        i64,
    );
    let (
        pending,
        claimed,
        dead,
        dead_since,
        oldest,
        untouched,
        looks,
        unconfirmed,
        failed,
        refused,
        blocked,
        blocked_since,
        unreadable,
    ): Row = sqlx::query_as(
        "SELECT (SELECT count(*) FROM events WHERE connection = ?1 AND state = 'pending'),
                (SELECT count(DISTINCT w.event) FROM looks l CROSS JOIN waiting w
                 ON w.connection = ?1 AND w.kind = l.kind AND w.id = l.id
                 WHERE l.connection = ?1 AND l.claimed_until > 0),
                (SELECT count(*) FROM events WHERE connection = ?1 AND state = 'dead'),
                (SELECT min(published) FROM events WHERE connection = ?1 AND state = 'dead'),
                (SELECT min(published) FROM events WHERE connection = ?1 AND state = 'pending'),
                (SELECT e.received FROM events e WHERE e.connection = ?1 AND e.state = 'pending' AND EXISTS (
                     SELECT 1 FROM waiting w CROSS JOIN looks l
                     ON l.connection = ?1 AND l.kind = w.kind AND l.id = w.id
                     WHERE w.connection = ?1 AND w.event = e.id AND l.attempts = 0
                       AND l.kind NOT IN ('recent', 'directory', 'schema'))
                 ORDER BY e.published LIMIT 1),
                (SELECT count(*) FROM looks WHERE connection = ?1),
                (SELECT count(*) FROM unconfirmed WHERE connection = ?1),
                (SELECT count(*) FROM unconfirmed WHERE connection = ?1 AND alone >= 2),
                (SELECT min(read_at) FROM unconfirmed WHERE connection = ?1),
                (SELECT count(*) FROM blocked_objects WHERE connection = ?1),
                (SELECT min(blocked_at) FROM blocked_objects WHERE connection = ?1),
                (SELECT count(*) FROM unread_objects WHERE connection = ?1)",
    )
    .bind(store.id)
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count what is waiting", e))?;
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(InboxCounts {
        pending: count(pending),
        claimed: count(claimed),
        dead: count(dead),
        dead_since: dead_since.map(timestamp).transpose()?,
        blocked: count(blocked),
        blocked_since: blocked_since.map(timestamp).transpose()?,
        doubted: place::count_doubted(store).await?,
        withheld: place::read(store).await?.map_or(0, |place| place.withheld().len() as u64),
        unreadable: count(unreadable),
        looks: count(looks),
        oldest: oldest.map(timestamp).transpose()?,
        untouched_since: untouched.map(timestamp).transpose()?,
        unconfirmed: count(unconfirmed),
        failed: count(failed),
        unconfirmed_since: refused.map(timestamp).transpose()?,
    })
}

pub(crate) async fn forget(store: &ConnectionStore, before: Timestamp) -> Result<(), StoreError> {
    const ACTION: &str = "forget what is long done";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    for statement in [
        "DELETE FROM events WHERE connection = ?1 AND state <> 'pending' AND settled < ?2",
        "DELETE FROM deliveries WHERE connection = ?1 AND received < ?2",
        "DELETE FROM runs WHERE connection = ?1 AND ended < ?2
         AND id <> (SELECT coalesce(max(id), 0) FROM runs WHERE connection = ?1 AND kind = 'full')
         AND id NOT IN (SELECT run FROM executions)",
        "DELETE FROM requests WHERE connection = ?1 AND asked < ?2",
        "DELETE FROM recent_losses WHERE connection = ?1 AND lost_at < ?2",
    ] {
        sqlx::query(statement).bind(store.id).bind(millis(before)).execute(&mut *tx).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

/// Removes looks that no newer event has asked for since, and closes the events that waited for them alone. Gives
/// the number of those.
async fn strike_off(
    store: &ConnectionStore,
    looks: &[Look],
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
