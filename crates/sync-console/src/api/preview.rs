//! A preview of mapping options.

use std::time::Duration;

use admin_api::wire::MappingPreviewRequest;
use admin_api::{ProblemType, SchemaPreview};
use axum::Json;
use sync_daemon::{ServiceError, preview_schemas};
use sync_engine::error_chain;
use utoipa_axum::routes;

use super::document::{ServiceFailed, Unusable};
use super::extract::{Admin, Body, Works};
use super::problem::ApiError;
use super::routes::Routes;

/// The time limit for both services.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn routes() -> Routes {
    vec![routes!(preview)]
}

/// Compare the current and proposed mapping without saving
///
/// To apply the options, save them with the settings of the connection and run setup.
#[utoipa::path(
    post,
    path = "/connections/{name}/schema/preview",
    operation_id = "preview_schema",
    tag = "setup",
    request_body = MappingPreviewRequest,
    responses(
        (status = 200, description = "Current and proposed schemas", body = SchemaPreview),
        ServiceFailed,
        Unusable,
    ),
)]
async fn preview(
    _admin: Admin,
    Works(member, _): Works,
    Body(choices): Body<MappingPreviewRequest>,
) -> Result<Json<SchemaPreview>, ApiError> {
    let settings = member.settings().map_err(|reason| ServiceError::unavailable(member.name(), reason))?;
    match tokio::time::timeout(PATIENCE, preview_schemas(settings, &choices.mapping)).await {
        Ok(Ok(seen)) => Ok(Json(seen)),
        Ok(Err(error @ ServiceError::Engine(_))) => {
            Err(ApiError::of(ProblemType::UpstreamError, error_chain(&error), error.remedy()))
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            let detail = format!("Okta and Assets didn't respond within {} s", PATIENCE.as_secs());
            Err(ApiError::new(ProblemType::UpstreamError, detail, Some("try again later".into())))
        }
    }
}
