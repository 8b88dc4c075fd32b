//! The org's HTTP side.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::OrgServer;
use super::changes::schema_of;
use super::filter::Filter;
use super::org::{Hook, Org, now};
use crate::server::origin;

/// The largest body that is read.
const BODY_LIMIT: usize = 1 << 20;
/// A limit that nobody reaches, for orgs without one.
const NO_LIMIT: u64 = 1_000_000;
const WINDOW: i64 = 60;

/// What was asked, by bucket.
pub(crate) struct Requests {
    limit: u64,
    buckets: BTreeMap<&'static str, Bucket>,
    tokens: u64,
    role: bool,
}

#[derive(Default)]
struct Bucket {
    window: i64,
    used: u64,
    total: u64,
    refused: u64,
}

impl Requests {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self { limit: limit.unwrap_or(NO_LIMIT), buckets: BTreeMap::new(), tokens: 0, role: true }
    }

    /// Counts a request. Gives what is left after it, when the window ends, and whether it may go on.
    fn count(&mut self, name: &'static str) -> (u64, i64, bool) {
        let now = Timestamp::now().as_second();
        let bucket = self.buckets.entry(name).or_default();
        if now >= bucket.window + WINDOW {
            bucket.window = now;
            bucket.used = 0;
        }
        let admitted = bucket.used < self.limit;
        bucket.total += 1;
        if admitted {
            bucket.used += 1;
        } else {
            bucket.refused += 1;
        }
        (self.limit - bucket.used, bucket.window + WINDOW, admitted)
    }

    pub(super) fn stats(&self) -> Value {
        let total: u64 = self.buckets.values().map(|b| b.total).sum();
        let refused: u64 = self.buckets.values().map(|b| b.refused).sum();
        let buckets: BTreeMap<_, _> = self.buckets.iter().map(|(name, b)| (name, b.total)).collect();
        json!({ "requests": total, "refused": refused, "tokens": self.tokens, "buckets": buckets })
    }
}

/// An answer before it becomes one.
struct Answer {
    status: StatusCode,
    body: Option<Value>,
    links: Vec<String>,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), links: Vec::new() }
    }

    fn error(status: u16, code: &str, summary: &str) -> Self {
        let body = json!({
            "errorCode": code, "errorSummary": summary, "errorLink": code,
            "errorId": format!("oae{}", Uuid::new_v4().simple()), "errorCauses": [],
        });
        Self { status: StatusCode::from_u16(status).unwrap_or_default(), body: Some(body), links: Vec::new() }
    }

    fn not_found(id: &str, kind: &str) -> Self {
        Self::error(404, "E0000007", &format!("Not found: Resource not found: {id} ({kind})"))
    }
}

/// Everything below the org's address.
pub(crate) fn router(org: Arc<OrgServer>) -> Router {
    Router::new().fallback(handle).with_state(org)
}

