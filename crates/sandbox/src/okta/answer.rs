//! Responses of the org before their serialization.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::server::OrgServer;
use crate::origin::origin;

/// A response before its serialization.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Option<Value>,
    pub(super) links: Vec<String>,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), links: Vec::new() }
    }

    pub(super) fn error(status: u16, code: &str, summary: &str) -> Self {
        let body = json!({
            "errorCode": code, "errorSummary": summary, "errorLink": code,
            "errorId": format!("oae{}", Uuid::new_v4().simple()), "errorCauses": [],
        });
        Self { status: StatusCode::from_u16(status).unwrap_or_default(), body: Some(body), links: Vec::new() }
    }

    pub(super) fn not_found(id: &str, kind: &str) -> Self {
        Self::error(404, "E0000007", &format!("Not found: Resource not found: {id} ({kind})"))
    }

    pub(super) fn no_method() -> Self {
        Self::error(405, "E0000022", "The endpoint does not support the provided HTTP method")
    }

    pub(super) fn rate_limited() -> Self {
        Self::error(429, "E0000047", "API call exceeded rate limit due to too many requests.")
    }
}

/// An object with the link to itself.
pub(super) fn with_self(org: &OrgServer, collection: &str, object: &Value) -> Value {
    let mut shown = object.clone();
    let id = object["id"].as_str().unwrap_or_default();
    shown["_links"] = json!({ "self": { "href": format!("{}/api/v1/{collection}/{id}", origin(&org.url)) } });
    shown
}
