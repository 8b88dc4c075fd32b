//! Jobs of a remote daemon, to their end.

use serde::de::DeserializeOwned;
use sync_engine::{Fact, Finding, Remedy, SetupReport, VerifyReport};
use sync_model::ConnectionName;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{LONGEST, POLL_INTERVAL, RemoteClient, RemoteError};
use crate::doctor::CheckReport;
use crate::wire::ProblemType;
use crate::{DelegationError, JobState, PlanView, SchemaView};

impl RemoteClient {
    /// *Setup*, to its end.
    ///
    /// # Errors
    /// When it fails, or the daemon can't be reached.
    pub async fn set_up(
        &self,
        name: &ConnectionName,
        stop: &CancellationToken,
    ) -> Result<SetupReport, RemoteError> {
        self.job(name, "setup", stop).await
    }

    /// *Verify*, to its end.
    ///
    /// # Errors
    /// When it fails, or the daemon can't be reached.
    pub async fn verify(
        &self,
        name: &ConnectionName,
        stop: &CancellationToken,
    ) -> Result<VerifyReport, RemoteError> {
        self.job(name, "verify", stop).await
    }

    /// Runs all checks.
    ///
    /// # Errors
    /// When that fails, or the daemon can't be reached.
    pub async fn examine(
        &self,
        name: &ConnectionName,
        stop: &CancellationToken,
    ) -> Result<CheckReport, RemoteError> {
        self.job(name, "checks", stop).await
    }

    /// Compares the schemas.
    ///
    /// # Errors
    /// When that fails, or the daemon can't be reached.
    pub async fn compare_schemas(
        &self,
        name: &ConnectionName,
        stop: &CancellationToken,
    ) -> Result<SchemaView, RemoteError> {
        self.job(name, "schema", stop).await
    }

    /// Creates a plan.
    ///
    /// # Errors
    /// When that fails, or the daemon can't be reached.
    pub async fn plan(
        &self,
        name: &ConnectionName,
        stop: &CancellationToken,
    ) -> Result<PlanView, RemoteError> {
        self.job(name, "plan", stop).await
    }

    /// Starts a job, or joins a running one, and waits for its end.
    async fn job<T: DeserializeOwned>(
        &self,
        name: &ConnectionName,
        job: &str,
        stop: &CancellationToken,
    ) -> Result<T, RemoteError> {
        let path = ["connections", name.as_str(), job];
        let mut state = match self.post_empty::<JobState<T>>(&path).await {
            Err(error) if error.is(ProblemType::AlreadyRunning) => self.get(&path, &()).await?,
            started => started?,
        };
        let started_at = Instant::now();
        loop {
            match state {
                JobState::Succeeded { result, .. } => return Ok(result),
                JobState::Failed { finding, .. } => return Err(RemoteError::Failed(Box::new(finding))),
                // The daemon restarted.
                JobState::Idle => {
                    return Err(RemoteError::Failed(Box::new(Finding::error(Fact::JobInterrupted))));
                }
                JobState::Running { .. } => {}
            }
            wait(stop, started_at).await?;
            state = self.get(&path, &()).await?;
        }
    }
}

/// Pauses, unless the caller stops, or has waited too long.
pub(super) async fn wait(stop: &CancellationToken, started_at: Instant) -> Result<(), RemoteError> {
    if started_at.elapsed() >= LONGEST {
        let timed_out = Finding::error(Fact::JobTimedOut { seconds: LONGEST.as_secs() });
        return Err(RemoteError::Failed(Box::new(timed_out.with_remedy(Remedy::CheckStatus))));
    }
    tokio::select! {
        () = stop.cancelled() => Err(DelegationError::Detached.into()),
        () = tokio::time::sleep(POLL_INTERVAL) => Ok(()),
    }
}
