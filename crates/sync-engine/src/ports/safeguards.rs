//! State of the safeguards: the removals of staged records, recent removals, and blocked objects.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{ObjectKind, RecordKey, RunId};

use super::{StoreError, WorkItem};
use crate::{SafeguardMinimums, ViolatingChanges};

/// Removed memberships and cleared values in a plan, and recent ones within the window.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedRemovals {
    /// By kind and field, the number of objects that would lose the value and that have one.
    pub cleared_values: Vec<ClearedField>,
    /// Memberships that would be removed.
    pub memberships: RemovedMemberships,
    /// Objects that were retired within the window, by kind.
    #[serde(default)]
    pub recently_retired: BTreeMap<ObjectKind, u64>,
}

/// Memberships that would be removed although neither the user nor the group is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemovedMemberships {
    /// The number of memberships to remove.
    pub removed: u64,
    /// The number of other memberships removed within the window.
    pub recent: u64,
    /// The number of confirmed memberships.
    pub total: u64,
}

/// A field that would lose values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClearedField {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The record's field.
    pub field: String,
    /// The number of objects that would lose it.
    pub cleared: u64,
    /// The number of other objects that lost it within the window.
    #[serde(default)]
    pub recent: u64,
    /// The number of objects that have it.
    pub total: u64,
}

/// The memory of the safeguards. Losses are recorded in the transaction that
/// [confirms](super::StateStore::confirm) the records that caused them, and age by the directory's time.
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
        reason: &str,
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
