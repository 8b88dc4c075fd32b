//! The admin API for commands of this host, at the sockets beside the store.

use std::sync::Arc;

use admin_api::ProblemType;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use sync_daemon::{ConnectionManager, LocalPeer};
use sync_store::access::Role;
use tokio_util::sync::CancellationToken;

use crate::access::{Identity, Problem, SignInMethod};
use crate::app::App;
use crate::{api, audit};

/// Serves the admin API, without pages, to commands of this host until interrupted. The permissions of the socket are the
/// authentication: each client is an administrator.
pub async fn serve_locally(manager: &Arc<ConnectionManager>, stop: &CancellationToken) {
    let app = App { manager: Arc::clone(manager), stop: stop.clone() };
    manager.serve_locally(router(app)).await;
}

fn router(app: App) -> Router {
    api::router()
        .with_state(app.clone())
        .layer(from_fn_with_state(app, audit::record))
        .layer(from_fn(as_local_administrator))
}

/// Adds the identity of the user at the other end of the socket.
async fn as_local_administrator(mut request: Request, next: Next) -> Response {
    let Some(LocalPeer { uid }) = request.extensions().get::<LocalPeer>().copied() else {
        return Problem::new(ProblemType::Unauthorized, "unknown client", "connect to the socket")
            .into_response();
    };
    let identity = Identity {
        principal: format!("local administrator (uid {uid})"),
        role: Role::Admin,
        via: SignInMethod::LocalSocket,
        token: None,
        csrf: None,
    };
    request.extensions_mut().insert(identity);
    next.run(request).await
}
