//! The background tasks of a process.

use serde::{Deserialize, Serialize};

/// Work that a process repeats.
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
    /// Deleting expired history.
    HistoryCleanup,
    /// Storing metric samples.
    MetricSamples,
    /// Storing the firing alerts for other processes.
    LeaderReport,
    /// Opening unavailable connections.
    ConnectionRetry,
    /// Checking the files of the state store.
    StoreCheck,
    /// Loading changed TLS certificates.
    CertificateReload,
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
            Self::HistoryCleanup => "deleting expired history",
            Self::MetricSamples => "storing metric samples",
            Self::LeaderReport => "storing alerts for other processes",
            Self::ConnectionRetry => "opening unavailable connections",
            Self::StoreCheck => "checking the state store",
            Self::CertificateReload => "loading TLS certificates",
        }
    }
}
