//! Rejected requests, as a problem document or a page.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sync_service::wire;

/// A rejection, sent as a problem document (RFC 9457). It is also an extension of the response, so that a layer can render
/// a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The problem type.
    pub code: &'static str,
    /// The title.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The reason.
    pub detail: String,
    /// The remedy.
    pub hint: &'static str,
    /// True if a browser shows it: text instead of JSON.
    pub for_page: bool,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { code, title, status: status.as_u16(), detail: detail.into(), hint, for_page: false }
    }

    pub(super) const fn on_page(mut self, for_page: bool) -> Self {
        self.for_page = for_page;
        self
    }

    pub(super) fn forbidden(code: &'static str, detail: &str, hint: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, "Forbidden", detail, hint)
    }

    /// The CSRF token is missing or wrong.
    pub(super) fn stale_form() -> Self {
        let detail = "the form expired or belongs to another session";
        Self::forbidden("csrf", detail, "reload the page and try again")
    }

    /// The store failed; the log has the cause.
    pub(super) fn unavailable() -> Self {
        let detail = "could not read the sign-in from the state store";
        let hint = "try again; if the error persists, check the daemon's log";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable", detail, hint)
    }

    fn document(&self) -> wire::Problem {
        wire::Problem {
            kind: format!("urn:okta-insight-sync:problem:{}", self.code),
            title: self.title.to_owned(),
            status: self.status,
            detail: self.detail.clone(),
            hint: Some(self.hint.to_owned()),
            fields: Vec::new(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (kind, body) = if self.for_page {
            ("text/plain; charset=utf-8", format!("{}: {}; {}\n", self.title, self.detail, self.hint))
        } else {
            ("application/problem+json", serde_json::to_string(&self.document()).unwrap_or_default())
        };
        let mut response = (status, [(CONTENT_TYPE, kind)], body).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// True if a browser navigates there, rather than a program or script.
pub(super) fn is_for_page(path: &str, headers: &HeaderMap) -> bool {
    let by_script = headers.get("sec-fetch-dest").is_some_and(|dest| dest != "document");
    !(path == "/api" || path.starts_with("/api/") || by_script)
}
