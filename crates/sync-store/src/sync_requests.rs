//! What one process asks another for: a full run, a pause.

use jiff::Timestamp;
use sync_engine::{RunSummary, StoreError, SyncRequest};
use sync_model::RunId;

use crate::convert::{in_row, millis, time_of, timestamp};
use crate::{ConnectionStore, runs};

pub(crate) async fn ask(
    store: &ConnectionStore,
    accept_shrink: bool,
    now: Timestamp,
) -> Result<SyncRequest, StoreError> {
    let id = sqlx::query_scalar(
        "INSERT INTO requests (connection, accept_shrink, asked) VALUES (?1, ?2, ?3) RETURNING id",
    )
    .bind(store.id)
    .bind(accept_shrink)
    .bind(millis(now))
    .fetch_one(&store.writer)
    .await
    .map_err(|e| StoreError::new("ask for a full run", e))?;
    Ok(SyncRequest { id, override_safeguards: accept_shrink, requested_at: now })
}

pub(crate) async fn withdraw(store: &ConnectionStore, request: i64) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM requests WHERE connection = ?1 AND id = ?2 AND NOT taken")
        .bind(store.id)
        .bind(request)
        .execute(&store.writer)
        .await
        .map(|deleted| deleted.rows_affected() > 0)
        .map_err(|e| StoreError::new("take a request back", e))
}

pub(crate) async fn take(store: &ConnectionStore) -> Result<Option<SyncRequest>, StoreError> {
    let row: Option<(i64, bool, i64)> = sqlx::query_as(
        "UPDATE requests SET taken = 1 WHERE id = (
             SELECT id FROM requests WHERE connection = ?1 AND NOT taken ORDER BY id LIMIT 1)
         RETURNING id, accept_shrink, asked",
    )
    .bind(store.id)
    .fetch_optional(&store.writer)
    .await
    .map_err(|e| StoreError::new("take a request", e))?;
    row.map(|(id, accept_shrink, asked)| {
        let asked = in_row(|| format!("sync request {id}"), || timestamp(asked))?;
        Ok(SyncRequest { id, override_safeguards: accept_shrink, requested_at: asked })
    })
    .transpose()
}

pub(crate) async fn asked(
    store: &ConnectionStore,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let asked: Option<i64> = sqlx::query_scalar(
        "SELECT max(asked) FROM requests WHERE connection = ?1 AND run IS NULL AND (NOT taken OR asked >= ?2)",
    )
    .bind(store.id)
    .bind(millis(since))
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("look for requests", e))?;
    time_of("a sync request", asked)
}

pub(crate) async fn answer(store: &ConnectionStore, request: i64, run: RunId) -> Result<(), StoreError> {
    sqlx::query("UPDATE requests SET run = ?3 WHERE connection = ?1 AND id = ?2")
        .bind(store.id)
        .bind(request)
        .bind(run.get())
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("answer a request", e))
}

pub(crate) async fn run(store: &ConnectionStore, request: i64) -> Result<Option<RunSummary>, StoreError> {
    let run: Option<i64> =
        sqlx::query_scalar("SELECT run FROM requests WHERE connection = ?1 AND id = ?2 AND run IS NOT NULL")
            .bind(store.id)
            .bind(request)
            .fetch_optional(&store.pool)
            .await
            .map_err(|e| StoreError::new("follow a request", e))?;
    match run {
        Some(run) => runs::one(store, RunId::new(run)).await,
        None => Ok(None),
    }
}

pub(crate) async fn pause(store: &ConnectionStore, until: Option<Timestamp>) -> Result<(), StoreError> {
    let failed = |e| StoreError::new("pause", e);
    let Some(until) = until else {
        let statement = sqlx::query("DELETE FROM pauses WHERE connection = ?1").bind(store.id);
        return statement.execute(&store.writer).await.map(drop).map_err(failed);
    };
    sqlx::query(
        "INSERT INTO pauses (connection, until) VALUES (?1, ?2)
         ON CONFLICT (connection) DO UPDATE SET until = excluded.until",
    )
    .bind(store.id)
    .bind(millis(until))
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(failed)
}

pub(crate) async fn paused_until(store: &ConnectionStore) -> Result<Option<Timestamp>, StoreError> {
    let until: Option<i64> = sqlx::query_scalar("SELECT until FROM pauses WHERE connection = ?1")
        .bind(store.id)
        .fetch_optional(&store.pool)
        .await
        .map_err(|e| StoreError::new("read the pause", e))?;
    time_of("the pause", until)
}
