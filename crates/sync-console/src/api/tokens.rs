//! Access tokens: list, create, and revoke. A token is returned once, when it is created.

use admin_api::wire::{AuditEntries, CreatedToken, NewToken, RenewToken, Tokens};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::document::Conflict;
use super::extract::{Admin, Body, Number, Params, within};
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::{AccessToken, Identity, TokenRequest, create_token, renew_token, revoke_token};
use crate::app::App;

pub(super) fn routes() -> Routes {
    vec![routes!(list, create), routes!(revoke), routes!(renew), routes!(audit)]
}

/// List tokens without their secrets
#[utoipa::path(
    get,
    path = "/tokens",
    operation_id = "list_tokens",
    tag = "access",
    responses((status = 200, description = "The tokens", body = Tokens)),
)]
async fn list(_identity: Identity, State(app): State<App>) -> Result<Json<Tokens>, ApiError> {
    let tokens = app.manager.store().access().tokens().await;
    Ok(Json(Tokens { tokens: tokens.map_err(sync_daemon::ServiceError::from)? }))
}

/// Entries of the audit log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// Returns entries before this ID, such as the last ID of the previous page.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// The maximum number of entries.
    #[param(minimum = 1, maximum = 500, default = 100)]
    #[serde(default = "hundred")]
    limit: u32,
}

const fn hundred() -> u32 {
    100
}

/// List the audit log, the newest entries first
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "audit",
    tag = "access",
    params(Page),
    responses((status = 200, description = "The entries", body = AuditEntries)),
)]
async fn audit(
    _admin: Admin,
    State(app): State<App>,
    Params(page): Params<Page>,
) -> Result<Json<AuditEntries>, ApiError> {
    let limit = within("limit", page.limit, 500)?;
    if page.before.is_some_and(|before| before < 1) {
        return Err(ApiError::invalid("before: must be at least 1"));
    }
    let entries = app.manager.store().audit().entries(page.before, limit).await;
    Ok(Json(AuditEntries { entries: entries.map_err(sync_daemon::ServiceError::from)? }))
}

/// Create a token
///
/// The token is returned only in this response.
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "create_token",
    tag = "access",
    request_body = NewToken,
    responses((status = 201, description = "Created", body = CreatedToken), Conflict),
)]
async fn create(
    _admin: Admin,
    State(app): State<App>,
    Body(request): Body<NewToken>,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    let now = app.manager.now();
    let expires = end(now, request.expires_in_days)?;
    let request = TokenRequest { name: request.name, role: request.role, expires };
    let (entry, token) = create_token(&app.manager.store().access(), &request, now).await?;
    Ok((StatusCode::CREATED, Json(CreatedToken { token, entry })))
}

/// Change the expiration of a token
///
/// The token itself stays the same.
#[utoipa::path(
    post,
    path = "/tokens/{id}/renew",
    operation_id = "renew_token",
    tag = "access",
    request_body = RenewToken,
    responses((status = 200, description = "Renewed", body = AccessToken), Conflict),
)]
async fn renew(
    _admin: Admin,
    State(app): State<App>,
    Number(id): Number,
    Body(request): Body<RenewToken>,
) -> Result<Json<AccessToken>, ApiError> {
    let now = app.manager.now();
    let expires = end(now, request.expires_in_days)?;
    Ok(Json(renew_token(&app.manager.store().access(), &id.to_string(), expires, now).await?))
}

/// The expiration of a token that is valid for this number of days.
fn end(now: Timestamp, days: Option<u32>) -> Result<Option<Timestamp>, ApiError> {
    let end = |days: u32| now.checked_add(SignedDuration::from_hours(24 * i64::from(days)));
    days.map(end)
        .transpose()
        .map_err(|_| ApiError::invalid("expires_in_days: must end before the year 10000"))
}

/// Revoke a token, and end its sessions
#[utoipa::path(
    delete,
    path = "/tokens/{id}",
    operation_id = "revoke_token",
    tag = "access",
    responses((status = 204, description = "Revoked"), Conflict),
)]
async fn revoke(_admin: Admin, State(app): State<App>, Number(id): Number) -> Result<StatusCode, ApiError> {
    revoke_token(&app.manager.store().access(), &id.to_string(), app.manager.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
