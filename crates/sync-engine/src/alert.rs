//! Telling somebody who does not watch.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertKind {
    /// A guard stopped a run: an operator has to look.
    SafeguardTriggered,
    /// A run failed, and waiting does not help.
    SyncFailed,
    /// Nothing could be applied for a while, although it was tried again.
    SyncStalled,
    /// Events were given up.
    EventsFailed,
    /// Records that Assets does not take.
    RecordsRejected,
    /// The log cannot be read.
    SystemLogUnavailable,
    /// Okta could not deliver to the hook, or the hook is not active.
    EventHookUnhealthy,
    /// The state store was lost, replaced, or damaged.
    StoreLost,
    /// The file system of the state store is nearly full.
    StoreSpace,
    /// It works again.
    Recovered,
}

impl AlertKind {
    /// Its name in JSON and in metrics.
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
            Self::Recovered => "recovered",
        }
    }
}

/// Something that an operator should know without looking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// What happened, without personal data.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What an engine that follows does over and over, by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Task {
    /// Looking after what an earlier process left behind.
    Recovery,
    /// Comparing the schemas.
    SchemaCheck,
    /// Applying events.
    Events,
    /// Reading the log.
    EventFeed,
    /// Reading the directory, as planned or asked for.
    Sync,
    /// Looking whether the event hook is as it should be.
    EventHookCheck,
}

impl Task {
    /// As it is said in a sentence.
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

    /// What an alert about its failing is about.
    pub const fn kind(self) -> AlertKind {
        match self {
            Self::Recovery | Self::SchemaCheck | Self::Events => AlertKind::SyncStalled,
            Self::EventFeed => AlertKind::SystemLogUnavailable,
            Self::Sync => AlertKind::SyncFailed,
            Self::EventHookCheck => AlertKind::EventHookUnhealthy,
        }
    }
}

/// A duty that failed, and is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFailure {
    /// Which.
    pub task: Task,
    /// What the failure is about.
    pub kind: AlertKind,
    /// Why, without personal data.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
    /// Whether somebody has to look: waiting does not help, or did not for long.
    pub urgent: bool,
    /// When.
    pub at: Timestamp,
}

/// Somebody to tell. Must return at once.
pub trait AlertSink: Send + Sync {
    /// Tells it.
    fn send(&self, alert: Alert);

    /// Says that a duty failed, each time it does; what lasts is [raised](Self::raise) as well.
    fn task_failed(&self, _: TaskFailure) {}

    /// Says that a duty was done, each time it is.
    fn task_succeeded(&self, _: Task, _: Timestamp) {}
}

/// Nobody to tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopAlertSink;

impl AlertSink for NoopAlertSink {
    fn send(&self, _: Alert) {}
}
