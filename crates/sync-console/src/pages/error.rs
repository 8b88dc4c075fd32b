//! What is shown in the place of a page that cannot be had.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use sync_service::engine::StoreError;
use sync_service::{ServiceError, error_chain};

use super::components::capital;
use super::layout::{self, TABS};
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
            Self::Missing(thing) => {
                let what = format!("There is no such {thing}.");
                let told = Told {
                    title: "Not found",
                    what,
                    hint: missing(thing).to_owned(),
                    listed: thing != "connection",
                };
                told.answer(StatusCode::NOT_FOUND)
            }
            Self::Bad(why) => {
                let hint = "Go back, correct it, and try again.".to_owned();
                let told = Told { title: "That cannot be done", what: why, hint, listed: false };
                told.answer(StatusCode::BAD_REQUEST)
            }
            Self::Failed(error) => {
                let reason = error_chain(&error);
                tracing::error!(error = reason, "a page could not be shown");
                let hint = error.hint().map(|hint| wording::here(&hint));
                let hint =
                    hint.unwrap_or_else(|| "Try again; if it stays, look into the log of the daemon.".into());
                let told = Told { title: "Something failed", what: reason, hint, listed: false };
                told.answer(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// What became of a thing that is not there.
fn missing(thing: &str) -> &'static str {
    match thing {
        "connection" => "It may have been removed, or has another name.",
        "run" | "event" => "The address may be wrong, or it is so old that it was forgotten.",
        "object" => "Neither Okta nor what was sent to Assets has it. The ID in the address may be wrong.",
        _ => "The address may be wrong.",
    }
}

/// What is told in the place of a page; it is put into the frame of a page by [`framed`].
#[derive(Debug, Clone)]
struct Told {
    title: &'static str,
    what: String,
    hint: String,
    /// Whether the page above in the address lists such things.
    listed: bool,
}

impl Told {
    fn answer(self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Puts what is told in the place of a page into the frame that all pages have.
pub(super) async fn framed(identity: Identity, request: Request, next: Next) -> Response {
    let list = list_of(request.uri().path());
    let mut response = next.run(request).await;
    let Some(Told { title, what, hint, listed }) = response.extensions_mut().remove() else {
        return response;
    };
    let list = list.filter(|_| listed);
    let body = message(title, &what, &hint, list.as_ref());
    (response.status(), layout::page(&identity, title, None, &body)).into_response()
}

/// The page that lists such things as an address names: where it is, and what people call it.
fn list_of(path: &str) -> Option<(String, &'static str)> {
    let mut parts = path.strip_prefix("/connections/")?.split('/');
    let (name, kind, _) = (parts.next()?, parts.next()?, parts.next()?);
    let (end, title) = TABS.into_iter().find(|(end, _)| end.strip_prefix('/') == Some(kind))?;
    Some((format!("/connections/{name}{end}"), title))
}

pub(super) async fn not_found() -> Response {
    let what = "There is no page at this address.".to_owned();
    let hint = "Begin with the connections.".to_owned();
    Told { title: "Page not found", what, hint, listed: false }.answer(StatusCode::NOT_FOUND)
}

/// A refusal by the guard.
pub(crate) fn refusal(problem: &Problem) -> Markup {
    layout::bare(
        problem.title,
        &message(problem.title, &capital(&problem.detail), &capital(problem.hint), None),
    )
}

fn message(title: &str, what: &str, hint: &str, list: Option<&(String, &str)>) -> Markup {
    html! {
        section.notice.notice-problem {
            h1 { (title) }
            p { (what) }
            p { (hint) }
            div.actions {
                @if let Some((address, title)) = list { a.button href=(address) { (title) } }
                a.button href="/" { "Connections" }
            }
        }
    }
}
