//! How a connection is doing, from the store alone: how fresh, what is waiting, what failed and why.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{
    AlertKind, Clock, EventQueueCounts, NextSyncs, ObjectCounts, RunFilter, RunKind, RunState, RunSummary,
    StaleValueCounts, SystemClock, UnconfirmedRecord, WithheldField,
};
use sync_model::{ConnectionName, ObjectKind};

use crate::config::EventSource;
use crate::{AlertEntry, Connection, ServiceError, room};

/// How many records that Assets did not take are listed.
const LISTED: u32 = 20;

/// How a connection is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionStatus {
    /// Its name.
    pub connection: ConnectionName,
    /// When it last knew the truth.
    pub freshness: Freshness,
    /// Set while sending is paused.
    pub pause: Option<Pause>,
    /// How far the System Log was read; `None` when it is not, or not yet.
    pub system_log: Option<FeedStatus>,
    /// How far the clocks of both services are off, as far as this process has asked them.
    #[serde(default)]
    pub clock_skew: ClockSkew,
    /// Until when a rate limit holds requests back, of this process or of the one that sends; `None` when none does.
    #[serde(default)]
    pub held_until: Option<Timestamp>,
    /// Open troubles of this process, or of the one that works on the connection. A log that cannot be read is
    /// among it from the first failure on.
    #[serde(default)]
    pub alerts: Vec<AlertEntry>,
    /// Names in the operator's choice that Okta does not have, as of the last full sync.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_choices: Vec<String>,
    /// Where events come from.
    pub event_source: EventSource,
    /// Confirmed objects by kind.
    pub objects: BTreeMap<ObjectKind, ObjectCounts>,
    /// What is waiting.
    pub event_queue: EventQueueCounts,
    /// Values that are gone in Okta and still in Assets.
    pub stale_values: StaleValueCounts,
    /// Fields whose values are not sent, because Assets would drop them.
    #[serde(default)]
    pub withheld: Vec<WithheldField>,
    /// Records that Assets did not account for, those first that were sent most often.
    pub unconfirmed: Vec<UnconfirmedRecord>,
    /// When the last full run that ended well began.
    pub last_full_sync_at: Option<Timestamp>,
    /// The same of a run over what changed lately.
    pub last_incremental_sync_at: Option<Timestamp>,
    /// When the process that works on the connection reads everything, or what changed lately, by itself.
    pub next_syncs: NextSyncs,
    /// The last runs, newest first.
    pub runs: Vec<RunSummary>,
}

/// A clock that is further off than this, in seconds and either direction, is reported.
const FAR: u64 = 30;

/// How far the clock of each service was ahead of this machine's at its last answer, in seconds; negative when it was
/// behind, and `None` before an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClockSkew {
    /// Okta's clock.
    pub okta_seconds: Option<i64>,
    /// The clock of Assets.
    pub assets_seconds: Option<i64>,
}

impl ClockSkew {
    /// The services whose clock is too far off, with the seconds that it is ahead.
    pub fn too_far(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let known = [("Okta", self.okta_seconds), ("Assets", self.assets_seconds)];
        known
            .into_iter()
            .filter_map(|(service, seconds)| Some((service, seconds?)))
            .filter(|(_, seconds)| seconds.unsigned_abs() > FAR)
    }
}

/// When a connection last knew the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Freshness {
    /// Everything that happened in Okta before this is in Assets; `None` before the first full run, and while anything that
    /// was confirmed is in doubt, cannot be stored, or could not be read.
    pub synced_through: Option<Timestamp>,
    /// How long ago that is, in seconds.
    pub lag_seconds: Option<f64>,
    /// When the oldest event happened that is not confirmed yet.
    pub oldest_pending_event_at: Option<Timestamp>,
    /// How old the oldest change is that is not confirmed, in seconds: an event that waits, or a record that Assets did
    /// not account for. `None` when there is none.
    pub oldest_pending_change_seconds: Option<f64>,
}

/// Nothing is sent for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// When it ends by itself; `None` when somebody has to end it.
    pub until: Option<Timestamp>,
}

impl Pause {
    /// What is stored for a pause without an end: the year 9999.
    pub(crate) const ENDLESS: Timestamp = Timestamp::constant(253_370_764_800, 0);

