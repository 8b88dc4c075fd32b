//! Asking the process that sends: for a run, for a look at some objects, for a pause.
//!
//! One process sends for a connection. Any other leaves its wish in the store and watches what becomes of it.

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

/// How often the store is asked what became of a request.
const LOOK: Duration = Duration::from_millis(200);
/// How often it is looked whether the process that sends is still there.
const PROBE: Duration = Duration::from_secs(5);
/// How often in a row it must be missed, and how soon it is looked for again: one that died may be started again.
const ABSENCES: u32 = 4;
const PROBE_AGAIN: Duration = Duration::from_millis(500);
/// How long a request that was taken may lead to no run.
pub(crate) const SLOW_START: Duration = Duration::from_mins(10);

/// Why a run that another process was asked for did not come to a good end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DelegationError {
    /// Nobody took the request. It was taken back.
    #[error("the leader for connection `{connection}` didn't accept the sync request within {} s", patience.as_secs())]
    NotAccepted {
        /// The connection.
        connection: String,
        /// How long was waited.
        patience: Duration,
    },
    /// The request was taken, and no run began.
    #[error("the leader accepted the sync request but started no run within {} s", patience.as_secs())]
    NotStarted {
        /// How long was waited.
        patience: Duration,
    },
    /// The process that took the request is gone.
    #[error("the leader for connection `{0}` exited before the run ended")]
    LeaderExited(String),
    /// Nothing is sent for now.
    #[error("connection `{connection}` is paused{}", until.map(|until| format!(" until {until:.0}")).unwrap_or_default())]
    Paused {
        /// The connection.
        connection: String,
        /// Until when; `None` until somebody ends it.
        until: Option<Timestamp>,
    },
    /// The one who waited stopped waiting.
    #[error("detached; the run continues in the other process")]
    Detached,
    /// The run failed.
    #[error("{reason}")]
    Failed {
        /// Why.
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

    /// Asks the process that sends for a full run, and watches until the run ends. A request that nobody takes in time is
    /// taken back. Told to stop, it stops watching; the run goes on. `progress` learns as much as the store tells: a page
    /// that was read, and no sending.
    ///
    /// # Errors
    /// When the connection is paused, nobody takes the request in time, the run fails, the process that makes it ends,
    /// or the store fails.
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
                    if let Some((_, pass)) =
                        self.store.resumable_checkpoint().await?.filter(|(id, _)| *id == run.id)
                    {
                        watched.tell(&[Seen::of_pass(&pass)], progress);
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
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The process that sends is gone; it may have ended the run before.
    async fn last_word(&self, request: SyncRequest) -> Result<RunReport, ServiceError> {
        if let Some(RunSummary { ended_at: Some(_), report, .. }) =
            self.store.sync_request(request.id).await?.and_then(|request| request.run)
        {
            return Ok(report_of(report)?);
        }
        // It may have taken the request; the next process must not do what nobody waits for any more.
        self.store.release_all_claims().await?;
        self.store.cancel_request(request.id).await?;
        Err(DelegationError::LeaderExited(self.name().to_string()).into())
    }

    /// Puts objects on the list of what the process that sends looks at.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn ask(&self, subjects: &[Subject]) -> Result<(), ServiceError> {
        for subject in subjects {
            self.store.enqueue(subject, self.now()).await?;
        }
        Ok(())
    }

    /// Has the process that sends look at objects, and waits until it has, at most for `patience`. What is not settled by
    /// then stays on its list, and comes with the state that it has. Told to stop, it stops watching.
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
            let states = self.store.asked(objects).await?;
            if states.iter().all(|object| object.state.is_final()) || asked.elapsed() >= patience {
                return Ok(states);
            }
            if probe.finds_no_sender() {
                return Err(DelegationError::LeaderExited(self.name().to_string()).into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Has the next full run send everything, also what has not changed, for somebody may have changed or deleted objects
    /// in Assets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn resend_everything(&self) -> Result<(), ServiceError> {
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

/// Looks once in a while whether the process that sends is still there.
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
        let is_absent = Lock::take(self.store_path, self.connection).is_ok();
        self.absences = if is_absent { self.absences + 1 } else { 0 };
        self.next = Instant::now() + if is_absent { PROBE_AGAIN } else { PROBE };
        self.absences >= ABSENCES
    }
}

pub(crate) fn report_of(report: Option<RunReport>) -> Result<RunReport, DelegationError> {
    let Some(report) = report else {
        let reason = "the run was cut off".to_owned();
        return Err(DelegationError::Failed { reason, remedy: Some(Remedy::Repeat) });
    };
    if report.state == RunState::Failed {
        let reason = report.error.clone().unwrap_or_else(|| "the run failed".into());
        return Err(DelegationError::Failed { reason, remedy: report.remedy().cloned() });
    }
    Ok(report)
}
