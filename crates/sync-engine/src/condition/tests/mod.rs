//! The judgment of each situation: its unmet conditions, its health, and its readiness.

mod data;
mod process;
mod services;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use strum::IntoEnumIterator;

use super::{
    ConditionStatus, ConditionType, Conditions, ConnectionHealth, Evidence, FailingTask, Process,
    StoreEvidence,
};
use crate::{
    AlertKind, Fact, FeedCheckpoint, Finding, FindingCode, SafeguardViolation, Service, Severity, Task,
};

/// The minutes without progress that are permitted.
const STALL_MINUTES: i64 = 10;

/// A connection in sync, for a situation to change.
struct World {
    process: Process,
    reads_system_log: bool,
    has_event_hook: bool,
    store: Result<StoreEvidence, Finding>,
    low_space: Option<u64>,
    failing: Vec<FailingTask>,
    clock_skew: Vec<(Service, i64)>,
    throttled_until: Option<Timestamp>,
    setting_up: bool,
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn minutes_ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

impl World {
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
            clock_skew: vec![(Service::Okta, 1), (Service::Assets, -1)],
            throttled_until: None,
            setting_up: false,
        }
    }

    fn store(&mut self) -> &mut StoreEvidence {
        self.store.as_mut().unwrap()
    }

    fn fails(&mut self, task: Option<Task>, kind: AlertKind, severity: Severity) {
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

    fn conditions(&self) -> Conditions {
        Conditions::derive(&Evidence {
            now: now(),
            process: self.process.clone(),
            reads_system_log: self.reads_system_log,
            has_event_hook: self.has_event_hook,
            stall_timeout: Duration::from_secs(STALL_MINUTES.unsigned_abs() * 60),
            store: self.store.as_ref().map_err(Finding::clone),
            low_space: self.low_space,
            failing: &self.failing,
            clock_skew: self.clock_skew.clone(),
            throttled_until: self.throttled_until,
        })
    }
}

/// A row of the table.
struct Situation {
    name: &'static str,
    change: fn(&mut World),
    /// The unmet conditions that are false, with their reasons and weights, the most severe first.
    unmet: &'static [(ConditionType, FindingCode, Severity)],
    health: ConnectionHealth,
    current: ConditionStatus,
    ready: bool,
}

fn all() -> impl Iterator<Item = &'static Situation> {
    process::SITUATIONS.iter().chain(services::SITUATIONS).chain(data::SITUATIONS)
}

#[test]
fn situations_have_stated_conditions() {
    for situation in all() {
        let name = situation.name;
        let mut world = World::in_sync();
        (situation.change)(&mut world);
        let conditions = world.conditions();
        let unmet: Vec<_> = conditions
            .unmet()
            .filter(|condition| condition.status == ConditionStatus::False)
            .map(|condition| (condition.kind, condition.reason.unwrap(), condition.severity.unwrap()))
            .collect();
        assert_eq!(unmet, situation.unmet, "{name}");
        let current = conditions.get(ConditionType::Current).unwrap();
        assert_eq!(current.status, situation.current, "{name}: current");
        assert_eq!(conditions.is_ready(), situation.ready, "{name}: ready");
        assert_eq!(ConnectionHealth::of(&conditions, world.setting_up), situation.health, "{name}: health");
    }
}

/// What differs is never called current, and each unmet condition has a finding.
#[test]
fn unmet_conditions_have_findings() {
    for situation in all() {
        let mut world = World::in_sync();
        (situation.change)(&mut world);
        let conditions = world.conditions();
        for condition in conditions.unmet() {
            let first = condition.findings.first().map(Finding::code);
            assert_eq!(first, condition.reason, "{}: {:?}", situation.name, condition.kind);
        }
        // A warning that says nothing of the data leaves the connection current.
        let health = ConnectionHealth::of(&conditions, world.setting_up);
        let quiet = matches!(health, ConnectionHealth::InSync | ConnectionHealth::Degraded);
        assert!(quiet || !conditions.is_current(), "{}: {health:?}", situation.name);
        let json = serde_json::to_value(&conditions).unwrap();
        assert_eq!(serde_json::from_value::<Conditions>(json).unwrap(), conditions, "{}", situation.name);
    }
}

#[test]
fn table_covers_all_types_and_codes() {
    assert!(all().count() >= 60, "{} situations", all().count());
    let names: BTreeSet<_> = all().map(|situation| situation.name).collect();
    assert_eq!(names.len(), all().count(), "a name twice");
    let unmet = || all().flat_map(|situation| situation.unmet);
    let types: BTreeSet<_> = unmet().map(|(kind, ..)| *kind).collect();
    for kind in ConditionType::iter().filter(|kind| *kind != ConditionType::Current) {
        assert!(types.contains(&kind), "no situation with {kind:?} unmet");
    }
}
