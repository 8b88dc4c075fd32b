//! Measurements of a running connection.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use insight_import_client::{AssetsClient, ImportClient, RateLimitState};
use jiff::Timestamp;
use okta_client::{OktaClient, PacerState};
use sync_engine::{
    CheckTimes, Clock, Conditions, EngineStats, Evidence, Fact, Finding, Process, StoreEvidence, SystemClock,
};
use sync_model::ConnectionName;

use crate::alerts::{AlertEntry, LeaderReport};
use crate::config::EventSource;
use crate::status::ClockSkew;
use crate::{Connection, room};

/// The time after which the store counts as unreadable.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the state of the clients.
pub(crate) struct Watch {
    okta: OktaClient,
    assets: ImportClient,
    account: Option<AssetsClient>,
    following_since: Mutex<Option<Timestamp>>,
}

impl Watch {
    pub(crate) const fn new(okta: OktaClient, assets: ImportClient, account: Option<AssetsClient>) -> Self {
        Self { okta, assets, account, following_since: Mutex::new(None) }
    }

    /// The state of requests to Okta.
    pub(crate) fn okta(&self) -> PacerState {
        self.okta.pacer().state()
    }

    /// The clock offsets of both services in their last responses.
    pub(crate) fn clock_skew(&self) -> ClockSkew {
        let account = self.account.as_ref().and_then(|account| account.pace().clock_skew_seconds);
        ClockSkew {
            okta_seconds: self.okta().clock_skew_seconds,
            assets_seconds: self.assets.pace().clock_skew_seconds.or(account),
        }
    }

    /// The time for which a rate limit delays requests to either service.
    pub(crate) fn held_for(&self) -> Duration {
        let account = self.account.as_ref().map(|account| account.pace().held_for).unwrap_or_default();
        self.okta().held_for.max(self.assets.pace().held_for).max(account)
    }

    /// Must be kept while the connection's tasks run.
    pub(crate) fn following(&self) -> Following<'_> {
        *self.since() = Some(SystemClock.now());
        Following(self)
    }

    /// True if this process follows the connection.
    pub(crate) fn is_followed(&self) -> bool {
        self.since().is_some()
    }

    fn since(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.following_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the tasks of a connection as running, until it is dropped in any way.
pub(crate) struct Following<'w>(&'w Watch);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        *self.0.since() = None;
    }
}

/// A connection at one moment: measurements, and the evidence of its conditions.
#[derive(Debug)]
pub(crate) struct HealthInputs {
    pub(crate) name: ConnectionName,
    pub(crate) now: Timestamp,
    pub(crate) process: Process,
    pub(crate) reads_log: bool,
    pub(crate) has_hook: bool,
    pub(crate) stall_timeout: Duration,
    /// The firing alerts of the process that runs the connection.
    pub(crate) alerts: Vec<AlertEntry>,
    /// The last results of its periodic checks.
    pub(crate) checks: CheckTimes,
    /// The interval of these checks.
    pub(crate) check_interval: Duration,
    /// Facts of the store, or the reason why it can't be read.
    pub(crate) store: Result<StoreEvidence, Finding>,
    /// The free space of the store's file system, if it is too small.
    pub(crate) low_space: Option<u64>,
    pub(crate) clock_skew: ClockSkew,
    /// The end of a rate limit.
    pub(crate) held_until: Option<Timestamp>,
    pub(crate) stats: EngineStats,
    pub(crate) okta: PacerState,
    /// The requests to Assets by credential.
    pub(crate) assets: Vec<(&'static str, RateLimitState)>,
}

impl HealthInputs {
    /// The conditions that follow from the evidence.
    pub(crate) fn conditions(&self) -> Conditions {
        let failing: Vec<_> = self.alerts.iter().map(AlertEntry::failing_task).collect();
        Conditions::derive(&Evidence {
            now: self.now,
            process: self.process.clone(),
            reads_system_log: self.reads_log,
            has_event_hook: self.has_hook,
            stall_timeout: self.stall_timeout,
            store: self.store.as_ref().map_err(Finding::clone),
            low_space: self.low_space,
            failing: &failing,
            checks: &self.checks,
            check_interval: self.check_interval,
            clock_skew: self.clock_skew.known().collect(),
            throttled_until: self.held_until,
        })
    }
}

impl Connection {
    /// Measures the connection. A store that can't be read is part of the result.
    pub(crate) async fn inputs(&self) -> HealthInputs {
        let now = SystemClock.now();
        let unreadable = |error| Finding::error(Fact::StoreUnreadable { error });
        let store = match tokio::time::timeout(PATIENCE, self.store_evidence(now)).await {
            Ok(read) => read.map_err(|error| unreadable(crate::error_chain(&error))),
            Err(_) => Err(unreadable(format!("no response within {} s", PATIENCE.as_secs()))),
        };
        self.inputs_with(now, store).await
    }

