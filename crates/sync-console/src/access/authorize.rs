//! The authentication and authorization of every request to a page or the API.

use std::time::Duration;

use admin_api::ProblemType;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use sync_daemon::Visitor;
use sync_store::access::Role;
use url::form_urlencoded;

use super::cookies::Purpose;
use super::crypto::same;
use super::identity::{CSRF_FIELD, CSRF_HEADER};
use super::origin::is_foreign;
use super::problem::is_for_page;
use super::return_to::local_path;
use super::state::Sender;
use super::{Access, Identity, Problem, SignInMethod};

/// The largest form. A private key fits into it many times.
const FORM_LIMIT: usize = 256 * 1024;
/// The time limit for receiving a form.
const FORM_TIME: Duration = Duration::from_secs(20);
/// The interval at which the access of a stream is checked.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Admits authenticated requests that their role permits, and adds an [`Identity`]. For
/// [`axum::middleware::from_fn_with_state`]; the pages of [`routes`](super::routes) need no authentication.
///
/// Other requests are redirected to the sign-in page, or rejected with 401 if a program or script sent them. Changes in
/// a session require its CSRF token, in the header `X-CSRF-Token` or the form field `csrf`, and must not come from
/// another site. The read-only role permits no changes.
pub async fn authorize(State(access): State<Access>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let for_page = is_for_page(parts.uri.path(), &parts.headers);
    let sender = match access.identify(&parts.headers).await {
        Ok(sender) => sender,
        Err(error) => {
            tracing::error!(error = %sync_engine::error_chain(&error), "could not identify the caller");
            return kept_private(Problem::unavailable().on_page(for_page).into_response());
        }
    };
    let identity = match sender {
        Sender::Known(identity) => identity,
        other => return kept_private(unauthenticated(&access, &parts, &other, for_page)),
    };
    if let Some(visitor) = parts.extensions.get::<Visitor>() {
        visitor.mark_authenticated();
    }
    let headers = parts.headers.clone();
    let request = match admitted(&identity, parts, body).await {
        Ok(request) => request,
        Err(problem) => return kept_private(problem.on_page(for_page).into_response()),
    };
    kept_private(while_admitted(access, headers, identity.role, next.run(request).await))
}

/// A stream of events ends soon after the token or session that it was opened with.
fn while_admitted(access: Access, headers: HeaderMap, role: Role, response: Response) -> Response {
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !kind.is_some_and(|kind| kind.starts_with(b"text/event-stream")) {
        return response;
    }
    let ended = async move {
        loop {
            tokio::time::sleep(POLL_INTERVAL).await;
            match access.identify(&headers).await {
                Ok(Sender::Known(now)) if now.role == role => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(error = %sync_engine::error_chain(&error), "could not identify the caller of a stream");
                }
            }
        }
    };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(ended))))
}

/// Marks a response as private, so that no cache stores it.
fn kept_private(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// True if the method changes nothing.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn unauthenticated(access: &Access, parts: &Parts, sender: &Sender, for_page: bool) -> Response {
    if let Sender::InvalidToken(token) = sender
        && let Err(wait) = access.refused(token, access.client(&parts.extensions, &parts.headers))
    {
        let detail = "too many requests with wrong tokens from this address or with this prefix";
        let hint = "send a valid token, or wait";
        let problem = Problem::new(ProblemType::Throttled, detail, hint);
        return ([(RETRY_AFTER, wait.as_secs().max(1).to_string())], problem).into_response();
    }
    let invalid_token = matches!(sender, Sender::InvalidToken(_));
    if for_page && !invalid_token {
        let back = parts.uri.path_and_query().map(PathAndQuery::as_str).filter(|_| is_safe(&parts.method));
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(back) = back.and_then(local_path).filter(|back| *back != "/") {
            query.append_pair("next", back);
        }
        let ended = matches!(sender, Sender::Ended);
        if ended {
            query.append_pair("ended", "1");
        }
        let query = query.finish();
        let to = if query.is_empty() { "/sign-in".to_owned() } else { format!("/sign-in?{query}") };
        let mut response = (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response();
        if ended && let Ok(clear) = HeaderValue::from_str(&Purpose::Session.clear(access.secure())) {
            response.headers_mut().append(SET_COOKIE, clear);
        }
        return response;
    }
    let detail = match sender {
        Sender::InvalidToken(_) => "this token is unknown, revoked, or expired",
        Sender::Ended => "the session ended; sign in again",
        _ => "not signed in",
    };
    let hint =
        "send a token as `Authorization: Bearer TOKEN`; to create one, run `okta-insight tokens create`";
    let challenge = if invalid_token { "Bearer error=\"invalid_token\"" } else { "Bearer" };
    let problem = Problem::new(ProblemType::Unauthorized, detail, hint);
    ([(WWW_AUTHENTICATE, challenge)], problem).into_response()
}

/// The request for the next handler, with its identity.
async fn admitted(identity: &Identity, mut parts: Parts, mut body: Body) -> Result<Request, Problem> {
    if !is_safe(&parts.method) {
        if identity.via == SignInMethod::Session {
            if is_foreign(&parts.headers, parts.uri.authority().map(Authority::as_str)) {
                let detail = "another site sent this request; nothing changed";
                return Err(Problem::new(
                    ProblemType::ForeignOrigin,
                    detail,
                    "open the console and try again",
                ));
            }
            let (sent, rest) = sent_csrf(&parts.headers, body).await?;
            body = rest;
            if !identity.csrf.as_deref().is_some_and(|csrf| same(csrf, &sent)) {
                return Err(Problem::stale_form());
            }
        }
        if !identity.may_change() {
            let hint = "sign in with an administrator token";
            return Err(Problem::new(ProblemType::InsufficientRole, "this sign-in is read-only", hint));
        }
    }
    parts.extensions.insert(identity.clone());
    Ok(Request::from_parts(parts, body))
}

/// The CSRF token from the header or a form, and the body that is left to read.
async fn sent_csrf(headers: &HeaderMap, body: Body) -> Result<(String, Body), Problem> {
    if let Some(header) = headers.get(CSRF_HEADER) {
        return Ok((header.to_str().unwrap_or_default().to_owned(), body));
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().is_none_or(|kind| kind.trim() != "application/x-www-form-urlencoded") {
        return Ok((String::new(), body));
    }
    let form = read_form(body).await?;
    let sent = form_urlencoded::parse(&form).find(|(name, _)| name == CSRF_FIELD);
    Ok((sent.map(|(_, value)| value.into_owned()).unwrap_or_default(), Body::from(form)))
}

pub(super) async fn read_form(body: Body) -> Result<axum::body::Bytes, Problem> {
    let refused = |kind, detail: &str| Problem::new(kind, detail, "send the form again");
    match tokio::time::timeout(FORM_TIME, to_bytes(body, FORM_LIMIT)).await {
        Ok(Ok(form)) => Ok(form),
        Ok(Err(_)) => {
            Err(refused(ProblemType::PayloadTooLarge, "the form is larger than 256 KiB or incomplete"))
        }
        Err(_) => Err(refused(ProblemType::RequestTimeout, "the form didn't arrive within 20 s")),
    }
}
