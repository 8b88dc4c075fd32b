//! Kinds of runs.

use serde::{Deserialize, Serialize};

/// The reason and extent of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Reads everything.
    FullSync,
    /// Reads the objects that an administrator names.
    TargetedSync,
    /// Reads recent changes.
    IncrementalSync,
    /// Every group and user was read for the sake of a new attribute.
    Backfill,
    /// Events named objects.
    EventSync,
    /// Records that Assets did not account for were sent again.
    Retry,
    /// Computes the changes of a full sync and sends nothing.
    Plan,
    /// Sends test objects to learn how the site behaves.
    SelfTest,
}

impl RunKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::FullSync,
        Self::TargetedSync,
        Self::IncrementalSync,
        Self::Backfill,
        Self::EventSync,
        Self::Retry,
        Self::Plan,
        Self::SelfTest,
    ];

    /// The word for it in stored data.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FullSync => "full_sync",
            Self::TargetedSync => "targeted_sync",
            Self::IncrementalSync => "incremental_sync",
            Self::Backfill => "backfill",
            Self::EventSync => "event_sync",
            Self::Retry => "retry",
            Self::Plan => "plan",
            Self::SelfTest => "self_test",
        }
    }
}
