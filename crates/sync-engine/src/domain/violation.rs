//! Violations of safeguards, and the staged changes that cause them.

use std::fmt;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sync_model::ObjectKind;

/// Removals within the window that were sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recent {
    /// The number of changes.
    pub count: u64,
    /// The window. In JSON: seconds.
    #[serde(rename = "window_seconds", with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = i64))]
    pub window: SignedDuration,
}

/// A duration in JSON as whole seconds.
mod seconds {
    use jiff::SignedDuration;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &SignedDuration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(duration.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SignedDuration, D::Error> {
        i64::deserialize(deserializer).map(SignedDuration::from_secs)
    }
}

impl fmt::Display for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            return Ok(());
        }
        write!(f, " after {} within {:#}", self.count, self.window)
    }
}

impl Recent {
    /// No earlier losses.
    const NONE: Self = Self { count: 0, window: SignedDuration::ZERO };
}

/// The share that a violation reaches, with its limit: `58%, limit 20%`.
fn share(removed: u64, recent: &Recent, total: u64, limit: f64) -> String {
    // Counts of objects are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let percent = (removed + recent.count) as f64 * 100.0 / (total.max(1)) as f64;
    if percent < 10.0 {
        format!("{percent:.1}%, limit {limit}%")
    } else {
        format!("{percent:.0}%, limit {limit}%")
    }
}

/// Staged changes that a limit was exceeded by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViolatingChanges {
    /// Objects of a kind that would be marked.
    Retired(ObjectKind),
    /// Users who would lose a membership.
    MembershipsRemoved,
    /// Objects that would lose a value.
    ValuesCleared {
        /// Their kind.
        kind: ObjectKind,
        /// The record's field.
        field: String,
    },
}

impl SafeguardViolation {
    /// The staged changes that are too many; `None` when it is not about single changes.
    pub fn suspects(&self) -> Option<ViolatingChanges> {
        match self {
            Self::EmptyListing { kind, .. } | Self::TooManyRetired { kind, .. } => {
                Some(ViolatingChanges::Retired(*kind))
            }
            Self::TooManyMembershipsRemoved { .. } => Some(ViolatingChanges::MembershipsRemoved),
            Self::TooManyValuesCleared { kind, field, .. } => {
                Some(ViolatingChanges::ValuesCleared { kind: *kind, field: field.clone() })
            }
            Self::TooManyPruned { .. } | Self::MissingObjectsRemoved => None,
        }
    }
}

/// The safeguard that a plan exceeds.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "safeguard", rename_all = "snake_case")]
pub enum SafeguardViolation {
    /// A listing is empty although objects of the kind are confirmed.
    #[error(
        "safeguard triggered: Okta returned no {kind}s, but {total} are synced; the app may have lost its admin role"
    )]
    EmptyListing {
        /// The kind of the listed objects.
        kind: ObjectKind,
        /// The number of current objects.
        total: u64,
    },
    /// The percentage of removed memberships would exceed the limit.
    #[error(
        "safeguard triggered: {removed} of {total} memberships would be removed{recent} ({})",
        share(*removed, recent, *total, *max_percent)
    )]
    TooManyMembershipsRemoved {
        /// The number of memberships to remove.
        removed: u64,
        /// The number of recently removed memberships.
        recent: Recent,
        /// The number of confirmed memberships.
        total: u64,
        /// The limit in percent.
        max_percent: f64,
    },
    /// Too many objects would lose the value of an attribute.
    #[error(
        "safeguard triggered: the attribute `{field}` would be cleared on {removed} of {total} {kind}s{recent} ({})",
        share(*removed, recent, *total, *max_percent)
    )]
    TooManyValuesCleared {
        /// The kind of object.
        kind: ObjectKind,
        /// The record's field.
        field: String,
        /// The number of objects that would lose the value.
        removed: u64,
        /// The number of objects that recently lost the value.
        recent: Recent,
        /// The number of objects that have the value.
        total: u64,
        /// The limit in percent.
        max_percent: f64,
    },
    /// The percentage of deleted objects would exceed the limit.
    #[error(
        "safeguard triggered: {pruned} of {total} {kind}s would be deleted ({})",
        share(*pruned, &Recent::NONE, *total, *max_percent)
    )]
    TooManyPruned {
        /// The kind of the objects to delete.
        kind: ObjectKind,
        /// The number of objects to delete.
        pruned: u64,
        /// The number of objects of the kind, including retired ones.
        total: u64,
        /// The limit in percent.
        max_percent: f64,
    },
    /// The import would delete objects that it doesn't contain.
    #[error(
        "safeguard triggered: the import removes missing objects, so it would delete all unchanged objects"
    )]
    MissingObjectsRemoved,
    /// The share of objects to retire exceeds the limit.
    #[error(
        "safeguard triggered: {retired} of {total} {kind}s would be retired{recent} ({})",
        share(*retired, recent, *total, *max_percent)
    )]
    TooManyRetired {
        /// The kind of the objects to retire.
        kind: ObjectKind,
        /// The number of objects to retire.
        retired: u64,
        /// The number of recently retired objects.
        recent: Recent,
        /// The total number.
        total: u64,
        /// The limit in percent.
        max_percent: f64,
    },
}
