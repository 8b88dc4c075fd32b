//! The HTTP side of event hooks: deliveries are verified and stored, then acknowledged. They are processed later.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use connectors::{inbox_event, odd_event};
use okta_client::{HookDelivery, VERIFICATION_HEADER, verification_response};
use sync_config::Config;
use sync_engine::TaskDriver;
use tokio_util::sync::CancellationToken;

use super::intake::Refused;
use super::{ListenError, Server, Visitor};
use crate::connection::Connection;
use crate::http::inbox::Inboxes;

/// The setting that chooses the address.
const SETTING: &str = "server.listen";

/// Listens for the deliveries of Okta's event hooks at `/hooks/okta/{connection}`.
pub struct HookReceiver {
    server: Server,
    inboxes: Inboxes,
}

impl HookReceiver {
    /// Listens on an address, for these connections.
    ///
    /// # Errors
    /// When the address is in use or belongs to another host.
    pub async fn bind<'c>(
        address: SocketAddr,
        connections: impl IntoIterator<Item = &'c Connection>,
    ) -> Result<Self, ListenError> {
        let inboxes = connections.into_iter().filter_map(|c| Some((c.name().to_string(), c.inbox()?)));
        let server = Server::bind(address, SETTING, None).await?;
        Ok(Self { server, inboxes: inboxes.collect() })
    }

    /// The same for inboxes by the names of their connections.
    pub(crate) async fn with_inboxes(
        config: &Config,
        inboxes: Inboxes,
        tasks: &Arc<TaskDriver>,
    ) -> Result<Self, ListenError> {
        Ok(Self { server: Server::by_rule(config.listen, SETTING, config, tasks).await?, inboxes })
    }

    /// The address of the listener.
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Serves until interrupted; active requests are finished.
    pub async fn serve(self, stop: CancellationToken) {
        let router = Router::new()
            .route("/hooks/okta/{connection}", get(verify).post(deliver))
            .with_state(self.inboxes);
        if let Err(error) = self.server.serve(router, stop).await {
            tracing::error!(error = sync_engine::error_chain(&error), "the event hook receiver stopped");
        }
    }
}

/// The one-time verification. The secret is checked when it is there: whether Okta sends it here is not certain.
async fn verify(
    State(inboxes): State<Inboxes>,
    Path(connection): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(inbox) = inboxes.get(&connection) else { return StatusCode::NOT_FOUND.into_response() };
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    if given.is_some() && !inbox.secret.verify(given) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match headers.get(VERIFICATION_HEADER).and_then(|v| v.to_str().ok()) {
        Some(challenge) => {
            ([(CONTENT_TYPE, "application/json")], verification_response(challenge)).into_response()
        }
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Acknowledges a delivery only after it is stored. A rejection because of the store makes Okta retry once.
async fn deliver(
    State(inboxes): State<Inboxes>,
    Path(connection): Path<String>,
    visitor: Option<Extension<Visitor>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match accept(&inboxes, &connection, visitor.as_deref(), &headers, body).await {
        Ok(()) => StatusCode::OK.into_response(),
        // The rest of the body is not read.
        Err((reason, problem)) => {
            (inboxes.intake.refuse(reason, &connection, &problem), [(CONNECTION, "close")]).into_response()
        }
    }
}

/// Checks, reads, and stores a delivery.
async fn accept(
    inboxes: &Inboxes,
    connection: &str,
    visitor: Option<&Visitor>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(), (Refused, String)> {
    let refused = |reason, problem: &str| (reason, problem.to_owned());
    let inbox = inboxes.get(connection).ok_or_else(|| {
        refused(Refused::UnknownConnection, "no connection with this name receives deliveries")
    })?;
    // Before a byte of the body costs memory.
    if !inbox.secret.verify(headers.get(AUTHORIZATION).map(HeaderValue::as_bytes)) {
        return Err(refused(Refused::Secret, "the secret is wrong or missing"));
    }
    if let Some(visitor) = visitor {
        visitor.mark_authenticated();
    }
    let intake = &inboxes.intake;
    let body = intake.read(body).await.map_err(|reason| {
        refused(reason, "the body is too large or too slow, or there are too many deliveries")
    })?;
    let delivery = HookDelivery::parse(&body).map_err(|error| (Refused::Body, error.to_string()))?;
    drop(body);
    let now = inbox.clock.now();
    let newest = delivery.events.iter().map(|event| event.published).max().unwrap_or(now);
    let odd = delivery.unreadable.iter().map(|item| {
        tracing::warn!(connection, problem = %item, "could not read an event of a delivery; its subjects are processed");
        odd_event(item, newest)
    });
    let events: Vec<_> = delivery.events.iter().map(inbox_event).chain(odd).collect();
    let stored = intake.in_time(async {
        match delivery.event_id.as_str() {
            "" => inbox.store.store_events(&events, now).await,
            id => inbox.store.store_delivery(id, &events, now).await,
        }
    });
    let new = stored
        .await
        .ok_or_else(|| refused(Refused::Store, "the store is busy"))?
        .map_err(|error| (Refused::Store, sync_engine::error_chain(&error)))?;
    if let Some(alerts) = &inbox.alerts {
        alerts.delivered(now);
    }
    if new > 0 {
        inbox.waker.wake_events();
    }
    tracing::debug!(connection, delivery = delivery.event_id, events = events.len(), new, "delivery stored");
    Ok(())
}