async fn handle(State(org): State<Arc<OrgServer>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let path = parts.uri.path();
    if path == "/oauth2/v1/token" && parts.method == Method::POST {
        return token(&org, &parts.headers, &body);
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
    let (remaining, reset, admitted, role) = {
        let mut requests = org.requests();
        let (remaining, reset, admitted) = requests.count(bucket);
        (remaining, reset, admitted, requests.role)
    };
    let limit = org.requests().limit;
    let headers = [
        ("x-rate-limit-limit", limit.to_string()),
        ("x-rate-limit-remaining", remaining.to_string()),
        ("x-rate-limit-reset", reset.to_string()),
        ("x-okta-request-id", Uuid::new_v4().simple().to_string()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?)))
    .collect();
    let query: HashMap<String, String> = Query::try_from_uri(&parts.uri).map(|q| q.0).unwrap_or_default();
    let answer = if !admitted {
        Answer::error(429, "E0000047", "API call exceeded rate limit due to too many requests.")
    } else if !role && resource == ["users"] {
        // Without an admin role the listing is empty, and everything else is refused.
        Answer::ok(json!([]))
    } else if !role {
        Answer::error(403, "E0000006", "You do not have permission to perform the requested action")
    } else {
        answer(&org, &parts.method, resource, &query, &body).await
    };
    respond(answer, headers)
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
        ("GET", ["users", id]) => match org.org().users.get(*id) {
            Some(user) => Answer::ok(with_self(org, "users", user)),
            None => Answer::not_found(id, "User"),
        },
        ("GET", ["users", id, "groups"]) => {
            let state = org.org();
            if !state.users.contains_key(*id) {
                return Answer::not_found(id, "User");
            }
            let groups = state.groups_of(id).into_iter().filter_map(|g| state.groups.get(g));
            Answer::ok(groups.map(|g| with_self(org, "groups", g)).collect())
        }
        ("GET", ["groups"]) => groups(org, query),
        ("GET", ["groups", id]) => match org.org().groups.get(*id) {
            Some(group) => Answer::ok(with_self(org, "groups", group)),
            None => Answer::not_found(id, "UserGroup"),
        },
        ("GET", ["groups", id, "users"]) => members(org, id, query),
        ("GET", ["meta", "types", "user"]) => {
            let state = org.org();
            Answer::ok(state.user_types.iter().map(|t| linked_type(org, t)).collect())
        }
        ("GET", ["meta", "types", "user", id]) => {
            let state = org.org();
            match state.user_types.iter().find(|t| t["id"] == *id) {
                Some(found) => Answer::ok(linked_type(org, found)),
                None => Answer::not_found(id, "UserType"),
            }
        }
        ("GET", ["meta", "schemas", "user", id]) => {
            let state = org.org();
            let default = state.user_types.iter().find(|t| t["default"] == true).map(schema_of);
            let id = if *id == "default" { default.unwrap_or_default() } else { (*id).to_owned() };
            state
                .user_schemas
                .get(&id)
                .map_or_else(|| Answer::not_found(&id, "Schema"), |s| Answer::ok(s.clone()))
        }
        ("GET", ["meta", "schemas", "group", "default"]) => Answer::ok(org.org().group_schema.clone()),
        ("GET", ["logs"]) => logs(org, query),
        (_, ["eventHooks", rest @ ..]) => event_hooks(org, method, rest, body).await,
        _ => Answer::error(405, "E0000022", "The endpoint does not support the provided HTTP method"),
    }
}

fn users(org: &OrgServer, query: &HashMap<String, String>) -> Answer {
    let expression = query.get("search").or_else(|| query.get("filter"));
    let filter = match expression.map(|text| Filter::parse(text)) {
        Some(None) => return Answer::error(400, "E0000031", "Invalid search criteria."),
        Some(filter) => filter,
        None => None,
    };
    // Without an expression the listing leaves deactivated users out.
    let keep = |user: &Value| match &filter {
        Some(filter) => filter.matches(user),
        None => user["status"] != "DEPROVISIONED",
    };
    let state = org.org();
    listing(org, "/api/v1/users", query, 200, |after, n| {
        let rest = state.users.range::<str, _>((after, Bound::Unbounded)).map(|(_, user)| user);
        let shown = |user: &Value| projected(with_self(org, "users", user), query.get("fields"));
        rest.filter(|user| keep(user)).take(n).map(shown).collect()
    })
}

fn groups(org: &OrgServer, query: &HashMap<String, String>) -> Answer {
    let expression = query.get("search").or_else(|| query.get("filter"));
    let filter = match expression.map(|text| Filter::parse(text)) {
        Some(None) => return Answer::error(400, "E0000031", "Invalid search criteria."),
        Some(filter) => filter,
        None => None,
    };
    let state = org.org();
    listing(org, "/api/v1/groups", query, 10_000, |after, n| {
        let keep = |group: &&Value| filter.as_ref().is_none_or(|filter| filter.matches(group));
        let rest = state.groups.range::<str, _>((after, Bound::Unbounded)).map(|(_, group)| group);
        let shown = |group: &Value| {
            let mut shown = with_self(org, "groups", group);
            if query.get("expand").is_some_and(|parts| parts.split(',').any(|part| part == "stats")) {
                let count = state.member_count(group["id"].as_str().unwrap_or_default());
                shown["_embedded"] = json!({ "stats": { "usersCount": count } });
            }
            shown
        };
        rest.filter(keep).take(n).map(shown).collect()
    })
}

