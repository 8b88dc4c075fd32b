//! Control of the org: actions of administrators, directories, and users, and its content.

use std::collections::HashMap;
use std::ops::Bound;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{Json, Response};
use axum::routing::{delete, get, post, put};
use serde_json::{Map, Value, json};

use super::exchange::{Both, Page, Sides, answer, json_body};
use crate::okta::NewUser;

pub(super) fn router() -> Router<Both> {
    Router::new()
        .route("/users", get(users).post(create_user))
        .route("/users/{id}", post(update_user).delete(delete_user))
        .route("/users/{id}/lifecycle/{step}", post(move_user))
        .route("/users/{id}/type", post(change_user_type))
        .route("/users/{id}/sign-in", post(sign_in))
        .route("/groups", get(groups).post(create_group))
        .route("/groups/{id}", post(update_group).delete(delete_group))
        .route("/groups/{id}/users/{user}", put(add_member).delete(remove_member))
        .route("/schemas", get(schemas))
        .route("/schemas/{kind}/{name}", put(add_attribute).delete(remove_attribute))
        .route("/import", post(import))
        .route("/hooks", get(hooks).post(create_hook))
        .route("/hooks/{id}", delete(delete_hook))
        .route("/hooks/{id}/events", put(change_hook))
        .route("/hooks/{id}/verify", post(verify_hook))
        .route("/hooks/{id}/{state}", post(set_hook))
        .route("/clock/{seconds}", post(set_clock))
        .route("/log", delete(clear_log))
        .route("/log/cursors", delete(expire_cursors))
        .route("/keys", post(register_key))
        .route("/web-apps", post(register_web_app))
        .route("/web-apps/key", delete(rotate_signing_key))
        .route("/role/{state}", post(set_role))
        .route("/scopes/{scope}/{state}", post(set_scope))
        .route("/tokens", delete(revoke_tokens))
        .route("/rate-limit/{limit}", post(set_rate_limit))
        .route("/counts", get(counts))
}

