//! Jobs of a remote daemon, to their end.

use diagnostics::{CheckReport, JobState};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_engine::{Fact, Finding, SelfTestReport, SetupReport, VerifyReport};
use sync_model::ConnectionName;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::delegation::DelegationError;
use crate::plan::PlanView;
use crate::problem_type::ProblemType;
use crate::remote::client::RemoteClient;
use crate::remote::error::RemoteError;
use crate::remote::limits::{JOB_WAIT, LONGEST, too_long};
use crate::schema::SchemaView;
use crate::wire::SelfTestOptions;

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

    /// Runs the self-test.
    ///
    /// # Errors
    /// When it fails, or the daemon can't be reached.
    pub async fn self_test(
        &self,
        name: &ConnectionName,
        options: SelfTestOptions,
        stop: &CancellationToken,
    ) -> Result<SelfTestReport, RemoteError> {
        self.job_with(name, "self-test", Some(&options), stop).await
    }

    async fn job<T: DeserializeOwned>(
        &self,
        name: &ConnectionName,
        job: &str,
        stop: &CancellationToken,
    ) -> Result<T, RemoteError> {
        self.job_with(name, job, None::<&()>, stop).await
    }

    /// Starts a job, or joins a running one, and waits for its end.
    async fn job_with<T: DeserializeOwned>(
        &self,
        name: &ConnectionName,
        job: &str,
        options: Option<&impl Serialize>,
        stop: &CancellationToken,
    ) -> Result<T, RemoteError> {
        let path = ["connections", name.as_str(), job];
        let mut state = match self.post::<JobState<T>>(&path, options).await {
            Err(error) if error.is(ProblemType::AlreadyRunning) => self.get(&path, &()).await?,
            started => started?,
        };
        let (started_at, until_ended) = (Instant::now(), [("wait_seconds", JOB_WAIT.as_secs())]);
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
            if started_at.elapsed() >= LONGEST {
                return Err(too_long());
            }
            state = tokio::select! {
                () = stop.cancelled() => return Err(DelegationError::Detached.into()),
                state = self.get(&path, &until_ended) => state?,
            };
        }
    }
}
