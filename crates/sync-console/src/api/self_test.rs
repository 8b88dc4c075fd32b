//! The self-test of a connection, a job with options.

use admin_api::wire::SelfTestOptions;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use diagnostics::JobState;
use sync_engine::SelfTestReport;
use utoipa_axum::routes;

use super::document::{Conflict, Unusable};
use super::extract::{Admin, At, Body, Params, Works};
use super::jobs::{Wait, accepted};
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::Identity;
use crate::app::App;

pub(super) fn routes() -> Routes {
    vec![routes!(state, begin)]
}

/// Get the state of the self-test
#[utoipa::path(
    get,
    path = "/connections/{name}/self-test",
    operation_id = "get_self_test",
    tag = "setup",
    params(Wait),
    responses((status = 200, description = "State of the job", body = JobState<SelfTestReport>)),
)]
async fn state(
    _identity: Identity,
    State(app): State<App>,
    At(member): At,
    Params(wait): Params<Wait>,
) -> Result<Json<JobState<SelfTestReport>>, ApiError> {
    wait.ended(&app, || member.self_test()).await.map(Json)
}

/// Import test objects to learn how the site treats imports
#[utoipa::path(
    post,
    path = "/connections/{name}/self-test",
    operation_id = "run_self_test",
    tag = "setup",
    request_body = SelfTestOptions,
    responses((status = 202, description = "Started", body = JobState<SelfTestReport>), Conflict, Unusable),
)]
async fn begin(
    _admin: Admin,
    Works(member, _): Works,
    Body(options): Body<SelfTestOptions>,
) -> Result<(StatusCode, Json<JobState<SelfTestReport>>), ApiError> {
    accepted(member.test_site(options), member.self_test())
}
