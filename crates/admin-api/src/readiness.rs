//! The readiness of connections: the conditions that stop their progress.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::Condition;
use sync_model::ConnectionName;

/// The readiness of the connections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonHealth {
    /// True if every connection is ready.
    pub ready: bool,
    /// The readiness of each connection.
    pub connections: BTreeMap<ConnectionName, ConnectionReadiness>,
}

/// The readiness of a connection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionReadiness {
    /// True if it is ready.
    pub ready: bool,
    /// True if this process is a standby for the connection.
    #[serde(default)]
    pub standby: bool,
    /// The conditions that stop progress.
    pub conditions: Vec<Condition>,
    /// The end of the rate limit that delays requests.
    pub paused_until: Option<Timestamp>,
    /// Pending events.
    pub pending_events: Option<u64>,
    /// The time of the oldest pending event.
    pub oldest_pending_event_at: Option<Timestamp>,
    /// Objects whose changes are blocked by a safeguard.
    pub blocked_objects: Option<u64>,
    /// The last time at which the System Log was read to its end.
    pub system_log_caught_up_at: Option<Timestamp>,
}
