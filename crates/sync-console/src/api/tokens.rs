//! Access tokens: listed, made and revoked. A token is told once, to whoever has it made.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use sync_service::wire::{CreatedToken, NewToken, Tokens};
use utoipa_axum::routes;

use super::Routes;
use super::document::Conflict;
use super::extract::{Admin, Body, Number};
use super::problem::ApiError;
use crate::access::{Identity, TokenWish, create_token, revoke_token};
use crate::app::App;

pub(super) fn routes() -> Routes {
    vec![routes!(list, create), routes!(revoke)]
}

/// All tokens, without what is secret of them
#[utoipa::path(
    get,
    path = "/tokens",
    operation_id = "list_tokens",
    tag = "access",
    responses((status = 200, description = "The tokens", body = Tokens)),
)]
async fn list(_identity: Identity, State(app): State<App>) -> Result<Json<Tokens>, ApiError> {
    let tokens = app.fleet.store().access().tokens().await;
    Ok(Json(Tokens { tokens: tokens.map_err(sync_service::ServiceError::from)? }))
}

/// Make a token
///
/// The answer is the only place where it is ever told.
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "create_token",
    tag = "access",
    request_body = NewToken,
    responses((status = 201, description = "Made", body = CreatedToken), Conflict),
)]
async fn create(
    _admin: Admin,
    State(app): State<App>,
    Body(wish): Body<NewToken>,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    let now = Timestamp::now();
    let end = |days: u32| now.saturating_add(SignedDuration::from_hours(24 * i64::from(days)));
    let expires = wish.days.map(end).transpose();
    let expires = expires.map_err(|_| ApiError::invalid("days: this is too long a time"))?;
    let wish = TokenWish { name: wish.name, role: wish.role, expires };
    let (entry, token) = create_token(&app.fleet.store().access(), &wish, now).await?;
    Ok((StatusCode::CREATED, Json(CreatedToken { token, entry })))
}

/// Revoke a token, and end the sessions that began with it
#[utoipa::path(
    delete,
    path = "/tokens/{id}",
    operation_id = "revoke_token",
    tag = "access",
    responses((status = 204, description = "Revoked"), Conflict),
)]
async fn revoke(_admin: Admin, State(app): State<App>, Number(id): Number) -> Result<StatusCode, ApiError> {
    revoke_token(&app.fleet.store().access(), &id.to_string(), Timestamp::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
