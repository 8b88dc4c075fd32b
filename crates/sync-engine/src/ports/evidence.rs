//! Evidence of a run: the objects that it proved to have read, and those that it could not read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use super::{Reading, StoreError};

/// The memory of what a run could not read. What it [asks for](Self::ask_unread) stays unread, and is
/// [counted](super::EventQueueCounts::unreadable), until a later look or a full run has read it.
#[async_trait]
pub trait EvidenceState: Send + Sync {
    /// Notes objects that are there and that a run could not read. They count as seen, and stay unread whatever else the
    /// run [stages](super::StateStore::stage). An empty ID stands for items that do not tell theirs.
    async fn leave_unread(&self, run: RunId, objects: &[RecordKey]) -> Result<(), StoreError>;

    /// The number of objects with an ID that a run could not read.
    async fn count_unread(&self, run: RunId) -> Result<u64, StoreError>;

    /// Puts every object that a run could not read on the list of what to look at; of a group, its members as well.
    async fn ask_unread(&self, run: RunId, now: Timestamp) -> Result<(), StoreError>;

    /// True if this store remembers an execution of that ID.
    async fn knows_execution(&self, id: &ExecutionId) -> Result<bool, StoreError>;

    /// The number of staged records that the target may lack, by kind: they are new, marked as gone, in doubt, or not
    /// confirmed.
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
