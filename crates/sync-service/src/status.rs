//! The status of a connection from the store alone: lag, pending work, and failures.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{
    ActiveExecution, Clock, Conditions, ConnectionHealth, EventQueueCounts, FailedRun, NextSyncs,
    ObjectCounts, PauseEnd, Place, RunFilter, RunKind, RunState, RunSummary, Service, StaleValueCounts,
    StoreEvidence, SystemClock, UnconfirmedRecord, WithheldField,
};
use sync_model::{ConnectionName, ObjectKind, RunId};

use crate::config::EventSource;
use crate::{AlertEntry, Connection, ServiceError};

/// The number of listed rejected records.
const LISTED: u32 = 20;

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

/// A pause of sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// The time at which it ends; `None` if an administrator must end it.
    pub until: Option<Timestamp>,
}

impl Pause {
    /// The stored end of a pause without an end: the year 9999.
    pub(crate) const ENDLESS: Timestamp = Timestamp::constant(253_370_764_800, 0);

    pub(crate) fn from_stored(until: Timestamp) -> Self {
        Self { until: Some(until).filter(|until| *until < Self::ENDLESS) }
    }
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

impl Connection {
    /// The pause that it is in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn paused(&self) -> Result<Option<Pause>, ServiceError> {
        let until = self.store.paused_until().await?;
        Ok(until.filter(|until| *until > SystemClock.now()).map(Pause::from_stored))
    }

    /// The end of a rate limit, of this process or of the one that runs the connection.
    pub(crate) async fn held_until(&self, now: Timestamp, read_store: bool) -> Option<Timestamp> {
        let here = Some(self.watch.held_for()).filter(|held| !held.is_zero()).map(|held| now + held);
        let noted = if read_store { self.store.held_until().await.ok().flatten() } else { None };
        here.max(noted).filter(|until| *until > now)
    }

    async fn unknown_choices(&self) -> Result<Vec<String>, ServiceError> {
        let filter = RunFilter { kind: Some(RunKind::FullSync), limit: LISTED, ..RunFilter::default() };
        let reports = self.store.find_runs(&filter).await?.into_iter().filter_map(|run| run.report);
        // A failed run may not have read as far.
        let mut reports =
            reports.filter(|report| report.state != RunState::Failed || !report.unknown_choices.is_empty());
        Ok(reports.next().map(|report| report.unknown_choices).unwrap_or_default())
    }

    /// The facts of the store that the conditions follow from.
    pub(crate) async fn store_evidence(&self, now: Timestamp) -> Result<StoreEvidence, ServiceError> {
        let full = self.store.last_run(RunKind::FullSync).await?.succeeded;
        let incremental = self.store.last_run(RunKind::IncrementalSync).await?.succeeded;
        let mut feed = self.store.feed_checkpoint().await?;
        if let Some(feed) = &mut feed {
            // A clock that was ahead may have stored a future time.
            feed.caught_up_at = feed.caught_up_at.map(|read| read.min(now));
        }
        let place = self.store.place().await?;
        let queue = self.store.event_queue_counts().await?;
        let pause = self.store.paused_until().await?.filter(|until| *until > now);
        let rejected = if queue.rejected_records > 0 { self.store.unconfirmed(1).await? } else { Vec::new() };
        Ok(StoreEvidence {
            pause: pause.map(|until| Pause::from_stored(until).until.map_or(PauseEnd::Open, PauseEnd::At)),
            last_full_sync_at: full.map(|started_at| started_at.min(now)),
            last_sync_at: full.max(incremental).map(|started_at| started_at.min(now)),
            withheld: place.as_ref().map(Place::withheld).unwrap_or_default(),
            schema_compared: place.is_some(),
            stale_values: self.store.stale_value_counts().await?.values,
            unknown_choices: self.unknown_choices().await?,
            rejected_reason: rejected.into_iter().next().map(|record| record.reason),
            failed_runs: self.failed_runs(&queue, full).await?,
            execution: self.active_execution().await?,
            feed,
            queue,
        })
    }