/// The members that `fields` names: `id,status,profile:(login,city)`.
fn projected(user: Value, fields: Option<&String>) -> Value {
    let Some(fields) = fields else { return user };
    let (top, profile) = match fields.split_once("profile:(") {
        Some((before, rest)) => {
            let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
            (format!("{before}{after}"), Some(inside))
        }
        None => (fields.clone(), None),
    };
    let named = |object: &Value, names: &str| -> Value {
        let names = names.split(',').filter_map(|name| Some((name, object.get(name)?.clone())));
        names.map(|(name, value)| (name.to_owned(), value)).collect()
    };
    let mut shown = named(&user, &top);
    if let Some(names) = profile {
        shown["profile"] = named(&user["profile"], names);
    }
    shown
}

fn members(org: &OrgServer, id: &str, query: &HashMap<String, String>) -> Answer {
    let state = org.org();
    let Some(group) = state.groups.get(id) else { return Answer::not_found(id, "UserGroup") };
    let everyone = state.everyone() == Some(id);
    let path = format!("/api/v1/groups/{}/users", group["id"].as_str().unwrap_or_default());
    listing(org, &path, query, 1000, |after, n| {
        let shown = |user: &Value| with_self(org, "users", user);
        if everyone {
            let all = state.users.range::<str, _>((after, Bound::Unbounded)).map(|(_, user)| user);
            return all.filter(|user| Org::in_everyone(user)).take(n).map(shown).collect();
        }
        let members = state.members.get(id).map(|m| m.range::<str, _>((after, Bound::Unbounded)));
        members.into_iter().flatten().filter_map(|user| state.users.get(user)).take(n).map(shown).collect()
    })
}

/// One page, with the link to the next. Cursors are opaque: the last id, disguised. `items` gives so many objects
/// whose ids come after one.
fn listing(
    org: &OrgServer,
    path: &str,
    query: &HashMap<String, String>,
    most: usize,
    items: impl FnOnce(Bound<&str>, usize) -> Vec<Value>,
) -> Answer {
    let limit = match query.get("limit").map(|l| l.parse::<usize>()) {
        None => most,
        Some(Ok(limit)) if (1..=most).contains(&limit) => limit,
        Some(_) => return Answer::error(400, "E0000001", "Api validation failed: limit"),
    };
    let after = match query.get("after").map(|cursor| cursor_id(cursor)) {
        Some(None) => return Answer::error(400, "E0000001", "Api validation failed: after"),
        Some(Some(id)) => id,
        None => String::new(),
    };
    let mut page = items(Bound::Excluded(&after), limit + 1);
    let more = page.len() > limit;
    page.truncate(limit);
    let link = |after: Option<&str>, relation: &str| {
        let mut url = org.url.clone();
        url.set_path(path);
        {
            let mut pairs = url.query_pairs_mut();
            if let Some(after) = after {
                pairs.append_pair("after", &cursor(after));
            }
            pairs.append_pair("limit", &limit.to_string());
            for name in ["filter", "search", "sortBy", "sortOrder", "expand", "fields"] {
                if let Some(value) = query.get(name) {
                    pairs.append_pair(name, value);
                }
            }
        }
        format!("<{url}>; rel=\"{relation}\"")
    };
    let mut links = vec![link(None, "self")];
    if let (true, Some(last)) = (more, page.last().and_then(|item| item["id"].as_str())) {
        links.push(link(Some(last), "next"));
    }
    Answer { status: StatusCode::OK, body: Some(page.into()), links }
}

fn cursor(id: &str) -> String {
    format!("200{}", URL_SAFE_NO_PAD.encode(id))
}

fn cursor_id(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor.strip_prefix("200")?).ok()?).ok()
}

