//! The org's HTTP side: authentication and responses.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, with_self};
use super::changes::schema_of;
use super::hook_api::event_hooks;
use super::listing::{groups, members, users};
use super::openid_api;
use super::requests::{Budget, Role};
use super::server::OrgServer;
use crate::faults::{Fault, Side, inject};
use crate::origin::origin;

/// The largest body that is read.
const BODY_LIMIT: usize = 1 << 20;

/// Everything below the org's address.
pub(crate) fn router(org: Arc<OrgServer>) -> Router {
    let faults = (Arc::clone(&org.faults), Side::Okta);
    Router::new()
        .fallback(handle)
        .layer(from_fn_with_state(Arc::clone(&org), dated))
        .layer(from_fn_with_state(faults, inject))
        .with_state(org)
}

/// Every response has the org's time, which can be shifted.
async fn dated(State(org): State<Arc<OrgServer>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&org.authority.now());
    if let Some(value) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
        response.headers_mut().insert(http::header::DATE, value);
    }
    response
}

async fn handle(State(org): State<Arc<OrgServer>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let path = parts.uri.path();
    let query: HashMap<String, String> = Query::try_from_uri(&parts.uri).map(|q| q.0).unwrap_or_default();
    if path.starts_with("/oauth2/") || path.starts_with("/.well-known/") {
        return authorization_server(&org, &parts, &query, &body);
    }
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let ["api", "v1", resource @ ..] = segments.as_slice() else {
        return respond(Answer::error(404, "E0000008", "The requested path was not found"), HeaderMap::new());
    };
    let Some((scope, bucket)) = scope_and_bucket(&parts.method, resource) else {
        return respond(Answer::error(404, "E0000008", "The requested path was not found"), HeaderMap::new());
    };
    if let Err(refused) = org.authority.admit(&parts.headers, parts.method.as_str(), path, scope) {
        return challenge(&refused, scope, path);
    }
    if let Some(refused) = refusal_on_demand(&org) {
        return refused;
    }
    let (budget, role) = {
        let mut requests = org.requests();
        (requests.count(bucket, org.authority.now()), requests.role)
    };
    let answer = if !budget.admitted {
        Answer::rate_limited()
    } else if role == Role::Nothing && resource == ["users"] {
        // Without an admin role, the listing is empty and other requests are rejected.
        Answer::ok(json!([]))
    } else if role == Role::Nothing || (role == Role::NoSchemas && resource.first() == Some(&"meta")) {
        Answer::error(403, "E0000006", "You do not have permission to perform the requested action")
    } else {
        answer(&org, &parts.method, resource, &query, &body).await
    };
    respond(answer, rate_headers(budget))
}

/// The resources that need no access token.
fn authorization_server(
    org: &Arc<OrgServer>,
    parts: &http::request::Parts,
    query: &HashMap<String, String>,
    body: &[u8],
) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let path = parts.uri.path();
    if let Some(answer) = openid_api::answer(org, &parts.method, path, query, &parts.headers, &form) {
        return answer;
    }
    match (parts.method.as_str(), path) {
        ("POST", "/oauth2/v1/token") => token(org, &parts.headers, &form),
        ("GET", "/.well-known/okta-organization") => {
            respond(Answer::ok(org.authority.organization()), HeaderMap::new())
        }
        _ => respond(Answer::error(404, "E0000008", "The requested path was not found"), HeaderMap::new()),
    }
}

