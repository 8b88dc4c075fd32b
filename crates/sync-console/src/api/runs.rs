//! The history of runs.

use admin_api::ConnectionRun;
use admin_api::wire::Runs;
use axum::Json;
use serde::Deserialize;
use sync_daemon::ServiceError;
use sync_engine::{RunFilter, RunKind, RunState};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::document::Unusable;
use super::extract::{Number, Params, Works};
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::Identity;

pub(super) fn routes() -> Routes {
    vec![routes!(list), routes!(one)]
}

/// The filter of runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// The kind.
    kind: Option<RunKind>,
    /// The state.
    state: Option<RunState>,
    /// True for failed and partial runs only.
    failed: bool,
    /// The maximum number.
    #[param(minimum = 1, maximum = 1000, default = 20)]
    limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self { kind: None, state: None, failed: false, limit: 20 }
    }
}

/// The most runs of a response.
const MOST: u32 = 1000;

/// List runs, newest first
#[utoipa::path(
    get,
    path = "/connections/{name}/runs",
    operation_id = "list_runs",
    tag = "runs",
    params(Filter),
    responses((status = 200, description = "Runs", body = Runs), Unusable),
)]
async fn list(
    _identity: Identity,
    Works(member, connection): Works,
    Params(filter): Params<Filter>,
) -> Result<Json<Runs>, ApiError> {
    let limit = super::extract::within("limit", filter.limit, MOST)?;
    let filter = RunFilter { kind: filter.kind, state: filter.state, failed: filter.failed, limit };
    Ok(Json(Runs { connection: member.name().clone(), runs: connection.runs(&filter).await? }))
}

/// Get a run
#[utoipa::path(
    get,
    path = "/connections/{name}/runs/{id}",
    operation_id = "get_run",
    tag = "runs",
    responses((status = 200, description = "Run", body = ConnectionRun), Unusable),
)]
async fn one(
    _identity: Identity,
    Works(member, connection): Works,
    id: Number,
) -> Result<Json<ConnectionRun>, ApiError> {
    let run = connection.run(id.run()).await?.ok_or(ServiceError::UnknownRun(id.run()))?;
    Ok(Json(ConnectionRun { connection: member.name().clone(), run }))
}
