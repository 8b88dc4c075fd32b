//! Requests to the leader: for a sync, for some objects, for a pause.
//!
//! One process sends for a connection. Any other process stores its request and follows the result.

use std::path::Path;
use std::time::Duration;

use admin_api::{DelegationError, Seen, Watched, report_of};
use diagnostics::Pause;
use sync_engine::{ProgressSink, RequestedObject, RunReport, RunSummary, Subject, SyncRequest};
use sync_model::{ConnectionName, GroupId, ObjectKind, RecordKey, UserId};
use sync_store::{Changes, LeaderLock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::error::ServiceError;

/// The interval of checks that the leader is running.
const PROBE: Duration = Duration::from_secs(5);
/// The number of consecutive checks without a leader, and their interval: a process that died may be restarted.
const ABSENCES: u32 = 4;
const PROBE_AGAIN: Duration = Duration::from_millis(500);
/// The time within which an accepted request must lead to a run.
pub(crate) const SLOW_START: Duration = Duration::from_mins(10);

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
        let mut changes = self.file.changes().subscribe();
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
            let limit = if taken { SLOW_START } else { patience };
            probe.wait(&mut changes, asked.checked_add(limit)).await;
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
        self.waker().wake_events();
        self.waker().wake_syncs();
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
        let mut changes = self.file.changes().subscribe();
        loop {
            let states = self.store.requested_objects(objects).await?;
            if states.iter().all(|object| object.state.is_final()) || asked.elapsed() >= patience {
                return Ok(states);
            }
            if probe.finds_no_sender() {
                return Err(DelegationError::LeaderExited(self.name().to_string()).into());
            }
            probe.wait(&mut changes, asked.checked_add(patience)).await;
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
        self.store.pause(None).await?;
        self.waker().wake_events();
        self.waker().wake_syncs();
        Ok(())
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

    /// Waits for a change of the state, for the time of the next check, or for a `deadline` that isn't over.
    async fn wait(&self, changes: &mut Changes, deadline: Option<Instant>) {
        let deadline = deadline.filter(|deadline| *deadline > Instant::now());
        let until = deadline.map_or(self.next, |deadline| deadline.min(self.next));
        tokio::select! {
            _ = changes.changed() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }

    /// True if it was missed often enough in a row: one that died may be started again.
    fn finds_no_sender(&mut self) -> bool {
        if Instant::now() < self.next {
            return false;
        }
        let is_absent = LeaderLock::acquire(self.store_path, self.connection).is_ok();
        self.absences = if is_absent { self.absences + 1 } else { 0 };
        self.next = Instant::now() + if is_absent { PROBE_AGAIN } else { PROBE };
        self.absences >= ABSENCES
    }
}
