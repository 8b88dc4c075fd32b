//! Metrics and health, with a separate listener.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::connection::Connection;
use crate::connections::ConnectionManager;
use crate::http::readiness::{add_unavailable, health_of};
use admin_api::DaemonHealth;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::future::join_all;
use sync_engine::{Fact, Finding};
use tokio_util::sync::CancellationToken;

use super::{ListenError, METRICS_TYPE, Server, metrics};
use crate::health_inputs::HealthInputs;

/// The setting that chooses the address.
const SETTING: &str = "server.metrics_listen";

/// Responds to `/metrics`, `/healthz`, and `/readyz`. The content is neither secret nor personal, but not intended for
/// the internet: use a loopback address or a private network.
pub struct MetricsServer {
    server: Server,
    watched: Watched,
}

/// The measured processes.
#[derive(Clone)]
enum Watched {
    These(Arc<[Arc<Connection>]>),
    Connections(Arc<ConnectionManager>),
}

impl Watched {
    async fn metrics(&self) -> Result<String, fmt::Error> {
        match self {
            Self::These(connections) => {
                let inputs = inputs(connections).await;
                let health = health_of(&inputs);
                metrics::render(inputs, health, None)
            }
            Self::Connections(manager) => manager.metrics().await,
        }
    }

    async fn health(&self) -> DaemonHealth {
        match self {
            Self::These(connections) => health_of(&inputs(connections).await),
            Self::Connections(manager) => manager.health().await,
        }
    }
}

async fn inputs(connections: &[Arc<Connection>]) -> Vec<HealthInputs> {
    join_all(connections.iter().map(|connection| connection.inputs())).await
}

impl ConnectionManager {
    async fn inputs(&self) -> Vec<HealthInputs> {
        let members = self.members();
        let working: Vec<_> =
            members.iter().filter_map(|member| member.connection().ok().map(Arc::clone)).collect();
        let mut inputs = inputs(&working).await;
        if let Some(error) = self.store_problem() {
            for inputs in &mut inputs {
                inputs.store = Err(Finding::error(Fact::StoreLost { error: error.clone() }));
            }
        }
        inputs
    }

    /// The numbers of every connection, as Prometheus reads them.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn metrics(&self) -> Result<String, fmt::Error> {
        let deliveries = Arc::clone(&self.inboxes().intake);
        let sign_ins = self.refused_sign_ins().clone();
        let daemon = metrics::Daemon { deliveries, sign_ins, free_space: self.store().free_space().await };
        let inputs = self.inputs().await;
        let health = self.judge(&inputs);
        metrics::render(inputs, health, Some(daemon))
    }

    /// The readiness of every connection, with reasons.
    pub async fn health(&self) -> DaemonHealth {
        self.judge(&self.inputs().await)
    }

    fn judge(&self, inputs: &[HealthInputs]) -> DaemonHealth {
        let mut health = health_of(inputs);
        for member in self.members() {
            if let Err(unavailable) = member.connection() {
                add_unavailable(&mut health, member.name(), unavailable, self.now());
            }
        }
        health
    }
}

impl MetricsServer {
    /// Listens on an address, for these connections.
    ///
    /// # Errors
    /// When the address is in use or belongs to another host.
    pub async fn bind(address: SocketAddr, connections: &[Arc<Connection>]) -> Result<Self, ListenError> {
        let server = Server::bind(address, SETTING, None).await?;
        Ok(Self { server, watched: Watched::These(connections.into()) })
    }

    /// The same for all connections of a daemon.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub async fn for_connections(
        address: SocketAddr,
        manager: &Arc<ConnectionManager>,
    ) -> Result<Self, ListenError> {
        let server = Server::by_rule(address, SETTING, manager.config(), manager.driver()).await?;
        Ok(Self { server, watched: Watched::Connections(Arc::clone(manager)) })
    }

    /// The address of the listener.
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves until interrupted.
    pub async fn serve(self, stop: CancellationToken) {
        let router = Router::new()
            .route("/metrics", get(scrape))
            .route("/healthz", get(async || "alive\n"))
            .route("/readyz", get(ready))
            .with_state(self.watched);
        if let Err(error) = self.server.serve(router, stop).await {
            tracing::error!(error = sync_engine::error_chain(&error), "stopped serving metrics and health");
        }
    }
}

async fn scrape(State(watched): State<Watched>) -> Response {
    match watched.metrics().await {
        Ok(text) => ([(CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not render metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn ready(State(watched): State<Watched>) -> Response {
    let health = watched.health().await;
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health)).into_response()
}
