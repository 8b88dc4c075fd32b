//! Repeated failures of a task, and the alerts about them.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::engine::Engine;
use crate::{Alert, AlertKind, EngineError, SafeguardViolation, Severity, Task, TaskFailure, error_chain};

/// The longest pause after repeated failures.
const MAX_PAUSE: Duration = Duration::from_mins(1);
/// The time after which repeated failures raise an alert.
const PATIENCE: Duration = Duration::from_mins(5);
/// The same for the state store: what holds it up for longer, such as a full disk, does not pass by itself.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// Consecutive failures of a task.
pub(crate) struct Trouble {
    duty: Task,
    since: Option<(Instant, Timestamp)>,
    pause: Duration,
    /// The kind of the alert that was sent.
    alert: Option<AlertKind>,
}

impl Trouble {
    pub(crate) const fn new(duty: Task) -> Self {
        Self { duty, since: None, pause: Duration::ZERO, alert: None }
    }

    /// How long to wait before the next attempt.
    pub(crate) const fn pause(&self) -> Duration {
        self.pause
    }

    /// Whether the last attempt failed.
    pub(crate) const fn is_open(&self) -> bool {
        self.since.is_some()
    }

    pub(crate) fn book(&mut self, engine: &Engine, result: Result<(), EngineError>) {
        let Err(error) = result else { return self.works(engine) };
        // A setting of the import source takes no consent: it stops everything until it is changed.
        let refused = matches!(&error, EngineError::SafeguardTriggered(refusal) if !matches!(refusal, SafeguardViolation::MissingObjectsRemoved));
        let kind = if refused { AlertKind::SafeguardTriggered } else { self.duty.kind() };
        // A refusal does not pass by itself; anything else may.
        let urgent = match &error {
            EngineError::Store(_) => self.since.is_some_and(|(since, _)| since.elapsed() >= STORE_PATIENCE),
            error => !error.is_transient(),
        };
        self.fails(engine, kind, error_chain(&error), error.hint(), urgent);
    }

    pub(crate) fn works(&mut self, engine: &Engine) {
        if let (Some(kind), Some((_, started_at))) = (self.alert, self.since) {
            let message = format!("resolved: {}", self.duty.as_str());
            engine.ports.alerts.send(Alert::resolved(kind, message, started_at));
        }
        engine.ports.alerts.task_succeeded(self.duty, engine.now());
        *self = Self::new(self.duty);
    }

    pub(crate) fn fails(
        &mut self,
        engine: &Engine,
        kind: AlertKind,
        reason: String,
        hint: Option<String>,
        urgent: bool,
    ) {
        let what = self.duty.as_str();
        tracing::error!(error = %reason, hint, "{what} failed; trying again");
        let (since, started_at) = *self.since.get_or_insert_with(|| (Instant::now(), engine.now()));
        self.pause = (self.pause * 2).clamp(Duration::from_secs(1), MAX_PAUSE);
        let urgent = urgent || since.elapsed() >= PATIENCE;
        let message = format!("{what}: {reason}");
        let severity = if urgent { Severity::Error } else { Severity::Warning };
        let failing =
            TaskFailure { task: self.duty, kind, reason, hint: hint.clone(), severity, at: engine.now() };
        engine.ports.alerts.task_failed(failing);
        if urgent && self.alert.is_none() {
            self.alert = Some(kind);
            engine.ports.alerts.send(Alert::firing(kind, message, hint, started_at));
        }
    }
}
