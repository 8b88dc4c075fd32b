//! Firing and recently resolved alerts of a connection.
//!
//! Problems that the store counts, such as failed events, are reported from there.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use admin_api::AlertEntry;
use jiff::Timestamp;
use sync_engine::{Alert, AlertKind, CheckTimes, Finding, Task, TaskFailure, Wake};

/// The number of resolved alerts that are kept.
const KEPT: usize = 20;

/// The identity of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// It ends when this is done.
    Task(Task),
    /// A safeguard blocked changes.
    Safeguard,
    /// Deliveries failed.
    Deliveries,
    /// The store is lost.
    Store,
    /// The store's file system is nearly full.
    Space,
}

#[derive(Default)]
pub(super) struct AlertBoard(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    open: BTreeMap<Source, AlertEntry>,
    /// Newest first.
    over: VecDeque<AlertEntry>,
    checks: CheckTimes,
    changed: Arc<Wake>,
}

impl AlertBoard {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Woken by each change of the firing alerts or of the times of checks.
    pub(super) fn changes(&self) -> Arc<Wake> {
        Arc::clone(&self.notes().changed)
    }

    pub(super) fn fails(&self, failing: TaskFailure) {
        let TaskFailure { task, kind, finding, at } = failing;
        let mut notes = self.notes();
        if kind == AlertKind::SafeguardTriggered {
            // A safeguard that blocks all syncs blocks event syncs as well.
            notes.open.remove(&Source::Safeguard);
        }
        // A failed comparison proves nothing; a failure of the event hook is the result of reading it.
        if task == Task::EventHookCheck {
            notes.checks.record(task, at);
        }
        notes.happens(Source::Task(task), kind, finding, at);
    }

    pub(super) fn works(&self, duty: Task, at: Timestamp) {
        let mut notes = self.notes();
        if notes.checks.record(duty, at) {
            notes.changed.after(Duration::ZERO);
        }
        let failed = notes.ends(Source::Task(duty), at);
        match duty {
            // The sync read and sent the blocked changes.
            Task::Sync => {
                notes.ends(Source::Safeguard, at);
            }
            // It was put right, and Okta has verified it since.
            Task::EventHookCheck if failed.is_some() => {
                notes.ends(Source::Deliveries, at);
            }
            _ => {}
        }
    }

    /// The hook delivered an event.
    pub(super) fn delivered(&self, at: Timestamp) {
        self.notes().ends(Source::Deliveries, at);
    }

    /// True if the store's file system is almost full.
    pub(super) fn is_short_of_space(&self) -> bool {
        self.notes().open.contains_key(&Source::Space)
    }

    /// Resolves the alert about space, and returns it.
    pub(super) fn has_space(&self, at: Timestamp) -> Option<AlertEntry> {
        self.notes().ends(Source::Space, at)
    }

    /// An alert that is no duty's.
    pub(super) fn raised(&self, alert: &Alert) {
        if alert.is_resolved() {
            return;
        }
        let source = match alert.kind {
            AlertKind::SafeguardTriggered => Source::Safeguard,
            AlertKind::EventHookUnhealthy => Source::Deliveries,
            AlertKind::StoreLost => Source::Store,
            AlertKind::StoreSpace => Source::Space,
            _ => return,
        };
        let mut notes = self.notes();
        let of_a_duty = |(source, open): (&Source, &AlertEntry)| {
            let blocks_all =
                open.kind == AlertKind::SafeguardTriggered && alert.kind == AlertKind::SafeguardTriggered;
            matches!(source, Source::Task(_)) && (blocks_all || open.finding == alert.finding)
        };
        if notes.open.iter().any(of_a_duty) {
            return;
        }
        notes.happens(source, alert.kind, alert.finding.clone(), alert.started_at);
    }

    /// The last results of periodic checks.
    pub(super) fn checks(&self) -> CheckTimes {
        self.notes().checks
    }

    /// Firing alerts, then resolved ones, the newest first.
    pub(super) fn all(&self) -> Vec<AlertEntry> {
        let notes = self.notes();
        notes.open.values().chain(&notes.over).cloned().collect()
    }
}

