//! Error pages.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use sync_daemon::ServiceError;
use sync_engine::{StoreError, error_chain};

use super::components::{action, sentence};
use super::layout::{self, TABS};
use crate::access::{Identity, Problem};
use crate::words::access;

/// The reason for an error page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// The address names nothing.
    Missing(&'static str),
    /// The request is invalid.
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
                let page = ErrorPage {
                    title: access::NOT_FOUND,
                    what: access::missing(thing),
                    hint: html! { (access::missing_hint(thing)) },
                    listed: thing != "connection",
                };
                page.answer(StatusCode::NOT_FOUND)
            }
            Self::Bad(why) => {
                let hint = html! { (access::INVALID_REQUEST_HINT) };
                let page =
                    ErrorPage { title: access::INVALID_REQUEST, what: sentence(&why), hint, listed: false };
                page.answer(StatusCode::BAD_REQUEST)
            }
            Self::Failed(error) => {
                let reason = error_chain(&error);
                tracing::error!(error = reason, "could not render a page");
                let hint = error
                    .remedy()
                    .map_or_else(|| html! { (access::INTERNAL_ERROR_HINT) }, |remedy| action(&remedy, None));
                let what = sentence(&reason);
                let page = ErrorPage { title: access::INTERNAL_ERROR, what, hint, listed: false };
                page.answer(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// The content of an error page, which [`framed`] puts into the frame of a page.
#[derive(Debug, Clone)]
struct ErrorPage {
    title: &'static str,
    what: String,
    hint: Markup,
    /// True if the parent page in the address lists such things.
    listed: bool,
}

impl ErrorPage {
    fn answer(self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Renders an error page in the common frame.
pub(super) async fn framed(identity: Identity, request: Request, next: Next) -> Response {
    let list = list_of(request.uri().path());
    let mut response = next.run(request).await;
    let Some(ErrorPage { title, what, hint, listed }) = response.extensions_mut().remove() else {
        return response;
    };
    let list = list.filter(|_| listed);
    let body = message(title, &what, &hint, list.as_ref());
    (response.status(), layout::page(&identity, title, None, &body)).into_response()
}

/// The address and title of the parent list of an address.
fn list_of(path: &str) -> Option<(String, &'static str)> {
    let mut parts = path.strip_prefix("/connections/")?.split('/');
    let (name, kind, _) = (parts.next()?, parts.next()?, parts.next()?);
    let (end, title) = TABS.into_iter().find(|(end, _)| end.strip_prefix('/') == Some(kind))?;
    Some((format!("/connections/{name}{end}"), title))
}

pub(super) async fn not_found() -> Response {
    let (what, hint) = (access::NO_PAGE.to_owned(), html! { (access::NO_PAGE_HINT) });
    ErrorPage { title: access::PAGE_NOT_FOUND, what, hint, listed: false }.answer(StatusCode::NOT_FOUND)
}

/// The page of a request that was rejected.
pub(crate) fn refusal(problem: &Problem) -> Markup {
    layout::bare(
        problem.kind.title(),
        &message(problem.kind.title(), &sentence(&problem.detail), &html! { (sentence(problem.hint)) }, None),
    )
}

fn message(title: &str, what: &str, hint: &Markup, list: Option<&(String, &str)>) -> Markup {
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
