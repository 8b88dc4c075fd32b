//! What can go wrong between a command and its result.

use std::error::Error as StdError;

use sync_engine::{EngineError, StoreError};

use crate::{ConfigError, ReceiverError};

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
    /// The receiver could not listen.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
    /// Another process sends for this connection.
    #[error("another process works on connection \"{0}\"")]
    Locked(String),
}

impl ServiceError {
    /// Whether the settings or the arguments are wrong, rather than the world.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Config(_))
    }

    /// The operator's next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Locked(_) => {
                Some("a daemon keeps this connection current; stop it first, or let it do the work".into())
            }
            Self::Receiver(_) => Some("choose another address with server.listen".into()),
            Self::Config(_) | Self::Store(_) => None,
        }
    }
}

/// An error with all its causes, in one line. A cause that the text above it already ends with is not repeated.
pub fn explain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
