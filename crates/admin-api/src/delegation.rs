//! The result of a run in another process.

use std::time::Duration;

use jiff::Timestamp;
use sync_engine::{Fact, Finding, Remedy, RunReport, RunState};

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
    #[error("{}", plain_text::finding(.0))]
    Failed(Box<Finding>),
}

impl DelegationError {
    /// The action that resolves it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::NotAccepted { .. } | Self::NotStarted { .. } => Some(Remedy::CheckDaemonLog),
            Self::LeaderExited(_) => Some(Remedy::Repeat),
            Self::Paused { .. } => Some(Remedy::Resume),
            Self::Detached => Some(Remedy::CheckStatus),
            Self::Failed(failure) => failure.remedy.clone(),
        }
    }
}

/// The report of an ended run.
///
/// # Errors
/// When the run failed, or was interrupted.
pub fn report_of(report: Option<RunReport>) -> Result<RunReport, DelegationError> {
    let Some(report) = report else {
        let interrupted = Finding::error(Fact::RunInterrupted).with_remedy(Remedy::Repeat);
        return Err(DelegationError::Failed(Box::new(interrupted)));
    };
    match report.failure {
        Some(failure) => Err(DelegationError::Failed(Box::new(failure))),
        // Without proof of success, it is none.
        None if report.state == RunState::Failed => report_of(None),
        None => Ok(report),
    }
}
