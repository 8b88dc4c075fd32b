//! The inbox: what came in, what became of it, and putting it back.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sync_service::engine::{EventFilter, EventState};
use sync_service::model::EventId;
use sync_service::wire::{Events, Replay};
use sync_service::{Connection, ConnectionEvent, ReplayResult, replay};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::Routes;
use super::document::Unusable;
use super::extract::{Admin, Body, EventAt, Params, Works, within};
use super::problem::ApiError;
use crate::access::Identity;
use crate::app::App;

pub(super) fn routes() -> Routes {
    vec![routes!(list), routes!(one), routes!(put_back), routes!(put_back_dead)]
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those in such a state.
    state: Option<EventState>,
    /// Only those with this in their id, their type, or the id of what they named; case does not matter.
    #[param(max_length = 200)]
    search: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 500, default = 20)]
    limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { state: None, search: None, limit: 20 }
    }
}

/// The most events that are given at once.
const MOST: u32 = 500;
/// How long a search may be, in characters.
const SEARCH: usize = 200;

/// Events, those first that happened last
#[utoipa::path(
    get,
    path = "/connections/{name}/events",
    operation_id = "list_events",
    tag = "events",
    params(Filter),
    responses((status = 200, description = "The events", body = Events), Unusable),
)]
async fn list(
    _identity: Identity,
    Works(member, connection): Works,
    Params(filter): Params<Filter>,
) -> Result<Json<Events>, ApiError> {
    let limit = within("limit", filter.limit, MOST)?;
    if filter.search.as_ref().is_some_and(|search| search.chars().count() > SEARCH) {
        return Err(ApiError::invalid(format!("search: this is longer than {SEARCH} characters")));
    }
    let search = filter.search.filter(|search| !search.is_empty());
    let filter = EventFilter { state: filter.state, search, limit };
    Ok(Json(Events { connection: member.name().clone(), events: connection.events(&filter).await? }))
}

/// One event
#[utoipa::path(
    get,
    path = "/connections/{name}/events/{event}",
    operation_id = "get_event",
    tag = "events",
    responses((status = 200, description = "The event", body = ConnectionEvent), Unusable),
)]
async fn one(
    _identity: Identity,
    Works(member, connection): Works,
    EventAt(id): EventAt,
) -> Result<Json<ConnectionEvent>, ApiError> {
    let event = connection.event(&id).await?.ok_or_else(ApiError::unknown_event)?;
    Ok(Json(ConnectionEvent { connection: member.name().clone(), event }))
}

/// Put events back: what they named is looked at again
#[utoipa::path(
    post,
    path = "/connections/{name}/events/replay",
    operation_id = "replay",
    tag = "events",
    request_body = Replay,
    responses((status = 200, description = "How many were put back", body = ReplayResult), Unusable),
)]
async fn put_back(
    _admin: Admin,
    State(app): State<App>,
    Works(_, connection): Works,
    Body(wish): Body<Replay>,
) -> Result<Json<ReplayResult>, ApiError> {
    replayed(&app, &connection, Some(&wish.ids)).await
}

/// Put back all events that were given up
#[utoipa::path(
    post,
    path = "/connections/{name}/events/replay-dead",
    operation_id = "replay_dead",
    tag = "events",
    responses((status = 200, description = "How many were put back", body = ReplayResult), Unusable),
)]
async fn put_back_dead(
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
    let mut all = replay(&[connection], ids, &app.fleet.config().store).await?;
    all.pop().map(Json).ok_or_else(|| ApiError::invalid("there is no connection to put events back for"))
}