    /// The same with facts of the store that were read already.
    pub(crate) async fn inputs_with(
        &self,
        now: Timestamp,
        store: Result<StoreEvidence, Finding>,
    ) -> HealthInputs {
        let mut assets = vec![("import", self.watch.assets.pace())];
        assets.extend(self.watch.account.as_ref().map(|account| ("account", account.pace())));
        let LeaderReport { alerts, checks } = self.leader_report(store.is_ok()).await;
        HealthInputs {
            name: self.name().clone(),
            now,
            process: self.process(),
            reads_log: self.events != EventSource::EventHook,
            has_hook: self.has_hook(),
            stall_timeout: self.stall_timeout,
            alerts,
            checks,
            check_interval: self.follow.schema_interval,
            low_space: room::low(self.file.free_space().await),
            clock_skew: self.watch.clock_skew(),
            held_until: self.held_until(now, store.is_ok()).await,
            store,
            stats: self.engine().stats(),
            okta: self.watch.okta(),
            assets,
        }
    }

    /// The process that runs the connection.
    fn process(&self) -> Process {
        if let Some(since) = *self.watch.since() {
            return Process::Leader { since };
        }
        if self.claimed.load(Ordering::Relaxed) {
            return Process::Absent;
        }
        // A lock that can't be tried is no evidence of a process.
        match self.daemon_running(self.file.path()) {
            Ok(true) => Process::Other,
            Ok(false) | Err(_) => Process::Absent,
        }
    }

    /// The number of requests to Okta that wait for their share of its rate limit.
    pub fn queued_requests(&self) -> usize {
        self.watch.okta().queued
    }
}

/// A healthy connection, for tests.
#[cfg(test)]
pub(crate) fn sample() -> HealthInputs {
    use std::collections::BTreeMap;

    use okta_client::BucketState;
    use sync_engine::{EventQueueCounts, FeedCheckpoint, RecordCounts};
    use sync_model::ObjectKind;

    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let ago = |seconds| now - Duration::from_secs(seconds);
    let bucket = BucketState { limit: 600, remaining: 540, others: 3, resets_in: Duration::from_secs(20) };
    let mut stats = EngineStats::default();
    stats.executions.insert("succeeded", 3);
    stats.failed_runs.insert("full_sync", 1);
    stats.safeguard_violations = 1;
    let counts = RecordCounts { read: 60, sent: 12, created: 10, updated: 1, identical: 0, rejected: 1 };
    stats.records.insert(ObjectKind::User, counts);
    stats.latency_buckets = [0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 1];
    stats.latency_sum = Duration::from_secs(4000);
    HealthInputs {
        name: ConnectionName::try_from("main".to_owned()).unwrap(),
        now,
        process: Process::Leader { since: ago(86_400) },
        reads_log: true,
        has_hook: true,
        stall_timeout: Duration::from_mins(10),
        alerts: Vec::new(),
        checks: CheckTimes { schema_at: Some(ago(300)), event_hook_at: Some(ago(300)) },
        check_interval: Duration::from_mins(15),
        low_space: None,
        clock_skew: ClockSkew::default(),
        held_until: None,
        store: Ok(StoreEvidence {
            queue: EventQueueCounts {
                pending: 5,
                in_progress: 2,
                failed: 1,
                oldest_failed_at: Some(ago(60)),
                blocked: 0,
                blocked_events: 0,
                oldest_blocked_at: None,
                doubted: 0,
                withheld: 0,
                unreadable: 0,
                work_items: 4,
                oldest_pending_at: Some(ago(30)),
                oldest_unclaimed_at: Some(ago(29)),
                unconfirmed_records: 3,
                rejected_records: 1,
                oldest_unconfirmed_at: Some(ago(90)),
            },
            feed: Some(FeedCheckpoint {
                checkpoint: "https://example.okta.com/api/v1/logs?after=s3cret".into(),
                newest_event_at: ago(30),
                caught_up_at: Some(ago(4)),
            }),
            last_sync_at: Some(ago(900)),
            last_full_sync_at: Some(ago(7200)),
            schema_compared: true,
            ..StoreEvidence::default()
        }),
        stats,
        okta: PacerState {
            buckets: BTreeMap::from([("/api/v1/users", bucket)]),
            requests: 120,
            refused: 1,
            in_flight: 2,
            queued: 0,
            concurrency: 10,
            held_for: Duration::ZERO,
            clock_skew_seconds: Some(-45),
        },
        assets: vec![(
            "import",
            RateLimitState {
                requests: 40,
                refused: 2,
                in_flight: 1,
                allowed: 8,
                held_for: std::time::Duration::ZERO,
                clock_skew_seconds: Some(3),
            },
        )],
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::EventQueueCounts;

    use super::*;

    #[test]
    fn recent_changes_prove_no_deletion() {
        let inputs = sample();
        let mut store = inputs.store.unwrap();
        store.queue = EventQueueCounts::default();
        let read = store.feed.as_ref().and_then(|feed| feed.caught_up_at);
        assert_eq!(store.synced_through(), read, "the log tells everything");
        store.feed = None;
        assert!(store.last_sync_at > store.last_full_sync_at);
        assert_eq!(store.synced_through(), store.last_full_sync_at);
        store.last_full_sync_at = None;
        assert_eq!(store.synced_through(), None);
    }
}
