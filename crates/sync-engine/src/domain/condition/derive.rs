//! The one place that judges the health of a connection.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::alert::AlertKind;
use crate::domain::condition::evidence::{ActiveExecution, Evidence, FailingTask, Process, StoreEvidence};
use crate::domain::condition::{Condition, ConditionStatus, ConditionType, Conditions};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::{Fact, FindingCode};
use crate::domain::severity::Severity;
use crate::domain::task::Task;

/// The largest clock skew that isn't reported, in seconds.
const MAX_CLOCK_SKEW: u64 = 30;
/// The processing time of an execution that isn't reported.
const MOMENT: Duration = Duration::from_secs(5);

/// Conditions that say that Assets differs from Okta while they are false.
const DIFFERENCES: [ConditionType; 11] = [
    ConditionType::SafeguardsClear,
    ConditionType::InitialSync,
    ConditionType::SendingEnabled,
    ConditionType::ValuesStorable,
    ConditionType::EventsSucceeded,
    ConditionType::EventsProgressing,
    ConditionType::SyncsSucceeding,
    ConditionType::RecordsConfirmed,
    ConditionType::ObjectsReadable,
    ConditionType::ValuesCleared,
    ConditionType::EventsApplied,
];

/// Conditions without which nothing is known of the differences.
const SOURCES: [ConditionType; 6] = [
    ConditionType::StoreAvailable,
    ConditionType::StoreSpace,
    ConditionType::LeaderRunning,
    ConditionType::SchemaReady,
    ConditionType::SystemLogRead,
    ConditionType::EventHookReady,
];

impl Conditions {
    /// Derives all conditions of a connection from evidence.
    pub fn derive(evidence: &Evidence<'_>) -> Self {
        let mut all = vec![
            store_available(evidence),
            store_space(evidence),
            leader_running(evidence),
            schema_ready(evidence),
            events_progressing(evidence),
            syncs_succeeding(evidence),
            clock_synchronized(evidence),
            requests_unthrottled(evidence),
        ];
        if evidence.has_event_hook {
            all.push(event_hook_ready(evidence));
        }
        if evidence.reads_system_log {
            all.push(system_log_read(evidence));
        }
        all.extend(STORED.map(|(kind, judge)| match &evidence.store {
            Ok(store) => judge(evidence, store).into_condition(kind, evidence.now),
            Err(finding) => unknown(kind, finding.clone()),
        }));
        all.sort_by_key(|condition| (std::cmp::Reverse(condition.severity), condition.kind));
        let current = current(&all, evidence);
        all.insert(0, current);
        Self(all)
    }

    /// The conditions of a connection that this process can't run, or doesn't run yet.
    pub fn unavailable(finding: Finding, now: Timestamp) -> Self {
        let current = unknown(ConditionType::Current, finding.clone());
        let leader = Verdict::new(None, [finding]).into_condition(ConditionType::LeaderRunning, now);
        Self(vec![Condition { findings: Vec::new(), ..current }, leader])
    }
}

/// Findings of one aspect; it holds if there are none.
#[derive(Default)]
struct Verdict {
    findings: Vec<Finding>,
    since: Option<Timestamp>,
}

impl Verdict {
    fn new(since: Option<Timestamp>, findings: impl IntoIterator<Item = Finding>) -> Self {
        Self { findings: findings.into_iter().collect(), since }
    }

    /// One finding, if its number isn't zero.
    fn counted(number: u64, since: Option<Timestamp>, finding: impl FnOnce() -> Finding) -> Self {
        if number == 0 { Self::default() } else { Self::new(since, [finding()]) }
    }

    fn into_condition(mut self, kind: ConditionType, checked_at: Timestamp) -> Condition {
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let worst = self.findings.first();
        Condition {
            kind,
            status: if worst.is_none() { ConditionStatus::True } else { ConditionStatus::False },
            severity: worst.map(|finding| finding.severity),
            reason: worst.map(Finding::code),
            since: self.since,
            last_checked_at: Some(checked_at),
            findings: self.findings,
        }
    }
}

/// A condition without evidence.
fn unknown(kind: ConditionType, finding: Finding) -> Condition {
    Condition {
        kind,
        status: ConditionStatus::Unknown,
        severity: None,
        reason: Some(finding.code()),
        since: None,
        last_checked_at: None,
        findings: vec![finding],
    }
}

