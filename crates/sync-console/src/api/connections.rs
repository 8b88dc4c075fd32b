//! Connections: what there are, their settings, and what they are told to do.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use sync_service::wire::{
    ConnectionDraftRequest, ConnectionView, Connections, PauseOptions, PauseStatus, SyncOptions,
    SyncRequestStatus,
};
use sync_service::{ManagedConnection, SaveError, ServiceError, SetupChecklist, ValidationReport};
use utoipa_axum::routes;

use super::Routes;
use super::document::{Conflict, Unusable};
use super::extract::{Admin, At, Body, Name, Number, Works};
use super::problem::{ApiError, ProblemType};
use crate::access::Identity;
use crate::app::App;

/// How many of the last runs are part of a status.
const RUNS: u32 = 5;

pub(super) fn routes() -> Routes {
    vec![
        routes!(list),
        routes!(one, save, remove),
        routes!(try_out),
        routes!(guide),
        routes!(synchronize),
        routes!(requested, withdraw),
        routes!(pause),
        routes!(resume),
    ]
}

/// A connection as it is now.
pub(super) async fn view(app: &App, member: &Arc<ManagedConnection>) -> Result<ConnectionView, ServiceError> {
    let status = match member.connection() {
        Ok(connection) => Some(connection.status(RUNS).await?),
        Err(_) => None,
    };
    Ok(ConnectionView {
        name: member.name().clone(),
        managed_by: member.keeper(),
        unavailable: member.connection().err().cloned(),
        health: app.fleet.health().await.connections.remove(member.name()),
        status,
        saved_settings: member.saved().cloned(),
    })
}

/// All connections, with their status and health
#[utoipa::path(
    get,
    path = "/connections",
    operation_id = "list_connections",
    tag = "connections",
    responses((status = 200, description = "The connections by name", body = Connections)),
)]
async fn list(_identity: Identity, State(app): State<App>) -> Result<Json<Connections>, ApiError> {
    let mut connections = Vec::new();
    for member in app.fleet.members() {
        connections.push(view(&app, &member).await?);
    }
    Ok(Json(Connections { connections }))
}

/// One connection
#[utoipa::path(
    get,
    path = "/connections/{name}",
    operation_id = "get_connection",
    tag = "connections",
    responses((status = 200, description = "The connection", body = ConnectionView)),
)]
async fn one(
    _identity: Identity,
    State(app): State<App>,
    At(member): At,
) -> Result<Json<ConnectionView>, ApiError> {
    Ok(Json(view(&app, &member).await?))
}

/// Save: settings that work, asked of both services, are kept, and the connection works by them
///
/// Secrets are encrypted and never given back. One that is not named stays as it was saved; null takes it away.
#[utoipa::path(
    put,
    path = "/connections/{name}",
    operation_id = "save_connection",
    tag = "connections",
    request_body = ConnectionDraftRequest,
    responses(
        (status = 200, description = "Saved, over what was saved before", body = ValidationReport),
        (status = 201, description = "Saved as a new connection", body = ValidationReport),
        Conflict,
    ),
)]
async fn save(
    _admin: Admin,
    State(app): State<App>,
    Name(name): Name,
    Body(draft): Body<ConnectionDraftRequest>,
) -> Result<(StatusCode, Json<ValidationReport>), ApiError> {
    let new = draft.create_only || app.fleet.get(&name).is_none();
    let checked = app.fleet.save(&name, draft_of(draft), new).await?;
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(checked)))
}

/// Say what is wrong with settings, and save nothing
#[utoipa::path(
    post,
    path = "/connections/{name}/try-out",
    operation_id = "try_connection",
    tag = "connections",
    request_body = ConnectionDraftRequest,
    responses(
        (status = 200, description = "What works, and what does not", body = ValidationReport),
        Conflict,
    ),
)]
async fn try_out(
    _admin: Admin,
    State(app): State<App>,
    Name(name): Name,
    Body(draft): Body<ConnectionDraftRequest>,
) -> Result<Json<ValidationReport>, ApiError> {
    match app.fleet.try_out(&name, &draft_of(draft)).await {
        Ok(checked) | Err(SaveError::InvalidSettings(checked)) => Ok(Json(checked)),
        Err(error) => Err(error.into()),
    }
}

