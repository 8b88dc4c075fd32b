//! Staged changes.

use serde::{Deserialize, Serialize};
use sync_model::Record;

use crate::domain::reading::Reading;

/// The effect of sending a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ObjectChangeKind))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A new object.
    Create,
    /// Other values, or references that must be looked up again.
    Update,
    /// The object is retired.
    Retire,
}

impl ChangeKind {
    /// The word for it in stored data.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Retire => "retire",
        }
    }
}

/// A record waiting to be sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StagedChange {
    /// The effect.
    pub change: ChangeKind,
    /// The record.
    pub record: Record,
    /// The reading that returned it.
    pub reading: Reading,
}
