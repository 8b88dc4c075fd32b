//! The driver of everything that a process repeats: it knows when a task is due and why, retries it after failures, and
//! has its status.

mod health;
mod schedule;
mod status;
pub(crate) mod task;
pub(crate) mod wake;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::domain::task_status::{ActivationReason, TaskOutcome, TaskStatus};
use crate::driver::health::TaskHealth;
use crate::driver::schedule::Schedule;
use crate::driver::status::Entry;
use crate::driver::task::{Activated, BackgroundTask, TaskSpec};
use crate::driver::wake::Wake;
use crate::ports::alert_sink::{AlertSink, NoopAlertSink};
use crate::ports::clock::{Clock, SystemClock};

/// Runs background tasks, and has the status of each.
pub struct TaskDriver {
    alerts: Arc<dyn AlertSink>,
    clock: Arc<dyn Clock>,
    /// In the order of their first start.
    entries: Mutex<Vec<Arc<Entry>>>,
}

impl fmt::Debug for TaskDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskDriver").field("tasks", &self.statuses()).finish_non_exhaustive()
    }
}

impl Default for TaskDriver {
    /// A driver without alerts, on the machine's clock.
    fn default() -> Self {
        Self::new(Arc::new(NoopAlertSink), Arc::new(SystemClock))
    }
}

impl TaskDriver {
    /// A driver that reports failures and successes to `alerts`.
    pub fn new(alerts: Arc<dyn AlertSink>, clock: Arc<dyn Clock>) -> Self {
        Self { alerts, clock, entries: Mutex::default() }
    }

    /// The status of each task that was started, in the order of the start.
    pub fn statuses(&self) -> Vec<TaskStatus> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|entry| entry.status()).collect()
    }

    /// Runs a task until it is finished or interrupted. If the result is dropped, a present activation ends as
    /// interrupted.
    pub async fn run(&self, spec: TaskSpec<'_>, task: &mut dyn BackgroundTask, stop: &CancellationToken) {
        let entry = self.enter(&spec);
        let mut schedule = Schedule::new(spec.period, spec.debounce, Instant::now());
        let mut health = TaskHealth::new(spec.task);
        while let Some(reason) = due(&mut schedule, spec.wake, stop).await {
            schedule.begin();
            let running = entry.begin(reason, self.clock.now());
            let (alerts, mut is_done) = (self.alerts.as_ref(), false);
            match activate(task, reason, stop).await {
                Activated::Done => {
                    health.succeeded(alerts, self.clock.now());
                    running.end(TaskOutcome::Succeeded, None);
                    is_done = true;
                }
                Activated::NothingDue => running.end_without_work(),
                Activated::Failed(failed) => {
                    let finding = health.failed(*failed, alerts, self.clock.now());
                    running.end(TaskOutcome::Failed, Some(finding));
                }
                Activated::Interrupted => running.end(TaskOutcome::Interrupted, None),
            }
            entry.set_failures(health.failures());
            if task.is_finished() || spec.ends && is_done {
                return;
            }
            let backoff = health.backoff().filter(|_| spec.retries);
            schedule.end(reason, backoff.map(|pause| pause.max(spec.min_pause)), Instant::now());
        }
    }

    /// The entry of a task, idle until its first activation.
    fn enter(&self, spec: &TaskSpec<'_>) -> Arc<Entry> {
        let status = TaskStatus::new(spec.task, spec.setting, spec.period);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries.iter().position(|entry| entry.is_of_same_task(&status));
        let entry = Arc::new(Entry::new(status));
        match known.and_then(|place| entries.get_mut(place)) {
            Some(place) => *place = Arc::clone(&entry),
            None => entries.push(Arc::clone(&entry)),
        }
        entry
    }
}

/// Waits for the next activation; `None` once interrupted.
async fn due(
    schedule: &mut Schedule,
    wake: Option<&Wake>,
    stop: &CancellationToken,
) -> Option<ActivationReason> {
    loop {
        let next = schedule.next();
        let requested = async {
            match wake {
                Some(wake) => wake.requested().await,
                None => std::future::pending().await,
            }
        };
        let reached = async {
            match next {
                Some((at, reason)) => {
                    sleep_until(at).await;
                    reason
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            request = requested => schedule.request(request, Instant::now()),
            reason = reached => return Some(reason),
        }
    }
}

async fn activate(
    task: &mut dyn BackgroundTask,
    reason: ActivationReason,
    stop: &CancellationToken,
) -> Activated {
    let ends_in_order = task.ends_in_order();
    tokio::select! {
        biased;
        activated = task.activate(reason, stop) => activated,
        () = stop.cancelled(), if !ends_in_order => Activated::Interrupted,
    }
}

#[cfg(test)]
mod tests;
