//! The place and scope of confirmations.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::inbox::Subject;
use crate::domain::place::{LostValues, Place};
use crate::domain::store_error::StoreError;

/// The place that confirmations are valid for, and the scope of the last full sync.
#[async_trait]
pub trait PlaceState: Send + Sync {
    /// The place of the confirmations; `None` before the first comparison.
    async fn place(&self) -> Result<Option<Place>, StoreError>;

    /// Stores the place, and in the same transaction marks lost values for resend and queues a subject.
    async fn save_place(
        &self,
        place: &Place,
        lost: Option<&LostValues>,
        enqueue: Option<&Subject>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The scope of the last full sync; empty if it included everything.
    async fn scope_version(&self) -> Result<String, StoreError>;

    /// Stores the scope version.
    async fn set_scope_version(&self, version: &str) -> Result<(), StoreError>;
}
