//! Requests to the leader: for a sync, for some objects, for a pause.
//!
//! One process sends for a connection. Any other process stores its request and follows the result.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sync_engine::{
    ProgressSink, Remedy, RequestedObject, RunReport, RunState, RunSummary, Subject, SyncRequest,
};
use sync_model::{ConnectionName, GroupId, ObjectKind, RecordKey, UserId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::delegated_run::{Seen, Watched};
use crate::lock::Lock;
use crate::status::Pause;
use crate::{Connection, ServiceError};

/// The polling interval for the state of a request.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// The interval of checks that the leader is running.
const PROBE: Duration = Duration::from_secs(5);
/// The number of consecutive checks without a leader, and their interval: a process that died may be restarted.
const ABSENCES: u32 = 4;
const PROBE_AGAIN: Duration = Duration::from_millis(500);
/// The time within which an accepted request must lead to a run.
pub(crate) const SLOW_START: Duration = Duration::from_mins(10);

/// The reason for which a delegated run didn't succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DelegationError {
    /// The leader didn't accept the request, so it was canceled.
    #[error("the leader for connection `{connection}` didn't accept the sync request within {} s", patience.as_secs())]
    NotAccepted {
        /// The connection.
        connection: String,
        /// The time waited.
        patience: Duration,
    },
    /// The request was accepted, but no run started.
    #[error("the leader accepted the sync request but started no run within {} s", patience.as_secs())]
    NotStarted {
        /// The time waited.
        patience: Duration,
    },
    /// The process that accepted the request ended.
    #[error("the leader for connection `{0}` exited before the run ended")]
    LeaderExited(String),
    /// The connection is paused.
    #[error("connection `{connection}` is paused{}", until.map(|until| format!(" until {until:.0}")).unwrap_or_default())]
    Paused {
        /// The connection.
        connection: String,
        /// The end of the pause; `None` if an administrator must end it.
        until: Option<Timestamp>,
    },
    /// The caller stopped waiting.
    #[error("detached; the run continues in the other process")]
    Detached,
    /// The run failed.
    #[error("{reason}")]
    Failed {
        /// The reason.
        reason: String,
        /// The action that resolves it.
        remedy: Option<Remedy>,
    },
}

impl DelegationError {
    /// The action that resolves it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::NotAccepted { .. } | Self::NotStarted { .. } => Some(Remedy::CheckDaemonLog),
            Self::LeaderExited(_) => Some(Remedy::Repeat),
            Self::Paused { .. } => Some(Remedy::Resume),
            Self::Detached => Some(Remedy::CheckStatus),
            Self::Failed { remedy, .. } => remedy.clone(),
        }
    }
}

impl Connection {
    /// Checks that nothing keeps the connection from sending.
    ///
    /// # Errors
    /// When the connection is paused, or the store fails.
    pub async fn require_unpaused(&self) -> Result<(), ServiceError> {
        match self.paused().await? {
            Some(Pause { until }) => {
                Err(DelegationError::Paused { connection: self.name().to_string(), until }.into())
            }
            None => Ok(()),
        }
    }

