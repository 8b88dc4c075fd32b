//! Metric samples for charts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One minute of a connection's metrics. Counts cover the time since the previous sample.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetricSample {
    /// The time of the sample.
    pub sampled_at: Timestamp,
    /// The age of the oldest unconfirmed change, in seconds; `None` if no change was pending.
    pub oldest_pending_change_seconds: Option<u64>,
    /// The time since `synced_through`, in seconds; `None` before the first full sync.
    pub lag_seconds: Option<u64>,
    /// Events that are pending or in progress.
    pub pending_events: u64,
    /// Failed events.
    pub failed_events: u64,
    /// Unconfirmed records.
    pub unconfirmed_records: u64,
    /// Completed events.
    pub completed_events: u64,
    /// Records sent to Assets.
    pub records_sent: u64,
    /// Finished executions.
    pub executions: u64,
    /// Requests to Okta.
    pub okta_requests: u64,
    /// Throttled requests among them.
    pub okta_throttled_requests: u64,
    /// The largest used share of an Okta rate limit, in percent, including requests of other clients; `None` if no limit
    /// was known.
    pub rate_limit_used_percent: Option<f64>,
}
