//! What can go wrong between a command and its result.

use std::path::PathBuf;

use sync_engine::{EngineError, StoreError};
use sync_model::{ConnectionName, EventId, RunId};
use sync_store::{Holder, OpenError, StoreBusy, StoreLoss, is_busy};

use crate::{ConfigError, DelegationError, ExportError, ListenError, NamedError, VaultError, account_keys};

/// Why a command failed.
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
    /// No run of that number is remembered.
    #[error("no run {0}")]
    UnknownRun(RunId),
    /// Events that are not remembered. Nothing was done to others that were named with them.
    #[error("{}; no events were replayed", unknown_events(.0))]
    UnknownEvents(Vec<EventId>),
    /// An address could not be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A value names no user and no group.
    #[error(transparent)]
    Named(#[from] NamedError),
    /// The process that sends did not do what it was asked for.
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
        /// What is wrong with them.
        problem: String,
    },
    /// There is none.
    #[error("no connections in the configuration or in the state store {}", .0.display())]
    NoConnection(PathBuf),
    /// The connection cannot work.
    #[error("connection `{connection}` is unavailable: {reason}")]
    Unavailable {
        /// The connection.
        connection: ConnectionName,
        /// Why.
        reason: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The state store that is open is not the one that the path names, or is damaged.
    #[error(transparent)]
    Lost(#[from] StoreLoss),
    /// Another process holds the state store locked.
    #[error(transparent)]
    Busy(#[from] StoreBusy),
    /// Another process sends for this connection.
    #[error("another process runs connection `{0}`")]
    AnotherLeader(String),
}

impl ServiceError {
    /// Whether the settings or the arguments are wrong, rather than the world.
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

    /// The operator's next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AnotherLeader(_) => {
                Some("stop the daemon that runs this connection, or use the daemon instead".into())
            }
            Self::Lost(loss) => Some(remedy(loss).into()),
            Self::Busy(StoreBusy { holder, .. }) => Some(release(holder.as_ref())),
            Self::Store(_) | Self::Engine(_) if is_busy(self) => Some(release(None)),
            Self::Engine(error) => error.hint(),
            Self::NoAccount(name) => Some(format!("to prune objects, set {}", account_keys(name))),
            Self::UnknownRun(_) => {
                Some("list the stored runs with `okta-insight runs`; old runs are deleted".into())
            }
            Self::UnknownEvents(_) => Some(
                "list the stored events with `okta-insight events`; old completed events are deleted".into(),
            ),
            Self::Listen(error) => Some(error.hint()),
            Self::Named(error) => Some(error.hint().into()),
            Self::Delegation(error) => error.hint(),
            Self::Export(error) => error.hint(),
            Self::Vault(error) => Some(error.hint().into()),
            Self::NoConnection(_) => Some(
                "create a connection with `okta-insight init` or in the console; for a remote daemon, set `--server URL \
                 --token-file FILE`"
                    .into(),
            ),
            Self::Saved { .. } => Some("enter the settings of the connection in the console again".into()),
            Self::Unavailable { hint, .. } => hint.clone(),
            Self::Config(_) | Self::Store(_) => None,
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

/// The remedy for a store that another process holds locked.
pub(crate) fn release(holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder { pid, is_stopped: true, .. }) => {
            format!("resume the process with `kill -CONT {pid}` or end it; then run the command again")
        }
        Some(Holder { pid, .. }) => {
            format!("wait until process {pid} has finished, or end it; then run the command again")
        }
        None => {
            "end the program that locks the state store: a stopped daemon or a database tool with an open transaction"
                .to_owned()
        }
    }
}

/// The remedy for a lost store.
pub(crate) const fn remedy(loss: &StoreLoss) -> &'static str {
    match loss {
        StoreLoss::Missing(_) => {
            "restore the state store or a backup of it and start again; otherwise, the next start creates an empty state store \
             and runs a full sync"
        }
        StoreLoss::LogLost(_) => {
            "keep other programs away from the files beside the state store, start again, and run a full sync: the last \
             changes may be lost"
        }
        StoreLoss::Migrated(_) => "start the version that migrated the state store",
        StoreLoss::Damaged { .. } => {
            "stop the daemon, and replace the state store with a backup or remove it; a full sync fills an empty state store"
        }
        _ => "stop the program that replaces the open state store; then start again",
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
