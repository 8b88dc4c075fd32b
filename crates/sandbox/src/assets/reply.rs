//! Responses of the site.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::ids::WORKSPACE;
use super::site::Site;
use crate::origin::origin;

/// The address of something below the import source.
pub(super) fn link(site: &Site, end: &str) -> String {
    format!(
        "{}/jsm/assets/workspace/{WORKSPACE}/v1/importsource/{}/{end}",
        origin(&site.url),
        site.ids.source
    )
}

pub(super) fn not_found() -> Response {
    problem(404, "Not found.")
}

/// An error as Assets words it in most places.
pub(super) fn problem(status: u16, message: &str) -> Response {
    reply(status, &json!({ "errorMessages": [message], "errors": {} }))
}

pub(super) fn reply(status: u16, body: &Value) -> Response {
    let mut response = empty(status);
    *response.body_mut() = Body::from(body.to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub(super) fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}
