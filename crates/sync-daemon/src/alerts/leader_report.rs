//! Evidence of the process that runs a connection, for other processes.

use admin_api::AlertEntry;
use serde::{Deserialize, Serialize};
use sync_engine::CheckTimes;

/// Evidence of the process that runs a connection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LeaderReport {
    /// The firing alerts.
    pub(crate) alerts: Vec<AlertEntry>,
    /// The last results of periodic checks.
    pub(crate) checks: CheckTimes,
}