/// The log. Polling (without `until`) always has a next link, so that a follower never loses its place.
fn logs(org: &OrgServer, query: &HashMap<String, String>) -> Answer {
    let filter = match query.get("filter").map(|text| Filter::parse(text)) {
        Some(None) => return Answer::error(400, "E0000053", "Invalid filter."),
        Some(filter) => filter,
        None => None,
    };
    let limit = query.get("limit").and_then(|l| l.parse().ok()).unwrap_or(100_usize).clamp(1, 1000);
    let state = org.org();
    let start = match query.get("after").map(|c| cursor_id(c).and_then(|n| n.parse::<usize>().ok())) {
        Some(None) => return Answer::error(400, "E0000001", "Api validation failed: after"),
        Some(Some(position)) => position.min(state.log.len()),
        None => {
            let since = query.get("since").map(String::as_str).unwrap_or_default();
            state
                .log
                .iter()
                .position(|e| e["published"].as_str().unwrap_or_default() >= since)
                .unwrap_or(state.log.len())
        }
    };
    let until = query.get("until");
    let mut end = start;
    let mut page = Vec::new();
    while let Some(event) = state.log.get(end) {
        if page.len() == limit || until.is_some_and(|u| event["published"].as_str() > Some(u)) {
            break;
        }
        end += 1;
        if filter.as_ref().is_none_or(|f| f.matches(event)) {
            page.push(event.clone());
        }
    }
    let more = until.is_none() || end < state.log.len();
    let mut url = org.url.clone();
    url.set_path("/api/v1/logs");
    url.query_pairs_mut()
        .append_pair("after", &cursor(&end.to_string()))
        .append_pair("limit", &limit.to_string());
    for name in ["filter", "until", "sortOrder"] {
        if let Some(value) = query.get(name) {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    let links = if more { vec![format!("<{url}>; rel=\"next\"")] } else { Vec::new() };
    Answer { status: StatusCode::OK, body: Some(page.into()), links }
}

async fn event_hooks(org: &Arc<OrgServer>, method: &Method, rest: &[&str], body: &[u8]) -> Answer {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    match (method.as_str(), rest) {
        ("GET", []) => Answer::ok(org.org().hooks.values().map(|h| h.shown.clone()).collect()),
        ("POST", []) => {
            let mut state = org.org();
            let id = state.new_id("who");
            match hook(&id, &sent, None) {
                Ok(hook) => {
                    let shown = hook.shown.clone();
                    state.hooks.insert(id, hook);
                    Answer::ok(shown)
                }
                Err(answer) => *answer,
            }
        }
        (_, [id, ..]) if !org.org().hooks.contains_key(*id) => Answer::not_found(id, "EventHook"),
        ("GET", [id]) => Answer::ok(org.org().hooks[*id].shown.clone()),
        ("PUT", [id]) => {
            let mut state = org.org();
            match hook(id, &sent, state.hooks.get(*id)) {
                Ok(hook) => {
                    let shown = hook.shown.clone();
                    state.hooks.insert((*id).to_owned(), hook);
                    Answer::ok(shown)
                }
                Err(answer) => *answer,
            }
        }
        ("DELETE", [id]) => {
            let mut state = org.org();
            if state.hooks[*id].shown["status"] == "ACTIVE" {
                return Answer::error(
                    400,
                    "E0000001",
                    "Api validation failed: deactivate the event hook first",
                );
            }
            state.hooks.remove(*id);
            Answer { status: StatusCode::NO_CONTENT, body: None, links: Vec::new() }
        }
        ("POST", [id, "lifecycle", step]) => lifecycle(org, id, step).await,
        _ => Answer::error(405, "E0000022", "The endpoint does not support the provided HTTP method"),
    }
}

async fn lifecycle(org: &Arc<OrgServer>, id: &str, step: &str) -> Answer {
    match step {
        "verify" => {
            let hook = org.org().hooks[id].clone();
            if !org.deliveries.verify(&hook).await {
                return Answer::error(
                    400,
                    "E0000001",
                    "Api validation failed: the endpoint did not answer the verification challenge",
                );
            }
            set(org, id, "verificationStatus", "VERIFIED")
        }
        "activate" => set(org, id, "status", "ACTIVE"),
        "deactivate" => set(org, id, "status", "INACTIVE"),
        _ => Answer::error(404, "E0000008", "The requested path was not found"),
    }
}

fn set(org: &OrgServer, id: &str, member: &str, value: &str) -> Answer {
    match org.org().hooks.get_mut(id) {
        Some(hook) => {
            hook.shown[member] = value.into();
            Answer::ok(hook.shown.clone())
        }
        None => Answer::not_found(id, "EventHook"),
    }
}

/// A hook as sent, checked. A changed channel loses its verification.
fn hook(id: &str, sent: &Value, before: Option<&Hook>) -> Result<Hook, Box<Answer>> {
    let invalid =
        |what: &str| Box::new(Answer::error(400, "E0000001", &format!("Api validation failed: {what}")));
    let uri = sent["channel"]["config"]["uri"].as_str().unwrap_or_default();
    let url = url::Url::parse(uri).map_err(|_| invalid("channel.config.uri"))?;
    let loopback = url.host_str().is_some_and(|h| h == "localhost" || h.starts_with("127.") || h == "[::1]");
    if url.scheme() != "https" && !loopback {
        return Err(invalid("channel.config.uri must be https"));
    }
    if sent["name"].as_str().is_none_or(str::is_empty) {
        return Err(invalid("name"));
    }
    let items = sent["events"]["items"].as_array().filter(|items| (1..=300).contains(&items.len()));
    if items.is_none() || sent["events"]["type"] != "EVENT_TYPE" {
        return Err(invalid("events"));
    }
    let mut channel = sent["channel"].clone();
    let scheme = channel["config"]["authScheme"].clone();
    let secret = match (scheme["key"].as_str(), scheme["value"].as_str()) {
        (Some(key), Some(value)) => Some((key.to_owned(), value.to_owned())),
        // Not sent again, not changed.
        _ => before.and_then(|hook| hook.secret.clone()),
    };
    channel["config"]["method"] = "POST".into();
    if scheme.is_object() {
        channel["config"]["authScheme"] = json!({ "type": "HEADER", "key": scheme["key"] });
    }
    let same = before.filter(|hook| hook.shown["channel"] == channel && hook.secret == secret);
    let verified = same.map_or("UNVERIFIED".into(), |hook| hook.shown["verificationStatus"].clone());
    let time = now();
    let shown = json!({
        "id": id, "status": before.map_or("ACTIVE".into(), |h| h.shown["status"].clone()),
        "verificationStatus": verified, "name": sent["name"],
        "created": before.map_or(time.clone().into(), |h| h.shown["created"].clone()),
        "createdBy": "00uadmin000000000d7", "lastUpdated": time, "events": sent["events"], "channel": channel,
    });
    Ok(Hook { shown, secret })
}

fn with_self(org: &OrgServer, collection: &str, object: &Value) -> Value {
    let mut shown = object.clone();
    let id = object["id"].as_str().unwrap_or_default();
    shown["_links"] = json!({ "self": { "href": format!("{}/api/v1/{collection}/{id}", origin(&org.url)) } });
    shown
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

fn token(org: &OrgServer, headers: &HeaderMap, body: &[u8]) -> Response {
    org.requests().tokens += 1;
    let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
    let (status, body, nonce) = match org.authority.token(headers, &form) {
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
fn challenge(refused: &super::auth::AccessRefused, scope: &str, path: &str) -> Response {
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

impl OrgServer {
    /// Gives the app its admin role, or takes it away.
    pub(crate) fn set_role(&self, role: bool) {
        self.requests().role = role;
    }

    /// Gives the app a scope, or takes it away.
    pub(crate) fn set_scope(&self, scope: &str, granted: bool) {
        self.authority.grant(scope, granted);
    }

    /// Makes every token that was given out worthless.
    pub(crate) fn revoke_tokens(&self) {
        self.authority.revoke();
    }
}
