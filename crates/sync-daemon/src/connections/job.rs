//! Jobs in the background: one of its kind at a time, with the last result kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diagnostics::{JobActivity, JobState};
use jiff::Timestamp;
use sync_engine::{Clock, Fact, Finding, error_chain};
use sync_store::ChangeSignal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::ServiceError;

/// Work that can be asked for.
pub(super) struct Job<T> {
    state: Mutex<JobState<T>>,
    limit: Duration,
    clock: Arc<dyn Clock>,
    changed: ChangeSignal,
}

impl<T: Clone + Send + Sync + 'static> Job<T> {
    /// A job that fails after a time limit, and signals each change of its state.
    pub(super) fn new(limit: Duration, clock: &Arc<dyn Clock>, changed: &ChangeSignal) -> Self {
        Self { state: Mutex::new(JobState::Idle), limit, clock: Arc::clone(clock), changed: changed.clone() }
    }

    pub(super) fn state(&self) -> JobState<T> {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, JobState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the state unless `change` returns `None`, and returns true if it did.
    fn change(&self, change: impl FnOnce(&JobState<T>) -> Option<JobState<T>>) -> bool {
        let mut state = self.locked();
        let Some(changed) = change(&state) else { return false };
        *state = changed;
        drop(state);
        self.changed.notify();
        true
    }

    /// Deletes the last result; a running job continues.
    pub(super) fn forget(&self) {
        self.change(|state| match state {
            JobState::Idle | JobState::Running { .. } => None,
            JobState::Succeeded { .. } | JobState::Failed { .. } => Some(JobState::Idle),
        });
    }

    /// Says what is being done.
    pub(super) fn says(&self, activity: JobActivity) {
        self.change(|state| match *state {
            JobState::Running { started_at, activity: present } if present != activity => {
                Some(JobState::Running { started_at, activity })
            }
            _ => None,
        });
    }

    /// Marks it as started; `None` if it is already running.
    fn begin(&self, activity: JobActivity) -> Option<Timestamp> {
        let started_at = self.clock.now();
        let began =
            self.change(|state| (!state.is_running()).then_some(JobState::Running { started_at, activity }));
        began.then_some(started_at)
    }

    fn end(&self, started_at: Timestamp, result: Result<T, Finding>) {
        let ended_at = self.clock.now();
        self.change(|_| {
            Some(match result {
                Ok(result) => JobState::Succeeded { started_at, ended_at, result },
                Err(finding) => JobState::Failed { started_at, ended_at, finding },
            })
        });
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
    use super::*;

    /// A clock that stands still.
    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            "2026-03-01T12:00:00Z".parse().unwrap()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn job_changes_are_signaled() {
        let signal = ChangeSignal::default();
        let mut changes = signal.subscribe();
        let clock: Arc<dyn Clock> = Arc::new(Noon);
        let (yard, job) = (Yard::default(), Arc::new(Job::new(Duration::from_secs(9), &clock, &signal)));
        let begin = || yard.start(&job, |job| job, JobActivity::Planning, |_, _| async { Ok(()) });
        assert!(begin() && !begin(), "it runs once at a time");
        assert!(changes.changed().await && job.state().is_running());
        assert!(changes.changed().await);
        let (started_at, ended_at) = (Noon.now(), Noon.now());
        assert_eq!(job.state(), JobState::Succeeded { started_at, ended_at, result: () });
        job.forget();
        assert!(changes.changed().await && job.state() == JobState::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn unchanged_job_wakes_nobody() {
        let (signal, clock): (_, Arc<dyn Clock>) = (ChangeSignal::default(), Arc::new(Noon));
        let job = Job::<()>::new(Duration::from_secs(9), &clock, &signal);
        let begun = job.begin(JobActivity::Planning);
        let mut changes = signal.subscribe();
        assert!(begun.is_some() && job.begin(JobActivity::Planning).is_none());
        job.says(JobActivity::Planning);
        job.forget();
        assert!(tokio::time::timeout(Duration::from_secs(9), changes.changed()).await.is_err());
        job.says(JobActivity::Checking);
        assert!(changes.changed().await);
    }
}
