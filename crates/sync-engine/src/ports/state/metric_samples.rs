//! Metric samples.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::sample::MetricSample;
use crate::domain::store_error::StoreError;

/// Metric samples for charts.
#[async_trait]
pub trait MetricSamples: Send + Sync {
    /// Stores a sample, and deletes those from before a time.
    async fn add_metric_sample(
        &self,
        sample: &MetricSample,
        expired_before: Timestamp,
    ) -> Result<(), StoreError>;

    /// The samples since a time, the oldest first.
    async fn metric_samples(&self, since: Timestamp) -> Result<Vec<MetricSample>, StoreError>;
}
