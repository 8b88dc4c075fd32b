//! Rejected requests, as documents and as pages.

use admin_api::{ProblemType, wire};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

/// A rejected request: a problem document (RFC 9457) for programs. It is also an extension of the response, so that a layer
/// can render it as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The type, with its title and HTTP status.
    pub kind: ProblemType,
    /// The error.
    pub detail: String,
    /// The action that resolves it.
    pub hint: &'static str,
    /// True if the response is text instead of JSON.
    pub for_page: bool,
}

impl Problem {
    pub(crate) fn new(kind: ProblemType, detail: impl Into<String>, hint: &'static str) -> Self {
        Self { kind, detail: detail.into(), hint, for_page: false }
    }

    pub(super) const fn on_page(mut self, for_page: bool) -> Self {
        self.for_page = for_page;
        self
    }

    /// A missing or wrong CSRF token.
    pub(super) fn stale_form() -> Self {
        let detail = "the form expired or belongs to another session";
        Self::new(ProblemType::InvalidCsrfToken, detail, "reload the page and try again")
    }

    /// A failure of the store; the log has the details.
    pub(super) fn unavailable() -> Self {
        let detail = "could not read the sign-in from the state store";
        let hint = "try again; if the error persists, check the daemon's log";
        Self::new(ProblemType::StoreUnavailable, detail, hint)
    }

    fn document(&self) -> wire::Problem {
        wire::Problem {
            kind: self.kind.urn(),
            title: self.kind.title().to_owned(),
            status: self.kind.status(),
            detail: self.detail.clone(),
            hint: Some(self.hint.to_owned()),
            remedy: None,
            fields: Vec::new(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (kind, body) = if self.for_page {
            ("text/plain; charset=utf-8", format!("{}: {}; {}\n", self.kind.title(), self.detail, self.hint))
        } else {
            ("application/problem+json", serde_json::to_string(&self.document()).unwrap_or_default())
        };
        let mut response = (status, [(CONTENT_TYPE, kind)], body).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// True if a browser navigates to the path, and false for programs and scripts.
pub(super) fn is_for_page(path: &str, headers: &HeaderMap) -> bool {
    let by_script = headers.get("sec-fetch-dest").is_some_and(|dest| dest != "document");
    !(path == "/api" || path.starts_with("/api/") || by_script)
}
