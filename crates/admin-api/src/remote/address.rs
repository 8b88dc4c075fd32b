//! The address of a daemon.

use std::fmt;
use std::path::PathBuf;

use url::Url;

/// The address of a daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DaemonAddress {
    /// The URL of its console.
    Server(Url),
    /// The socket beside its state store.
    Socket(PathBuf),
}

impl fmt::Display for DaemonAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(url) => url.fmt(f),
            Self::Socket(path) => path.display().fmt(f),
        }
    }
}
