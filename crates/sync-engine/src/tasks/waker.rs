//! Wakes background tasks.

use tokio::sync::Notify;

/// Wakes background tasks for work that this process has stored, before their next interval.
#[derive(Debug, Default)]
pub struct TaskWaker {
    events: Notify,
    syncs: Notify,
}

impl TaskWaker {
    /// Wakes the task that applies events and work items.
    pub fn wake_events(&self) {
        self.events.notify_one();
    }

    /// Wakes the task that runs scheduled and requested syncs.
    pub fn wake_syncs(&self) {
        self.syncs.notify_one();
    }

    /// Waits for events or work items.
    pub(crate) async fn events(&self) {
        self.events.notified().await;
    }

    /// Waits for requested syncs.
    pub(crate) async fn syncs(&self) {
        self.syncs.notified().await;
    }
}
