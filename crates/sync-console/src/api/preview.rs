//! What choices about attributes would change, before they are saved.

use std::time::Duration;

use axum::Json;
use sync_service::wire::MappingPreviewRequest;
use sync_service::{SchemaPreview, ServiceError, error_chain, preview_schemas};
use utoipa_axum::routes;

use super::Routes;
use super::document::{ServiceFailed, Unusable};
use super::extract::{Admin, Body, Works};
use super::problem::{ApiError, ProblemType};

/// How long both services may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn routes() -> Routes {
    vec![routes!(preview)]
}

/// Say what other choices about attributes would change, and save nothing
///
/// They are carried out by saving them with the settings of the connection, and setting up again.
#[utoipa::path(
    post,
    path = "/connections/{name}/schema/preview",
    operation_id = "preview_schemas",
    tag = "set-up",
    request_body = MappingPreviewRequest,
    responses(
        (status = 200, description = "Both sides as they are, and as they would be", body = SchemaPreview),
        ServiceFailed,
        Unusable,
    ),
)]
async fn preview(
    _admin: Admin,
    Works(member, _): Works,
    Body(choices): Body<MappingPreviewRequest>,
) -> Result<Json<SchemaPreview>, ApiError> {
    let settings = member
        .settings()
        .map_err(|broken| ApiError::new(ProblemType::Broken, broken.reason.clone(), broken.hint.clone()))?;
    match tokio::time::timeout(PATIENCE, preview_schemas(settings, &choices.mapping)).await {
        Ok(Ok(seen)) => Ok(Json(seen)),
        Ok(Err(error @ ServiceError::Engine(_))) => {
            Err(ApiError::new(ProblemType::Service, error_chain(&error), error.hint()))
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            let detail = format!("Okta and Assets did not answer within {} s", PATIENCE.as_secs());
            Err(ApiError::new(ProblemType::Service, detail, Some("try again later".into())))
        }
    }
}
