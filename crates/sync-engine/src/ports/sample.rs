//! How a connection was doing at one moment, for charts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a connection was doing at one moment. What is counted was counted since the sample before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetricSample {
    /// When.
    pub sampled_at: Timestamp,
    /// How old the oldest change was that was not confirmed, in seconds; `None` when nothing waited.
    pub oldest_pending_change_seconds: Option<u64>,
    /// How long ago the connection last knew the truth, in seconds; `None` before the first full run.
    pub lag_seconds: Option<u64>,
    /// Events with something still to look at.
    pub pending_events: u64,
    /// Events that were given up.
    pub failed_events: u64,
    /// Records that Assets had not accounted for.
    pub unconfirmed_records: u64,
    /// Events that were done with.
    pub completed_events: u64,
    /// Records that were sent.
    pub records_sent: u64,
    /// Executions that ended.
    pub executions: u64,
    /// Requests to the directory.
    pub okta_requests: u64,
    /// Of those, requests that it refused because there were too many.
    pub okta_throttled_requests: u64,
    /// The largest share of a rate limit that was in use, whoever used it, in thousandths; `None` when no limit was
    /// known.
    pub rate_limit_permille: Option<u16>,
}
