//! Errors between a command and its result.

use std::path::PathBuf;

use admin_api::DelegationError;
use connectors::ExportError;
use diagnostics::{after_loss, release};
use sync_config::{ConfigError, VaultError};
use sync_engine::{EngineError, Fact, Finding, Remedy, StoreError};
use sync_model::{ConnectionName, EventId, RunId};
use sync_store::{LockError, OpenError, StoreBusy, StoreLoss, is_busy};

use crate::http::ListenError;
use crate::named_error::NamedError;

/// The error of a failed command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The settings cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A run failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The connection has no account on the Atlassian site.
    #[error("connection `{0}` has no Atlassian account")]
    NoAccount(ConnectionName),
    /// The store contains no run with that number.
    #[error("no run {0}")]
    UnknownRun(RunId),
    /// Unknown events. The other events of the request weren't changed.
    #[error("{}; no events were replayed", unknown_events(.0))]
    UnknownEvents(Vec<EventId>),
    /// An address could not be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A value names no user and no group.
    #[error(transparent)]
    Named(#[from] NamedError),
    /// The leader didn't complete the request.
    #[error(transparent)]
    Delegation(#[from] DelegationError),
    /// An org could not be saved, or a saved one could not be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Secrets that were saved cannot be had.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Settings that were saved cannot be read.
    #[error("could not read the saved settings of connection `{connection}`: {problem}")]
    Saved {
        /// The connection.
        connection: ConnectionName,
        /// The problem with them.
        problem: String,
    },
    /// No connection is configured or saved.
    #[error("no connections in the configuration or in the state store {}", .0.display())]
    NoConnection(PathBuf),
    /// The connection cannot work.
    #[error("connection `{connection}` is unavailable: {}", unavailable(finding))]
    Unavailable {
        /// The connection.
        connection: ConnectionName,
        /// The reason.
        finding: Box<Finding>,
    },
    /// The state store that is open is not the one that the path names, or is damaged.
    #[error(transparent)]
    Lost(#[from] StoreLoss),
    /// The state store is of another version of the program.
    #[error("the state store {} must be migrated to this version", .0.display())]
    Unmigrated(PathBuf),
    /// Another process holds the state store locked.
    #[error(transparent)]
    Busy(#[from] StoreBusy),
    /// Another process sends for this connection.
    #[error("another process runs connection `{0}`")]
    AnotherLeader(String),
}

impl ServiceError {
    /// True if the settings or the arguments are wrong.
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Export(error) => error.is_usage(),
            Self::Named(error) => error.is_usage(),
            Self::Listen(error) => error.is_usage(),
            Self::Config(_)
            | Self::NoAccount(_)
            | Self::UnknownRun(_)
            | Self::UnknownEvents(_)
            | Self::NoConnection(_)
            | Self::Unavailable { .. } => true,
            _ => false,
        }
    }

    /// The action that resolves it.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::AnotherLeader(_) => Remedy::StopOtherLeader,
            Self::Lost(loss) => after_loss(loss),
            Self::Unmigrated(_) => Remedy::MigrateStore,
            Self::Busy(StoreBusy { holder, .. }) => release(holder.as_ref()),
            Self::Store(_) | Self::Engine(_) if is_busy(self) => release(None),
            Self::Engine(error) => return error.remedy(),
            Self::NoAccount(_) => Remedy::SetAtlassianAccount,
            Self::UnknownRun(_) => Remedy::ListRuns,
            Self::UnknownEvents(_) => Remedy::ListEvents,
            Self::Listen(error) => error.remedy(),
            Self::Named(error) => error.remedy(),
            Self::Delegation(error) => return error.remedy(),
            Self::Export(error) => return error.remedy(),
            Self::Vault(error) => error.remedy(),
            Self::NoConnection(_) => Remedy::CreateConnection,
            Self::Saved { .. } => Remedy::ReenterSettings,
            Self::Unavailable { finding, .. } => return finding.remedy.clone(),
            Self::Config(error) => return error.remedy(),
            Self::Store(_) => return None,
        })
    }
}

impl From<LockError> for ServiceError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::AnotherLeader(connection) => Self::AnotherLeader(connection),
            LockError::Store(error) => Self::Store(error),
            error => Self::Store(StoreError::new("lock the connection", error)),
        }
    }
}

impl From<OpenError> for ServiceError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Lost(loss) => Self::Lost(loss),
            OpenError::Store(error) => Self::Store(error),
            OpenError::Busy(error) => Self::Busy(error),
            error => Self::Store(StoreError::new("open its file", error)),
        }
    }
}

/// At most a few of them by name.
fn unknown_events(ids: &[EventId]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> = ids.iter().take(NAMED).map(|id| format!("\"{id}\"")).collect();
    let more = match ids.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("unknown events: {}{more}", named.join(", "))
}

/// The reason for which a connection is unavailable.
fn unavailable(finding: &Finding) -> String {
    match &finding.fact {
        Fact::Unavailable { error } => error.clone(),
        _ => plain_text::finding(finding),
    }
}
