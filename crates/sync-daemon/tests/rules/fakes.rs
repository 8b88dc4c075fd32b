//! Substitutes that keep what they are told, and a clock that can be moved.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use sync_engine::{Alert, AlertSink, Clock, SystemClock, TaskFailure};

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct RecordingAlertSink(pub(crate) Mutex<Vec<Alert>>);

impl AlertSink for RecordingAlertSink {
    fn send(&self, alert: Alert) {
        self.0.lock().unwrap().push(alert);
    }
}

/// Keeps the failures of tasks, in words.
#[derive(Default)]
pub(crate) struct Failures(pub(crate) Mutex<Vec<String>>);

impl AlertSink for Failures {
    fn send(&self, _alert: Alert) {}

    fn task_failed(&self, failing: TaskFailure) {
        self.0.lock().unwrap().push(plain_text::finding(&failing.finding));
    }
}

/// A clock that can be put forward.
#[derive(Default)]
pub(crate) struct OffsetClock(AtomicI64);

impl OffsetClock {
    pub(crate) fn by(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}
