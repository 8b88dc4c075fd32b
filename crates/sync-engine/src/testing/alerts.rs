//! A receiver of alerts that keeps them.

use std::sync::{Mutex, PoisonError};

use crate::domain::alert::{Alert, TaskFailure};
use crate::ports::alert_sink::AlertSink;

/// Keeps alerts and failures of tasks.
#[derive(Debug, Default)]
pub struct RecordingAlerts {
    alerts: Mutex<Vec<Alert>>,
    failures: Mutex<Vec<TaskFailure>>,
}

impl RecordingAlerts {
    /// The alerts so far.
    pub fn alerts(&self) -> Vec<Alert> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The failures of tasks so far.
    pub fn failures(&self) -> Vec<TaskFailure> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl AlertSink for RecordingAlerts {
    fn send(&self, alert: Alert) {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner).push(alert);
    }

    fn task_failed(&self, failure: TaskFailure) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
    }
}
