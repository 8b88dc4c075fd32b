//! Requests to the leader from other processes: full syncs and pauses.

use jiff::Timestamp;
use sync_engine::{StoreError, SyncRequest, SyncRequestProgress};
use sync_model::RunId;

use crate::convert::{in_row, millis, time_of, timestamp};
use crate::{ConnectionStore, runs};

pub(crate) async fn create(
    store: &ConnectionStore,
    override_safeguards: bool,
    now: Timestamp,
) -> Result<SyncRequest, StoreError> {
    let id = sqlx::query_scalar(
        "INSERT INTO sync_requests (connection_id, override_safeguards, requested_at) VALUES (?1, ?2, ?3) RETURNING id",
    )
    .bind(store.id)
    .bind(override_safeguards)
    .bind(millis(now))
    .fetch_one(&store.writer)
    .await
    .map_err(|e| StoreError::new("request a full sync", e))?;
    Ok(SyncRequest { id, override_safeguards, requested_at: now })
}

pub(crate) async fn cancel(store: &ConnectionStore, request: i64) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM sync_requests WHERE connection_id = ?1 AND id = ?2 AND NOT accepted")
        .bind(store.id)
        .bind(request)
        .execute(&store.writer)
        .await
        .map(|deleted| deleted.rows_affected() > 0)
        .map_err(|e| StoreError::new("cancel a sync request", e))
}

pub(crate) async fn accept(store: &ConnectionStore) -> Result<Option<SyncRequest>, StoreError> {
    let row: Option<(i64, bool, i64)> = sqlx::query_as(
        "UPDATE sync_requests SET accepted = 1 WHERE id = (
             SELECT id FROM sync_requests WHERE connection_id = ?1 AND NOT accepted ORDER BY id LIMIT 1)
         RETURNING id, override_safeguards, requested_at",
    )
    .bind(store.id)
    .fetch_optional(&store.writer)
    .await
    .map_err(|e| StoreError::new("accept a sync request", e))?;
    row.map(|(id, override_safeguards, requested_at)| {
        let requested_at = in_row(|| format!("sync request {id}"), || timestamp(requested_at))?;
        Ok(SyncRequest { id, override_safeguards, requested_at })
    })
    .transpose()
}

pub(crate) async fn pending_at(
    store: &ConnectionStore,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let requested_at: Option<i64> = sqlx::query_scalar(
        "SELECT max(requested_at) FROM sync_requests
         WHERE connection_id = ?1 AND run_id IS NULL AND (NOT accepted OR requested_at >= ?2)",
    )
    .bind(store.id)
    .bind(millis(since))
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("find pending sync requests", e))?;
    time_of("a sync request", requested_at)
}

pub(crate) async fn attach_run(store: &ConnectionStore, request: i64, run: RunId) -> Result<(), StoreError> {
    sqlx::query("UPDATE sync_requests SET run_id = ?3 WHERE connection_id = ?1 AND id = ?2")
        .bind(store.id)
        .bind(request)
        .bind(run.get())
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("attach a run to a sync request", e))
}

pub(crate) async fn progress(
    store: &ConnectionStore,
    request: i64,
) -> Result<Option<SyncRequestProgress>, StoreError> {
    let found: Option<(bool, Option<i64>)> =
        sqlx::query_as("SELECT accepted, run_id FROM sync_requests WHERE connection_id = ?1 AND id = ?2")
            .bind(store.id)
            .bind(request)
            .fetch_optional(&store.pool)
            .await
            .map_err(|e| StoreError::new("find a sync request", e))?;
    let Some((accepted, run)) = found else { return Ok(None) };
    let run = match run {
        Some(run) => runs::one(store, RunId::new(run)).await?,
        None => None,
    };
    Ok(Some(SyncRequestProgress { accepted, run }))
}

pub(crate) async fn pause(store: &ConnectionStore, until: Option<Timestamp>) -> Result<(), StoreError> {
    let failed = |e| StoreError::new("pause", e);
    let Some(until) = until else {
        let statement = sqlx::query("DELETE FROM pauses WHERE connection_id = ?1").bind(store.id);
        return statement.execute(&store.writer).await.map(drop).map_err(failed);
    };
    sqlx::query(
        "INSERT INTO pauses (connection_id, until) VALUES (?1, ?2)
         ON CONFLICT (connection_id) DO UPDATE SET until = excluded.until",
    )
    .bind(store.id)
    .bind(millis(until))
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(failed)
}

pub(crate) async fn paused_until(store: &ConnectionStore) -> Result<Option<Timestamp>, StoreError> {
    let until: Option<i64> = sqlx::query_scalar("SELECT until FROM pauses WHERE connection_id = ?1")
        .bind(store.id)
        .fetch_optional(&store.pool)
        .await
        .map_err(|e| StoreError::new("read the pause", e))?;
    time_of("the pause", until)
}
