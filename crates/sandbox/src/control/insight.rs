//! Control of the site: actions of its administrators, and its content.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{Json, Response};
use axum::routing::{delete, get, post, put};
use serde_json::{Value, json};

use super::exchange::{Both, Page, Sides, answer, json_body};

pub(super) fn router() -> Router<Both> {
    Router::new()
        .route("/objects", get(objects))
        .route("/objects/{id}", post(change_object).delete(delete_object))
        .route("/attributes", post(add_attribute).put(change_attribute).delete(delete_attribute))
        .route("/object-types", delete(delete_object_type))
        .route("/executions", get(executions))
        .route("/document", get(document).delete(delete_schema))
        .route("/token", post(rotate_token))
        .route("/settings", put(settings))
}

async fn objects(State(Both { site, .. }): Sides, Query(page): Page) -> Json<Value> {
    let after = page.get("after").and_then(|a| a.parse().ok()).unwrap_or_default();
    let limit = page.get("limit").and_then(|l| l.parse().ok()).unwrap_or(1000_usize).clamp(1, 1000);
    let object_type = page.get("type").map(String::as_str).unwrap_or_default();
    Json(site.objects(object_type, page.get("identity").map(String::as_str), after, limit))
}

async fn document(State(Both { site, .. }): Sides) -> Json<Value> {
    Json(site.document())
}

async fn delete_schema(State(Both { site, .. }): Sides) -> Json<Value> {
    site.delete_schema();
    Json(Value::Null)
}

async fn rotate_token(State(Both { site, .. }): Sides) -> Json<Value> {
    Json(json!({ "token": site.rotate_token() }))
}

async fn settings(State(Both { site, .. }): Sides, body: Bytes) -> Json<Value> {
    site.change_settings(&json_body(&body));
    Json(Value::Null)
}

async fn executions(State(Both { site, .. }): Sides) -> Json<Value> {
    Json(site.history())
}

async fn add_attribute(State(Both { site, .. }): Sides, body: Bytes) -> Response {
    answer(site.add_attribute(&json_body(&body)))
}

async fn change_attribute(State(Both { site, .. }): Sides, body: Bytes) -> Response {
    answer(site.change_attribute(&json_body(&body)))
}

async fn delete_attribute(State(Both { site, .. }): Sides, body: Bytes) -> Response {
    answer(site.delete_attribute(&json_body(&body)))
}

async fn delete_object_type(State(Both { site, .. }): Sides, body: Bytes) -> Response {
    answer(site.delete_object_type(&json_body(&body)))
}

async fn change_object(State(Both { site, .. }): Sides, Path(id): Path<u64>, body: Bytes) -> Response {
    answer(site.change_values(id, &json_body(&body)))
}

async fn delete_object(State(Both { site, .. }): Sides, Path(id): Path<u64>) -> Response {
    answer(site.delete_object(id))
}
