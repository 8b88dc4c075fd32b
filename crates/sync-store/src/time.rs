//! Order and time in spite of a wrong clock.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sync_engine::{Reading, StoreError, TimeState};

use crate::connection::ConnectionStore;
use crate::convert::{millis, time_of};
use crate::sequence::NEXT;

/// Makes future work due, and deletes samples of the future.
const DUE: [&str; 4] = [
    "UPDATE work_queue SET next_attempt_at = ?3 WHERE connection_id = ?1 AND next_attempt_at > ?3 AND ?2 <= 0",
    "UPDATE unconfirmed_records SET next_attempt_at = ?3 WHERE connection_id = ?1 AND next_attempt_at > ?3 AND ?2 <= 0",
    "UPDATE stale_values SET next_attempt_at = ?3 WHERE connection_id = ?1 AND next_attempt_at > ?3 AND ?2 <= 0",
    // A sample may be a little newer than `now`.
    "DELETE FROM metric_samples WHERE connection_id = ?1 AND sampled_at > ?3 + 60000 AND ?2 = ?2",
];

/// Keeps ages and remaining times when the clock steps.
const STEPS: [&str; 10] = [
    "UPDATE unconfirmed_records SET read_at = min(read_at + ?2, ?3) WHERE connection_id = ?1",
    "UPDATE stale_values SET became_stale_at = min(became_stale_at + ?2, ?3) WHERE connection_id = ?1",
    "UPDATE blocked_objects SET blocked_at = min(blocked_at + ?2, ?3) WHERE connection_id = ?1",
    "UPDATE events SET received_at = min(received_at + ?2, ?3) WHERE connection_id = ?1 AND state = 'pending'",
    "UPDATE confirmed_records SET retired_at = min(retired_at + ?2, ?3) WHERE connection_id = ?1 AND retired_at IS NOT NULL",
    "UPDATE connections SET clock_offset_ms = clock_offset_ms + ?2 WHERE id = ?1 AND ?3 = ?3",
    "UPDATE sync_requests SET requested_at = min(requested_at + ?2, ?3) WHERE connection_id = ?1 AND run_id IS NULL",
    "UPDATE work_queue SET claimed_until = claimed_until + ?2 WHERE connection_id = ?1 AND claimed_until > 0 AND ?3 = ?3",
    // A limit in the far future is a pause without an end.
    "UPDATE pauses SET until = until + ?2 WHERE connection_id = ?1 AND until - ?3 < 1000 * 31556952000",
    "UPDATE connections SET throttled_until = throttled_until + ?2 WHERE id = ?1 AND ?3 = ?3",
];

#[async_trait]
impl TimeState for ConnectionStore {
    async fn next_reading(&self, now: Timestamp) -> Result<Reading, StoreError> {
        let number = sqlx::query_scalar(NEXT)
            .bind(self.id)
            .fetch_one(&self.writer)
            .await
            .map_err(|e| StoreError::new("number a reading of the directory", e))?;
        Ok(Reading { number, at: now })
    }

    async fn last_reading(&self, now: Timestamp) -> Result<Reading, StoreError> {
        let number = sqlx::query_scalar("SELECT last_seq FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the number of the last reading", e))?;
        Ok(Reading { number, at: now })
    }

    async fn bookmark(&self) -> Result<Option<Timestamp>, StoreError> {
        let time: Option<i64> = sqlx::query_scalar("SELECT synced_through FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the bookmark", e))?;
        time_of("the bookmark", time)
    }

    async fn save_bookmark(&self, time: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET synced_through = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(millis(time))
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("store the bookmark", e))
    }

    async fn clock_offset(&self) -> Result<Option<SignedDuration>, StoreError> {
        let offset: Option<i64> = sqlx::query_scalar("SELECT clock_offset_ms FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the clock offset", e))?;
        Ok(offset.map(SignedDuration::from_millis))
    }

    async fn save_clock_offset(&self, offset: SignedDuration) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET clock_offset_ms = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(i64::try_from(offset.as_millis()).unwrap_or_default())
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("store the clock offset", e))
    }

    async fn follow_clock(&self, step: SignedDuration, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "follow the clock";
        let failed = |e| StoreError::new(ACTION, e);
        let step = i64::try_from(step.as_millis()).unwrap_or_default();
        // A starting process compares its clock soon: until then, a time in the future may be right.
        let waits = step == 0 && self.clock_offset().await?.is_some();
        let mut tx = self.begin(ACTION).await?;
        for statement in STEPS.iter().copied().filter(|_| !waits).chain(DUE) {
            sqlx::query(statement)
                .bind(self.id)
                .bind(step)
                .bind(millis(now))
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }
}
