//! The status of a connection from the store alone: lag, pending work, and failures.

use admin_api::{ConnectionStatus, FeedStatus, Freshness};
use diagnostics::{Pause, store_evidence};
use jiff::Timestamp;
use sync_engine::{ConnectionHealth, RunKind, RunSummary};

use crate::connection::Connection;
use crate::error::ServiceError;

/// The number of listed rejected records.
const LISTED: u32 = 20;

impl Connection {
    /// The pause that it is in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn paused(&self) -> Result<Option<Pause>, ServiceError> {
        let until = self.store.paused_until().await?;
        Ok(until.filter(|until| *until > self.now()).map(Pause::from_stored))
    }

    /// The end of a rate limit, of this process or of the one that runs the connection.
    pub(crate) async fn held_until(&self, now: Timestamp, read_store: bool) -> Option<Timestamp> {
        let here = Some(self.watch.held_for()).filter(|held| !held.is_zero()).map(|held| now + held);
        let noted = if read_store { self.store.held_until().await.ok().flatten() } else { None };
        here.max(noted).filter(|until| *until > now)
    }

    /// The status of the connection.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn status(&self, runs: u32) -> Result<ConnectionStatus, ServiceError> {
        let now = self.now();
        let store = store_evidence(self.store(), now).await?;
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
            site_facts: self.site_facts().await?,
            next_syncs: self.engine().next_syncs(self.task_options()).await?,
            runs,
        })
    }
}