    pub(crate) fn from_stored(until: Timestamp) -> Self {
        Self { until: Some(until).filter(|until| *until < Self::ENDLESS) }
    }
}

/// How far the System Log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeedStatus {
    /// When it was last read to its end.
    pub caught_up_at: Option<Timestamp>,
    /// When the newest event in it happened.
    pub newest_event_at: Timestamp,
}

impl Connection {
    /// The pause that it is in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn paused(&self) -> Result<Option<Pause>, ServiceError> {
        let until = self.store.paused_until().await?;
        Ok(until.filter(|until| *until > SystemClock.now()).map(Pause::from_stored))
    }

    async fn held_until(&self, now: Timestamp) -> Result<Option<Timestamp>, ServiceError> {
        let here = Some(self.watch.held_for()).filter(|held| !held.is_zero()).map(|held| now + held);
        Ok(here.max(self.store.held_until().await?).filter(|until| *until > now))
    }

    async fn unknown_choices(&self) -> Result<Vec<String>, ServiceError> {
        let filter = RunFilter { kind: Some(RunKind::FullSync), limit: LISTED, ..RunFilter::default() };
        let reports = self.store.find_runs(&filter).await?.into_iter().filter_map(|run| run.report);
        // One that failed may not have come so far.
        let mut reports =
            reports.filter(|report| report.state != RunState::Failed || !report.unknown_choices.is_empty());
        Ok(reports.next().map(|report| report.unknown_choices).unwrap_or_default())
    }

    async fn open_troubles(&self) -> Result<Vec<AlertEntry>, ServiceError> {
        if self.watch.is_followed() {
            return Ok(self.troubles().into_iter().filter(|trouble| trouble.resolved_at.is_none()).collect());
        }
        // Another version may have written them otherwise.
        let noted = self.store.troubles().await?;
        let mut noted: Vec<AlertEntry> =
            noted.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        // What is noted may be old, and on a full disk nothing is.
        noted.retain(|trouble| trouble.kind != AlertKind::StoreSpace);
        noted.extend(room::trouble(&self.file).await);
        Ok(noted)
    }

    /// How it is doing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn status(&self, runs: u32) -> Result<ConnectionStatus, ServiceError> {
        let now = SystemClock.now();
        let vitals = self.store_vitals(now).await?;
        let synced_through = vitals.synced_through();
        let age = |since: Timestamp| now.duration_since(since).as_secs_f64().max(0.0);
        Ok(ConnectionStatus {
            connection: self.name().clone(),
            freshness: Freshness {
                synced_through,
                lag_seconds: synced_through.map(age),
                oldest_pending_event_at: vitals.inbox.oldest_pending_at,
                oldest_pending_change_seconds: vitals.oldest_change().map(age),
            },
            pause: vitals.paused_until.map(Pause::from_stored),
            system_log: vitals.feed.map(|feed| FeedStatus {
                caught_up_at: feed.caught_up_at,
                newest_event_at: feed.newest_event_at,
            }),
            clock_skew: self.watch.clock_skew(),
            held_until: self.held_until(now).await?,
            alerts: self.open_troubles().await?,
            unknown_choices: self.unknown_choices().await?,
            event_source: self.events,
            objects: self.store.object_counts().await?,
            event_queue: vitals.inbox,
            stale_values: self.store.stale_value_counts().await?,
            withheld: self.store.place().await?.map(|place| place.withheld()).unwrap_or_default(),
            unconfirmed: self.store.unconfirmed(LISTED).await?,
            last_full_sync_at: self.store.last_run(RunKind::FullSync).await?.succeeded,
            last_incremental_sync_at: self.store.last_run(RunKind::IncrementalSync).await?.succeeded,
            next_syncs: self.engine().next_passes(self.follow_options()).await?,
            runs: self.store.runs(runs).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_skew_of_either_sign_is_reported() {
        let skew = |okta, assets| ClockSkew { okta_seconds: okta, assets_seconds: assets };
        let far = |skew: ClockSkew| skew.too_far().collect::<Vec<_>>();
        assert_eq!(far(skew(Some(45), Some(-90))), [("Okta", 45), ("Assets", -90)]);
        assert_eq!(far(skew(Some(-31), None)), [("Okta", -31)]);
        assert!(far(skew(Some(30), Some(-30))).is_empty() && far(skew(None, None)).is_empty());
    }
}
