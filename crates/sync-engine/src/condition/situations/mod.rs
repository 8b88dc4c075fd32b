//! Situations of a connection, with their unmet conditions, health, and readiness, for tests of each surface.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod data;
mod process;
mod services;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    CheckTimes, ConditionStatus, ConditionType, Conditions, ConnectionHealth, Evidence, FailingTask, Process,
    StoreEvidence,
};
use crate::{
    AlertKind, Fact, FeedCheckpoint, Finding, FindingCode, SafeguardViolation, Service, Severity, Task,
};

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

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn minutes_ago(minutes: i64) -> Timestamp {
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

    fn store(&mut self) -> &mut StoreEvidence {
        self.store.as_mut().unwrap()
    }

    fn failed(&mut self, task: Option<Task>, kind: AlertKind, severity: Severity) {
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
    change: fn(&mut SituationEvidence),
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
    /// All situations.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        process::SITUATIONS.iter().chain(services::SITUATIONS).chain(data::SITUATIONS)
    }

    /// The evidence.
    pub fn evidence(&self) -> SituationEvidence {
        let mut evidence = SituationEvidence::in_sync();
        (self.change)(&mut evidence);
        evidence
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn situations_have_stated_conditions() {
        for situation in Situation::all() {
            let name = situation.name;
            let evidence = situation.evidence();
            let conditions = evidence.conditions();
            let unmet: Vec<_> = conditions
                .unmet()
                .filter(|condition| condition.status == ConditionStatus::False)
                .map(|condition| (condition.kind, condition.reason.unwrap(), condition.severity.unwrap()))
                .collect();
            assert_eq!(unmet, situation.unmet, "{name}");
            let current = conditions.get(ConditionType::Current).unwrap();
            assert_eq!(current.status, situation.current, "{name}: current");
            assert_eq!(conditions.is_ready(), situation.ready, "{name}: ready");
            assert_eq!(
                ConnectionHealth::of(&conditions, evidence.setting_up),
                situation.health,
                "{name}: health"
            );
        }
    }

    /// A difference is never called current, and each unmet condition has a finding.
    #[test]
    fn unmet_conditions_have_findings() {
        for situation in Situation::all() {
            let evidence = situation.evidence();
            let conditions = evidence.conditions();
            for condition in conditions.unmet() {
                let first = condition.findings.first().map(Finding::code);
                assert_eq!(first, condition.reason, "{}: {:?}", situation.name, condition.kind);
            }
            // A warning that says nothing of the data leaves the connection current.
            let health = ConnectionHealth::of(&conditions, evidence.setting_up);
            let quiet = matches!(health, ConnectionHealth::InSync | ConnectionHealth::Degraded);
            assert!(quiet || !conditions.is_current(), "{}: {health:?}", situation.name);
            let json = serde_json::to_value(&conditions).unwrap();
            assert_eq!(serde_json::from_value::<Conditions>(json).unwrap(), conditions, "{}", situation.name);
        }
    }

    #[test]
    fn table_covers_all_types() {
        assert!(Situation::all().count() >= 60, "{} situations", Situation::all().count());
        let names: BTreeSet<_> = Situation::all().map(|situation| situation.name).collect();
        assert_eq!(names.len(), Situation::all().count(), "a name twice");
        let unmet = || Situation::all().flat_map(|situation| situation.unmet);
        let types: BTreeSet<_> = unmet().map(|(kind, ..)| *kind).collect();
        for kind in ConditionType::iter().filter(|kind| *kind != ConditionType::Current) {
            assert!(types.contains(&kind), "no situation with {kind:?} unmet");
        }
    }

    /// A reason that conditions can have needs a situation.
    #[test]
    fn table_covers_all_derived_reasons() {
        let derived = include_str!("../derive.rs");
        let names: BTreeSet<String> = derived
            .split("Fact::")
            .skip(1)
            .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect())
            .collect();
        let reasons: BTreeSet<String> = Situation::all()
            .flat_map(|situation| situation.evidence().conditions().0)
            .flat_map(|condition| condition.findings)
            .map(|finding| format!("{:?}", finding.code()))
            .collect();
        let missing: Vec<_> = names.difference(&reasons).collect();
        assert!(names.len() > 15 && missing.is_empty(), "no situation with {missing:?}");
    }
}