type Judge = fn(&Evidence<'_>, &StoreEvidence) -> Verdict;

/// The aspects that the store alone shows.
const STORED: [(ConditionType, Judge); 10] = [
    (ConditionType::SendingEnabled, |_, store| {
        Verdict::new(None, store.pause.map(|end| Finding::warning(Fact::Paused { until: end.time() })))
    }),
    (ConditionType::ValuesStorable, |_, store| {
        let withheld = store.withheld.iter().cloned();
        Verdict::new(None, withheld.map(|field| Finding::warning(Fact::ValuesWithheld { field })))
    }),
    (ConditionType::InitialSync, |_, store| {
        let missing = store.last_full_sync_at.is_none();
        Verdict::new(None, missing.then(|| Finding::warning(Fact::NeverSynced)))
    }),
    (ConditionType::EventsApplied, |_, store| {
        let (events, objects) = (store.queue.unfinished(), store.queue.work_items);
        Verdict::counted(events + objects, store.queue.oldest_pending_at, || {
            Finding::info(Fact::ChangesPending { events, objects })
        })
    }),
    (ConditionType::EventsSucceeded, |_, store| {
        let events = store.queue.failed;
        Verdict::counted(events, store.queue.oldest_failed_at, || {
            Finding::warning(Fact::EventsFailed { events })
        })
    }),
    (ConditionType::RecordsConfirmed, |_, store| records_confirmed(store)),
    (ConditionType::ObjectsReadable, |_, store| {
        let objects = store.queue.unreadable;
        Verdict::counted(objects, None, || Finding::warning(Fact::ObjectsUnreadable { objects }))
    }),
    (ConditionType::SafeguardsClear, safeguards_clear),
    (ConditionType::ValuesCleared, |_, store| {
        let values = store.stale_values;
        Verdict::counted(values, None, || Finding::warning(Fact::StaleValues { attribute: None, values }))
    }),
    (ConditionType::ScopeResolved, |_, store| {
        let names = &store.unknown_choices;
        Verdict::counted(names.len() as u64, None, || {
            Finding::warning(Fact::ScopeUnresolved { names: names.clone() })
        })
    }),
];

fn records_confirmed(store: &StoreEvidence) -> Verdict {
    let queue = &store.queue;
    let mut found = Vec::new();
    if queue.rejected_records > 0 {
        let (records, error) = (queue.rejected_records, store.rejected_reason.clone());
        found.push(Finding::warning(Fact::RecordsRejected { records, error }));
    }
    let records = queue.unconfirmed_records.saturating_sub(queue.rejected_records);
    if records > 0 {
        found.push(Finding::info(Fact::RecordsUnconfirmed { records }));
    }
    if queue.doubted > 0 {
        found.push(Finding::info(Fact::ResendPending { objects: queue.doubted }));
    }
    Verdict::new(queue.oldest_unconfirmed_at, found)
}

fn safeguards_clear(evidence: &Evidence<'_>, store: &StoreEvidence) -> Verdict {
    let objects = store.queue.blocked;
    let mut verdict = failing(evidence, |problem| problem.kind == AlertKind::SafeguardTriggered);
    if objects > 0 {
        verdict.findings.push(Finding::error(Fact::ChangesBlocked { objects }));
        verdict.since = verdict.since.into_iter().chain(store.queue.oldest_blocked_at).min();
    }
    verdict
}

fn store_available(evidence: &Evidence<'_>) -> Condition {
    let mut verdict = failing(evidence, |problem| problem.kind == AlertKind::StoreLost);
    verdict.findings.extend(evidence.store.as_ref().err().cloned());
    verdict.into_condition(ConditionType::StoreAvailable, evidence.now)
}

fn store_space(evidence: &Evidence<'_>) -> Condition {
    let since = evidence.failing.iter().find(|problem| problem.kind == AlertKind::StoreSpace);
    let low = evidence.low_space.map(|free_bytes| Finding::error(Fact::StoreSpaceLow { free_bytes }));
    Verdict::new(since.map(|problem| problem.started_at), low)
        .into_condition(ConditionType::StoreSpace, evidence.now)
}

fn leader_running(evidence: &Evidence<'_>) -> Condition {
    let (since, finding) = match &evidence.process {
        Process::Leader { since } => (Some(*since), None),
        Process::Other => (None, None),
        Process::Absent => (None, Some(Finding::warning(Fact::NotRunning))),
    };
    Verdict::new(since, finding).into_condition(ConditionType::LeaderRunning, evidence.now)
}

fn schema_ready(evidence: &Evidence<'_>) -> Condition {
    let kind = ConditionType::SchemaReady;
    let verdict = failing(evidence, |problem| problem.task == Some(Task::SchemaCheck));
    let missing = match &evidence.store {
        Ok(store) if store.schema_compared => None,
        Ok(_) => Some(Finding::info(Fact::NeverCompared)),
        Err(finding) => Some(finding.clone()),
    };
    if let Some(finding) = missing.filter(|_| verdict.findings.is_empty()) {
        return unknown(kind, finding);
    }
    Condition { last_checked_at: evidence.checks.schema_at, ..verdict.into_condition(kind, evidence.now) }
}

/// The System Log covers an event hook that doesn't work.
fn event_hook_ready(evidence: &Evidence<'_>) -> Condition {
    let mut verdict = failing(evidence, |problem| problem.kind == AlertKind::EventHookUnhealthy);
    if evidence.reads_system_log {
        for finding in &mut verdict.findings {
            finding.severity = finding.severity.min(Severity::Warning);
        }
    }
    let kind = ConditionType::EventHookReady;
    let checked_at = evidence.checks.event_hook_at;
    let max_age = evidence.check_interval * 2 + MOMENT;
    let is_recent = |at: Timestamp| evidence.now.duration_since(at).unsigned_abs() <= max_age;
    let condition = if verdict.findings.is_empty() && !checked_at.is_some_and(is_recent) {
        unknown(kind, Finding::info(Fact::EventHookUnchecked { checked_at }))
    } else {
        verdict.into_condition(kind, evidence.now)
    };
    Condition { last_checked_at: checked_at, ..condition }
}

fn system_log_read(evidence: &Evidence<'_>) -> Condition {
    let kind = ConditionType::SystemLogRead;
    let mut verdict = failing(evidence, |problem| problem.task == Some(Task::EventFeed));
    let caught_up_at = match &evidence.store {
        Ok(store) => store.feed.as_ref().and_then(|feed| feed.caught_up_at),
        Err(finding) => return unknown(kind, finding.clone()),
    };
    if verdict.findings.is_empty() {
        if is_late(evidence, caught_up_at) {
            verdict = Verdict::new(caught_up_at, [Finding::error(Fact::SystemLogBehind { caught_up_at })]);
        } else if caught_up_at.is_none() {
            return unknown(kind, Finding::info(Fact::SystemLogBehind { caught_up_at }));
        }
    }
    Condition { last_checked_at: caught_up_at, ..verdict.into_condition(kind, evidence.now) }
}

fn events_progressing(evidence: &Evidence<'_>) -> Condition {
    let of_events = |problem: &FailingTask| {
        matches!(problem.task, Some(Task::Events | Task::Recovery)) && problem.kind == AlertKind::SyncStalled
    };
    let mut verdict = failing(evidence, of_events);
    if let Ok(store) = &evidence.store
        && let Some(oldest_at) = store.queue.oldest_unclaimed_at.filter(|_| store.pause.is_none())
        && is_late(evidence, Some(oldest_at))
    {
        verdict.findings.push(Finding::error(Fact::EventsStalled { oldest_at }));
        verdict.since.get_or_insert(oldest_at);
    }
    if let Some(finding) = evidence.store.as_ref().ok().and_then(|store| processing(evidence, store)) {
        verdict.findings.push(finding);
    }
    verdict.into_condition(ConditionType::EventsProgressing, evidence.now)
}

/// The execution that Assets has been processing for longer than a moment: it delays all others.
fn processing(evidence: &Evidence<'_>, store: &StoreEvidence) -> Option<Finding> {
    let ActiveExecution { id: execution, started_at } = store.execution.clone()?;
    let fact = Fact::ExecutionInProgress { execution, started_at };
    match evidence.now.duration_since(started_at).unsigned_abs() {
        time if time < MOMENT => None,
        time if time < evidence.stall_timeout => Some(Finding::info(fact)),
        _ => Some(Finding::warning(fact)),
    }
}

fn syncs_succeeding(evidence: &Evidence<'_>) -> Condition {
    let mut verdict = failing(evidence, |problem| {
        problem.task == Some(Task::Sync) && problem.kind != AlertKind::SafeguardTriggered
    });
    let failed = evidence.store.as_ref().map(|store| store.failed_runs.as_slice()).unwrap_or_default();
    // A failing task reports its last run.
    for run in failed.iter().filter(|run| evidence.failing.iter().all(|open| open.task != Some(run.task()))) {
        verdict.since = verdict.since.into_iter().chain([run.ended_at]).min();
        verdict.findings.push(run.finding.clone());
    }
    verdict.into_condition(ConditionType::SyncsSucceeding, evidence.now)
}

fn clock_synchronized(evidence: &Evidence<'_>) -> Condition {
    let skewed = evidence.clock_skew.iter().filter(|(_, seconds)| seconds.unsigned_abs() > MAX_CLOCK_SKEW);
    let findings = skewed.map(|&(service, seconds)| Finding::warning(Fact::ClockSkewed { service, seconds }));
    Verdict::new(None, findings).into_condition(ConditionType::ClockSynchronized, evidence.now)
}

fn requests_unthrottled(evidence: &Evidence<'_>) -> Condition {
    let until = evidence.throttled_until.filter(|until| *until > evidence.now);
    Verdict::new(None, until.map(|until| Finding::info(Fact::RateLimited { until })))
        .into_condition(ConditionType::RequestsUnthrottled, evidence.now)
}

/// The open problems of a sort.
fn failing(evidence: &Evidence<'_>, select: impl Fn(&FailingTask) -> bool) -> Verdict {
    let open: Vec<&FailingTask> = evidence.failing.iter().filter(|problem| select(problem)).collect();
    let since = open.iter().map(|problem| problem.started_at).min();
    Verdict::new(since, open.into_iter().map(|problem| problem.finding.clone()))
}

/// True if the leader had no progress for too long, counted from a time or from its start.
fn is_late(evidence: &Evidence<'_>, since: Option<Timestamp>) -> bool {
    let since = match evidence.process {
        // A start in the future is from before a clock change, and delays nothing.
        Process::Leader { since: started_at } => since.max(Some(started_at).filter(|at| *at <= evidence.now)),
        // The start of another process is unknown.
        Process::Other => since,
        Process::Absent => None,
    };
    since.is_some_and(|since| evidence.now.duration_since(since).unsigned_abs() > evidence.stall_timeout)
}

/// The summary: false if a condition shows a difference, unknown if a source of evidence is missing.
fn current(all: &[Condition], evidence: &Evidence<'_>) -> Condition {
    let unmet = |kinds: &[ConditionType]| -> Vec<&Condition> {
        all.iter().filter(|condition| kinds.contains(&condition.kind) && !condition.holds()).collect()
    };
    let (different, blind) = (unmet(&DIFFERENCES), unmet(&SOURCES));
    let different: Vec<_> = different.into_iter().filter(|c| c.status == ConditionStatus::False).collect();
    // The System Log shows whatever the event hook missed.
    let blind: Vec<_> = blind
        .into_iter()
        .filter(|c| c.kind != ConditionType::EventHookReady || !evidence.reads_system_log)
        .collect();
    let first = different.first().or(blind.first());
    let hook_alone = !evidence.reads_system_log;
    Condition {
        kind: ConditionType::Current,
        status: if !different.is_empty() {
            ConditionStatus::False
        } else if !blind.is_empty() || hook_alone {
            ConditionStatus::Unknown
        } else {
            ConditionStatus::True
        },
        severity: first.and_then(|condition| condition.severity),
        reason: first
            .and_then(|condition| condition.reason)
            .or_else(|| hook_alone.then_some(FindingCode::DeliveriesUnproven)),
        since: first.and_then(|condition| condition.since),
        last_checked_at: Some(evidence.now),
        findings: Vec::new(),
    }
}
