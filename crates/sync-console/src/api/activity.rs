//! Active runs, background tasks, alerts, and metric samples.

use admin_api::ActiveRuns;
use admin_api::wire::{Alerts, ConnectionTasks, MetricSamples};
use axum::Json;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::document::Unusable;
use super::extract::{Params, Works};
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::Identity;

/// The retention of metric samples.
const KEPT: SignedDuration = SignedDuration::from_hours(25);
/// The default period.
const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn routes() -> Routes {
    vec![routes!(active_runs), routes!(tasks), routes!(alerts), routes!(metric_samples)]
}

/// List active and recent runs with their phases, rates, and remaining time
#[utoipa::path(
    get,
    path = "/connections/{name}/active-runs",
    operation_id = "list_active_runs",
    tag = "runs",
    responses((status = 200, description = "Runs of this process", body = ActiveRuns), Unusable),
)]
async fn active_runs(_identity: Identity, Works(_, connection): Works) -> Json<ActiveRuns> {
    Json(connection.active_runs())
}

/// List the background tasks with the reason and the outcome of their last activation
#[utoipa::path(
    get,
    path = "/connections/{name}/tasks",
    operation_id = "list_tasks",
    tag = "runs",
    responses((status = 200, description = "Tasks of this process", body = ConnectionTasks), Unusable),
)]
async fn tasks(_identity: Identity, Works(member, connection): Works) -> Json<ConnectionTasks> {
    Json(ConnectionTasks { connection: member.name().clone(), tasks: connection.tasks() })
}

/// List firing and recently resolved alerts
#[utoipa::path(
    get,
    path = "/connections/{name}/alerts",
    operation_id = "list_alerts",
    tag = "runs",
    responses((status = 200, description = "Alerts since the daemon started", body = Alerts), Unusable),
)]
async fn alerts(_identity: Identity, Works(member, connection): Works) -> Json<Alerts> {
    Json(Alerts { connection: member.name().clone(), alerts: connection.alert_entries() })
}

/// The filter of metric samples.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Since {
    /// The start; at most 25 hours ago. Default: 24 hours ago.
    since: Option<Timestamp>,
}

/// List metric samples, one per minute
#[utoipa::path(
    get,
    path = "/connections/{name}/metric-samples",
    operation_id = "list_metric_samples",
    tag = "runs",
    params(Since),
    responses((status = 200, description = "Metric samples", body = MetricSamples), Unusable),
)]
async fn metric_samples(
    _identity: Identity,
    Works(member, connection): Works,
    Params(query): Params<Since>,
) -> Result<Json<MetricSamples>, ApiError> {
    let now = connection.now();
    let ago = |time: SignedDuration| now.checked_sub(time).unwrap_or(Timestamp::MIN);
    let since = query.since.map_or_else(|| ago(DAY), |since| since.max(ago(KEPT)));
    let samples = connection.metric_samples(since).await?;
    Ok(Json(MetricSamples { connection: member.name().clone(), since, samples }))
}
