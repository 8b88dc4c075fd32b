//! Wakes background tasks.

use std::time::Duration;

use crate::driver::wake::Wake;

/// Wakes background tasks for work that this process has stored, before their next period.
#[derive(Debug, Default)]
pub struct TaskWaker {
    pub(crate) events: Wake,
    pub(crate) syncs: Wake,
}

impl TaskWaker {
    /// Wakes the task that applies events and work items.
    pub fn wake_events(&self) {
        self.events.after(Duration::ZERO);
    }

    /// Wakes both tasks after a change of the state: another process may have stored work.
    pub fn wake_after_change(&self) {
        self.events.after(Duration::ZERO);
        self.syncs.after(Duration::ZERO);
    }

    /// Wakes the task that runs scheduled and requested syncs, even if the last sync failed: a person requested one.
    pub fn wake_syncs(&self) {
        self.syncs.now();
    }
}
