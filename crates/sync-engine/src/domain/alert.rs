//! Alerts: problems that an administrator must be notified of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::finding::Finding;
use crate::domain::task::Task;

/// The subject of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertKind {
    /// A safeguard blocked a sync.
    SafeguardTriggered,
    /// A sync failed and won't recover without a fix.
    SyncFailed,
    /// No progress despite retries.
    SyncStalled,
    /// Events failed after the last attempt.
    EventsFailed,
    /// Assets rejects records.
    RecordsRejected,
    /// The System Log can't be read.
    SystemLogUnavailable,
    /// The event hook is inactive or deliveries fail.
    EventHookUnhealthy,
    /// The state store was deleted, replaced, or damaged.
    StoreLost,
    /// The file system of the state store is almost full.
    StoreSpace,
}

impl AlertKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::SafeguardTriggered,
        Self::SyncFailed,
        Self::SyncStalled,
        Self::EventsFailed,
        Self::RecordsRejected,
        Self::SystemLogUnavailable,
        Self::EventHookUnhealthy,
        Self::StoreLost,
        Self::StoreSpace,
    ];

    /// The word for the kind in JSON and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SafeguardTriggered => "safeguard_triggered",
            Self::SyncFailed => "sync_failed",
            Self::SyncStalled => "sync_stalled",
            Self::EventsFailed => "events_failed",
            Self::RecordsRejected => "records_rejected",
            Self::SystemLogUnavailable => "system_log_unavailable",
            Self::EventHookUnhealthy => "event_hook_unhealthy",
            Self::StoreLost => "store_lost",
            Self::StoreSpace => "store_space",
        }
    }
}

/// The state of the problem that an alert reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// The problem persists.
    Firing,
    /// The problem is resolved.
    Resolved,
}

/// A problem that an administrator must be notified of, or its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The subject.
    pub kind: AlertKind,
    /// The state of the problem.
    pub status: AlertStatus,
    /// The problem, also after it is resolved.
    pub finding: Finding,
    /// The start of the problem.
    pub started_at: Timestamp,
}

impl Alert {
    /// A problem that was noticed at this time.
    pub const fn firing(kind: AlertKind, finding: Finding, at: Timestamp) -> Self {
        Self { kind, status: AlertStatus::Firing, finding, started_at: at }
    }

    /// The end of a problem that started at this time.
    pub const fn resolved(kind: AlertKind, finding: Finding, started_at: Timestamp) -> Self {
        Self { kind, status: AlertStatus::Resolved, finding, started_at }
    }

    /// True if the problem is resolved.
    pub fn is_resolved(&self) -> bool {
        self.status == AlertStatus::Resolved
    }
}

impl Task {
    /// The kind of an alert about a failure of the task; `None` if its failures are only logged.
    pub const fn kind(self) -> Option<AlertKind> {
        Some(match self {
            Self::Recovery | Self::SchemaCheck | Self::Events => AlertKind::SyncStalled,
            Self::EventFeed => AlertKind::SystemLogUnavailable,
            Self::Sync => AlertKind::SyncFailed,
            Self::EventHookCheck => AlertKind::EventHookUnhealthy,
            Self::HistoryCleanup
            | Self::MetricSamples
            | Self::LeaderReport
            | Self::ConnectionRetry
            | Self::StoreCheck
            | Self::CertificateReload => return None,
        })
    }
}

/// A failed task, which is retried.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskFailure {
    /// The task.
    pub task: Task,
    /// The kind of the failure.
    pub kind: AlertKind,
    /// The failure. An error if retries don't resolve it, or didn't for a while.
    pub finding: Finding,
    /// The time of the failure.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alert_kind_matches_json() {
        for kind in AlertKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
