//! The API that changes both sides and reads them, and a client for it.

mod client;
mod exchange;
mod insight;
mod okta;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

pub use client::ControlClient;
pub(crate) use exchange::Both;

use crate::faults::{FaultSpec, InvalidFault};
use exchange::Sides;

/// The routes below `/control`.
pub(crate) fn router(both: Both) -> Router {
    Router::new()
        .nest("/okta", okta::router())
        .nest("/insight", insight::router())
        .route("/faults", get(show_faults).put(set_faults).post(change_faults).delete(end_faults))
        .route("/release", post(release))
        .route("/stats", get(stats))
        .with_state(both)
}

async fn show_faults(State(both): Sides) -> Json<Value> {
    Json(both.faults.show())
}

async fn set_faults(State(both): Sides, body: Bytes) -> Response {
    apply(&both, FaultSpec::from_json(&fault_body(&body)))
}

async fn change_faults(State(both): Sides, body: Bytes) -> Response {
    apply(&both, both.faults.spec().changed(&fault_body(&body)))
}

/// JSON, or the text form unchanged.
fn fault_body(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into())
}

fn apply(both: &Both, spec: Result<FaultSpec, InvalidFault>) -> Response {
    match spec {
        Ok(spec) => {
            both.faults.set(spec);
            Json(both.faults.show()).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))).into_response(),
    }
}

/// All faults end, and delayed work continues.
async fn end_faults(State(both): Sides) -> Json<Value> {
    both.faults.set(FaultSpec::default());
    both.faults.release();
    both.org.catch_up();
    Json(Value::Null)
}

async fn release(State(both): Sides) -> Json<Value> {
    both.faults.release();
    Json(Value::Null)
}

async fn stats(State(both): Sides) -> Json<Value> {
    let mut stats = both.org.stats();
    stats["insight"] = both.site.stats();
    Json(stats)
}
