//! What is shown in the place of a page that cannot be had.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use sync_service::engine::StoreError;
use sync_service::{ServiceError, explain};

use super::parts::capital;
use super::shell;
use crate::access::{Identity, Problem};
use crate::wording;

/// Why a page cannot be had.
#[derive(Debug)]
pub(crate) enum PageError {
    /// There is no such thing.
    Missing(&'static str),
    /// The request makes no sense.
    Bad(String),
    /// Something failed.
    Failed(ServiceError),
}

impl From<ServiceError> for PageError {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Missing(what) => page(
                StatusCode::NOT_FOUND,
                "Not found",
                &format!("There is no such {what}."),
                "It may have been removed, or its name changed. Go back to the connections and look for it there.",
            ),
            Self::Bad(why) => page(
                StatusCode::BAD_REQUEST,
                "That cannot be done",
                &why,
                "Go back, correct it, and try again.",
            ),
            Self::Failed(error) => {
                let reason = explain(&error);
                tracing::error!(error = reason, "a page could not be shown");
                let hint = error.hint().map(|hint| wording::here(&hint));
                let hint =
                    hint.unwrap_or_else(|| "Try again; if it stays, look into the log of the daemon.".into());
                page(StatusCode::INTERNAL_SERVER_ERROR, "Something failed", &reason, &hint)
            }
        }
    }
}

pub(super) async fn not_found(identity: Identity) -> Response {
    let body = message("Page not found", "There is no page at this address.", "Begin with the connections.");
    (StatusCode::NOT_FOUND, shell::page(&identity, "Page not found", None, &body)).into_response()
}

/// A refusal by the guard.
pub(crate) fn refusal(problem: &Problem) -> Markup {
    shell::bare(problem.title, &message(problem.title, &capital(&problem.detail), &capital(problem.hint)))
}

fn page(status: StatusCode, title: &str, what: &str, hint: &str) -> Response {
    (status, shell::bare(title, &message(title, what, hint))).into_response()
}

fn message(title: &str, what: &str, hint: &str) -> Markup {
    html! {
        section.notice.notice-problem {
            h1 { (title) }
            p { (what) }
            p { (hint) }
            p { a.button href="/" { "Connections" } }
        }
    }
}
