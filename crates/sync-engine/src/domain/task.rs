//! The background tasks of a running engine.

use serde::{Deserialize, Serialize};

/// Work that a running engine repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Recovering executions that an earlier process left open.
    Recovery,
    /// Comparing the schemas.
    SchemaCheck,
    /// Applying events.
    Events,
    /// Reading the System Log.
    EventFeed,
    /// Scheduled and requested syncs.
    Sync,
    /// Checking the event hook.
    EventHookCheck,
}

impl Task {
    /// The name of the task in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovery => "recovering executions",
            Self::SchemaCheck => "comparing schemas",
            Self::Events => "applying events",
            Self::EventFeed => "reading the System Log",
            Self::Sync => "reading from Okta",
            Self::EventHookCheck => "checking the event hook",
        }
    }
}