/// The configured 429 responses: with headers, without headers, and for too many concurrent requests.
fn refusal_on_demand(org: &OrgServer) -> Option<Response> {
    let strikes = |fault: fn(Side) -> Fault| org.faults.strikes(fault(Side::Okta));
    let reset = org.authority.now().as_second() + 1;
    let budget = |limit| Budget { limit, remaining: 0, reset, admitted: false };
    if strikes(Fault::RateLimitedNoHeaders) {
        Some(respond(Answer::rate_limited(), HeaderMap::new()))
    } else if strikes(Fault::TooManyAtOnce) {
        Some(respond(Answer::rate_limited(), rate_headers(budget(0))))
    } else if strikes(Fault::RateLimited) {
        Some(respond(Answer::rate_limited(), rate_headers(budget(600))))
    } else if strikes(Fault::RateLimitedPast) {
        // A minute ago, or given to the minute.
        let minute = reset - reset % 60;
        let reset = org.faults.pick(Fault::RateLimitedPast(Side::Okta), &[reset - 60, minute], reset - 60);
        Some(respond(Answer::rate_limited(), rate_headers(Budget { reset, ..budget(600) })))
    } else {
        None
    }
}

fn rate_headers(budget: Budget) -> HeaderMap {
    [
        ("x-rate-limit-limit", budget.limit.to_string()),
        ("x-rate-limit-remaining", budget.remaining.to_string()),
        ("x-rate-limit-reset", budget.reset.to_string()),
        ("x-okta-request-id", Uuid::new_v4().simple().to_string()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?)))
    .collect()
}

fn scope_and_bucket(method: &Method, resource: &[&str]) -> Option<(&'static str, &'static str)> {
    Some(match resource {
        ["users"] => ("okta.users.read", "GET /api/v1/users"),
        ["users", _] => ("okta.users.read", "GET /api/v1/users/{id}"),
        ["users", _, "groups"] => ("okta.users.read", "/api/v1"),
        ["groups", _] => ("okta.groups.read", "/api/v1/groups/{id}"),
        ["groups", ..] => ("okta.groups.read", "/api/v1/groups"),
        ["meta", "types", "user", ..] => ("okta.userTypes.read", "/api/v1"),
        ["meta", "schemas", ..] => ("okta.schemas.read", "/api/v1"),
        ["logs"] => ("okta.logs.read", "/api/v1/logs"),
        ["eventHooks", ..] if method == Method::GET => ("okta.eventHooks.read", "/api/v1"),
        ["eventHooks", ..] => ("okta.eventHooks.manage", "/api/v1"),
        _ => return None,
    })
}

async fn answer(
    org: &Arc<OrgServer>,
    method: &Method,
    resource: &[&str],
    query: &HashMap<String, String>,
    body: &[u8],
) -> Answer {
    match (method.as_str(), resource) {
        ("GET", ["users"]) => users(org, query),
        ("GET", ["users", id]) => org.readable(false, |state| match state.users.get(*id) {
            Some(user) => Answer::ok(with_self(org, "users", user)),
            None => Answer::not_found(id, "User"),
        }),
        ("GET", ["users", id, "groups"]) => org.readable(false, |state| {
            if !state.users.contains_key(*id) {
                return Answer::not_found(id, "User");
            }
            let groups = state.groups_of(id).into_iter().filter_map(|g| state.groups.get(g));
            Answer::ok(groups.map(|g| with_self(org, "groups", g)).collect())
        }),
        ("GET", ["groups"]) => groups(org, query),
        ("GET", ["groups", id]) => org.readable(false, |state| match state.groups.get(*id) {
            Some(group) => Answer::ok(with_self(org, "groups", group)),
            None => Answer::not_found(id, "UserGroup"),
        }),
        ("GET", ["groups", id, "users"]) => members(org, id, query),
        ("GET", ["meta", rest @ ..]) => meta(org, rest),
        ("GET", ["logs"]) => logs(org, query),
        (_, ["eventHooks", rest @ ..]) => event_hooks(org, method, rest, body).await,
        _ => Answer::no_method(),
    }
}

