//! A situation of a connection: its evidence, and how it has to be judged.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::domain::alert::AlertKind;
use crate::domain::condition::evidence::{CheckTimes, Evidence, FailingTask, Process, StoreEvidence};
use crate::domain::condition::health::ConnectionHealth;
use crate::domain::condition::{ConditionStatus, ConditionType, Conditions};
use crate::domain::feed::FeedCheckpoint;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::{Fact, FindingCode};
use crate::domain::finding::subject::Service;
use crate::domain::severity::Severity;
use crate::domain::task::Task;
use crate::domain::violation::SafeguardViolation;

/// The minutes without progress that are permitted.
const STALL_MINUTES: i64 = 10;

/// The evidence of a situation.
#[derive(Debug, Clone)]
pub struct SituationEvidence {
    /// The process that runs the connection.
    pub process: Process,
    /// True if the System Log is an event source.
    pub reads_system_log: bool,
    /// True if the event hook is an event source.
    pub has_event_hook: bool,
    /// Facts of the store, or the reason why it can't be read.
    pub store: Result<StoreEvidence, Finding>,
    /// The free space in bytes, if it is too small.
    pub low_space: Option<u64>,
    /// Failing tasks.
    pub failing: Vec<FailingTask>,
    /// The last results of periodic checks.
    pub checks: CheckTimes,
    /// The seconds that the services' clocks are ahead.
    pub clock_skew: Vec<(Service, i64)>,
    /// The end of a rate limit.
    pub throttled_until: Option<Timestamp>,
    /// True while a setup runs.
    pub setting_up: bool,
}

pub(super) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn minutes_ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

impl SituationEvidence {
    fn in_sync() -> Self {
        let feed = FeedCheckpoint {
            checkpoint: "https://example.okta.com/api/v1/logs?after=1".into(),
            newest_event_at: minutes_ago(1),
            caught_up_at: Some(now()),
        };
        Self {
            process: Process::Leader { since: minutes_ago(600) },
            reads_system_log: true,
            has_event_hook: true,
            store: Ok(StoreEvidence {
                feed: Some(feed),
                last_full_sync_at: Some(minutes_ago(60)),
                last_sync_at: Some(minutes_ago(30)),
                schema_compared: true,
                ..StoreEvidence::default()
            }),
            low_space: None,
            failing: Vec::new(),
            checks: CheckTimes { schema_at: Some(minutes_ago(4)), event_hook_at: Some(minutes_ago(4)) },
            clock_skew: vec![(Service::Okta, 1), (Service::Assets, -1)],
            throttled_until: None,
            setting_up: false,
        }
    }

    pub(super) fn store(&mut self) -> &mut StoreEvidence {
        self.store.as_mut().unwrap()
    }

    pub(super) fn failed(&mut self, task: Option<Task>, kind: AlertKind, severity: Severity) {
        let error = "Okta rejected the credentials".to_owned();
        let fact = match task {
            Some(task) => Fact::TaskFailing { task, error, occurrences: 3 },
            None if kind == AlertKind::StoreLost => Fact::StoreLost { error },
            None if kind == AlertKind::SafeguardTriggered => {
                Fact::SafeguardTriggered { violation: SafeguardViolation::MissingObjectsRemoved }
            }
            None => Fact::DeliveriesFailed { deliveries: 1 },
        };
        let finding = Finding { fact, severity, subject: None, remedy: None };
        self.failing.push(FailingTask { task, kind, finding, started_at: minutes_ago(2) });
    }

    /// The time of the situation.
    pub fn now(&self) -> Timestamp {
        now()
    }

    /// The time without progress that is permitted.
    pub const fn stall_timeout(&self) -> Duration {
        Duration::from_secs(STALL_MINUTES.unsigned_abs() * 60)
    }

    /// The interval of periodic checks.
    pub const fn check_interval(&self) -> Duration {
        Duration::from_mins(15)
    }

    /// The conditions that follow from the evidence.
    pub fn conditions(&self) -> Conditions {
        Conditions::derive(&Evidence {
            now: now(),
            process: self.process.clone(),
            reads_system_log: self.reads_system_log,
            has_event_hook: self.has_event_hook,
            stall_timeout: self.stall_timeout(),
            store: self.store.as_ref().map_err(Finding::clone),
            low_space: self.low_space,
            failing: &self.failing,
            checks: &self.checks,
            check_interval: self.check_interval(),
            clock_skew: self.clock_skew.clone(),
            throttled_until: self.throttled_until,
        })
    }
}

/// A situation, and how it has to be judged.
#[derive(Debug)]
pub struct Situation {
    /// The name.
    pub name: &'static str,
    pub(super) change: fn(&mut SituationEvidence),
    /// The conditions that are false, with their reasons and severities, the most severe first.
    pub unmet: &'static [(ConditionType, FindingCode, Severity)],
    /// The health.
    pub health: ConnectionHealth,
    /// The status of [`ConditionType::Current`].
    pub current: ConditionStatus,
    /// True if the connection makes progress.
    pub ready: bool,
}

impl Situation {
    /// The evidence.
    pub fn evidence(&self) -> SituationEvidence {
        let mut evidence = SituationEvidence::in_sync();
        (self.change)(&mut evidence);
        evidence
    }
}
