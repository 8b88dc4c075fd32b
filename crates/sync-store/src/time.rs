//! Order and time that survive a clock which is wrong.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sync_engine::{Reading, StoreError, TimeState};

use crate::convert::{millis, time_of};
use crate::{ConnectionStore, event_queue};

/// Makes work due at once that would come due in a far future, and drops samples of the future.
const DUE: [&str; 4] = [
    "UPDATE looks SET due = ?3 WHERE connection = ?1 AND due > ?3 AND ?2 <= 0",
    "UPDATE unconfirmed SET due = ?3 WHERE connection = ?1 AND due > ?3 AND ?2 <= 0",
    "UPDATE uncleared SET due = ?3 WHERE connection = ?1 AND due > ?3 AND ?2 <= 0",
    // One that was taken since `now` was read is none of the future.
    "DELETE FROM samples WHERE connection = ?1 AND at > ?3 + 60000 AND ?2 = ?2",
];

/// Keeps ages of what is known since a time, and the rest of what ends at a time.
const STEPS: [&str; 10] = [
    "UPDATE unconfirmed SET read_at = min(read_at + ?2, ?3) WHERE connection = ?1",
    "UPDATE uncleared SET since = min(since + ?2, ?3) WHERE connection = ?1",
    "UPDATE blocked_objects SET blocked_at = min(blocked_at + ?2, ?3) WHERE connection = ?1",
    "UPDATE events SET received = min(received + ?2, ?3) WHERE connection = ?1 AND state = 'pending'",
    "UPDATE objects SET gone_since = min(gone_since + ?2, ?3) WHERE connection = ?1 AND gone_since IS NOT NULL",
    "UPDATE connections SET clock_offset = clock_offset + ?2 WHERE id = ?1 AND ?3 = ?3",
    "UPDATE requests SET asked = min(asked + ?2, ?3) WHERE connection = ?1 AND run IS NULL",
    "UPDATE looks SET claimed_until = claimed_until + ?2 WHERE connection = ?1 AND claimed_until > 0 AND ?3 = ?3",
    // The far future is a pause without an end.
    "UPDATE pauses SET until = until + ?2 WHERE connection = ?1 AND until - ?3 < 1000 * 31556952000",
    "UPDATE connections SET held_until = held_until + ?2 WHERE id = ?1 AND ?3 = ?3",
];

#[async_trait]
impl TimeState for ConnectionStore {
    async fn next_reading(&self, now: Timestamp) -> Result<Reading, StoreError> {
        event_queue::next_reading(self, now).await
    }

    async fn last_reading(&self, now: Timestamp) -> Result<Reading, StoreError> {
        let number = sqlx::query_scalar("SELECT sequence FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the number of the last reading", e))?;
        Ok(Reading { number, at: now })
    }

    async fn bookmark(&self) -> Result<Option<Timestamp>, StoreError> {
        let time: Option<i64> = sqlx::query_scalar("SELECT bookmark FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the bookmark", e))?;
        time_of("the bookmark", time)
    }

    async fn remember_bookmark(&self, time: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET bookmark = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(millis(time))
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("remember the bookmark", e))
    }

    async fn clock_offset(&self) -> Result<Option<SignedDuration>, StoreError> {
        let offset: Option<i64> = sqlx::query_scalar("SELECT clock_offset FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read how far the clock is ahead", e))?;
        Ok(offset.map(SignedDuration::from_millis))
    }

    async fn remember_clock_offset(&self, offset: SignedDuration) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET clock_offset = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(i64::try_from(offset.as_millis()).unwrap_or_default())
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("remember how far the clock is ahead", e))
    }

    async fn follow_clock(&self, step: SignedDuration, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "follow the clock";
        let failed = |e| StoreError::new(ACTION, e);
        let step = i64::try_from(step.as_millis()).unwrap_or_default();
        // A process that begins compares its clock soon: until then a time in the future may be right, and keeps its age.
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
