//! Events as they arrive, and the numbers that order them.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Sqlite, Transaction};
use sync_engine::{EventQueueCounts, FeedCheckpoint, NewEvent, Reading, StoreError, Subject};

use crate::ConnectionStore;
use crate::convert::{from_json, in_row, millis, subject_columns, time_of};
use crate::unconfirmed::REJECTED;
use crate::{place, runs, work_queue};

pub(crate) async fn store_feed_page(
    store: &ConnectionStore,
    events: &[NewEvent],
    checkpoint: &FeedCheckpoint,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let text = serde_json::to_string(checkpoint).map_err(|e| StoreError::new(STORE, e))?;
    let mut tx = store.begin(STORE).await?;
    let new = insert(store, &mut tx, events, now).await?;
    sqlx::query(
        "INSERT INTO system_log_checkpoints (connection_id, checkpoint) VALUES (?1, ?2)
         ON CONFLICT (connection_id) DO UPDATE SET checkpoint = excluded.checkpoint",
    )
    .bind(store.id)
    .bind(text)
    .execute(&mut *tx)
    .await
    .map_err(storing)?;
    tx.commit().await.map_err(storing)?;
    Ok(new)
}

pub(crate) async fn feed_checkpoint(store: &ConnectionStore) -> Result<Option<FeedCheckpoint>, StoreError> {
    const ACTION: &str = "read the System Log position";
    let text: Option<String> =
        sqlx::query_scalar("SELECT checkpoint FROM system_log_checkpoints WHERE connection_id = ?1")
            .bind(store.id)
            .fetch_optional(&store.pool)
            .await
            .map_err(|e| StoreError::new(ACTION, e))?;
    let read = |text: String| in_row(|| "the System Log position".to_owned(), || from_json(ACTION, &text));
    text.map(read).transpose()
}

pub(crate) async fn enqueue(
    store: &ConnectionStore,
    subject: &Subject,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = store.begin(STORE).await?;
    work_queue::enqueue(store, &mut tx, subject, None, false, now).await.map_err(storing)?;
    tx.commit().await.map_err(storing)
}

const STORE: &str = "store events";

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn storing(error: sqlx::Error) -> StoreError {
    StoreError::new(STORE, error)
}

/// Inserts new events with their work items and returns the number of new events.
pub(crate) async fn insert(
    store: &ConnectionStore,
    tx: &mut Transaction<'_, Sqlite>,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<u64, StoreError> {
    if events.is_empty() {
        return Ok(0);
    }
    let change_seq = next_change(store, tx).await.map_err(storing)?;
    let mut new = 0;
    for event in events {
        // An event without subjects requests no work.
        let (state, completed_at) =
            if event.subjects.is_empty() { ("done", Some(millis(now))) } else { ("pending", None) };
        let stored = sqlx::query(
            "INSERT OR IGNORE INTO events (connection_id, id, event_type, published_at, received_at, state, completed_at,
                                           subjects, requires_newer_object, expect_deleted, change_seq, arrived_seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)",
        )
        .bind(store.id)
        .bind(event.id.as_str())
        .bind(&event.event_type)
        .bind(millis(event.published_at))
        .bind(millis(now))
        .bind(state)
        .bind(completed_at)
        .bind(subjects_json(&event.subjects))
        .bind(event.requires_newer_object)
        .bind(event.expect_deleted)
        .bind(change_seq)
        .execute(&mut **tx)
        .await
        .map_err(storing)?;
        if stored.rows_affected() == 0 {
            continue;
        }
        new += 1;
        let not_older_than = event.requires_newer_object.then_some(event.published_at);
        let (id, subjects) = (event.id.as_str(), &event.subjects);
        add_work(store, tx, id, subjects, not_older_than, event.expect_deleted, now)
            .await
            .map_err(storing)?;
    }
    Ok(new)
}

