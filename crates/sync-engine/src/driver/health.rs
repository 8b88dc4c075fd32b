//! Failures of a task in a row: the growing pauses between retries, and the alerts about them.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::domain::alert::{Alert, AlertKind, TaskFailure};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::severity::Severity;
use crate::domain::task::Task;
use crate::driver::task::FailedActivation;
use crate::ports::alert_sink::AlertSink;

/// The shortest and the longest pause between retries.
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_mins(1);

/// Consecutive failures of a task.
pub(super) struct TaskHealth {
    task: Task,
    since: Option<(Instant, Timestamp)>,
    /// Failures in a row.
    failures: u64,
    pause: Duration,
    /// The alert that was sent.
    alert: Option<(AlertKind, Finding)>,
}

impl TaskHealth {
    pub(super) const fn new(task: Task) -> Self {
        Self { task, since: None, failures: 0, pause: Duration::ZERO, alert: None }
    }

    /// The number of failures in a row.
    pub(super) const fn failures(&self) -> u64 {
        self.failures
    }

    /// The pause before the next attempt; `None` unless the last one failed.
    pub(super) fn backoff(&self) -> Option<Duration> {
        self.since.map(|_| self.pause)
    }

    /// Records a success, and resolves the alert.
    pub(super) fn succeeded(&mut self, alerts: &dyn AlertSink, now: Timestamp) {
        if let (Some((kind, finding)), Some((_, started_at))) = (self.alert.take(), self.since) {
            alerts.send(Alert::resolved(kind, finding, started_at));
        }
        if self.task.kind().is_some() {
            alerts.task_succeeded(self.task, now);
        }
        *self = Self::new(self.task);
    }

    /// Records a failure, and returns its finding as it is reported. An alert follows once patience ends.
    pub(super) fn failed(
        &mut self,
        failed: FailedActivation,
        alerts: &dyn AlertSink,
        now: Timestamp,
    ) -> Finding {
        let FailedActivation { mut finding, alert, patience } = failed;
        if alert.is_none() && self.task.kind().is_some() {
            // It proves neither a failure nor a success of what the task checks.
            return finding;
        }
        let (since, started_at) = *self.since.get_or_insert_with(|| (Instant::now(), now));
        self.pause = (self.pause * 2).clamp(MIN_PAUSE, MAX_PAUSE);
        self.failures += 1;
        let is_urgent = since.elapsed() >= patience;
        finding.severity = if is_urgent { Severity::Error } else { Severity::Warning };
        if let Fact::TaskFailing { occurrences, .. } = &mut finding.fact {
            *occurrences = self.failures;
        }
        let Some(kind) = alert else { return finding };
        alerts.task_failed(TaskFailure { task: self.task, kind, finding: finding.clone(), at: now });
        if is_urgent && self.alert.is_none() {
            self.alert = Some((kind, finding.clone()));
            alerts.send(Alert::firing(kind, finding.clone(), started_at));
        }
        finding
    }
}
