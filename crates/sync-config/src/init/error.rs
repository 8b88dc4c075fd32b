//! The error of writing a key or a configuration.

use std::io;
use std::path::PathBuf;

use okta_client::KeyError;
use sync_model::ConnectionName;

use crate::error::ConfigError;
use crate::vault::VaultError;

/// The error of writing a key or a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// A file that would be replaced.
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    /// A master key would be replaced, and everything encrypted with it lost.
    #[error("{} already exists; a master key is never replaced", .0.display())]
    MasterKeyExists(PathBuf),
    /// A connection that would be replaced.
    #[error("connection `{name}` already exists in {}", path.display())]
    ConnectionExists {
        /// The name.
        name: ConnectionName,
        /// The configuration file.
        path: PathBuf,
    },
    /// A file that cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// An existing configuration that nothing can be added to.
    #[error("could not add a connection to {}: {problem}", path.display())]
    NotExtendable {
        /// The file.
        path: PathBuf,
        /// The problem with it.
        problem: String,
    },
    /// A key that can't be used or generated.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A text that isn't a master key, or a failed generation.
    #[error("master key: {0}")]
    MasterKey(#[from] VaultError),
    /// The system can't compute the key pair.
    #[error("could not generate the key pair")]
    Interrupted,
    /// The answers don't form a valid configuration.
    #[error("invalid configuration")]
    Config(#[from] ConfigError),
}

impl InitError {
    /// True if the arguments are wrong.
    pub const fn is_usage(&self) -> bool {
        !matches!(
            self,
            Self::Write { .. }
                | Self::Interrupted
                | Self::Key(KeyError::NotGenerated)
                | Self::MasterKey(VaultError::EncryptionFailed)
        )
    }
}
