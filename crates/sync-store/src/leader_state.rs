//! Messages between the leader and other processes: pauses, the rate limit, and reports.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_engine::{LeaderState, StoreError};

use crate::connection::ConnectionStore;
use crate::convert::{millis, time_of};

#[async_trait]
impl LeaderState for ConnectionStore {
    async fn pause(&self, until: Option<Timestamp>) -> Result<(), StoreError> {
        let failed = |e| StoreError::new("pause", e);
        let Some(until) = until else {
            let statement = sqlx::query("DELETE FROM pauses WHERE connection_id = ?1").bind(self.id);
            return statement.execute(&self.writer).await.map(drop).map_err(failed);
        };
        sqlx::query(
            "INSERT INTO pauses (connection_id, until) VALUES (?1, ?2)
             ON CONFLICT (connection_id) DO UPDATE SET until = excluded.until",
        )
        .bind(self.id)
        .bind(millis(until))
        .execute(&self.writer)
        .await
        .map(drop)
        .map_err(failed)
    }

    async fn paused_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let until: Option<i64> = sqlx::query_scalar("SELECT until FROM pauses WHERE connection_id = ?1")
            .bind(self.id)
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the pause", e))?;
        time_of("the pause", until)
    }

    async fn save_held_until(&self, until: Option<Timestamp>) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET throttled_until = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(until.map(millis))
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("store the rate limit", e))
    }

    async fn held_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let until: Option<i64> = sqlx::query_scalar("SELECT throttled_until FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the rate limit", e))?;
        time_of("the rate limit", until)
    }

    async fn save_leader_report(&self, report: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET leader_report = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(report)
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("save the leader's report", e))
    }

    async fn leader_report(&self) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar("SELECT leader_report FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the leader's report", e))
    }
}
