//! The receiver of alerts.

use jiff::Timestamp;

use crate::domain::alert::{Alert, TaskFailure};
use crate::domain::task::Task;

/// A receiver of alerts. Its methods return immediately.
pub trait AlertSink: Send + Sync {
    /// Sends an alert.
    fn send(&self, alert: Alert);

    /// Records each failure of a task; a lasting failure is [sent](Self::send), too.
    fn task_failed(&self, _: TaskFailure) {}

    /// Records each success of a task.
    fn task_succeeded(&self, _: Task, _: Timestamp) {}
}

/// A sink that discards all alerts.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopAlertSink;

impl AlertSink for NoopAlertSink {
    fn send(&self, _: Alert) {}
}
