//! Stale values.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::RunId;

use crate::domain::import::DroppedValue;
use crate::domain::stale_value::{ClearRequest, StaleValue, StaleValueCounts};
use crate::domain::store_error::StoreError;

/// Values that were cleared in the directory and remain in Assets.
#[async_trait]
pub trait StaleValues: Send + Sync {
    /// Stages the values that the importer will keep from replaced records. They become stale when the execution is
    /// [confirmed](crate::Executions::confirm); a value in a confirmed record is removed there.
    async fn stage_stale_values(&self, run: RunId, kept: &[DroppedValue]) -> Result<(), StoreError>;

    /// Values that are due to be cleared, by object. Objects with a record that Assets did not account for wait until
    /// it does.
    async fn due_stale_values(&self, limit: u32, now: Timestamp) -> Result<Vec<ClearRequest>, StoreError>;

    /// Strikes off values that were cleared.
    async fn remove_stale_values(&self, objects: &[ClearRequest]) -> Result<(), StoreError>;

    /// Requeues values that could not be cleared, with a growing delay; all due ones if none are named.
    async fn requeue_stale_values(
        &self,
        objects: Option<&[ClearRequest]>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Marks the records for resend whose values are still in Assets, and deletes the values: the importer clears empty
    /// values by now. Returns the number of records.
    async fn resend_stale_values(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Values that were cleared in the directory and remain in Assets, the oldest first.
    async fn stale_values(&self, limit: u32) -> Result<Vec<StaleValue>, StoreError>;

    /// Their numbers.
    async fn stale_value_counts(&self) -> Result<StaleValueCounts, StoreError>;
}
