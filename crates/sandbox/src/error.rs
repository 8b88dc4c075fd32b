//! Errors of the start.

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

/// The reason for which a sandbox did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is in use, or belongs to another host.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// A file of the org data cannot be used.
    #[error("{}: {problem}", file.display())]
    OrgData {
        /// The file or folder.
        file: PathBuf,
        /// The error and its location.
        problem: String,
    },
    /// The public address of the org is more than an origin, or less.
    #[error("invalid org URL {0}: must have a scheme, a host, and optionally a port")]
    PublicUrl(Url),
    /// The certificate or its key cannot be used.
    #[error("{}: {problem}", file.display())]
    Tls {
        /// The file.
        file: PathBuf,
        /// The error.
        problem: String,
    },
    /// A key could not be created.
    #[error("could not generate the app's key")]
    Key(#[source] josekit::JoseError),
    /// The HTTP client for deliveries could not be created.
    #[error("could not create the HTTP client for deliveries")]
    Http(#[source] reqwest::Error),
}
