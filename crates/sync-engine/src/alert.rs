//! Alerts: problems that an administrator must be notified of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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

/// The weight of a problem, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing has to be done.
    Info,
    /// Retries may resolve it.
    Warning,
    /// An administrator has to act.
    Error,
}

/// A problem that an administrator must be notified of, or its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// The subject.
    pub kind: AlertKind,
    /// The state of the problem.
    pub status: AlertStatus,
    /// The weight of the problem, also after it is resolved.
    pub severity: Severity,
    /// The description, without personal data.
    pub message: String,
    /// The action that resolves the problem.
    pub remedy: Option<String>,
    /// The start of the problem.
    pub started_at: Timestamp,
}

impl Alert {
    /// A problem that requires an action and was noticed at this time.
    pub const fn firing(kind: AlertKind, message: String, remedy: Option<String>, at: Timestamp) -> Self {
        let (status, severity) = (AlertStatus::Firing, Severity::Error);
        Self { kind, status, severity, message, remedy, started_at: at }
    }

    /// The end of a problem that started at this time.
    pub const fn resolved(kind: AlertKind, message: String, started_at: Timestamp) -> Self {
        let (status, severity) = (AlertStatus::Resolved, Severity::Error);
        Self { kind, status, severity, message, remedy: None, started_at }
    }

    /// True if the problem is resolved.
    pub fn is_resolved(&self) -> bool {
        self.status == AlertStatus::Resolved
    }
}

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

    /// The kind of an alert about a failure of the task.
    pub const fn kind(self) -> AlertKind {
        match self {
            Self::Recovery | Self::SchemaCheck | Self::Events => AlertKind::SyncStalled,
            Self::EventFeed => AlertKind::SystemLogUnavailable,
            Self::Sync => AlertKind::SyncFailed,
            Self::EventHookCheck => AlertKind::EventHookUnhealthy,
        }
    }
}

/// A failed task, which is retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// The task.
    pub task: Task,
    /// The kind of the failure.
    pub kind: AlertKind,
    /// The reason, without personal data.
    pub reason: String,
    /// The action that resolves the failure.
    pub hint: Option<String>,
    /// An error if retries don't resolve it, or didn't for a while.
    pub severity: Severity,
    /// The time of the failure.
    pub at: Timestamp,
}

/// A receiver of alerts. Its methods return immediately.
pub trait AlertSink: Send + Sync {
    /// Sends an alert.
    fn send(&self, alert: Alert);

    /// Records each failure of a task; a lasting failure is [sent](Self::send), too.
    fn task_failed(&self, _: TaskFailure) {}

    /// Records each success of a task.
    fn task_succeeded(&self, _: Task, _: Timestamp) {}
}

/// A sink that discards all alerts.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopAlertSink;

impl AlertSink for NoopAlertSink {
    fn send(&self, _: Alert) {}
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