/// Enqueues the subjects of an event, which waits for them.
pub(crate) async fn add_work(
    store: &ConnectionStore,
    tx: &mut Transaction<'_, Sqlite>,
    event: &str,
    subjects: &[Subject],
    not_older_than: Option<Timestamp>,
    expect_deleted: bool,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for subject in subjects {
        let sequence = work_queue::enqueue(store, tx, subject, not_older_than, expect_deleted, now).await?;
        let (kind, id) = subject_columns(subject);
        sqlx::query(
            "INSERT OR REPLACE INTO event_work (connection_id, kind, id, event_id, sequence) VALUES (?1, ?2, ?3, ?4, ?5)",
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

/// Numbers a reading in the same sequence as [writes](next_change).
pub(crate) async fn next_reading(store: &ConnectionStore, now: Timestamp) -> Result<Reading, StoreError> {
    let number = sqlx::query_scalar(NEXT_SEQ)
        .bind(store.id)
        .fetch_one(&store.writer)
        .await
        .map_err(|e| StoreError::new("number a reading of the directory", e))?;
    Ok(Reading { number, at: now })
}

const NEXT_SEQ: &str = "UPDATE connections SET last_seq = last_seq + 1 WHERE id = ?1 RETURNING last_seq";

/// The number of a write that changes events. Numbers grow in the order in which writes become visible.
pub(crate) async fn next_change(
    store: &ConnectionStore,
    tx: &mut Transaction<'_, Sqlite>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(NEXT_SEQ).bind(store.id).fetch_one(&mut **tx).await
}

fn subjects_json(subjects: &[Subject]) -> String {
    let columns = subjects.iter().map(|subject| {
        let (kind, id) = subject_columns(subject);
        json!([kind, id])
    });
    columns.collect::<Value>().to_string()
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
        i64,
    );
    let (
        pending,
        in_progress,
        failed,
        oldest_failed,
        oldest_pending,
        oldest_unclaimed,
        work_items,
        unconfirmed,
        rejected,
        oldest_unconfirmed,
        blocked,
        oldest_blocked,
        blocked_events,
        unreadable,
    ): Row = sqlx::query_as(
        "SELECT (SELECT count(*) FROM events WHERE connection_id = ?1 AND state = 'pending'),
                (SELECT count(DISTINCT w.event_id) FROM work_queue l CROSS JOIN event_work w
                 ON w.connection_id = ?1 AND w.kind = l.kind AND w.id = l.id
                 WHERE l.connection_id = ?1 AND l.claimed_until > 0),
                (SELECT count(*) FROM events WHERE connection_id = ?1 AND state = 'failed'),
                (SELECT min(published_at) FROM events WHERE connection_id = ?1 AND state = 'failed'),
                (SELECT min(published_at) FROM events WHERE connection_id = ?1 AND state = 'pending'),
                (SELECT e.received_at FROM events e WHERE e.connection_id = ?1 AND e.state = 'pending' AND EXISTS (
                     SELECT 1 FROM event_work w CROSS JOIN work_queue l
                     ON l.connection_id = ?1 AND l.kind = w.kind AND l.id = w.id
                     WHERE w.connection_id = ?1 AND w.event_id = e.id AND l.attempts = 0
                       AND l.kind NOT IN ('recent_changes', 'entire_directory', 'schema'))
                 ORDER BY e.published_at LIMIT 1),
                (SELECT count(*) FROM work_queue WHERE connection_id = ?1),
                (SELECT count(*) FROM unconfirmed_records WHERE connection_id = ?1),
                (SELECT count(*) FROM unconfirmed_records WHERE connection_id = ?1 AND single_failures >= ?2),
                (SELECT min(read_at) FROM unconfirmed_records WHERE connection_id = ?1),
                (SELECT count(*) FROM blocked_objects WHERE connection_id = ?1),
                (SELECT min(blocked_at) FROM blocked_objects WHERE connection_id = ?1),
                (SELECT count(*) FROM events WHERE connection_id = ?1 AND state = 'blocked'),
                (SELECT count(*) FROM unreadable_objects WHERE connection_id = ?1)",
    )
    .bind(store.id)
    .bind(REJECTED)
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count events and work items", e))?;
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(EventQueueCounts {
        pending: count(pending).saturating_sub(count(in_progress)),
        in_progress: count(in_progress),
        failed: count(failed),
        oldest_failed_at: time_of("a failed event", oldest_failed)?,
        blocked: count(blocked),
        blocked_events: count(blocked_events),
        oldest_blocked_at: time_of("a blocked object", oldest_blocked)?,
        doubted: place::count_resend_pending(store).await?,
        withheld: place::read(store).await?.map_or(0, |place| place.withheld().len() as u64),
        unreadable: count(unreadable),
        work_items: count(work_items),
        oldest_pending_at: time_of("a pending event", oldest_pending)?,
        oldest_unclaimed_at: time_of("a work item", oldest_unclaimed)?,
        unconfirmed_records: count(unconfirmed),
        rejected_records: count(rejected),
        oldest_unconfirmed_at: time_of("an unconfirmed record", oldest_unconfirmed)?,
    })
}

pub(crate) async fn delete_expired(store: &ConnectionStore, before: Timestamp) -> Result<(), StoreError> {
    const ACTION: &str = "delete expired history";
    let failed = |e| StoreError::new(ACTION, e);
    runs::interrupt_plans(store, before).await?;
    let mut tx = store.begin(ACTION).await?;
    for statement in [
        "DELETE FROM events WHERE connection_id = ?1 AND state <> 'pending' AND completed_at < ?2",
        "DELETE FROM deliveries WHERE connection_id = ?1 AND received_at < ?2",
        "DELETE FROM runs WHERE connection_id = ?1 AND ended_at < ?2
         AND id <> (SELECT coalesce(max(id), 0) FROM runs WHERE connection_id = ?1 AND kind = 'full_sync')
         AND id NOT IN (SELECT run_id FROM open_executions)",
        "DELETE FROM sync_requests WHERE connection_id = ?1 AND requested_at < ?2",
        "DELETE FROM recent_removals WHERE connection_id = ?1 AND removed_at < ?2",
        // The newest 100,000 entries are kept regardless of their age.
        "DELETE FROM object_audit_log WHERE connection_id = ?1 AND occurred_at < ?2
         AND id <= (SELECT max(id) FROM object_audit_log WHERE connection_id = ?1) - 100000",
    ] {
        sqlx::query(statement).bind(store.id).bind(millis(before)).execute(&mut *tx).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}
