//! The status of a connection: lag, pending work, and failures.

use std::collections::BTreeMap;

use diagnostics::Pause;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_config::EventSource;
use sync_engine::{
    Conditions, ConnectionHealth, EventQueueCounts, NextSyncs, ObjectCounts, RunSummary, Service, SiteFact,
    StaleValueCounts, UnconfirmedRecord, WithheldField,
};
use sync_model::{ConnectionName, ObjectKind};

use crate::alert_entry::AlertEntry;

/// The status of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionStatus {
    /// The name.
    pub connection: ConnectionName,
    /// The summary of the conditions.
    pub health: ConnectionHealth,
    /// All aspects of its health, the summary `current` first, then the most severe.
    pub conditions: Conditions,
    /// The time that Assets is synced through.
    pub freshness: Freshness,
    /// The pause; null if the connection isn't paused.
    pub pause: Option<Pause>,
    /// The System Log position; `None` if the log isn't read, or wasn't read yet.
    pub system_log: Option<FeedStatus>,
    /// The clock offsets of both services, if this process measured them.
    #[serde(default)]
    pub clock_skew: ClockSkew,
    /// The time until which a rate limit delays requests; `None` if no rate limit does.
    #[serde(default)]
    pub held_until: Option<Timestamp>,
    /// Firing alerts of the process that runs the connection. An unreadable System Log is included from the first failure.
    #[serde(default)]
    pub alerts: Vec<AlertEntry>,
    /// Items of the scope that Okta didn't have at the last full sync.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_choices: Vec<String>,
    /// The event source.
    pub event_source: EventSource,
    /// Confirmed objects by kind.
    pub objects: BTreeMap<ObjectKind, ObjectCounts>,
    /// Pending events and records.
    pub event_queue: EventQueueCounts,
    /// Values that were cleared in Okta and remain in Assets.
    pub stale_values: StaleValueCounts,
    /// Fields whose values are withheld, because Assets would drop them.
    #[serde(default)]
    pub withheld: Vec<WithheldField>,
    /// Unconfirmed records, those with the most attempts first.
    pub unconfirmed: Vec<UnconfirmedRecord>,
    /// The start of the last successful full sync.
    pub last_full_sync_at: Option<Timestamp>,
    /// The start of the last successful incremental sync.
    pub last_incremental_sync_at: Option<Timestamp>,
    /// The start times of the next scheduled syncs.
    pub next_syncs: NextSyncs,
    /// The facts that the last self-test found about the site; empty before the first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub site_facts: Vec<SiteFact>,
    /// The last runs, newest first.
    pub runs: Vec<RunSummary>,
}

/// The offset of each service's clock to the clock of this host at the last response, in seconds. It is negative if the
/// service is behind, and `None` before the first response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockSkew {
    /// Okta's clock.
    pub okta_seconds: Option<i64>,
    /// The clock of Assets.
    pub assets_seconds: Option<i64>,
}

impl ClockSkew {
    /// The services whose clock is known, with its offset in seconds; positive if it is ahead.
    pub fn known(&self) -> impl Iterator<Item = (Service, i64)> {
        let known = [(Service::Okta, self.okta_seconds), (Service::Assets, self.assets_seconds)];
        known.into_iter().filter_map(|(service, seconds)| Some((service, seconds?)))
    }
}

/// The time that a connection is synced through.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Freshness {
    /// The time up to which Assets reflects Okta. It is `None` before the first full sync, and while confirmations are
    /// uncertain, values can't be stored, or objects can't be read.
    pub synced_through: Option<Timestamp>,
    /// The lag: the age of `synced_through` in seconds.
    pub lag_seconds: Option<f64>,
    /// The time of the oldest event that isn't confirmed.
    pub oldest_pending_event_at: Option<Timestamp>,
    /// The age of the oldest unconfirmed change, in seconds: a pending event, or an unconfirmed record. `None` if there
    /// is none.
    pub oldest_pending_change_seconds: Option<f64>,
}

/// The System Log position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedStatus {
    /// The last time at which it was read to its end.
    pub caught_up_at: Option<Timestamp>,
    /// The time of its newest event.
    pub newest_event_at: Timestamp,
}
