//! Removals that safeguards limit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_model::ObjectKind;

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
