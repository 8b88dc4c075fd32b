//! Evidence of a run: the objects that it proved to have read, and those that it could not read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use super::{Reading, StoreError};

/// State of objects that a run could not read. [Queued](Self::enqueue_unread) objects stay unread, and are
/// [counted](super::EventQueueCounts::unreadable), until a later run has read them.
#[async_trait]
pub trait EvidenceState: Send + Sync {
    /// Stores objects that exist and that a run could not read. They count as listed, and stay unread even if the run
    /// [stages](super::StateStore::stage) them. An empty ID stands for items without a readable ID.
    async fn add_unread(&self, run: RunId, objects: &[RecordKey]) -> Result<(), StoreError>;

    /// The number of objects with an ID that a run could not read.
    async fn count_unread(&self, run: RunId) -> Result<u64, StoreError>;

    /// Queues every object that a run could not read; for a group, its members as well.
    async fn enqueue_unread(&self, run: RunId, now: Timestamp) -> Result<(), StoreError>;

    /// True if this store contains an execution with that ID.
    async fn knows_execution(&self, id: &ExecutionId) -> Result<bool, StoreError>;

    /// The number of staged records that the target may lack, by kind: new, retired, marked for resend, or unconfirmed
    /// ones.
    async fn count_new(&self, run: RunId) -> Result<BTreeMap<ObjectKind, u64>, StoreError>;

    /// Completes the failed and blocked events that arrived before the reading of a run that read everything, except
    /// those about an object that the run could not read. With `unnamed` items, which may be any object, only events
    /// about objects that were read are completed. Returns their number.
    async fn resolve_failed_events(
        &self,
        run: RunId,
        before: Reading,
        unnamed: bool,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
}
