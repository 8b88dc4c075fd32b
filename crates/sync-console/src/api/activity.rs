//! How it goes: runs under way, and figures of the last day.

use axum::Json;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sync_service::ActiveRuns;
use sync_service::wire::{Alerts, MetricSamples};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::Routes;
use super::document::Unusable;
use super::extract::{Params, Works};
use super::problem::ApiError;
use crate::access::Identity;

/// How far back samples go.
const KEPT: SignedDuration = SignedDuration::from_hours(25);
/// How far back they go unless more is asked for.
const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn routes() -> Routes {
    vec![routes!(live_run), routes!(troubles), routes!(samples)]
}

/// Runs under way, and those that ended lately: phases, rates, remaining time
#[utoipa::path(
    get,
    path = "/connections/{name}/live-run",
    operation_id = "get_live_run",
    tag = "runs",
    responses((status = 200, description = "The runs of the daemon", body = ActiveRuns), Unusable),
)]
async fn live_run(_identity: Identity, Works(_, connection): Works) -> Json<ActiveRuns> {
    Json(connection.live_run())
}

/// What goes wrong now, and what went wrong lately
#[utoipa::path(
    get,
    path = "/connections/{name}/troubles",
    operation_id = "list_troubles",
    tag = "runs",
    responses((status = 200, description = "The troubles since the daemon began", body = Alerts), Unusable),
)]
async fn troubles(_identity: Identity, Works(member, connection): Works) -> Json<Alerts> {
    Json(Alerts { connection: member.name().clone(), alerts: connection.troubles() })
}

/// Which samples.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Since {
    /// Since when; at most the last 25 hours, and the last 24 unless it is given.
    since: Option<Timestamp>,
}

/// How the connection was doing, minute by minute
#[utoipa::path(
    get,
    path = "/connections/{name}/samples",
    operation_id = "list_samples",
    tag = "runs",
    params(Since),
    responses((status = 200, description = "The samples", body = MetricSamples), Unusable),
)]
async fn samples(
    _identity: Identity,
    Works(member, connection): Works,
    Params(asked): Params<Since>,
) -> Result<Json<MetricSamples>, ApiError> {
    let now = Timestamp::now();
    let ago = |time: SignedDuration| now.checked_sub(time).unwrap_or(Timestamp::MIN);
    let since = asked.since.map_or_else(|| ago(DAY), |since| since.max(ago(KEPT)));
    let samples = connection.samples(since).await?;
    Ok(Json(MetricSamples { connection: member.name().clone(), since, samples }))
}
