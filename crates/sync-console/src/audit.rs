//! The audit log: every change passes [`record`], whatever page or call it comes from.

mod action;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, MatchedPath, RawPathParams, Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::Response;
use futures::TryStreamExt;
use serde_json::{Map, Value};
use sync_daemon::{client_address, connection_state, difference, token_state};
use sync_model::ConnectionName;
use sync_store::AuditEntry;
use url::form_urlencoded;

use crate::access::{Identity, SignInMethod};
use crate::app::App;
use action::{Effect, effect};

/// The length of a body that is searched for the requested change.
const MAX_RECORDED_BYTES: usize = 16 << 10;
/// The maximum length of a stored text.
const LONGEST: usize = 200;
/// The origin of requests over the socket beside the store.
const LOCAL_SOCKET: &str = "local socket";
/// The stored members of a body. None of them can be a secret.
const KEPT: [&str; 16] = [
    "accept",
    "override_safeguards",
    "although",
    "days",
    "for",
    "groups",
    "id",
    "ids",
    "life",
    "name",
    "new",
    "plan",
    "resend",
    "role",
    "seconds",
    "which",
];

/// Records who changed an item, from which address, and its state before and after. For
/// [`axum::middleware::from_fn_with_state`], inside the access check.
pub(crate) async fn record(
    State(app): State<App>,
    identity: Identity,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let action = match effect(request.method(), path) {
        Effect::None => return next.run(request).await,
        Effect::Change(action) => action.to_owned(),
        // The action is in no table and is logged nevertheless.
        Effect::Unlisted => format!("{} {path}", request.method()),
    };
    // A path that isn't text has no connection.
    let parameters: Vec<(&str, &str)> = parameters.iter().flatten().collect();
    let part = |name: &str| parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| short(value));
    let connection = part("name");
    let subject = ["object", "event", "id"].iter().find_map(|name| part(name));
    let behind_proxy = app.manager.config().behind_proxy;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let origin = match identity.via {
        SignInMethod::LocalSocket => Some(LOCAL_SOCKET.to_owned()),
        _ => peer.map(|peer| client_address(peer, request.headers(), behind_proxy).to_string()),
    };
    let headers = request.headers().clone();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let request = record_body(request, Arc::clone(&seen));
    // A name that cannot be one has no state.
    let named = connection.clone().map(ConnectionName::try_from);
    let before = state(&app, named.as_ref()).await;
    let response = next.run(request).await;
    let after = state(&app, named.as_ref()).await;
    let (before, after) =
        before.zip(after).map(|(before, after)| difference(before, after)).unwrap_or_default();
    let status = response.status();
    let body = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    let via = match identity.via {
        SignInMethod::Session => "session",
        SignInMethod::Token => "token",
        SignInMethod::LocalSocket => "local_socket",
    };
    let entry = AuditEntry {
        origin,
        connection,
        subject,
        request: choices_of(&headers, &body),
        before,
        after,
        succeeded: status.is_success() || status.is_redirection(),
        ..AuditEntry::new(app.manager.now(), &identity.principal, via, &action)
    };
    if let Err(error) = app.manager.store().audit().append(&entry).await {
        let (error, actor) = (sync_engine::error_chain(&error), &entry.actor);
        tracing::error!(target: "audit", error, actor, action, "could not write a change to the audit log");
    }
    response
}

/// The same request; the start of its body is recorded as it is read.
fn record_body(request: Request, seen: Arc<Mutex<Vec<u8>>>) -> Request {
    request.map(|body| {
        Body::from_stream(body.into_data_stream().inspect_ok(move |bytes| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let room = MAX_RECORDED_BYTES.saturating_sub(seen.len());
            seen.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        }))
    })
}

/// The state that a request can change; empty if the store can't be read.
async fn state<E>(app: &App, connection: Option<&Result<ConnectionName, E>>) -> Option<Value> {
    let store = app.manager.store();
    let state = match connection {
        Some(name) => connection_state(store, name.as_ref().ok()?, app.manager.now()).await,
        None => token_state(store).await,
    };
    state.ok()
}

/// The choices in a body of JSON or a form.
fn choices_of(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let sent: Map<String, Value> = if kind.starts_with("application/x-www-form-urlencoded") {
        form_urlencoded::parse(body).map(|(key, value)| (key.into_owned(), value.into())).collect()
    } else {
        serde_json::from_slice(body).ok()?
    };
    let kept = sent.into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).map(|(key, mut value)| {
        shorten(&mut value);
        (key, value)
    });
    let kept: Map<_, _> = kept.collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => *text = short(text),
        Value::Array(items) => {
            items.truncate(20);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(_) => *value = Value::Null,
        _ => {}
    }
}

/// A text that is no token, on one line.
fn short(text: &str) -> String {
    if text.trim().starts_with("oia_") {
        return "oia_...".to_owned();
    }
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_removed_from_bodies() {
        let headers = |kind: &'static str| [(CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect();
        let json = br#"{"secrets":{"import_token":"s3cret"},"settings":{"x":"s3cret"},"name":"oia_s3cret","new":true}"#;
        let kept = choices_of(&headers("application/json"), json);
        assert_eq!(kept, Some(json!({ "name": "oia_...", "new": true })));
        let form =
            choices_of(&headers("application/x-www-form-urlencoded"), b"private_key=s3cret&accept=yes");
        assert_eq!(form, Some(json!({ "accept": "yes" })));
    }
}
