//! The admin API for commands of this host: a socket beside the store for each connection that this process leads.

use std::sync::{Mutex, PoisonError};

use axum::Router;

use super::manager::ConnectionManager;
#[cfg(unix)]
use super::member::ManagedConnection;
#[cfg(unix)]
use crate::http::local_socket::LocalSocket;

/// The router of the admin API, while it is served.
#[derive(Default)]
pub(super) struct LocalApi(Mutex<Option<Router>>);

impl LocalApi {
    /// Drops the router, which holds the manager.
    pub(super) fn withdraw(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    #[cfg(unix)]
    fn router(&self) -> Option<Router> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ConnectionManager {
    /// Serves a router at a socket beside the store, for each connection that this process leads or will lead. Requests
    /// have a [`LocalPeer`](crate::LocalPeer); only the owner of the socket and root can connect. If a socket can't be
    /// created, a warning is logged. Call it before [`Self::start`].
    pub async fn serve_locally(&self, router: Router) {
        *self.local_api.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(router);
        #[cfg(unix)]
        for member in self.members() {
            if let Some((socket, router)) = self.bind_socket(&member).await {
                member.serve_locally(socket, router, &self.tasks);
            }
        }
    }

    /// Binds the socket of a connection that this process leads; `None` if none is served.
    #[cfg(unix)]
    pub(super) async fn bind_socket(&self, member: &ManagedConnection) -> Option<(LocalSocket, Router)> {
        let router = self.local_api.router().filter(|_| member.connection().is_ok())?;
        let path = sync_store::socket_path(&self.config.store, member.name());
        match LocalSocket::bind(path.clone()).await {
            Ok(socket) => Some((socket, router)),
            Err(error) => {
                tracing::warn!(
                    connection = %member.name(),
                    socket = %path.display(),
                    error = sync_engine::error_chain(&error),
                    "could not create the socket for commands on this host; they use the state store"
                );
                None
            }
        }
    }
}