/// User types and schemas.
fn meta(org: &OrgServer, resource: &[&str]) -> Answer {
    let state = org.org();
    match resource {
        ["types", "user"] => Answer::ok(state.user_types.iter().map(|t| linked_type(org, t)).collect()),
        ["types", "user", id] => match state.user_types.iter().find(|t| t["id"] == *id) {
            Some(found) => Answer::ok(linked_type(org, found)),
            None => Answer::not_found(id, "UserType"),
        },
        ["schemas", "user", id] => {
            let default = state.user_types.iter().find(|t| t["default"] == true).map(schema_of);
            let id = if *id == "default" { default.unwrap_or_default() } else { (*id).to_owned() };
            let schema = state.user_schemas.get(&id);
            schema.map_or_else(|| Answer::not_found(&id, "Schema"), |s| Answer::ok(s.clone()))
        }
        ["schemas", "group", "default"] => Answer::ok(state.group_schema.clone()),
        _ => Answer::error(404, "E0000008", "The requested path was not found"),
    }
}

fn logs(org: &OrgServer, query: &HashMap<String, String>) -> Answer {
    let page = match org.log.query(query) {
        Ok(page) => page,
        Err((code, summary)) => return Answer::error(400, code, summary),
    };
    let link = |after: Option<&str>, relation: &str| {
        let mut url = org.url.clone();
        url.set_path("/api/v1/logs");
        // A request with a cursor doesn't repeat its parameters.
        let names = if after.is_some() {
            &["limit", "filter", "until", "sortOrder"][..]
        } else {
            &["after", "limit", "filter", "since", "until", "sortOrder"]
        };
        {
            let mut pairs = url.query_pairs_mut();
            if let Some(after) = after {
                pairs.append_pair("after", after);
            }
            for name in names {
                if let Some(value) = query.get(*name) {
                    pairs.append_pair(name, value);
                }
            }
        }
        format!("<{url}>; rel=\"{relation}\"")
    };
    let mut links = vec![link(None, "self")];
    links.extend(page.next.map(|next| link(Some(&next), "next")));
    Answer { status: StatusCode::OK, body: Some(page.events.into()), links }
}

fn linked_type(org: &OrgServer, user_type: &Value) -> Value {
    let mut shown = user_type.clone();
    let href = format!("{}/api/v1/meta/schemas/user/{}", origin(&org.url), schema_of(user_type));
    shown["_links"] = json!({ "schema": { "rel": "schema", "href": href, "method": "GET" } });
    if let Some(map) = shown.as_object_mut() {
        map.remove("schemaId");
    }
    shown
}

fn token(org: &OrgServer, headers: &HeaderMap, form: &HashMap<String, String>) -> Response {
    org.requests().tokens += 1;
    let outcome = org.authority.token(headers, form);
    // The assertion is used up nevertheless.
    if let Some(refused) = refusal_on_demand(org) {
        return refused;
    }
    let (status, body, nonce) = match outcome {
        Ok((answer, nonce)) => (StatusCode::OK, answer, Some(nonce)),
        Err(refused) => (
            refused.status,
            json!({ "error": refused.error, "error_description": refused.description }),
            refused.nonce,
        ),
    };
    let mut answer = HeaderMap::new();
    if let Some(nonce) = nonce.and_then(|n| HeaderValue::from_str(&n).ok()) {
        answer.insert("dpop-nonce", nonce);
    }
    respond(Answer { status, body: Some(body), links: Vec::new() }, answer)
}

/// The reason is in a header; the body is empty.
fn challenge(refused: &super::refusal::AccessRefused, scope: &str, path: &str) -> Response {
    let value = format!(
        "DPoP algs=\"RS256 RS384 RS512 ES256 ES384 ES512\", scope=\"{scope}\", error=\"{}\", error_description=\"{}\", \
         resource=\"{path}\"",
        refused.error, refused.description
    );
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&value) {
        headers.insert(http::header::WWW_AUTHENTICATE, value);
    }
    respond(Answer { status: refused.status, body: None, links: Vec::new() }, headers)
}

fn respond(answer: Answer, mut headers: HeaderMap) -> Response {
    for link in &answer.links {
        if let Ok(value) = HeaderValue::from_str(link) {
            headers.append(http::header::LINK, value);
        }
    }
    let body = answer.body.map_or_else(Body::empty, |body| {
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Body::from(body.to_string())
    });
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    response.headers_mut().extend(headers);
    response
}
