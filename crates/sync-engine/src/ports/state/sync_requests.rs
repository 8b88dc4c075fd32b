//! Sync requests.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::RunId;

use crate::domain::inbox::{SyncRequest, SyncRequestProgress};
use crate::domain::store_error::StoreError;

/// Full syncs that other processes request from the leader.
#[async_trait]
pub trait SyncRequests: Send + Sync {
    /// Requests a full sync from the leader.
    async fn request_sync(
        &self,
        override_safeguards: bool,
        now: Timestamp,
    ) -> Result<SyncRequest, StoreError>;

    /// The time of the newest request for a full sync that has not started. Accepted requests count only since a time:
    /// their process may have ended.
    async fn pending_request_at(&self, since: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Cancels a request unless it was accepted. True if it was canceled.
    async fn cancel_request(&self, request: i64) -> Result<bool, StoreError>;

    /// Accepts the oldest open request.
    async fn accept_request(&self) -> Result<Option<SyncRequest>, StoreError>;

    /// Sets the run of a request.
    async fn attach_run(&self, request: i64, run: RunId) -> Result<(), StoreError>;

    /// The progress of a sync request; `None` if it was canceled, or never existed.
    async fn sync_request(&self, request: i64) -> Result<Option<SyncRequestProgress>, StoreError>;
}