    /// Requests a full sync from the leader, and watches until the run ends. A request that isn't accepted in time is
    /// canceled. If interrupted, it stops watching; the run continues. `progress` receives the stored progress: pages
    /// that were read, and no sends.
    ///
    /// # Errors
    /// When the connection is paused, the request isn't accepted in time, the run fails, the leader ends, or the store
    /// fails.
    pub async fn delegate_sync(
        &self,
        override_safeguards: bool,
        patience: Duration,
        store_path: &Path,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, ServiceError> {
        self.require_unpaused().await?;
        let request = self.store.request_sync(override_safeguards, self.now()).await?;
        tokio::select! {
            ended = self.watch_request(request, patience, store_path, progress) => ended,
            () = stop.cancelled() => Err(DelegationError::Detached.into()),
        }
    }

    async fn watch_request(
        &self,
        request: SyncRequest,
        patience: Duration,
        store_path: &Path,
        progress: &dyn ProgressSink,
    ) -> Result<RunReport, ServiceError> {
        let mut watched = Watched::default();
        let asked = Instant::now();
        let mut probe = Probe::new(store_path, self.name());
        let mut taken = false;
        loop {
            match self.store.sync_request(request.id).await?.and_then(|request| request.run) {
                Some(RunSummary { ended_at: Some(_), report, .. }) => {
                    watched.end(progress);
                    return Ok(report_of(report)?);
                }
                Some(run) => {
                    taken = true;
                    if let Some((_, checkpoint)) =
                        self.store.resumable_checkpoint().await?.filter(|(id, _)| *id == run.id)
                    {
                        watched.report(&[Seen::of_checkpoint(&checkpoint)], progress);
                    }
                }
                None if taken && asked.elapsed() >= SLOW_START => {
                    return Err(DelegationError::NotStarted { patience: SLOW_START }.into());
                }
                None if !taken && asked.elapsed() >= patience => {
                    if self.store.cancel_request(request.id).await? {
                        let connection = self.name().to_string();
                        return Err(DelegationError::NotAccepted { connection, patience }.into());
                    }
                    taken = true;
                }
                None => {}
            }
            if probe.finds_no_sender() {
                return self.last_word(request).await;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// The final state of the run of a leader that ended.
    async fn last_word(&self, request: SyncRequest) -> Result<RunReport, ServiceError> {
        if let Some(RunSummary { ended_at: Some(_), report, .. }) =
            self.store.sync_request(request.id).await?.and_then(|request| request.run)
        {
            return Ok(report_of(report)?);
        }
        // The leader may have accepted the request; the next process must not run it for a client that stopped waiting.
        self.store.release_all_claims().await?;
        self.store.cancel_request(request.id).await?;
        Err(DelegationError::LeaderExited(self.name().to_string()).into())
    }

    /// Queues subjects for the leader.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn enqueue(&self, subjects: &[Subject]) -> Result<(), ServiceError> {
        for subject in subjects {
            self.store.enqueue(subject, self.now()).await?;
        }
        Ok(())
    }

    /// Queues objects for the leader, and waits for them at most for `patience`. Objects that are still pending then
    /// stay queued, and are returned with their state. If interrupted, it stops watching.
    ///
    /// # Errors
    /// When the connection is paused, the process that sends ends, or the store fails.
    pub async fn delegate_targeted_sync(
        &self,
        objects: &[RecordKey],
        patience: Duration,
        store_path: &Path,
        stop: &CancellationToken,
    ) -> Result<Vec<RequestedObject>, ServiceError> {
        self.require_unpaused().await?;
        let now = self.now();
        for key in objects {
            let subject = match key.kind {
                ObjectKind::User => Subject::User(UserId::new(key.id.clone())),
                _ => Subject::Group(GroupId::new(key.id.clone())),
            };
            self.store.enqueue(&subject, now).await?;
        }
        tokio::select! {
            settled = self.watch_objects(objects, patience, store_path) => settled,
            () = stop.cancelled() => Err(DelegationError::Detached.into()),
        }
    }

    async fn watch_objects(
        &self,
        objects: &[RecordKey],
        patience: Duration,
        store_path: &Path,
    ) -> Result<Vec<RequestedObject>, ServiceError> {
        let asked = Instant::now();
        let mut probe = Probe::new(store_path, self.name());
        loop {
            let states = self.store.requested_objects(objects).await?;
            if states.iter().all(|object| object.state.is_final()) || asked.elapsed() >= patience {
                return Ok(states);
            }
            if probe.finds_no_sender() {
                return Err(DelegationError::LeaderExited(self.name().to_string()).into());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Makes the next full sync resend all objects, including unchanged ones, to restore objects that were changed or
    /// deleted in Assets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn resend_all(&self) -> Result<(), ServiceError> {
        Ok(self.store.mark_all_for_resend().await?)
    }

    /// Stops sending for a while, or until [`Self::resume`]. Events are stored meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn pause(&self, time: Option<Duration>) -> Result<Pause, ServiceError> {
        let until = time.and_then(|time| self.now().checked_add(time).ok()).unwrap_or(Pause::ENDLESS);
        self.store.pause(Some(until)).await?;
        Ok(Pause::from_stored(until))
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn resume(&self) -> Result<(), ServiceError> {
        Ok(self.store.pause(None).await?)
    }
}

/// Checks periodically that the leader is running.
struct Probe<'p> {
    store_path: &'p Path,
    connection: &'p ConnectionName,
    next: Instant,
    absences: u32,
}

impl<'p> Probe<'p> {
    fn new(store_path: &'p Path, connection: &'p ConnectionName) -> Self {
        Self { store_path, connection, next: Instant::now() + PROBE, absences: 0 }
    }

    /// True if it was missed often enough in a row: one that died may be started again.
    fn finds_no_sender(&mut self) -> bool {
        if Instant::now() < self.next {
            return false;
        }
        let is_absent = Lock::acquire(self.store_path, self.connection).is_ok();
        self.absences = if is_absent { self.absences + 1 } else { 0 };
        self.next = Instant::now() + if is_absent { PROBE_AGAIN } else { PROBE };
        self.absences >= ABSENCES
    }
}

pub(crate) fn report_of(report: Option<RunReport>) -> Result<RunReport, DelegationError> {
    let Some(report) = report else {
        let reason = "the run was interrupted".to_owned();
        return Err(DelegationError::Failed { reason, remedy: Some(Remedy::Repeat) });
    };
    if report.state == RunState::Failed {
        let reason = report.error.clone().unwrap_or_else(|| "the run failed".into());
        return Err(DelegationError::Failed { reason, remedy: report.remedy().cloned() });
    }
    Ok(report)
}
