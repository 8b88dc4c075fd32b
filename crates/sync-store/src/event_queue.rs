//! Events as they arrive, and the numbers that order them.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Sqlite, Transaction};
use sync_engine::{EventQueueCounts, FeedCheckpoint, NewEvent, Reading, StoreError, Subject};

use crate::ConnectionStore;
use crate::convert::{from_json, in_row, millis, subject_columns, time_of};
use crate::looks::look;
use crate::unconfirmed::REJECTED;
use crate::{place, runs};

pub(crate) async fn store_feed(
    store: &ConnectionStore,
    events: &[NewEvent],
    state: &FeedCheckpoint,
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

pub(crate) async fn feed(store: &ConnectionStore) -> Result<Option<FeedCheckpoint>, StoreError> {
    const ACTION: &str = "read how far the log was read";
    let text: Option<String> = sqlx::query_scalar("SELECT state FROM feeds WHERE connection = ?1")
        .bind(store.id)
        .fetch_optional(&store.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
    let read = |text: String| in_row(|| "the System Log position".to_owned(), || from_json(ACTION, &text));
    text.map(read).transpose()
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
pub(crate) async fn insert(
    store: &ConnectionStore,
    tx: &mut Transaction<'_, Sqlite>,
    events: &[NewEvent],
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
        .bind(millis(event.published_at))
        .bind(millis(now))
        .bind(state)
        .bind(settled)
        .bind(named_json(&event.subjects))
        .bind(event.requires_newer_object)
        .bind(event.expect_deleted)
        .bind(write)
        .execute(&mut **tx)
        .await
        .map_err(storing)?;
        if stored.rows_affected() == 0 {
            continue;
        }
        new += 1;
        let at_least = event.requires_newer_object.then_some(event.published_at);
        let (id, subjects) = (event.id.as_str(), &event.subjects);
        wait_for(store, tx, id, subjects, at_least, event.expect_deleted, now).await.map_err(storing)?;
    }
    Ok(new)
}

/// Has an event wait until what it names was looked at.
pub(crate) async fn wait_for(
    store: &ConnectionStore,
    tx: &mut Transaction<'_, Sqlite>,
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
    tx: &mut Transaction<'_, Sqlite>,
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

pub(crate) async fn counts(store: &ConnectionStore) -> Result<EventQueueCounts, StoreError> {
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
                (SELECT count(*) FROM events WHERE connection = ?1 AND state = 'failed'),
                (SELECT min(published) FROM events WHERE connection = ?1 AND state = 'failed'),
                (SELECT min(published) FROM events WHERE connection = ?1 AND state = 'pending'),
                (SELECT e.received FROM events e WHERE e.connection = ?1 AND e.state = 'pending' AND EXISTS (
                     SELECT 1 FROM waiting w CROSS JOIN looks l
                     ON l.connection = ?1 AND l.kind = w.kind AND l.id = w.id
                     WHERE w.connection = ?1 AND w.event = e.id AND l.attempts = 0
                       AND l.kind NOT IN ('recent', 'directory', 'schema'))
                 ORDER BY e.published LIMIT 1),
                (SELECT count(*) FROM looks WHERE connection = ?1),
                (SELECT count(*) FROM unconfirmed WHERE connection = ?1),
                (SELECT count(*) FROM unconfirmed WHERE connection = ?1 AND alone >= ?2),
                (SELECT min(read_at) FROM unconfirmed WHERE connection = ?1),
                (SELECT count(*) FROM blocked_objects WHERE connection = ?1),
                (SELECT min(blocked_at) FROM blocked_objects WHERE connection = ?1),
                (SELECT count(*) FROM unread_objects WHERE connection = ?1)",
    )
    .bind(store.id)
    .bind(REJECTED)
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count what is waiting", e))?;
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(EventQueueCounts {
        pending: count(pending).saturating_sub(count(claimed)),
        in_progress: count(claimed),
        failed: count(dead),
        oldest_failed_at: time_of("a failed event", dead_since)?,
        blocked: count(blocked),
        oldest_blocked_at: time_of("a blocked object", blocked_since)?,
        doubted: place::count_doubted(store).await?,
        withheld: place::read(store).await?.map_or(0, |place| place.withheld().len() as u64),
        unreadable: count(unreadable),
        work_items: count(looks),
        oldest_pending_at: time_of("a pending event", oldest)?,
        oldest_unclaimed_at: time_of("a work item", untouched)?,
        unconfirmed_records: count(unconfirmed),
        rejected_records: count(failed),
        oldest_unconfirmed_at: time_of("an unconfirmed record", refused)?,
    })
}

pub(crate) async fn forget(store: &ConnectionStore, before: Timestamp) -> Result<(), StoreError> {
    const ACTION: &str = "forget what is long done";
    let failed = |e| StoreError::new(ACTION, e);
    runs::abandon_plans(store, before).await?;
    let mut tx = store.begin(ACTION).await?;
    for statement in [
        "DELETE FROM events WHERE connection = ?1 AND state <> 'pending' AND settled < ?2",
        "DELETE FROM deliveries WHERE connection = ?1 AND received < ?2",
        "DELETE FROM runs WHERE connection = ?1 AND ended < ?2
         AND id <> (SELECT coalesce(max(id), 0) FROM runs WHERE connection = ?1 AND kind = 'full_sync')
         AND id NOT IN (SELECT run FROM executions)",
        "DELETE FROM requests WHERE connection = ?1 AND asked < ?2",
        "DELETE FROM recent_losses WHERE connection = ?1 AND lost_at < ?2",
        // The newest hundred thousand lines about deleted objects stay whatever their age.
        "DELETE FROM audit WHERE connection = ?1 AND at < ?2
         AND number <= (SELECT max(number) FROM audit WHERE connection = ?1) - 100000",
    ] {
        sqlx::query(statement).bind(store.id).bind(millis(before)).execute(&mut *tx).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}