async fn users(State(Both { org, .. }): Sides, Query(page): Page) -> Json<Value> {
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

async fn groups(State(Both { org, .. }): Sides, Query(page): Page) -> Json<Value> {
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

async fn counts(State(Both { org, .. }): Sides) -> Json<Value> {
    let (users, groups, memberships) = org.org().counts();
    Json(json!({ "users": users, "groups": groups, "memberships": memberships }))
}

async fn schemas(State(Both { org, .. }): Sides) -> Json<Value> {
    let state = org.org();
    let all = |schema: &Value| {
        let half =
            |half: &str| schema["definitions"][half]["properties"].as_object().cloned().unwrap_or_default();
        half("base").into_iter().chain(half("custom")).collect::<Map<String, Value>>()
    };
    let user: Map<String, Value> = state.user_schemas.values().flat_map(all).collect();
    Json(json!({ "user": user, "group": all(&state.group_schema) }))
}

async fn create_user(State(Both { org, .. }): Sides, Query(how): Page, body: Bytes) -> Response {
    let new = NewUser {
        active: how.get("activate").is_none_or(|activate| activate != "false"),
        user_type: how.get("type").map(String::as_str),
    };
    answer(org.change(|o| o.create_user(&json_body(&body), new)))
}

async fn update_user(State(Both { org, .. }): Sides, Path(id): Path<String>, body: Bytes) -> Response {
    let changes = json_body(&body).as_object().cloned().unwrap_or_default();
    answer(org.change(|o| o.update_user(&id, &changes)))
}

async fn delete_user(State(Both { org, .. }): Sides, Path(id): Path<String>) -> Response {
    answer(org.delete_user(&id))
}

async fn move_user(State(Both { org, .. }): Sides, Path((id, step)): Path<(String, String)>) -> Response {
    answer(org.change(|o| o.move_user(&id, &step)))
}

async fn change_user_type(State(Both { org, .. }): Sides, Path(id): Path<String>, body: Bytes) -> Response {
    let wanted = json_body(&body);
    answer(org.change(|o| o.change_user_type(&id, wanted["type"].as_str().unwrap_or_default())))
}

async fn sign_in(State(Both { org, .. }): Sides, Path(id): Path<String>) -> Response {
    answer(org.change(|o| o.sign_in(&id)))
}

async fn import(State(Both { org, .. }): Sides, body: Bytes) -> Response {
    answer(org.change(|o| Ok(o.import(&json_body(&body)))))
}

async fn create_group(State(Both { org, .. }): Sides, body: Bytes) -> Response {
    answer(org.change(|o| o.create_group(&json_body(&body))))
}

async fn update_group(State(Both { org, .. }): Sides, Path(id): Path<String>, body: Bytes) -> Response {
    let changes = json_body(&body).as_object().cloned().unwrap_or_default();
    answer(org.change(|o| o.update_group(&id, &changes)))
}

async fn delete_group(State(Both { org, .. }): Sides, Path(id): Path<String>) -> Response {
    answer(org.change(|o| o.delete_group(&id)))
}

async fn add_member(State(Both { org, .. }): Sides, Path((group, user)): Path<(String, String)>) -> Response {
    answer(org.change(|o| o.set_member(&group, &user, true)))
}

async fn remove_member(
    State(Both { org, .. }): Sides,
    Path((group, user)): Path<(String, String)>,
) -> Response {
    answer(org.change(|o| o.set_member(&group, &user, false)))
}

async fn add_attribute(
    State(Both { org, .. }): Sides,
    Path((kind, name)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    answer(org.change(|o| o.add_attribute(&kind, &name, &json_body(&body))))
}

async fn remove_attribute(
    State(Both { org, .. }): Sides,
    Path((kind, name)): Path<(String, String)>,
) -> Response {
    answer(org.change(|o| o.remove_attribute(&kind, &name)))
}

async fn hooks(State(Both { org, .. }): Sides) -> Json<Value> {
    Json(org.hooks())
}

async fn set_hook(State(Both { org, .. }): Sides, Path((id, state)): Path<(String, String)>) -> Response {
    answer(org.set_hook(&id, &state))
}

async fn create_hook(State(Both { org, .. }): Sides, body: Bytes) -> Response {
    answer(org.administer_hook(&[], &body).await)
}

async fn verify_hook(State(Both { org, .. }): Sides, Path(id): Path<String>) -> Response {
    answer(org.administer_hook(&[&id, "lifecycle", "verify"], &[]).await)
}

async fn delete_hook(State(Both { org, .. }): Sides, Path(id): Path<String>) -> Response {
    answer(org.change_hook(&id, None))
}

async fn change_hook(State(Both { org, .. }): Sides, Path(id): Path<String>, body: Bytes) -> Response {
    answer(org.change_hook(&id, Some(&json_body(&body))))
}

async fn set_clock(State(Both { org, .. }): Sides, Path(seconds): Path<i64>) -> Json<Value> {
    org.set_clock(seconds);
    Json(Value::Null)
}

async fn clear_log(State(Both { org, .. }): Sides) -> Json<Value> {
    org.clear_log();
    Json(Value::Null)
}

async fn expire_cursors(State(Both { org, .. }): Sides) -> Json<Value> {
    org.expire_log_cursors();
    Json(Value::Null)
}

async fn set_rate_limit(State(Both { org, .. }): Sides, Path(limit): Path<String>) -> Json<Value> {
    org.set_rate_limit(limit.parse().ok());
    Json(Value::Null)
}

async fn register_key(
    State(Both { org, .. }): Sides,
    Json(key): Json<Map<String, Value>>,
) -> Result<Json<Value>, http::StatusCode> {
    if org.register_key(&key) { Ok(Json(Value::Null)) } else { Err(http::StatusCode::BAD_REQUEST) }
}

async fn register_web_app(State(Both { org, .. }): Sides, body: Bytes) -> Response {
    answer(org.register_web_app(&json_body(&body)))
}

async fn rotate_signing_key(State(Both { org, .. }): Sides) -> Json<Value> {
    org.rotate_signing_key();
    Json(Value::Null)
}

async fn set_role(State(Both { org, .. }): Sides, Path(state): Path<String>) -> Response {
    answer(org.set_role(&state))
}

async fn set_scope(
    State(Both { org, .. }): Sides,
    Path((scope, state)): Path<(String, String)>,
) -> Json<Value> {
    org.set_scope(&scope, state == "on");
    Json(Value::Null)
}

async fn revoke_tokens(State(Both { org, .. }): Sides) -> Json<Value> {
    org.revoke_tokens();
    Json(Value::Null)
}