impl Notes {
    fn happens(&mut self, source: Source, kind: AlertKind, finding: Finding, at: Timestamp) {
        // A problem with another cause started when that cause appeared.
        let before = self.open.get(&source).filter(|before| before.kind == kind);
        let (since, times) = before.map_or((at, 0), |before| (before.started_at, before.occurrences));
        let task = match source {
            Source::Task(task) => Some(task),
            _ => None,
        };
        let alert = AlertEntry {
            kind,
            task,
            finding,
            started_at: since,
            last_occurred_at: at,
            occurrences: times + 1,
            resolved_at: None,
        };
        self.open.insert(source, alert);
        self.changed.after(Duration::ZERO);
    }

    /// The alert that ended, if there was one.
    fn ends(&mut self, source: Source, at: Timestamp) -> Option<AlertEntry> {
        let ended = AlertEntry { resolved_at: Some(at), ..self.open.remove(&source)? };
        self.over.push_front(ended.clone());
        self.over.truncate(KEPT);
        self.changed.after(Duration::ZERO);
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::{Fact, SafeguardViolation};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn failure(task: Task, error: &str) -> Finding {
        Finding::warning(Fact::TaskFailing { task, error: error.to_owned(), occurrences: 1 })
    }

    fn failing(task: Task, error: &str, second: i64) -> TaskFailure {
        TaskFailure { task, kind: task.kind().unwrap(), finding: failure(task, error), at: at(second) }
    }

    fn alert(kind: AlertKind, fact: Fact) -> Alert {
        Alert::firing(kind, Finding::error(fact), at(5))
    }

    const VIOLATION: SafeguardViolation = SafeguardViolation::MissingObjectsRemoved;

    #[test]
    fn repeated_failure_is_one_alert() {
        let board = AlertBoard::default();
        board.fails(failing(Task::EventFeed, "no answer", 1));
        board.fails(failing(Task::EventFeed, "no answer in time", 3));
        board.fails(failing(Task::SchemaCheck, "refused", 4));
        let open = &board.all()[1];
        assert_eq!(
            (open.started_at, open.last_occurred_at, open.occurrences, open.resolved_at),
            (at(1), at(3), 2, None)
        );
        assert_eq!(open.finding, failure(Task::EventFeed, "no answer in time"));
        board.works(Task::EventFeed, at(9));
        board.works(Task::EventFeed, at(10));
        let all: Vec<_> = board.all().into_iter().map(|t| (t.finding, t.resolved_at)).collect();
        assert_eq!(
            all,
            [
                (failure(Task::SchemaCheck, "refused"), None),
                (failure(Task::EventFeed, "no answer in time"), Some(at(9)))
            ]
        );
    }

    #[test]
    fn alert_resolves_with_its_cause() {
        let board = AlertBoard::default();
        board
            .raised(&alert(AlertKind::SafeguardTriggered, Fact::SafeguardTriggered { violation: VIOLATION }));
        board.raised(&alert(AlertKind::EventHookUnhealthy, Fact::DeliveriesFailed { deliveries: 2 }));
        board.raised(&alert(AlertKind::EventsFailed, Fact::EventsFailed { events: 1 }));
        board.works(Task::Events, at(6));
        assert_eq!(board.all().iter().filter(|t| t.resolved_at.is_none()).count(), 2);
        board.works(Task::Sync, at(7));
        board.delivered(at(8));
        let ends: Vec<_> = board.all().into_iter().map(|t| (t.kind, t.resolved_at)).collect();
        assert_eq!(
            ends,
            [(AlertKind::EventHookUnhealthy, Some(at(8))), (AlertKind::SafeguardTriggered, Some(at(7)))]
        );
    }

    #[test]
    fn raised_alert_merges_with_task_failure() {
        let board = AlertBoard::default();
        board.fails(TaskFailure {
            kind: AlertKind::SafeguardTriggered,
            ..failing(Task::Sync, "too many gone", 1)
        });
        board
            .raised(&alert(AlertKind::SafeguardTriggered, Fact::SafeguardTriggered { violation: VIOLATION }));
        assert_eq!(board.all().len(), 1);
    }

    #[test]
    fn resolved_alerts_are_limited() {
        let board = AlertBoard::default();
        for second in 0..100 {
            board.fails(failing(Task::Sync, "no", second));
            board.works(Task::Sync, at(second));
        }
        let all = board.all();
        assert_eq!((all.len(), all[0].started_at), (KEPT, at(99)));
    }
}
