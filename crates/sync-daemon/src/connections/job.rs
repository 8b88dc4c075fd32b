//! Jobs in the background: one of its kind at a time, with the last result kept.

use std::time::Duration;

use diagnostics::{JobActivity, JobState};
use jiff::Timestamp;
use sync_engine::{Clock, Fact, Finding, SystemClock, error_chain};
use sync_store::ChangeSignal;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::ServiceError;

/// Work that can be asked for.
#[derive(Debug)]
pub(super) struct Job<T> {
    state: watch::Sender<JobState<T>>,
    limit: Duration,
    changed: ChangeSignal,
}

impl<T: Clone + Send + Sync + 'static> Job<T> {
    /// A job that fails after a time limit, and signals each change of its state.
    pub(super) fn new(limit: Duration, changed: &ChangeSignal) -> Self {
        Self { state: watch::Sender::new(JobState::Idle), limit, changed: changed.clone() }
    }

    pub(super) fn state(&self) -> JobState<T> {
        self.state.borrow().clone()
    }

    /// Deletes the last result; a running job continues.
    pub(super) fn forget(&self) {
        self.state.send_if_modified(|state| {
            let forgets = !state.is_running();
            if forgets {
                *state = JobState::Idle;
            }
            forgets
        });
        self.changed.notify();
    }

    /// Says what is being done.
    pub(super) fn says(&self, what: JobActivity) {
        self.state.send_modify(|state| {
            if let JobState::Running { activity, .. } = state {
                *activity = what;
            }
        });
        self.changed.notify();
    }

    /// Marks it as started; `None` if it is already running.
    fn begin(&self, activity: JobActivity) -> Option<Timestamp> {
        let since = SystemClock.now();
        let began = self.state.send_if_modified(|state| {
            let idle = !state.is_running();
            if idle {
                *state = JobState::Running { started_at: since, activity };
            }
            idle
        });
        self.changed.notify();
        began.then_some(since)
    }

    fn end(&self, since: Timestamp, result: Result<T, Finding>) {
        let ended_at = SystemClock.now();
        self.state.send_replace(match result {
            Ok(result) => JobState::Succeeded { started_at: since, ended_at, result },
            Err(finding) => JobState::Failed { started_at: since, ended_at, finding },
        });
        self.changed.notify();
    }
}

fn failed(error: &ServiceError) -> Finding {
    let remedy = error.remedy();
    Finding { remedy, ..Finding::error(Fact::JobFailed { error: error_chain(error) }) }
}

/// The task tracker of jobs, with their cancellation.
#[derive(Debug, Clone, Default)]
pub(super) struct Yard {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Yard {
    /// Canceled together with the parent.
    pub(super) fn below(parent: &CancellationToken) -> Self {
        Self { tasks: TaskTracker::new(), stop: parent.child_token() }
    }

    pub(super) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    pub(super) const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Starts the work in the background unless it is already running. `job` finds the job in its owner.
    pub(super) fn start<H, T, W>(
        &self,
        holder: &H,
        job: fn(&H) -> &Job<T>,
        activity: JobActivity,
        work: impl FnOnce(H, CancellationToken) -> W,
    ) -> bool
    where
        H: Clone + Send + 'static,
        T: Clone + Send + Sync + 'static,
        W: Future<Output = Result<T, ServiceError>> + Send + 'static,
    {
        let Some(since) = job(holder).begin(activity) else { return false };
        let work = work(holder.clone(), self.stop.clone());
        let (holder, stop) = (holder.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            let job = job(&holder);
            let result = tokio::select! {
                () = stop.cancelled() => Err(Finding::error(Fact::JobInterrupted)),
                ended = tokio::time::timeout(job.limit, work) => match ended {
                    Ok(result) => result.map_err(|error| failed(&error)),
                    Err(_) => Err(Finding::error(Fact::JobTimedOut { seconds: job.limit.as_secs() })),
                },
            };
            job.end(since, result);
        });
        true
    }

    /// Cancels running jobs, and waits for them.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn job_changes_are_signaled() {
        let signal = ChangeSignal::default();
        let mut changes = signal.subscribe();
        let (yard, job) = (Yard::default(), Arc::new(Job::new(Duration::from_secs(9), &signal)));
        let begin = || yard.start(&job, |job| job, JobActivity::Planning, |_, _| async { Ok(()) });
        assert!(begin() && !begin(), "it runs once at a time");
        assert!(changes.changed().await && job.state().is_running());
        assert!(changes.changed().await && job.state().result().is_some());
        job.forget();
        assert!(changes.changed().await && job.state() == JobState::Idle);
    }
}
