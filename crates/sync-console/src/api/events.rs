//! Events: history and replay.

use admin_api::wire::{Events, Replay};
use admin_api::{ConnectionEvent, ReplayResult};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sync_daemon::{Connection, replay};
use sync_engine::{EventFilter, EventState};
use sync_model::EventId;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::document::Unusable;
use super::extract::{Admin, Body, EventAt, Params, Works, within};
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::Identity;
use crate::app::App;

pub(super) fn routes() -> Routes {
    vec![routes!(list), routes!(one), routes!(replay_events), routes!(replay_failed_events)]
}

/// The filter of events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// The state.
    state: Option<EventState>,
    /// A part of the event ID, the event type, or the ID of a subject; not case-sensitive.
    #[param(max_length = 200)]
    search: Option<String>,
    /// The maximum number.
    #[param(minimum = 1, maximum = 1000, default = 20)]
    limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { state: None, search: None, limit: 20 }
    }
}

/// The most events of a response.
const MOST: u32 = 1000;
/// The maximum length of a search, in characters.
const SEARCH: usize = 200;

/// List events, newest first
#[utoipa::path(
    get,
    path = "/connections/{name}/events",
    operation_id = "list_events",
    tag = "events",
    params(Filter),
    responses((status = 200, description = "Events", body = Events), Unusable),
)]
async fn list(
    _identity: Identity,
    Works(member, connection): Works,
    Params(filter): Params<Filter>,
) -> Result<Json<Events>, ApiError> {
    let limit = within("limit", filter.limit, MOST)?;
    if filter.search.as_ref().is_some_and(|search| search.chars().count() > SEARCH) {
        return Err(ApiError::invalid(format!("search: must have at most {SEARCH} characters")));
    }
    let search = filter.search.filter(|search| !search.is_empty());
    let filter = EventFilter { state: filter.state, search, limit };
    Ok(Json(Events { connection: member.name().clone(), events: connection.events(&filter).await? }))
}

/// Get an event
#[utoipa::path(
    get,
    path = "/connections/{name}/events/{event}",
    operation_id = "get_event",
    tag = "events",
    responses((status = 200, description = "Event", body = ConnectionEvent), Unusable),
)]
async fn one(
    _identity: Identity,
    Works(member, connection): Works,
    EventAt(id): EventAt,
) -> Result<Json<ConnectionEvent>, ApiError> {
    let event = connection.event(&id).await?.ok_or_else(ApiError::unknown_event)?;
    Ok(Json(ConnectionEvent { connection: member.name().clone(), event }))
}

/// Replay events: their subjects are read again
#[utoipa::path(
    post,
    path = "/connections/{name}/events/replay",
    operation_id = "replay_events",
    tag = "events",
    request_body = Replay,
    responses((status = 200, description = "Number of replayed events", body = ReplayResult), Unusable),
)]
async fn replay_events(
    _admin: Admin,
    State(app): State<App>,
    Works(_, connection): Works,
    Body(request): Body<Replay>,
) -> Result<Json<ReplayResult>, ApiError> {
    replayed(&app, &connection, Some(&request.ids)).await
}

/// Replay all failed events
#[utoipa::path(
    post,
    path = "/connections/{name}/events/replay-failed",
    operation_id = "replay_failed_events",
    tag = "events",
    responses((status = 200, description = "Number of replayed events", body = ReplayResult), Unusable),
)]
async fn replay_failed_events(
    _admin: Admin,
    State(app): State<App>,
    Works(_, connection): Works,
) -> Result<Json<ReplayResult>, ApiError> {
    replayed(&app, &connection, None).await
}

async fn replayed(
    app: &App,
    connection: &Connection,
    ids: Option<&[EventId]>,
) -> Result<Json<ReplayResult>, ApiError> {
    Ok(Json(replay(connection, ids, &app.manager.config().store).await?))
}
