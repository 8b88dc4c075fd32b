//! Metric samples in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::sample::MetricSample;
use crate::domain::store_error::StoreError;
use crate::ports::state::metric_samples::MetricSamples;
use crate::testing::memory_store::MemoryStore;

#[async_trait]
impl MetricSamples for MemoryStore {
    async fn add_metric_sample(
        &self,
        sample: &MetricSample,
        expired_before: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables("add_metric_sample")?;
        tables.samples.retain(|at, _| *at >= expired_before);
        tables.samples.insert(sample.sampled_at, *sample);
        Ok(())
    }

    async fn metric_samples(&self, since: Timestamp) -> Result<Vec<MetricSample>, StoreError> {
        Ok(self.tables("metric_samples")?.samples.range(since..).map(|(_, sample)| *sample).collect())
    }
}
