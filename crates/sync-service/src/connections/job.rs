//! Jobs in the background: one of its kind at a time, with the last result kept.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{Clock, Fact, Finding, SystemClock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{ServiceError, error_chain};

/// The activity of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobActivity {
    /// Reading the schemas of Okta, and creating the object types and mapping in Assets.
    CreatingSchema,
    /// Creating and verifying the event hook.
    CreatingEventHook,
    /// Verifying the schema, mapping, and event hook.
    Verifying,
    /// Reading groups, memberships, and users for a plan.
    Planning,
    /// Running checks.
    Checking,
    /// Reading the schemas of Okta and Assets.
    ComparingSchemas,
}

/// The state of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState<T> {
    /// The job wasn't started since the daemon started.
    Idle,
    /// The job is running.
    Running {
        /// The start.
        started_at: Timestamp,
        /// The activity.
        activity: JobActivity,
    },
    /// The job succeeded.
    Succeeded {
        /// The start.
        started_at: Timestamp,
        /// The end.
        ended_at: Timestamp,
        /// The result.
        result: T,
    },
    /// The job failed.
    Failed {
        /// The start.
        started_at: Timestamp,
        /// The end.
        ended_at: Timestamp,
        /// The reason.
        #[cfg_attr(feature = "openapi", schema(no_recursion))]
        finding: Finding,
    },
}

impl<T> JobState<T> {
    /// True if it is running.
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// The result of a succeeded job.
    pub const fn result(&self) -> Option<&T> {
        match self {
            Self::Succeeded { result, .. } => Some(result),
            _ => None,
        }
    }
}

/// Work that can be asked for.
#[derive(Debug)]
pub(super) struct Job<T> {
    state: watch::Sender<JobState<T>>,
    limit: Duration,
}

impl<T: Clone + Send + Sync + 'static> Job<T> {
    /// A job that fails after a time limit.
    pub(super) fn new(limit: Duration) -> Self {
        Self { state: watch::Sender::new(JobState::Idle), limit }
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
    }

    /// Says what is being done.
    pub(super) fn says(&self, what: JobActivity) {
        self.state.send_modify(|state| {
            if let JobState::Running { activity, .. } = state {
                *activity = what;
            }
        });
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
        began.then_some(since)
    }

    fn end(&self, since: Timestamp, result: Result<T, Finding>) {
        let ended_at = SystemClock.now();
        self.state.send_replace(match result {
            Ok(result) => JobState::Succeeded { started_at: since, ended_at, result },
            Err(finding) => JobState::Failed { started_at: since, ended_at, finding },
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
