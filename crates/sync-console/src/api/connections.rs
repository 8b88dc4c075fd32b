//! Connections: settings, setup checklist, sync requests, and pauses.

use admin_api::wire::{
    ConnectionDraftRequest, ConnectionView, Connections, PauseOptions, PauseStatus, SyncOptions,
    SyncRequestStatus,
};
use admin_api::{ProblemType, ValidationReport};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use diagnostics::SetupChecklist;
use std::sync::Arc;
use std::time::Duration;
use sync_daemon::{Connection, ManagedConnection, SaveError, ServiceError};
use sync_engine::SyncRequestProgress;
use utoipa_axum::routes;

use super::document::{Conflict, Unusable};
use super::extract::{Admin, At, Body, Name, Number, Works};
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::Identity;
use crate::app::App;

/// The number of recent runs in a status.
const RUNS: u32 = 5;

pub(super) fn routes() -> Routes {
    vec![
        routes!(list),
        routes!(one, save, remove),
        routes!(validate),
        routes!(setup_checklist),
        routes!(create_sync_request),
        routes!(get_sync_request, cancel_sync_request),
        routes!(pause),
        routes!(resume),
    ]
}

/// The current state of a connection.
pub(super) async fn view(app: &App, member: &Arc<ManagedConnection>) -> Result<ConnectionView, ServiceError> {
    let status = match member.connection() {
        Ok(connection) => Some(connection.status(RUNS).await?),
        Err(_) => None,
    };
    Ok(ConnectionView {
        name: member.name().clone(),
        managed_by: member.managed_by(),
        unavailable: member.connection().err().cloned(),
        health: app.manager.health().await.connections.remove(member.name()),
        status,
        saved_settings: member.saved().cloned(),
    })
}

/// List connections with their status and health
#[utoipa::path(
    get,
    path = "/connections",
    operation_id = "list_connections",
    tag = "connections",
    responses((status = 200, description = "Connections by name", body = Connections)),
)]
async fn list(_identity: Identity, State(app): State<App>) -> Result<Json<Connections>, ApiError> {
    let mut connections = Vec::new();
    for member in app.manager.members() {
        connections.push(view(&app, &member).await?);
    }
    Ok(Json(Connections { connections }))
}

/// Get a connection
#[utoipa::path(
    get,
    path = "/connections/{name}",
    operation_id = "get_connection",
    tag = "connections",
    responses((status = 200, description = "Connection", body = ConnectionView)),
)]
async fn one(
    _identity: Identity,
    State(app): State<App>,
    At(member): At,
) -> Result<Json<ConnectionView>, ApiError> {
    Ok(Json(view(&app, &member).await?))
}

/// Validate settings with Okta and Assets, and save them
///
/// The connection uses them immediately. Secrets are encrypted and never returned. An omitted secret keeps its saved value;
/// null deletes it.
#[utoipa::path(
    put,
    path = "/connections/{name}",
    operation_id = "save_connection",
    tag = "connections",
    request_body = ConnectionDraftRequest,
    responses(
        (status = 200, description = "Saved settings were replaced", body = ValidationReport),
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
    let new = draft.create_only || app.manager.get(&name).is_none();
    let checked = app.manager.save(&name, draft_of(draft), new).await?;
    Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(checked)))
}

/// Validate settings without saving them
#[utoipa::path(
    post,
    path = "/connections/{name}/validate",
    operation_id = "validate_connection",
    tag = "connections",
    request_body = ConnectionDraftRequest,
    responses(
        (status = 200, description = "Details and problems", body = ValidationReport),
        Conflict,
    ),
)]
async fn validate(
    _admin: Admin,
    State(app): State<App>,
    Name(name): Name,
    Body(draft): Body<ConnectionDraftRequest>,
) -> Result<Json<ValidationReport>, ApiError> {
    match app.manager.validate(&name, &draft_of(draft)).await {
        Ok(checked) | Err(SaveError::InvalidSettings(checked)) => Ok(Json(checked)),
        Err(error) => Err(error.into()),
    }
}

fn draft_of(draft: ConnectionDraftRequest) -> sync_daemon::ConnectionDraft {
    let ConnectionDraftRequest { settings, secrets, ignore_check_failures: although, create_only: _ } = draft;
    sync_daemon::ConnectionDraft { settings, secrets, ignore_check_failures: although }
}

