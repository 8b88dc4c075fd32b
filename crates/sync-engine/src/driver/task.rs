//! A background task, as the driver runs it.

use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::alert::AlertKind;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::task::Task;
use crate::domain::task_status::ActivationReason;
use crate::driver::wake::Wake;

/// The time after which repeated failures raise an alert.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// Work that a process repeats.
#[async_trait]
pub trait BackgroundTask: Send {
    /// Does the work that is due now. A task that [ends in order](Self::ends_in_order) ends soon after `stop`; any other
    /// one is canceled at any `await`.
    async fn activate(&mut self, reason: ActivationReason, stop: &CancellationToken) -> Activated;

    /// True if an interrupted activation ends by itself instead of being canceled.
    fn ends_in_order(&self) -> bool {
        false
    }

    /// True if the task has nothing left to do.
    fn is_finished(&self) -> bool {
        false
    }
}

/// The result of an activation.
#[derive(Debug)]
pub enum Activated {
    /// The work is done.
    Done,
    /// No work was due, which says nothing about earlier failures.
    NothingDue,
    /// The work failed.
    Failed(Box<FailedActivation>),
    /// The work was interrupted.
    Interrupted,
}

impl Activated {
    /// The result of an activation that failed.
    pub fn failed(failed: FailedActivation) -> Self {
        Self::Failed(Box::new(failed))
    }
}

/// The failure of an activation.
#[derive(Debug)]
pub struct FailedActivation {
    /// The failure. The driver sets its severity, and counts it.
    pub finding: Finding,
    /// The kind of the alert; `None` if the failure raises none.
    pub alert: Option<AlertKind>,
    /// The time since the first failure after which the failure is an error: longer problems need a fix.
    pub patience: Duration,
}

impl FailedActivation {
    /// A failure without an alert.
    pub fn quiet(task: Task, error: String, remedy: Option<Remedy>) -> Self {
        let finding = Finding::warning(Fact::TaskFailing { task, error, occurrences: 1 });
        Self { finding: Finding { remedy, ..finding }, alert: None, patience: PATIENCE }
    }
}

/// The name of a task, and the times of its activations.
#[derive(Debug, Clone, Copy)]
pub struct TaskSpec<'w> {
    pub(super) task: Task,
    pub(super) setting: Option<&'static str>,
    pub(super) period: Option<Duration>,
    pub(super) wake: Option<&'w Wake>,
    pub(super) debounce: Duration,
    pub(super) retries: bool,
    pub(super) min_pause: Duration,
    pub(super) ends: bool,
}

impl<'w> TaskSpec<'w> {
    /// A task that is active at the start, and again when `period` has passed since.
    pub const fn every(task: Task, period: Duration) -> Self {
        let period = Some(period);
        let (debounce, min_pause) = (Duration::ZERO, Duration::ZERO);
        Self { task, setting: None, period, wake: None, debounce, retries: true, min_pause, ends: false }
    }

    /// A task that is active at the start, and again when it is woken.
    pub const fn woken(task: Task, wake: &'w Wake) -> Self {
        Self { period: None, ..Self::every(task, Duration::ZERO).woken_by(wake) }
    }

    /// A task that ends with its first success.
    pub const fn once(task: Task) -> Self {
        Self { period: None, ends: true, ..Self::every(task, Duration::ZERO) }
    }

    /// Adds the wake that activates the task early.
    #[must_use]
    pub const fn woken_by(self, wake: &'w Wake) -> Self {
        Self { wake: Some(wake), ..self }
    }

    /// Sets the time to wait after a request for others of the same kind.
    #[must_use]
    pub const fn debounced(self, debounce: Duration) -> Self {
        Self { debounce, ..self }
    }

    /// Waits for the next period after a failure, instead of growing pauses.
    #[must_use]
    pub const fn without_retries(self) -> Self {
        Self { retries: false, ..self }
    }

    /// Sets the shortest pause before a retry, if it is longer than the driver's.
    #[must_use]
    pub const fn retried_after(self, min_pause: Duration) -> Self {
        Self { min_pause, ..self }
    }

    /// Names the setting of the listener that the task works for.
    #[must_use]
    pub const fn for_setting(self, setting: &'static str) -> Self {
        Self { setting: Some(setting), ..self }
    }
}
