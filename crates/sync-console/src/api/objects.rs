//! Objects: search and comparison.

use admin_api::{ObjectMatches, ObjectState, ObjectView};
use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_model::ObjectKind;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::document::Unusable;
use super::extract::{Admin, ObjectAt, Params, Works, within};
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::Identity;

/// The most objects of a response.
const MOST: u32 = 500;
/// The maximum length of a search, in characters.
const SEARCH: usize = 200;

pub(super) fn routes() -> Routes {
    vec![routes!(list), routes!(one), routes!(resend)]
}

/// The filter of objects.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// An ID, or a part of the name; not case-sensitive. Objects that aren't in the store are searched in Okta by ID, login,
    /// or name.
    #[param(max_length = 200)]
    q: Option<String>,
    /// The kind.
    kind: Option<ObjectKind>,
    /// The maximum number.
    #[param(minimum = 1, maximum = 500, default = 20)]
    limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { q: None, kind: None, limit: 20 }
    }
}

/// Search objects; groups first, then by name
#[utoipa::path(
    get,
    path = "/connections/{name}/objects",
    operation_id = "list_objects",
    tag = "objects",
    params(Filter),
    responses((status = 200, description = "Matching objects", body = ObjectMatches), Unusable),
)]
async fn list(
    _identity: Identity,
    Works(_, connection): Works,
    Params(filter): Params<Filter>,
) -> Result<Json<ObjectMatches>, ApiError> {
    let limit = within("limit", filter.limit, MOST)?;
    let text = filter.q.unwrap_or_default();
    if text.chars().count() > SEARCH {
        return Err(ApiError::invalid(format!("q: must have at most {SEARCH} characters")));
    }
    Ok(Json(connection.find_objects(&text, filter.kind, limit).await?))
}

/// Compare an object in Okta, in its record, and in Assets
///
/// A username or name is accepted instead of the ID; the response contains the ID.
#[utoipa::path(
    get,
    path = "/connections/{name}/objects/{kind}/{object}",
    operation_id = "get_object",
    tag = "objects",
    responses((status = 200, description = "Object", body = ObjectView), Unusable),
)]
async fn one(
    _identity: Identity,
    Works(_, connection): Works,
    ObjectAt(key): ObjectAt,
) -> Result<Json<ObjectView>, ApiError> {
    let view = connection.object(&key).await?;
    if view.state == ObjectState::NotFound {
        return Err(ApiError::unknown_object());
    }
    Ok(Json(view))
}

/// Read an object from Okta again and resend it
#[utoipa::path(
    post,
    path = "/connections/{name}/objects/{kind}/{object}/resend",
    operation_id = "resend_object",
    tag = "objects",
    responses((status = 202, description = "Queued, if the object exists in Okta"), Unusable),
)]
async fn resend(
    _admin: Admin,
    Works(_, connection): Works,
    ObjectAt(key): ObjectAt,
) -> Result<StatusCode, ApiError> {
    if connection.resend(&key).await? {
        return Ok(StatusCode::ACCEPTED);
    }
    Err(ApiError::unknown_object())
}
