//! Failures of the state store, and the actions that resolve them.

use sync_engine::{Remedy, StoreError};
use sync_store::{Holder, OpenError, StoreBusy, StoreLoss, is_busy};

/// The error of opening or reading the state store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum StoreFailure {
    /// The state store that is open is not the one that the path names, or is damaged.
    #[error(transparent)]
    Lost(#[from] StoreLoss),
    /// Another process holds the state store locked.
    #[error(transparent)]
    Busy(#[from] StoreBusy),
    /// The state store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreFailure {
    /// The action that resolves it.
    pub(super) fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Lost(loss) => Some(after_loss(loss)),
            Self::Busy(StoreBusy { holder, .. }) => Some(release(holder.as_ref())),
            Self::Store(_) => is_busy(self).then(|| release(None)),
        }
    }
}

impl From<OpenError> for StoreFailure {
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
pub fn release(holder: Option<&Holder>) -> Remedy {
    Remedy::ReleaseStoreLock {
        pid: holder.map(|holder| holder.pid),
        is_stopped: holder.is_some_and(|holder| holder.is_stopped),
    }
}

/// The remedy for a lost store.
pub const fn after_loss(loss: &StoreLoss) -> Remedy {
    match loss {
        StoreLoss::Missing(_) => Remedy::RestoreStore,
        StoreLoss::LogLost(_) => Remedy::ProtectStoreFiles,
        StoreLoss::Migrated(_) => Remedy::StartMigratedVersion,
        StoreLoss::Damaged { .. } => Remedy::ReplaceStore,
        _ => Remedy::StopStoreReplacement,
    }
}
