//! The state, the requests, and the responses of the control API.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use serde_json::{Value, json};

use crate::assets::{self, Site};
use crate::faults::Faults;
use crate::okta::{self, OrgServer};

/// The simulators that the control API controls.
#[derive(Clone)]
pub(crate) struct Both {
    pub(crate) org: Arc<OrgServer>,
    pub(crate) site: Arc<Site>,
    pub(crate) faults: Arc<Faults>,
}

pub(super) type Sides = State<Both>;
pub(super) type Page = Query<HashMap<String, String>>;

pub(super) fn json_body(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

pub(super) fn answer<T: serde::Serialize, E: Into<Problem>>(result: Result<T, E>) -> Response {
    match result {
        Ok(value) => Json(json!(value)).into_response(),
        Err(problem) => (StatusCode::BAD_REQUEST, Json(json!({ "error": problem.into().0 }))).into_response(),
    }
}

pub(super) struct Problem(&'static str);

impl From<assets::Refused> for Problem {
    fn from(refused: assets::Refused) -> Self {
        Self(refused.0)
    }
}

impl From<okta::Refused> for Problem {
    fn from(refused: okta::Refused) -> Self {
        Self(refused.0)
    }
}
