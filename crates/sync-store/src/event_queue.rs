//! The event queue: deliveries, pages of the System Log, and counts.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::FromRow;
use sync_engine::lots::REJECTED;
use sync_engine::{EventInbox, EventQueueCounts, FeedCheckpoint, NewEvent, PlaceState, StoreError};

use crate::arrivals::{STORE, insert, storing};
use crate::connection::ConnectionStore;
use crate::convert::{from_json, in_row, time_of, to_json};
use crate::{deliveries, place};

const COUNTS: &str =
    "SELECT (SELECT count(*) FROM events WHERE connection_id = ?1 AND state = 'pending') AS pending,
       (SELECT count(DISTINCT w.event_id) FROM work_queue l CROSS JOIN event_work w
        ON w.connection_id = ?1 AND w.kind = l.kind AND w.id = l.id
        WHERE l.connection_id = ?1 AND l.claimed_until > 0) AS in_progress,
       (SELECT count(*) FROM events WHERE connection_id = ?1 AND state = 'failed') AS failed,
       (SELECT min(published_at) FROM events WHERE connection_id = ?1 AND state = 'failed') AS oldest_failed,
       (SELECT min(published_at) FROM events WHERE connection_id = ?1 AND state = 'pending') AS oldest_pending,
       (SELECT e.received_at FROM events e WHERE e.connection_id = ?1 AND e.state = 'pending' AND EXISTS (
            SELECT 1 FROM event_work w CROSS JOIN work_queue l
            ON l.connection_id = ?1 AND l.kind = w.kind AND l.id = w.id
            WHERE w.connection_id = ?1 AND w.event_id = e.id AND l.attempts = 0
              AND l.kind NOT IN ('recent_changes', 'entire_directory', 'schema'))
        ORDER BY e.published_at LIMIT 1) AS oldest_unclaimed,
       (SELECT count(*) FROM work_queue WHERE connection_id = ?1) AS work_items,
       (SELECT count(*) FROM unconfirmed_records WHERE connection_id = ?1) AS unconfirmed,
       (SELECT count(*) FROM unconfirmed_records WHERE connection_id = ?1 AND single_failures >= ?2) AS rejected,
       (SELECT min(read_at) FROM unconfirmed_records WHERE connection_id = ?1) AS oldest_unconfirmed,
       (SELECT count(*) FROM blocked_objects WHERE connection_id = ?1) AS blocked,
       (SELECT min(blocked_at) FROM blocked_objects WHERE connection_id = ?1) AS oldest_blocked,
       (SELECT count(*) FROM events WHERE connection_id = ?1 AND state = 'blocked') AS blocked_events,
       (SELECT count(*) FROM unreadable_objects WHERE connection_id = ?1) AS unreadable";

/// The counts and times of [`COUNTS`].
#[derive(FromRow)]
struct CountsRow {
    pending: i64,
    in_progress: i64,
    failed: i64,
    oldest_failed: Option<i64>,
    oldest_pending: Option<i64>,
    oldest_unclaimed: Option<i64>,
    work_items: i64,
    unconfirmed: i64,
    rejected: i64,
    oldest_unconfirmed: Option<i64>,
    blocked: i64,
    oldest_blocked: Option<i64>,
    blocked_events: i64,
    unreadable: i64,
}

#[async_trait]
impl EventInbox for ConnectionStore {
    async fn store_events(&self, events: &[NewEvent], now: Timestamp) -> Result<u64, StoreError> {
        deliveries::store(self, None, events, now).await
    }

    async fn store_delivery(
        &self,
        delivery: &str,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        deliveries::store(self, Some(delivery), events, now).await
    }

    async fn feed_checkpoint(&self) -> Result<Option<FeedCheckpoint>, StoreError> {
        const ACTION: &str = "read the System Log position";
        let text: Option<String> =
            sqlx::query_scalar("SELECT checkpoint FROM system_log_checkpoints WHERE connection_id = ?1")
                .bind(self.id)
                .fetch_optional(&self.pool)
                .await
                .map_err(|e| StoreError::new(ACTION, e))?;
        let read =
            |text: String| in_row(|| "the System Log position".to_owned(), || from_json(ACTION, &text));
        text.map(read).transpose()
    }

    async fn store_feed_page(
        &self,
        events: &[NewEvent],
        checkpoint: &FeedCheckpoint,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let text = to_json(STORE, checkpoint)?;
        let mut tx = self.begin(STORE).await?;
        let new = insert(self.id, &mut tx, events, now).await?;
        sqlx::query(
            "INSERT INTO system_log_checkpoints (connection_id, checkpoint) VALUES (?1, ?2)
             ON CONFLICT (connection_id) DO UPDATE SET checkpoint = excluded.checkpoint",
        )
        .bind(self.id)
        .bind(text)
        .execute(&mut *tx)
        .await
        .map_err(storing)?;
        tx.commit().await.map_err(storing)?;
        Ok(new)
    }

    async fn event_queue_counts(&self) -> Result<EventQueueCounts, StoreError> {
        let row: CountsRow = sqlx::query_as(COUNTS)
            .bind(self.id)
            .bind(REJECTED)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("count events and work items", e))?;
        let count = |n: i64| u64::try_from(n).unwrap_or_default();
        Ok(EventQueueCounts {
            pending: count(row.pending).saturating_sub(count(row.in_progress)),
            in_progress: count(row.in_progress),
            failed: count(row.failed),
            oldest_failed_at: time_of("a failed event", row.oldest_failed)?,
            blocked: count(row.blocked),
            blocked_events: count(row.blocked_events),
            oldest_blocked_at: time_of("a blocked object", row.oldest_blocked)?,
            doubted: place::count_resend_pending(self).await?,
            withheld: self.place().await?.map_or(0, |place| place.withheld().len() as u64),
            unreadable: count(row.unreadable),
            work_items: count(row.work_items),
            oldest_pending_at: time_of("a pending event", row.oldest_pending)?,
            oldest_unclaimed_at: time_of("a work item", row.oldest_unclaimed)?,
            unconfirmed_records: count(row.unconfirmed),
            rejected_records: count(row.rejected),
            oldest_unconfirmed_at: time_of("an unconfirmed record", row.oldest_unconfirmed)?,
        })
    }
}
