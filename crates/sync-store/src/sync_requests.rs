//! Full syncs that other processes request from the leader.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_engine::{StoreError, SyncRequest, SyncRequestProgress, SyncRequests};
use sync_model::RunId;

use crate::connection::ConnectionStore;
use crate::convert::{in_row, millis, time_of, timestamp};
use crate::runs;

#[async_trait]
impl SyncRequests for ConnectionStore {
    async fn request_sync(
        &self,
        override_safeguards: bool,
        now: Timestamp,
    ) -> Result<SyncRequest, StoreError> {
        let id = sqlx::query_scalar(
            "INSERT INTO sync_requests (connection_id, override_safeguards, requested_at) VALUES (?1, ?2, ?3) RETURNING id",
        )
        .bind(self.id)
        .bind(override_safeguards)
        .bind(millis(now))
        .fetch_one(&self.writer)
        .await
        .map_err(|e| StoreError::new("request a full sync", e))?;
        Ok(SyncRequest { id, override_safeguards, requested_at: now })
    }

    async fn pending_request_at(&self, since: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let requested_at: Option<i64> = sqlx::query_scalar(
            "SELECT max(requested_at) FROM sync_requests
             WHERE connection_id = ?1 AND run_id IS NULL AND (NOT accepted OR requested_at >= ?2)",
        )
        .bind(self.id)
        .bind(millis(since))
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("find pending sync requests", e))?;
        time_of("a sync request", requested_at)
    }

    async fn cancel_request(&self, request: i64) -> Result<bool, StoreError> {
        sqlx::query("DELETE FROM sync_requests WHERE connection_id = ?1 AND id = ?2 AND NOT accepted")
            .bind(self.id)
            .bind(request)
            .execute(&self.writer)
            .await
            .map(|deleted| deleted.rows_affected() > 0)
            .map_err(|e| StoreError::new("cancel a sync request", e))
    }

    async fn accept_request(&self) -> Result<Option<SyncRequest>, StoreError> {
        let row: Option<(i64, bool, i64)> = sqlx::query_as(
            "UPDATE sync_requests SET accepted = 1 WHERE id = (
                 SELECT id FROM sync_requests WHERE connection_id = ?1 AND NOT accepted ORDER BY id LIMIT 1)
             RETURNING id, override_safeguards, requested_at",
        )
        .bind(self.id)
        .fetch_optional(&self.writer)
        .await
        .map_err(|e| StoreError::new("accept a sync request", e))?;
        row.map(|(id, override_safeguards, requested_at)| {
            let requested_at = in_row(|| format!("sync request {id}"), || timestamp(requested_at))?;
            Ok(SyncRequest { id, override_safeguards, requested_at })
        })
        .transpose()
    }

    async fn attach_run(&self, request: i64, run: RunId) -> Result<(), StoreError> {
        sqlx::query("UPDATE sync_requests SET run_id = ?3 WHERE connection_id = ?1 AND id = ?2")
            .bind(self.id)
            .bind(request)
            .bind(run.get())
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("attach a run to a sync request", e))
    }

    async fn sync_request(&self, request: i64) -> Result<Option<SyncRequestProgress>, StoreError> {
        let found: Option<(bool, Option<i64>)> =
            sqlx::query_as("SELECT accepted, run_id FROM sync_requests WHERE connection_id = ?1 AND id = ?2")
                .bind(self.id)
                .bind(request)
                .fetch_optional(&self.pool)
                .await
                .map_err(|e| StoreError::new("find a sync request", e))?;
        let Some((accepted, run)) = found else { return Ok(None) };
        let run = match run {
            Some(run) => runs::one(self, RunId::new(run)).await?,
            None => None,
        };
        Ok(Some(SyncRequestProgress { accepted, run }))
    }
}
