//! How a connection was doing, minute by minute.

use jiff::Timestamp;
use sqlx::FromRow;
use sync_engine::{MetricSample, StoreError};

use crate::ConnectionStore;
use crate::convert::{in_row, millis, timestamp};

#[derive(FromRow)]
struct Row {
    at: i64,
    oldest_change: Option<i64>,
    freshness: Option<i64>,
    pending: i64,
    dead: i64,
    unconfirmed: i64,
    settled: i64,
    sent: i64,
    executions: i64,
    requests: i64,
    refused: i64,
    rate_limit: Option<i64>,
}

pub(crate) async fn record(
    store: &ConnectionStore,
    sample: &MetricSample,
    forget: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "keep a sample";
    let failed = |e| StoreError::new(ACTION, e);
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut tx = store.begin(ACTION).await?;
    sqlx::query("DELETE FROM samples WHERE connection = ?1 AND at < ?2")
        .bind(store.id)
        .bind(millis(forget))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    sqlx::query(
        "INSERT OR REPLACE INTO samples (connection, at, oldest_change, freshness, pending, dead, unconfirmed, settled,
                                         sent, executions, requests, refused, rate_limit)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
    .bind(store.id)
    .bind(millis(sample.sampled_at))
    .bind(sample.oldest_pending_change_seconds.map(number))
    .bind(sample.lag_seconds.map(number))
    .bind(number(sample.pending_events))
    .bind(number(sample.failed_events))
    .bind(number(sample.unconfirmed_records))
    .bind(number(sample.completed_events))
    .bind(number(sample.records_sent))
    .bind(number(sample.executions))
    .bind(number(sample.okta_requests))
    .bind(number(sample.okta_throttled_requests))
    .bind(sample.rate_limit_permille)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    tx.commit().await.map_err(failed)
}

pub(crate) async fn since(
    store: &ConnectionStore,
    since: Timestamp,
) -> Result<Vec<MetricSample>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT at, oldest_change, freshness, pending, dead, unconfirmed, settled, sent, executions, requests, refused,
                rate_limit
         FROM samples WHERE connection = ?1 AND at >= ?2 ORDER BY at",
    )
    .bind(store.id)
    .bind(millis(since))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read the samples", e))?;
    let number = |n: i64| u64::try_from(n).unwrap_or_default();
    rows.into_iter()
        .map(|row| {
            let permille = |n: i64| u16::try_from(n).map_err(|e| StoreError::new("read a share", e));
            let read = || Ok((timestamp(row.at)?, row.rate_limit.map(permille).transpose()?));
            let (at, rate_limit_permille) = in_row(|| format!("metric sample {}", row.at), read)?;
            Ok(MetricSample {
                sampled_at: at,
                oldest_pending_change_seconds: row.oldest_change.map(number),
                lag_seconds: row.freshness.map(number),
                pending_events: number(row.pending),
                failed_events: number(row.dead),
                unconfirmed_records: number(row.unconfirmed),
                completed_events: number(row.settled),
                records_sent: number(row.sent),
                executions: number(row.executions),
                okta_requests: number(row.requests),
                okta_throttled_requests: number(row.refused),
                rate_limit_permille,
            })
        })
        .collect()
}
