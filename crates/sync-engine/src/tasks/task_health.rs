//! Repeated failures of a task, and the alerts about them.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::domain::alert::{Alert, AlertKind, TaskFailure};
use crate::domain::error::{EngineError, error_chain};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::severity::Severity;
use crate::domain::task::Task;
use crate::domain::violation::SafeguardViolation;
use crate::engine::Engine;

/// The longest pause after repeated failures.
const MAX_PAUSE: Duration = Duration::from_mins(1);
/// The time after which repeated failures raise an alert.
const PATIENCE: Duration = Duration::from_mins(5);
/// The same for the state store: a longer problem, such as a full disk, needs a fix.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// Consecutive failures of a task.
pub(crate) struct TaskHealth {
    task: Task,
    since: Option<(Instant, Timestamp)>,
    /// Failures in a row.
    failures: u64,
    pause: Duration,
    /// The alert that was sent.
    alert: Option<(AlertKind, Finding)>,
}

impl TaskHealth {
    pub(crate) const fn new(task: Task) -> Self {
        Self { task, since: None, failures: 0, pause: Duration::ZERO, alert: None }
    }

    /// The pause before the next attempt.
    pub(crate) const fn pause(&self) -> Duration {
        self.pause
    }

    /// True if the last attempt failed.
    pub(crate) const fn is_open(&self) -> bool {
        self.since.is_some()
    }

    pub(crate) fn record(&mut self, engine: &Engine, result: Result<(), EngineError>) {
        let Err(error) = result else { return self.succeeded(engine) };
        // No override applies to a setting of the import source: it blocks every sync until it is changed.
        let refused = matches!(&error, EngineError::SafeguardTriggered(refusal) if !matches!(refusal, SafeguardViolation::MissingObjectsRemoved));
        let kind = if refused { AlertKind::SafeguardTriggered } else { self.task.kind() };
        // A rejection needs a fix; any other failure may be temporary.
        let urgent = match &error {
            EngineError::Store(_) => self.since.is_some_and(|(since, _)| since.elapsed() >= STORE_PATIENCE),
            error => !error.is_transient(),
        };
        tracing::error!(
            task = self.task.as_str(),
            error = error_chain(&error),
            remedy = error.remedy().as_ref().map(Remedy::as_str),
            "a task failed; retrying"
        );
        self.failed(engine, kind, error.of_task(self.task), urgent);
    }

    pub(crate) fn succeeded(&mut self, engine: &Engine) {
        if let (Some((kind, finding)), Some((_, started_at))) = (self.alert.take(), self.since) {
            engine.context.ports.alerts.send(Alert::resolved(kind, finding, started_at));
        }
        engine.context.ports.alerts.task_succeeded(self.task, engine.context.now());
        *self = Self::new(self.task);
    }

    pub(crate) fn failed(&mut self, engine: &Engine, kind: AlertKind, mut finding: Finding, urgent: bool) {
        let (since, started_at) = *self.since.get_or_insert_with(|| (Instant::now(), engine.context.now()));
        self.pause = (self.pause * 2).clamp(Duration::from_secs(1), MAX_PAUSE);
        self.failures += 1;
        let urgent = urgent || since.elapsed() >= PATIENCE;
        finding.severity = if urgent { Severity::Error } else { Severity::Warning };
        if let Fact::TaskFailing { occurrences, .. } = &mut finding.fact {
            *occurrences = self.failures;
        }
        let failing =
            TaskFailure { task: self.task, kind, finding: finding.clone(), at: engine.context.now() };
        engine.context.ports.alerts.task_failed(failing);
        if urgent && self.alert.is_none() {
            self.alert = Some((kind, finding.clone()));
            engine.context.ports.alerts.send(Alert::firing(kind, finding, started_at));
        }
    }
}
