//! The socket beside the store, at which the leader of a connection serves commands of this host.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};

use axum::middleware::AddExtension;
use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::accept::Accept;
use sync_engine::error_chain;
use sync_store::FileId;
use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer;

use super::local_peer::LocalPeer;
use super::server::{DRAIN, limited};

/// The permissions of the socket: its file decides who may connect.
const OWNER_ONLY: u32 = 0o600;
/// The permissions of the folder in which it is created.
const PRIVATE_FOLDER: u32 = 0o700;

/// A socket that is bound and isn't served yet.
pub(crate) struct LocalSocket {
    listener: UnixListener,
    file: SocketFile,
}

/// The file of a socket. It is removed with this value, unless another one replaced it.
struct SocketFile {
    path: PathBuf,
    id: Option<FileId>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let there = std::fs::symlink_metadata(&self.path);
        if there.is_ok_and(|there| FileId::of(&there) == self.id) {
            // A file that stays refuses connections, and the next leader replaces it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl LocalSocket {
    /// Binds the socket at this path, and replaces one of a process that crashed. Requires the claim of the connection.
    ///
    /// # Errors
    /// When the path is too long for a socket, or the file can't be created.
    pub(crate) async fn bind(path: PathBuf) -> io::Result<Self> {
        tokio::task::spawn_blocking(move || Self::bind_now(path)).await.map_err(io::Error::from).flatten()
    }

    fn bind_now(path: PathBuf) -> io::Result<Self> {
        // Clients connect to this path, but another one is bound.
        SocketAddr::from_pathname(&path)?;
        match std::fs::symlink_metadata(&path) {
            Ok(there) if !there.file_type().is_socket() => return Err(io::ErrorKind::AlreadyExists.into()),
            _ => {}
        }
        // No other user can reach the socket until it has its permissions.
        let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = tempfile::Builder::new()
            .prefix(".")
            .permissions(Permissions::from_mode(PRIVATE_FOLDER))
            .tempdir_in(beside.unwrap_or(Path::new(".")))?;
        let private = folder.path().join("s");
        let listener = UnixListener::bind(&private)?;
        std::fs::set_permissions(&private, Permissions::from_mode(OWNER_ONLY))?;
        let id = FileId::of(&std::fs::symlink_metadata(&private)?);
        std::fs::rename(&private, &path)?;
        Ok(Self { listener, file: SocketFile { path, id } })
    }

    /// Serves until interrupted. `owner` tracks the file, which is removed at once then, and `tasks` the active
    /// requests, which have three seconds.
    pub(crate) fn serve(
        self,
        router: Router,
        stop: CancellationToken,
        owner: &TaskTracker,
        tasks: &TaskTracker,
    ) {
        let Self { listener, file } = self;
        let handle = Handle::new();
        let ending = handle.clone();
        owner.spawn(async move {
            stop.cancelled().await;
            drop(file);
            ending.graceful_shutdown(Some(DRAIN));
        });
        tasks.spawn(async move {
            let served = match axum_server::from_unix(listener) {
                Ok(server) => {
                    let server = limited(server).handle(handle).acceptor(Peers);
                    server.serve(router.into_make_service()).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = served {
                tracing::error!(error = error_chain(&error), "stopped serving commands of this host");
            }
        });
    }
}

/// Adds the client's user to its requests.
#[derive(Debug, Clone, Copy)]
struct Peers;

impl<S: Send + 'static> Accept<UnixStream, S> for Peers {
    type Stream = UnixStream;
    type Service = AddExtension<S, LocalPeer>;
    type Future = std::future::Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: UnixStream, service: S) -> Self::Future {
        let peer = stream.peer_cred().map(|peer| LocalPeer { uid: peer.uid() });
        std::future::ready(peer.map(|peer| (stream, Extension(peer).layer(service))))
    }
}

#[cfg(test)]
mod tests;