fn draft_of(draft: ConnectionDraftRequest) -> sync_service::ConnectionDraft {
    let ConnectionDraftRequest { settings, secrets, ignore_check_failures: although, create_only: _ } = draft;
    sync_service::ConnectionDraft { settings, secrets, ignore_check_failures: although }
}

/// Forget the settings and secrets of a connection that was saved here
///
/// Nothing is changed in Okta or Assets.
#[utoipa::path(
    delete,
    path = "/connections/{name}",
    operation_id = "remove_connection",
    tag = "connections",
    responses((status = 204, description = "Forgotten"), Conflict),
)]
async fn remove(_admin: Admin, State(app): State<App>, At(member): At) -> Result<StatusCode, ApiError> {
    app.fleet.remove(member.name()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The guided set-up: each step with its state, what was seen, and what to do
#[utoipa::path(
    get,
    path = "/connections/{name}/guide",
    operation_id = "guide",
    tag = "set-up",
    responses((status = 200, description = "The steps", body = SetupChecklist)),
)]
async fn guide(_identity: Identity, At(member): At) -> Result<Json<SetupChecklist>, ApiError> {
    Ok(Json(SetupChecklist::of(&member).await?))
}

/// Ask for a full run, which begins shortly
#[utoipa::path(
    post,
    path = "/connections/{name}/synchronize",
    operation_id = "synchronize",
    tag = "runs",
    request_body = SyncOptions,
    responses((status = 202, description = "Asked for", body = SyncRequestStatus), Conflict, Unusable),
)]
async fn synchronize(
    _admin: Admin,
    Works(member, connection): Works,
    Body(wish): Body<SyncOptions>,
) -> Result<(StatusCode, Json<SyncRequestStatus>), ApiError> {
    let id = member.synchronize(wish).await?;
    let run = connection.requested_run(id).await?;
    Ok((StatusCode::ACCEPTED, Json(SyncRequestStatus { id, run })))
}

/// What became of a request for a run
#[utoipa::path(
    get,
    path = "/connections/{name}/synchronize/{id}",
    operation_id = "get_request",
    tag = "runs",
    responses(
        (status = 200, description = "The run that answers it, if one has begun", body = SyncRequestStatus),
        Unusable,
    ),
)]
async fn requested(
    _identity: Identity,
    Works(_, connection): Works,
    Number(id): Number,
) -> Result<Json<SyncRequestStatus>, ApiError> {
    let run = connection.requested_run(id).await?;
    Ok(Json(SyncRequestStatus { id, run }))
}

/// Take a request for a run back
#[utoipa::path(
    delete,
    path = "/connections/{name}/synchronize/{id}",
    operation_id = "withdraw_request",
    tag = "runs",
    responses((status = 204, description = "Taken back"), Conflict, Unusable),
)]
async fn withdraw(
    _admin: Admin,
    Works(_, connection): Works,
    Number(request): Number,
) -> Result<StatusCode, ApiError> {
    if connection.withdraw_request(request).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let hint = "see what becomes of it among the runs".to_owned();
    Err(ApiError::new(
        ProblemType::Underway,
        "this request was taken, or there is none of the number",
        Some(hint),
    ))
}

/// Stop sending for a while; events are kept
#[utoipa::path(
    post,
    path = "/connections/{name}/pause",
    operation_id = "pause",
    tag = "connections",
    request_body = PauseOptions,
    responses((status = 200, description = "Paused", body = PauseStatus), Unusable),
)]
async fn pause(
    _admin: Admin,
    Works(member, connection): Works,
    Body(wish): Body<PauseOptions>,
) -> Result<Json<PauseStatus>, ApiError> {
    let time = wish.seconds.map(|seconds| Duration::from_secs(seconds.into()));
    let pause = Some(connection.pause(time).await?);
    Ok(Json(PauseStatus { connection: member.name().clone(), pause }))
}

/// End a pause
#[utoipa::path(
    post,
    path = "/connections/{name}/resume",
    operation_id = "resume",
    tag = "connections",
    responses((status = 200, description = "Not paused any more", body = PauseStatus), Unusable),
)]
async fn resume(_admin: Admin, Works(member, connection): Works) -> Result<Json<PauseStatus>, ApiError> {
    connection.resume().await?;
    Ok(Json(PauseStatus { connection: member.name().clone(), pause: None }))
}
