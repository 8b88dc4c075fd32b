//! The client of a daemon on this host, over the socket beside its store.

use std::io::ErrorKind::{ConnectionRefused, InvalidInput, NotFound, PermissionDenied, TimedOut};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use outbound::Outbound;
use sync_model::ConnectionName;
use sync_store::socket_path;
use tokio::net::UnixStream;
use url::Url;

use crate::remote::address::DaemonAddress;
use crate::remote::client::{RemoteClient, http_client};
use crate::remote::error::RemoteError;
use crate::wire::Version;

/// The user who can read and replace every file.
const ROOT: u32 = 0;
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

    /// A client of the daemon that serves a connection at the socket beside a store; `None` if there is none.
    ///
    /// # Errors
    /// When a process holds the socket but doesn't answer within five seconds, isn't a daemon of this version, or belongs
    /// to a user who can't answer for the owner of the store.
    pub async fn beside(store: &Path, connection: &ConnectionName) -> Result<Option<Self>, RemoteError> {
        let path = &socket_path(store, connection);
        let failed = |source| RemoteError::Socket { socket: path.clone(), source };
        let stream = match UnixStream::connect(path).await {
            Ok(stream) => stream,
            // There is no file, no process listens at it, or its path is too long for one.
            Err(error) if matches!(error.kind(), NotFound | ConnectionRefused | InvalidInput) => {
                return Ok(None);
            }
            Err(error) => return Err(failed(error)),
        };
        let server = stream.peer_cred().map_err(failed)?.uid();
        let owner = tokio::fs::metadata(store).await.map_err(failed)?.uid();
        if server != ROOT && server != owner {
            return Err(failed(PermissionDenied.into()));
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
