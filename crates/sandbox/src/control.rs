//! The API that changes the org and reads both sides, and a client for it.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::{Router, routing};
use serde_json::{Map, Value, json};

use crate::assets::Site;
use crate::okta::OrgServer;

type Sides = State<(Arc<OrgServer>, Arc<Site>)>;
type Page = Query<HashMap<String, String>>;

/// The routes below `/control`.
pub(crate) fn router(org: Arc<OrgServer>, site: Arc<Site>) -> Router {
    Router::new()
        .route("/okta/users", get(users).post(create_user))
        .route("/okta/users/{id}", post(update_user).delete(delete_user))
        .route("/okta/users/{id}/lifecycle/{step}", post(move_user))
        .route("/okta/groups", get(groups).post(create_group))
        .route("/okta/groups/{id}", post(update_group).delete(delete_group))
        .route("/okta/groups/{id}/users/{user}", routing::put(add_member).delete(remove_member))
        .route("/okta/schemas", get(schemas))
        .route("/okta/schemas/{kind}/{name}", routing::put(add_attribute))
        .route("/okta/role/{state}", post(set_role))
        .route("/okta/scopes/{scope}/{state}", post(set_scope))
        .route("/okta/tokens", routing::delete(revoke_tokens))
        .route("/okta/counts", get(counts))
        .route("/insight/objects", get(objects))
        .route("/insight/document", get(document))
        .route("/insight/token", post(rotate_token))
        .route("/insight/settings", routing::put(settings))
        .route("/stats", get(stats))
        .with_state((org, site))
}

async fn users(State((org, _)): Sides, Query(page): Page) -> Json<Value> {
    let state = org.org();
    let (after, limit) = place(&page);
    let names: HashMap<&str, &str> = state
        .user_types
        .iter()
        .filter_map(|t| Some((t["id"].as_str()?, t["displayName"].as_str().or(t["name"].as_str())?)))
        .collect();
    let found: Vec<Value> = state
        .users
        .range::<str, _>((Bound::Excluded(after.as_str()), Bound::Unbounded))
        .take(limit)
        .map(|(id, user)| {
            let mut shown = user.clone();
            shown["groupIds"] = state.groups_of(id).into();
            let type_id = user["type"]["id"].as_str().unwrap_or_default();
            shown["userTypeName"] = (*names.get(type_id).unwrap_or(&type_id)).into();
            shown
        })
        .collect();
    Json(json!({ "next": next(&found, limit), "users": found }))
}

async fn groups(State((org, _)): Sides, Query(page): Page) -> Json<Value> {
    let state = org.org();
    let (after, limit) = place(&page);
    let rest = state.groups.range::<str, _>((Bound::Excluded(after.as_str()), Bound::Unbounded));
    let found: Vec<Value> = rest.take(limit).map(|(_, group)| group.clone()).collect();
    Json(json!({ "next": next(&found, limit), "groups": found }))
}

fn place(page: &HashMap<String, String>) -> (String, usize) {
    let limit = page.get("limit").and_then(|l| l.parse().ok()).unwrap_or(1000_usize).clamp(1, 1000);
    (page.get("after").cloned().unwrap_or_default(), limit)
}

fn next(found: &[Value], limit: usize) -> Value {
    if found.len() == limit { found.last().map(|o| o["id"].clone()).unwrap_or_default() } else { Value::Null }
}

async fn counts(State((org, _)): Sides) -> Json<Value> {
    let (users, groups, memberships) = org.org().counts();
    Json(json!({ "users": users, "groups": groups, "memberships": memberships }))
}

async fn schemas(State((org, _)): Sides) -> Json<Value> {
    let state = org.org();
    let all = |schema: &Value| {
        let half =
            |half: &str| schema["definitions"][half]["properties"].as_object().cloned().unwrap_or_default();
        half("base").into_iter().chain(half("custom")).collect::<Map<String, Value>>()
    };
    let user: Map<String, Value> = state.user_schemas.values().flat_map(all).collect();
    Json(json!({ "user": user, "group": all(&state.group_schema) }))
}

async fn create_user(State((org, _)): Sides, body: Bytes) -> Response {
    answer(org.change(|o| o.create_user(&json_body(&body))))
}

async fn update_user(State((org, _)): Sides, Path(id): Path<String>, body: Bytes) -> Response {
    let changes = json_body(&body).as_object().cloned().unwrap_or_default();
    answer(org.change(|o| o.update_user(&id, &changes)))
}

