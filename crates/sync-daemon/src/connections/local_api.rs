//! The admin API for commands of this host: a socket beside the store for each connection that this process leads.

use std::sync::{Mutex, PoisonError};

use axum::Router;

/// The router of the admin API, while it is served.
#[derive(Default)]
pub(super) struct LocalApi(Mutex<Option<Router>>);

impl LocalApi {
    /// Serves this router at sockets from now on.
    pub(super) fn offer(&self, router: Router) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(router);
    }

    /// Drops the router, which holds the manager.
    pub(super) fn withdraw(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

#[cfg(unix)]
mod socket {
    use std::path::Path;
    use std::sync::PoisonError;

    use axum::Router;
    use sync_engine::error_chain;
    use sync_model::ConnectionName;
    use sync_store::socket_path;

    use super::LocalApi;
    use crate::http::local_socket::LocalSocket;

    impl LocalApi {
        /// Binds the socket of a connection that this process leads; `None` if none is served.
        pub(in crate::connections) async fn bind(
            &self,
            store: &Path,
            connection: &ConnectionName,
        ) -> Option<(LocalSocket, Router)> {
            let router = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
            let path = socket_path(store, connection);
            match LocalSocket::bind(path.clone()).await {
                Ok(socket) => Some((socket, router)),
                Err(error) => {
                    tracing::warn!(
                        %connection,
                        socket = %path.display(),
                        error = error_chain(&error),
                        "could not create the socket for commands on this host; they use the state store"
                    );
                    None
                }
            }
        }
    }
}
