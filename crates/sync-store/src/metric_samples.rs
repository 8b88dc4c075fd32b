//! Metrics of a connection, one sample per minute.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::FromRow;
use sync_engine::{MetricSample, MetricSamples, StoreError};

use crate::connection::ConnectionStore;
use crate::convert::{in_row, millis, timestamp};

#[derive(FromRow)]
struct Row {
    sampled_at: i64,
    oldest_pending_change_seconds: Option<i64>,
    lag_seconds: Option<i64>,
    pending_events: i64,
    failed_events: i64,
    unconfirmed_records: i64,
    completed_events: i64,
    records_sent: i64,
    executions: i64,
    okta_requests: i64,
    okta_throttled_requests: i64,
    rate_limit_used_percent: Option<f64>,
}

#[async_trait]
impl MetricSamples for ConnectionStore {
    async fn add_metric_sample(
        &self,
        sample: &MetricSample,
        expired_before: Timestamp,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "store a metric sample";
        let failed = |e| StoreError::new(ACTION, e);
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let mut tx = self.begin(ACTION).await?;
        sqlx::query("DELETE FROM metric_samples WHERE connection_id = ?1 AND sampled_at < ?2")
            .bind(self.id)
            .bind(millis(expired_before))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        sqlx::query(
            "INSERT OR REPLACE INTO metric_samples (
                 connection_id, sampled_at, oldest_pending_change_seconds, lag_seconds, pending_events, failed_events,
                 unconfirmed_records, completed_events, records_sent, executions, okta_requests, okta_throttled_requests,
                 rate_limit_used_percent)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )
        .bind(self.id)
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
        .bind(sample.rate_limit_used_percent)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn metric_samples(&self, since: Timestamp) -> Result<Vec<MetricSample>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT sampled_at, oldest_pending_change_seconds, lag_seconds, pending_events, failed_events,
                    unconfirmed_records, completed_events, records_sent, executions, okta_requests, okta_throttled_requests,
                    rate_limit_used_percent
             FROM metric_samples WHERE connection_id = ?1 AND sampled_at >= ?2 ORDER BY sampled_at",
        )
        .bind(self.id)
        .bind(millis(since))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read the metric samples", e))?;
        let number = |n: i64| u64::try_from(n).unwrap_or_default();
        rows.into_iter()
            .map(|row| {
                let id = || format!("metric sample {}", row.sampled_at);
                Ok(MetricSample {
                    sampled_at: in_row(id, || timestamp(row.sampled_at))?,
                    oldest_pending_change_seconds: row.oldest_pending_change_seconds.map(number),
                    lag_seconds: row.lag_seconds.map(number),
                    pending_events: number(row.pending_events),
                    failed_events: number(row.failed_events),
                    unconfirmed_records: number(row.unconfirmed_records),
                    completed_events: number(row.completed_events),
                    records_sent: number(row.records_sent),
                    executions: number(row.executions),
                    okta_requests: number(row.okta_requests),
                    okta_throttled_requests: number(row.okta_throttled_requests),
                    rate_limit_used_percent: row.rate_limit_used_percent,
                })
            })
            .collect()
    }
}
