//! Transport faults between client and server: delayed, rejected, reset, and truncated.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures::{StreamExt, stream};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;

use super::active::Faults;
use super::fault::{Fault, Side};
use crate::clock::now;

const JSON: &str = "application/json";

/// The reason for which a body ends early. It is never read: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("a fault closed the connection")]
struct Broken;

/// Lets a request through, or rejects it.
///
/// The org creates its own 429 responses, because a rejected request has used its proof.
pub(crate) async fn inject(
    State((faults, side)): State<(Arc<Faults>, Side)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    if let Some(time) = faults.time_at(Fault::Latency(side), &path) {
        tokio::time::sleep(time).await;
    }
    if faults.strikes_at(Fault::Reset(side), &path) {
        return cut();
    }
    if faults.strikes_at(Fault::ServerError(side), &path) {
        return server_error(side, faults.pick(Fault::ServerError(side), &[500, 502, 503, 504], 503));
    }
    if faults.strikes_at(Fault::NotFound(side), &path) {
        return not_found(&faults, side);
    }
    if side == Side::Assets && path.ends_with("/data") && faults.strikes(Fault::ChunkRefused) {
        let status = faults.pick(Fault::ChunkRefused, &[400, 413, 422], 400);
        return plain(status, JSON, r#"{"errorMessages":["a fault rejected the entries"],"errors":{}}"#);
    }
    if side == Side::Assets
        && let Some(refused) = rate_limit(&faults)
    {
        return refused;
    }
    let lists = side == Side::Okta && request.method() == http::Method::GET && is_listing(&path);
    let mut response = next.run(request).await;
    if lists && faults.strikes_at(Fault::OddItem, &path) {
        response = with_an_odd_item(&faults, response).await;
    }
    if faults.strikes_at(Fault::LostResponse(side), &path) {
        return cut();
    }
    if faults.strikes_at(Fault::ResetBody(side), &path) {
        return halved(response, true).await;
    }
    if faults.strikes_at(Fault::Truncated(side), &path) {
        return halved(response, false).await;
    }
    response
}

/// True if the response is a list of users, groups, or events.
fn is_listing(path: &str) -> bool {
    path.starts_with("/api/v1/") && ["/users", "/groups", "/logs"].iter().any(|end| path.ends_with(end))
}

async fn with_an_odd_item(faults: &Faults, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let number = faults.pick(Fault::OddItem, &[0, 1, 2, 3, 5, 8, 13, 21], 0);
    let Some(spoiled) = super::odd::spoil_one(&whole, number) else {
        return Response::from_parts(parts, Body::from(whole));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(spoiled))
}

/// A 404 that says nothing about the object: from a proxy, from a gateway, or for an unknown path.
fn not_found(faults: &Faults, side: Side) -> Response {
    const PROXY: (&str, &str) = ("text/html", "<html><body><h1>404 Not Found</h1></body></html>");
    const GATEWAY: (&str, &str) = (JSON, r#"{"message":"no Route matched with those values"}"#);
    const PATH: (&str, &str) = (
        JSON,
        r#"{"errorCode":"E0000008","errorSummary":"The requested path was not found","errorLink":"E0000008","errorId":"oaesandbox","errorCauses":[]}"#,
    );
    let kinds: &[_] = if side == Side::Okta { &[PROXY, GATEWAY, PATH] } else { &[PROXY, GATEWAY] };
    let (kind, body) = faults.pick(Fault::NotFound(side), kinds, PROXY);
    plain(404, kind, body)
}

/// Closes the connection before a byte is sent: the head waits for the body, and the body fails at once.
fn cut() -> Response {
    Response::new(Body::from_stream(stream::once(async { Err::<Bytes, _>(Broken) })))
}

fn server_error(side: Side, status: u16) -> Response {
    let (kind, body) = if side == Side::Okta && status == 500 {
        (
            "application/json",
            r#"{"errorCode":"E0000009","errorSummary":"Internal Server Error","errorLink":"E0000009","errorId":"oaesandbox","errorCauses":[]}"#,
        )
    } else {
        ("text/html", "<html><body><h1>Something went wrong</h1></body></html>")
    };
    plain(status, kind, body)
}

fn rate_limit(faults: &Faults) -> Option<Response> {
    let bare = faults.strikes(Fault::RateLimitedNoHeaders(Side::Assets));
    let mut response = if bare || faults.strikes(Fault::TooManyAtOnce(Side::Assets)) {
        plain(if bare { 429 } else { 503 }, "text/html", "")
    } else if faults.strikes(Fault::RateLimited(Side::Assets)) {
        plain(429, "text/html", "<html><body>Too many requests</body></html>")
    } else if faults.strikes(Fault::RateLimitedPast(Side::Assets)) {
        return Some(in_the_past(faults));
    } else {
        return None;
    };
    if !bare {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        let reset = (now() + jiff::SignedDuration::from_secs(1)).to_string();
        if let Ok(reset) = HeaderValue::from_str(&reset) {
            headers.insert("x-ratelimit-reset", reset);
        }
    }
    Some(response)
}

/// A 429 that permits an immediate repeat: its time is past, or zero.
fn in_the_past(faults: &Faults) -> Response {
    let mut response = plain(429, "text/html", "<html><body>Too many requests</body></html>");
    let now = now();
    let past = now - jiff::SignedDuration::from_mins(1);
    let minute = now.as_second() - now.as_second() % 60;
    let minute = Timestamp::from_second(minute).unwrap_or(past);
    let (wait, reset) = faults.pick(
        Fault::RateLimitedPast(Side::Assets),
        &[
            (Some("0"), Some(past)),
            (Some("Sun, 01 Mar 2026 10:00:00 GMT"), None),
            (None, Some(minute)),
            (Some("0"), None),
        ],
        (Some("0"), Some(past)),
    );
    let headers = response.headers_mut();
    if let Some(wait) = wait {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static(wait));
    }
    if let Some(reset) = reset.and_then(|reset| HeaderValue::from_str(&reset.to_string()).ok()) {
        headers.insert("x-ratelimit-reset", reset);
    }
    response
}

fn plain(status: u16, kind: &'static str, body: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Half of the body: as all of it, or with the length of the whole before the connection is closed.
async fn halved(response: Response, cut: bool) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = whole.slice(..whole.len() / 2);
    parts.headers.remove(header::CONTENT_LENGTH);
    if !cut || whole.len() < 2 {
        let rest = if whole.len() < 2 { whole } else { half };
        return Response::from_parts(parts, Body::from(rest));
    }
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let sent =
        stream::once(async { Ok::<_, Infallible>(half) }).map(|chunk| chunk.map_err(|never| match never {}));
    // The half has to be on its way before the connection goes.
    let broken = stream::once(async {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        Err::<Bytes, Broken>(Broken)
    });
    Response::from_parts(parts, Body::from_stream(sent.chain(broken)))
}
