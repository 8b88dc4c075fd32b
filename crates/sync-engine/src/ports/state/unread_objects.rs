//! Objects that a run could not read.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{RecordKey, RunId};

use crate::domain::store_error::StoreError;

/// State of objects that a run could not read. [Queued](Self::enqueue_unread) objects stay unread, and are
/// [counted](crate::EventQueueCounts::unreadable), until a later run has read them.
#[async_trait]
pub trait UnreadObjects: Send + Sync {
    /// Stores objects that exist and that a run could not read. They count as listed, and stay unread even if the run
    /// [stages](crate::StagedChanges::stage) them. An empty ID stands for items without a readable ID.
    async fn add_unread(&self, run: RunId, objects: &[RecordKey]) -> Result<(), StoreError>;

    /// The number of objects with an ID that a run could not read.
    async fn count_unread(&self, run: RunId) -> Result<u64, StoreError>;

    /// Queues every object that a run could not read; for a group, its members as well.
    async fn enqueue_unread(&self, run: RunId, now: Timestamp) -> Result<(), StoreError>;
}
