//! State of the safeguards: the removals of staged records, recent removals, and blocked objects.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::domain::finding::Finding;
use crate::domain::inbox::WorkItem;
use crate::domain::removals::PlannedRemovals;
use crate::domain::safeguards::SafeguardMinimums;
use crate::domain::store_error::StoreError;
use crate::domain::violation::ViolatingChanges;

/// The memory of the safeguards. Losses are recorded in the transaction that
/// [confirms](crate::Executions::confirm) the records that caused them, and age by the directory's time.
#[async_trait]
pub trait SafeguardState: Send + Sync {
    /// Removals from current objects that the staged records would cause, and those since a directory time, or at an
    /// unknown time. Memberships of retired groups are left out: they end with the group. Removals within the minimums
    /// are left out too.
    async fn planned_removals(
        &self,
        run: RunId,
        handful: SafeguardMinimums,
        since: Timestamp,
    ) -> Result<PlannedRemovals, StoreError>;

    /// Sets the directory time of the removals so far. Must be called soon after a confirmation: removals age from then
    /// on.
    async fn date_losses(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Objects that were retired since a directory time, or at an unknown time, by kind.
    async fn recently_retired_objects(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<ObjectKind, u64>, StoreError>;

    /// Unstages the records that exceed a safeguard, and returns their objects.
    async fn unstage(&self, run: RunId, suspects: &ViolatingChanges) -> Result<Vec<RecordKey>, StoreError>;

    /// Blocks objects, and the events that wait for these work items.
    async fn block(
        &self,
        objects: &[RecordKey],
        work: &[WorkItem],
        finding: &Finding,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Requeues all blocked events, and returns their number. Their objects stay blocked until their changes are sent.
    async fn requeue_blocked(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Requeues the blocked events none of whose objects is blocked, and returns their number.
    async fn requeue_unblocked(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Clears recent removals and blocked objects: an administrator overrode the safeguards, and everything was sent.
    async fn release_blocked(&self) -> Result<(), StoreError>;

    /// Clears blocked objects: a full sync within the limits has read and sent everything.
    async fn unblock(&self) -> Result<(), StoreError>;
}
