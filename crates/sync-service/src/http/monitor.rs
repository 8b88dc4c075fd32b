//! Metrics and health, at an address of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::join_all;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{ListenError, health, listen, metrics, serve};
use crate::Connection;
use crate::vitals::Vitals;

/// Answers `/metrics`, `/healthz` and `/readyz`. Nothing there is secret or personal, and nothing there is meant for the
/// internet: the address belongs on the loopback interface or a private network.
pub struct Monitor {
    listener: TcpListener,
    address: SocketAddr,
    watched: Watched,
}

#[derive(Clone)]
struct Watched {
    connections: Arc<[Arc<Connection>]>,
    stuck_after: Duration,
}

impl Watched {
    async fn vitals(&self) -> Vec<Vitals> {
        join_all(self.connections.iter().map(|connection| connection.vitals())).await
    }
}

impl Monitor {
    /// Listens on an address, for these connections. One that gets nothing done for so long is called stuck.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(
        address: SocketAddr,
        connections: &[Arc<Connection>],
        stuck_after: Duration,
    ) -> Result<Self, ListenError> {
        let (listener, address) = listen(address, "server.metrics").await?;
        Ok(Self { listener, address, watched: Watched { connections: connections.into(), stuck_after } })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until told to stop.
    pub async fn serve(self, stop: CancellationToken) {
        let router = Router::new()
            .route("/metrics", get(scrape))
            .route("/healthz", get(async || "alive\n"))
            .route("/readyz", get(ready))
            .with_state(self.watched);
        serve(self.listener, router, stop).await;
    }
}

async fn scrape(State(watched): State<Watched>) -> Response {
    match metrics::render(watched.vitals().await) {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn ready(State(watched): State<Watched>) -> Response {
    let health = health::judge(&watched.vitals().await, watched.stuck_after);
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}
