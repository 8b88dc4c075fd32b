//! The daemon as a whole.

use admin_api::DaemonHealth;
use admin_api::wire::{DaemonTasks, Version};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use utoipa_axum::routes;

use super::document::Document;
use super::routes::Routes;
use crate::access::Identity;
use crate::app::App;

pub(super) fn routes() -> Routes {
    vec![routes!(version), routes!(health), routes!(tasks), routes!(openapi)]
}

/// Get the running version
#[utoipa::path(
    get,
    path = "/version",
    operation_id = "version",
    tag = "daemon",
    responses((status = 200, description = "Product and version", body = Version)),
)]
async fn version(_identity: Identity) -> Json<Version> {
    Json(Version { product: "okta-insight-sync".into(), version: env!("CARGO_PKG_VERSION").into() })
}

/// Get the readiness of every connection
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "daemon",
    responses((status = 200, description = "Readiness, and the conditions that stop it", body = DaemonHealth)),
)]
async fn health(_identity: Identity, State(app): State<App>) -> Json<DaemonHealth> {
    Json(app.manager.health().await)
}

/// List the background tasks that belong to no connection
#[utoipa::path(
    get,
    path = "/tasks",
    operation_id = "list_daemon_tasks",
    tag = "daemon",
    responses((status = 200, description = "Tasks of the daemon", body = DaemonTasks)),
)]
async fn tasks(_identity: Identity, State(app): State<App>) -> Json<DaemonTasks> {
    Json(DaemonTasks { tasks: app.manager.driver().statuses() })
}

/// This document
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "daemon",
    responses((status = 200, description = "The OpenAPI document", body = Object)),
)]
async fn openapi(_identity: Identity, Extension(document): Extension<Document>) -> Response {
    ([(CONTENT_TYPE, "application/json")], document.text()).into_response()
}
