//! Users and groups: found by login, name or id, and looked at on both sides.

use axum::Json;
use axum::http::StatusCode;
use serde::Deserialize;
use sync_service::model::ObjectKind;
use sync_service::{ObjectMatches, ObjectState, ObjectView};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::Routes;
use super::document::Unusable;
use super::extract::{Admin, ObjectAt, Params, Works, within};
use super::problem::ApiError;
use crate::access::Identity;

/// The most objects that are given at once.
const MOST: u32 = 500;
/// How long a search may be, in characters.
const SEARCH: usize = 200;

pub(super) fn routes() -> Routes {
    vec![routes!(list), routes!(one), routes!(resend)]
}

/// Which objects.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those with this id, or with this in what people call them; case does not matter. What is not known here is
    /// looked for in Okta by id, login or name.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only those of this kind.
    kind: Option<ObjectKind>,
    /// At most so many.
    #[param(minimum = 1, maximum = 500, default = 20)]
    limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { q: None, kind: None, limit: 20 }
    }
}

/// Objects, groups first, then by name
#[utoipa::path(
    get,
    path = "/connections/{name}/objects",
    operation_id = "find_objects",
    tag = "objects",
    params(Filter),
    responses((status = 200, description = "What was found", body = ObjectMatches), Unusable),
)]
async fn list(
    _identity: Identity,
    Works(_, connection): Works,
    Params(filter): Params<Filter>,
) -> Result<Json<ObjectMatches>, ApiError> {
    let limit = within("limit", filter.limit, MOST)?;
    let text = filter.q.unwrap_or_default();
    if text.chars().count() > SEARCH {
        return Err(ApiError::invalid(format!("q: this is longer than {SEARCH} characters")));
    }
    Ok(Json(connection.find_objects(&text, filter.kind, limit).await?))
}

/// One object: what Okta says now, what was sent, what Assets has, and by which run and event
///
/// In the place of the id a login or a name will do; the answer has the id.
#[utoipa::path(
    get,
    path = "/connections/{name}/objects/{kind}/{object}",
    operation_id = "get_object",
    tag = "objects",
    responses((status = 200, description = "The object", body = ObjectView), Unusable),
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

/// Read an object from Okta again, and send it, also where it has not changed
#[utoipa::path(
    post,
    path = "/connections/{name}/objects/{kind}/{object}/resend",
    operation_id = "resend_object",
    tag = "objects",
    responses((status = 202, description = "It is read and sent shortly, should Okta have it"), Unusable),
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