/// Delete the saved settings and secrets of a connection
///
/// Okta and Assets are unchanged.
#[utoipa::path(
    delete,
    path = "/connections/{name}",
    operation_id = "delete_connection",
    tag = "connections",
    responses((status = 204, description = "Deleted"), Conflict),
)]
async fn remove(_admin: Admin, State(app): State<App>, At(member): At) -> Result<StatusCode, ApiError> {
    app.manager.remove(member.name()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get the setup checklist: each step with its state, details, and findings
#[utoipa::path(
    get,
    path = "/connections/{name}/setup-checklist",
    operation_id = "get_setup_checklist",
    tag = "setup",
    responses((status = 200, description = "Steps", body = SetupChecklist)),
)]
async fn setup_checklist(_identity: Identity, At(member): At) -> Result<Json<SetupChecklist>, ApiError> {
    member.refresh_checks();
    Ok(Json(member.setup_checklist().await?))
}

/// Request a full sync
#[utoipa::path(
    post,
    path = "/connections/{name}/sync-requests",
    operation_id = "create_sync_request",
    tag = "runs",
    request_body = SyncOptions,
    responses((status = 202, description = "Requested", body = SyncRequestStatus), Conflict, Unusable),
)]
async fn create_sync_request(
    _admin: Admin,
    Works(member, connection): Works,
    Body(request): Body<SyncOptions>,
) -> Result<(StatusCode, Json<SyncRequestStatus>), ApiError> {
    let id = member.request_sync(request).await?;
    Ok((StatusCode::ACCEPTED, Json(status_of_request(&connection, id).await?)))
}

/// Get a sync request
#[utoipa::path(
    get,
    path = "/connections/{name}/sync-requests/{id}",
    operation_id = "get_sync_request",
    tag = "runs",
    responses(
        (status = 200, description = "Sync request with its run, once it started", body = SyncRequestStatus),
        Unusable,
    ),
)]
async fn get_sync_request(
    _identity: Identity,
    Works(_, connection): Works,
    Number(id): Number,
) -> Result<Json<SyncRequestStatus>, ApiError> {
    status_of_request(&connection, id).await.map(Json)
}

const LIST_RUNS: &str = "list the runs with GET /api/v1/connections/{name}/runs";

async fn status_of_request(connection: &Connection, id: i64) -> Result<SyncRequestStatus, ApiError> {
    let Some(SyncRequestProgress { accepted, run }) = connection.sync_request(id).await? else {
        return Err(ApiError::new(
            ProblemType::NotFound,
            "the sync request doesn't exist or was canceled",
            Some(LIST_RUNS.to_owned()),
        ));
    };
    Ok(SyncRequestStatus { id, accepted, run })
}

/// Cancel a sync request
#[utoipa::path(
    delete,
    path = "/connections/{name}/sync-requests/{id}",
    operation_id = "cancel_sync_request",
    tag = "runs",
    responses((status = 204, description = "Canceled"), Conflict, Unusable),
)]
async fn cancel_sync_request(
    _admin: Admin,
    Works(_, connection): Works,
    Number(request): Number,
) -> Result<StatusCode, ApiError> {
    if connection.cancel_request(request).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    status_of_request(&connection, request).await?;
    Err(ApiError::new(
        ProblemType::AlreadyRunning,
        "the leader accepted the sync request",
        Some(LIST_RUNS.to_owned()),
    ))
}

/// Pause a connection; events are stored
#[utoipa::path(
    post,
    path = "/connections/{name}/pause",
    operation_id = "pause_connection",
    tag = "connections",
    request_body = PauseOptions,
    responses((status = 200, description = "Paused", body = PauseStatus), Unusable),
)]
async fn pause(
    _admin: Admin,
    Works(member, connection): Works,
    Body(request): Body<PauseOptions>,
) -> Result<Json<PauseStatus>, ApiError> {
    let time = request.seconds.map(|seconds| Duration::from_secs(seconds.into()));
    let pause = Some(connection.pause(time).await?);
    Ok(Json(PauseStatus { connection: member.name().clone(), pause }))
}

/// Resume a connection
#[utoipa::path(
    post,
    path = "/connections/{name}/resume",
    operation_id = "resume_connection",
    tag = "connections",
    responses((status = 200, description = "Resumed", body = PauseStatus), Unusable),
)]
async fn resume(_admin: Admin, Works(member, connection): Works) -> Result<Json<PauseStatus>, ApiError> {
    connection.resume().await?;
    Ok(Json(PauseStatus { connection: member.name().clone(), pause: None }))
}