async fn delete_user(State((org, _)): Sides, Path(id): Path<String>) -> Response {
    answer(org.change(|o| o.delete_user(&id)))
}

async fn move_user(State((org, _)): Sides, Path((id, step)): Path<(String, String)>) -> Response {
    answer(org.change(|o| o.move_user(&id, &step)))
}

async fn create_group(State((org, _)): Sides, body: Bytes) -> Response {
    answer(org.change(|o| o.create_group(&json_body(&body))))
}

async fn update_group(State((org, _)): Sides, Path(id): Path<String>, body: Bytes) -> Response {
    let changes = json_body(&body).as_object().cloned().unwrap_or_default();
    answer(org.change(|o| o.update_group(&id, &changes)))
}

async fn delete_group(State((org, _)): Sides, Path(id): Path<String>) -> Response {
    answer(org.change(|o| o.delete_group(&id)))
}

async fn add_member(State((org, _)): Sides, Path((group, user)): Path<(String, String)>) -> Response {
    answer(org.change(|o| o.set_member(&group, &user, true)))
}

async fn remove_member(State((org, _)): Sides, Path((group, user)): Path<(String, String)>) -> Response {
    answer(org.change(|o| o.set_member(&group, &user, false)))
}

async fn add_attribute(
    State((org, _)): Sides,
    Path((kind, name)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    answer(org.change(|o| o.add_attribute(&kind, &name, &json_body(&body))))
}

async fn set_role(State((org, _)): Sides, Path(state): Path<String>) -> Json<Value> {
    org.set_role(state == "on");
    Json(Value::Null)
}

async fn set_scope(State((org, _)): Sides, Path((scope, state)): Path<(String, String)>) -> Json<Value> {
    org.set_scope(&scope, state == "on");
    Json(Value::Null)
}

async fn revoke_tokens(State((org, _)): Sides) -> Json<Value> {
    org.revoke_tokens();
    Json(Value::Null)
}

async fn objects(State((_, site)): Sides, Query(page): Page) -> Json<Value> {
    let after = page.get("after").and_then(|a| a.parse().ok()).unwrap_or_default();
    let limit = page.get("limit").and_then(|l| l.parse().ok()).unwrap_or(1000_usize).clamp(1, 1000);
    let object_type = page.get("type").map(String::as_str).unwrap_or_default();
    Json(site.objects(object_type, page.get("identity").map(String::as_str), after, limit))
}

async fn document(State((_, site)): Sides) -> Json<Value> {
    Json(site.document())
}

async fn rotate_token(State((_, site)): Sides) -> Json<Value> {
    Json(json!({ "token": site.rotate_token() }))
}

async fn settings(State((_, site)): Sides, body: Bytes) -> Json<Value> {
    site.change_settings(&json_body(&body));
    Json(Value::Null)
}

async fn stats(State((org, site)): Sides) -> Json<Value> {
    let mut stats = org.stats();
    stats["insight"] = site.stats();
    Json(stats)
}

fn json_body(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

fn answer<T: serde::Serialize, E: Into<Problem>>(result: Result<T, E>) -> Response {
    match result {
        Ok(value) => Json(json!(value)).into_response(),
        Err(problem) => (StatusCode::BAD_REQUEST, Json(json!({ "error": problem.into().0 }))).into_response(),
    }
}

struct Problem(&'static str);

impl From<crate::okta::Refused> for Problem {
    fn from(refused: crate::okta::Refused) -> Self {
        Self(refused.0)
    }
}

/// Talks to the control API of a sandbox.
#[derive(Debug, Clone)]
pub struct ControlClient {
    http: reqwest::Client,
    url: String,
}

impl ControlClient {
    /// A client of the control API at this address, as the ready document gives it.
    pub fn new(control_url: impl Into<String>) -> Self {
        Self { http: reqwest::Client::new(), url: control_url.into() }
    }

    /// Reads a path below `/control`.
    ///
    /// # Errors
    /// When there is no answer, or none of use.
    pub async fn get(&self, path: &str) -> Result<Value, reqwest::Error> {
        self.http.get(format!("{}{path}", self.url)).send().await?.error_for_status()?.json().await
    }

    /// Changes something: `POST`, `PUT` or `DELETE` with a body.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap_or(reqwest::Method::POST);
        let request = self.http.request(method, format!("{}{path}", self.url)).json(body);
        request.send().await?.error_for_status()?.json().await
    }
}
