//! Measurements of a running connection.

use std::time::Duration;

use admin_api::{AlertEntry, ClockSkew};
use insight_import_client::RateLimitState;
use jiff::Timestamp;
use okta_client::PacerState;
use sync_engine::{CheckTimes, Conditions, EngineStats, Evidence, Finding, Process, StoreEvidence};
use sync_model::ConnectionName;

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
