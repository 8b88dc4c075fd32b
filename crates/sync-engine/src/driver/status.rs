//! The status of a task while it runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::domain::finding::Finding;
use crate::domain::task_status::{Activation, ActivationReason, EndedActivation, TaskOutcome, TaskStatus};

/// The status of a task.
#[derive(Debug)]
pub(super) struct Entry(Mutex<TaskStatus>);

impl Entry {
    pub(super) const fn new(status: TaskStatus) -> Self {
        Self(Mutex::new(status))
    }

    pub(super) fn status(&self) -> TaskStatus {
        self.lock().clone()
    }

    /// True if it is the status of the same task.
    pub(super) fn is_of_same_task(&self, other: &TaskStatus) -> bool {
        let status = self.lock();
        status.task == other.task && status.setting == other.setting
    }

    /// Records the start of an activation.
    pub(super) fn begin(&self, reason: ActivationReason, started_at: Timestamp) -> Running<'_> {
        let activation = Activation { started_at, reason };
        let mut status = self.lock();
        status.activations += 1;
        status.running = Some(activation);
        Running { entry: self, activation, since: Instant::now() }
    }

    pub(super) fn set_failures(&self, failures: u64) {
        self.lock().failures = failures;
    }

    fn lock(&self) -> MutexGuard<'_, TaskStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An activation. Dropped before its [end](Self::end), it was interrupted.
#[derive(Debug)]
pub(super) struct Running<'e> {
    entry: &'e Entry,
    activation: Activation,
    since: Instant,
}

impl Running<'_> {
    /// Records the end.
    pub(super) fn end(self, outcome: TaskOutcome, finding: Option<Finding>) {
        self.record(outcome, finding);
    }

    /// Records the end of an activation without work: it leaves the last outcome.
    pub(super) fn end_without_work(self) {
        self.entry.lock().running = None;
    }

    fn record(&self, outcome: TaskOutcome, finding: Option<Finding>) {
        let Activation { started_at, reason } = self.activation;
        let duration_seconds = self.since.elapsed().as_secs_f64();
        let mut status = self.entry.lock();
        if status.running.take().is_some() {
            status.last = Some(EndedActivation { started_at, duration_seconds, reason, outcome, finding });
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.record(TaskOutcome::Interrupted, None);
    }
}