    /// The last run and the last full sync, if they failed and none succeeded since.
    async fn failed_runs(
        &self,
        queue: &EventQueueCounts,
        full: Option<Timestamp>,
    ) -> Result<Vec<FailedRun>, ServiceError> {
        let mut found: Vec<(RunId, FailedRun)> = Vec::new();
        for kind in [None, Some(RunKind::FullSync)] {
            let filter = RunFilter { kind, limit: 1, ..RunFilter::default() };
            let Some(run) = self.store.find_runs(&filter).await?.into_iter().next() else { continue };
            let recovered = match run.kind {
                RunKind::FullSync => full.is_some_and(|at| at > run.started_at),
                // Applied without a run: Assets had it already.
                RunKind::EventSync => {
                    queue.unfinished() + queue.work_items + queue.failed + queue.unconfirmed_records == 0
                }
                _ => false,
            };
            let finding = run.report.as_ref().and_then(|report| report.finding.clone());
            let (Some(finding), Some(ended_at)) = (finding, run.ended_at) else { continue };
            if !recovered && found.iter().all(|(id, _)| *id != run.id) {
                found.push((run.id, FailedRun { kind: run.kind, ended_at, finding }));
            }
        }
        Ok(found.into_iter().map(|(_, run)| run).collect())
    }

    /// The execution that Assets processes for the active run.
    async fn active_execution(&self) -> Result<Option<ActiveExecution>, ServiceError> {
        let active = self.store.runs(1).await?.into_iter().find(|run| run.ended_at.is_none());
        let Some(run) = active else { return Ok(None) };
        let executions = self.store.run(run.id).await?.map(|detail| detail.executions).unwrap_or_default();
        let open = executions.into_iter().find(|execution| execution.ended_at.is_none());
        Ok(open.map(|open| ActiveExecution { id: open.id.to_string(), started_at: open.started_at }))
    }

    /// The status of the connection.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn status(&self, runs: u32) -> Result<ConnectionStatus, ServiceError> {
        let now = SystemClock.now();
        let store = self.store_evidence(now).await?;
        let inputs = self.inputs_with(now, Ok(store.clone())).await;
        let conditions = inputs.conditions();
        let runs = self.store.runs(runs).await?;
        let loads = |run: &RunSummary| run.ended_at.is_none() && run.kind == RunKind::FullSync;
        let synced_through = store.synced_through();
        let age = |since: Timestamp| now.duration_since(since).as_secs_f64().max(0.0);
        Ok(ConnectionStatus {
            connection: self.name().clone(),
            health: ConnectionHealth::of(&conditions, runs.iter().any(loads)),
            conditions,
            freshness: Freshness {
                synced_through,
                lag_seconds: synced_through.map(age),
                oldest_pending_event_at: store.queue.oldest_pending_at,
                oldest_pending_change_seconds: store.oldest_change_at().map(age),
            },
            pause: store.pause.map(|end| Pause { until: end.time() }),
            system_log: store.feed.map(|feed| FeedStatus {
                caught_up_at: feed.caught_up_at,
                newest_event_at: feed.newest_event_at,
            }),
            clock_skew: inputs.clock_skew,
            held_until: inputs.held_until,
            alerts: inputs.alerts,
            unknown_choices: store.unknown_choices,
            event_source: self.events,
            objects: self.store.object_counts().await?,
            event_queue: store.queue,
            stale_values: self.store.stale_value_counts().await?,
            withheld: store.withheld,
            unconfirmed: self.store.unconfirmed(LISTED).await?,
            last_full_sync_at: store.last_full_sync_at,
            last_incremental_sync_at: self.store.last_run(RunKind::IncrementalSync).await?.succeeded,
            next_syncs: self.engine().next_syncs(self.task_options()).await?,
            runs,
        })
    }
}
