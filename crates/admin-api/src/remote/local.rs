//! The client of a daemon on this host, over the socket beside its store.

use std::path::Path;
use std::time::Duration;

use outbound::Outbound;
use url::Url;

use crate::remote::address::DaemonAddress;
use crate::remote::client::{RemoteClient, http_client};
use crate::remote::error::RemoteError;
use crate::wire::Version;

/// The time within which a daemon that runs answers.
const PROMPTLY: Duration = Duration::from_secs(5);

impl RemoteClient {
    /// The version of the daemon.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn version(&self) -> Result<Version, RemoteError> {
        self.get(&["version"], &()).await
    }

    /// A client of the daemon that serves this socket; `None` if there is none.
    ///
    /// # Errors
    /// When a process holds the socket but doesn't answer within five seconds, isn't a daemon of this version, or belongs
    /// to another user.
    pub async fn at_socket(path: &Path) -> Result<Option<Self>, RemoteError> {
        use std::io::ErrorKind::{ConnectionRefused, InvalidInput, NotFound, TimedOut};

        let failed = |source| RemoteError::Socket { socket: path.to_owned(), source };
        match tokio::net::UnixStream::connect(path).await {
            Ok(_) => {}
            // There is no file, nobody listens at it, or its path is too long for one.
            Err(error) if matches!(error.kind(), NotFound | ConnectionRefused | InvalidInput) => {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        }
        let client = Self::of_socket(path)?;
        let answered = tokio::time::timeout(PROMPTLY, client.version()).await;
        let version = answered.map_err(|_| failed(TimedOut.into()))??.version;
        if version != env!("CARGO_PKG_VERSION") {
            return Err(RemoteError::OtherVersion { server: client.address, version });
        }
        Ok(Some(client))
    }

    fn of_socket(path: &Path) -> Result<Self, RemoteError> {
        let failed = |source| RemoteError::Socket { socket: path.to_owned(), source };
        let http = http_client().no_proxy().unix_socket(path).build().map_err(RemoteError::Http)?;
        // The name of the host is sent, but not looked up.
        let base = Url::parse("http://localhost/").map_err(|error| failed(std::io::Error::other(error)))?;
        let address = DaemonAddress::Socket(path.to_owned());
        Ok(Self { http, address, base, outbound: Outbound::new(), token: None })
    }
}
