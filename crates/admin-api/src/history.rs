//! Runs and events with their connection.

use serde::{Deserialize, Serialize};
use sync_engine::{Event, RunDetail};
use sync_model::ConnectionName;

/// A run and its connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionRun {
    /// The connection.
    pub connection: ConnectionName,
    /// The run.
    pub run: RunDetail,
}

/// A received or changed event, and its connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionEvent {
    /// The connection.
    pub connection: ConnectionName,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// The result of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayResult {
    /// The connection.
    pub connection: ConnectionName,
    /// The number of replayed events.
    pub replayed: u64,
    /// The number of known events without subjects.
    pub skipped: u64,
    /// True if a leader is running, which processes the events immediately.
    pub daemon_running: bool,
}
