//! The HTTP side of the imports API.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::document::{Invalid, Structure};
use super::{Execution, Site, Stage, WORKSPACE, rest};
use crate::server::origin;

/// The largest chunk that is taken.
const BODY_LIMIT: usize = 10 << 20;
pub(super) const SOURCE: &str = "a1b2c3d4-source";

/// The paths of the imports API.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new().fallback(handle).with_state(site)
}

async fn handle(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let with_token = given.strip_prefix("Bearer ") == Some(site.import_token().as_str());
    let with_account = given.strip_prefix("Basic ") == Some(site.basic().as_str());
    if !with_token && !with_account {
        return reply(401, &json!({ "code": 401, "message": "Unauthorized" }));
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return reply(413, &json!({ "code": 413, "message": "Payload Too Large" }));
    };
    let path = parts.uri.path();
    match path {
        "/jsm/assets/v1/imports/info" | "/jsm/insight/v1/imports/info" if with_token => {
            let links = json!({ "getStatus": link(&site, "configstatus"), "start": link(&site, "executions"),
                "mapping": link(&site, "mapping") });
            return reply(200, &json!({ "links": links }));
        }
        "/rest/servicedeskapi/assets/workspace" if with_account => return rest::workspaces(),
        _ => {}
    }
    let Some(below) = path.strip_prefix(&format!("/jsm/assets/workspace/{WORKSPACE}/v1/")) else {
        return not_found();
    };
    let query: HashMap<String, String> = Query::try_from_uri(&parts.uri).map(|q| q.0).unwrap_or_default();
    let segments: Vec<&str> = below.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        ["importsource", SOURCE] if parts.method == Method::GET => reply(200, &rest::source(&site)),
        ["importsource", SOURCE, "token"] if with_account => {
            rest::handle(&site, &parts.method, &segments, &query, &body)
        }
        ["importsource", SOURCE, rest @ ..] => import_source(&site, &parts.method, rest, &query, &body),
        _ if with_account => rest::handle(&site, &parts.method, &segments, &query, &body),
        // The token of an import source is good for nothing else.
        _ => reply(403, &json!({ "errorMessages": ["Forbidden."], "errors": {} })),
    }
}

fn import_source(
    site: &Arc<Site>,
    method: &Method,
    path: &[&str],
    query: &HashMap<String, String>,
    body: &[u8],
) -> Response {
    let detached = query.get("async").is_some_and(|a| a == "true");
    match (method.as_str(), path) {
        ("GET", ["configstatus"]) => config_status(site),
        ("PUT" | "PATCH", ["mapping"]) => mapping(site, method, body, detached),
        ("GET", ["mapping", "progress", _]) => {
            reply(200, &json!({ "progressStatus": "FINISHED", "result": "OK", "resultMessage": "done" }))
        }
        ("GET", ["schema-and-mapping"]) => {
            let state = site.state();
            state.structure.as_ref().map_or_else(not_found, |s| reply(200, &s.document()))
        }
        ("POST", ["executions"]) => start(site),
        ("GET", ["executions", "status"]) => {
            let state = site.state();
            state.executions.last().map_or_else(not_found, |e| reply(200, &status(e)))
        }
        (method, ["executions", id, rest @ ..]) => execution(site, method, id, rest, body),
        _ => not_found(),
    }
}

fn config_status(site: &Site) -> Response {
    let state = site.state();
    let running = state.executions.iter().find(|e| matches!(e.stage, Stage::Ingesting | Stage::Processing));
    let answer = if state.settings.disabled {
        json!({ "status": "DISABLED" })
    } else if state.structure.is_none() {
        json!({ "status": "MISSING_MAPPING" })
    } else if let Some(execution) = running {
        let cancel = link(site, &format!("executions/{}", execution.id));
        json!({ "status": "RUNNING", "links": { "cancel": cancel } })
    } else {
        json!({ "status": "IDLE" })
    };
    reply(200, &answer)
}

fn mapping(site: &Site, method: &Method, body: &[u8], detached: bool) -> Response {
    let Ok(document) = serde_json::from_slice::<Value>(body) else {
        return reply(400, &json!({ "errorMessages": ["The body is no JSON."], "errors": {} }));
    };
    let mut state = site.state();
    let next = match (&state.structure, method) {
        (Some(_), &Method::PUT) => {
            return reply(409, &json!({ "errorMessages": ["A mapping exists."], "errors": {} }));
        }
        (None, &Method::PATCH) => {
            return reply(400, &json!({ "errorMessages": ["There is no mapping."], "errors": {} }));
        }
        (Some(present), _) => present.extended(&document),
        (None, _) => Structure::create(&document),
    };
    match next {
        Err(errors) => {
            let errors: Vec<Value> =
                errors.into_iter().map(|Invalid(code, at)| json!({ "code": code, "path": at })).collect();
            reply(400, &json!({ "dataValidationErrors": errors }))
        }
        Ok(structure) => {
            let structure =
                if state.settings.one_value_only { structure.with_one_value_each() } else { structure };
            state.structure = Some(structure);
            if !detached {
                return empty(204);
            }
            state.mapping_jobs += 1;
            let progress = link(site, &format!("mapping/progress/{}", state.mapping_jobs));
            let mut response = empty(303);
            if let Ok(location) = HeaderValue::from_str(&progress) {
                response.headers_mut().insert(header::LOCATION, location);
            }
            response
        }
    }
}

fn start(site: &Site) -> Response {
    let refuse = |code: &str| reply(409, &json!({ "result": "error", "errorCode": code }));
    let mut state = site.state();
    if state.settings.disabled {
        return refuse("DISABLED");
    }
    if state.structure.is_none() {
        return refuse("MISSING_MAPPING");
    }
    if state.executions.iter().any(|e| matches!(e.stage, Stage::Ingesting | Stage::Processing)) {
        return refuse("IN_PROGRESS");
    }
    let id = Uuid::new_v4().to_string();
    let at = |end: &str| link(site, &format!("executions/{id}{end}"));
    let links = json!({
        "submitProgress": at("/progress"), "submitResults": at("/data"), "getExecutionStatus": at("/status"),
        "cancel": at(""),
    });
    state.executions.push(Execution {
        id,
        stage: Stage::Ingesting,
        chunks: Vec::new(),
        chunk_count: 0,
        failure: None,
        result: Value::Null,
    });
    reply(200, &json!({ "result": "success", "links": links }))
}

fn execution(site: &Arc<Site>, method: &str, id: &str, rest: &[&str], body: &[u8]) -> Response {
    let mut state = site.state();
    let Some(at) = state.executions.iter().position(|e| e.id == id) else { return not_found() };
    let execution = &mut state.executions[at];
    match (method, rest) {
        ("GET", ["status"]) => reply(200, &status(execution)),
        ("PUT", ["progress"]) => empty(200),
        ("POST", ["history", "failed"]) => {
            let sent: Value = serde_json::from_slice(body).unwrap_or_default();
            execution.failure = sent["failureReason"].as_str().map(str::to_owned);
            empty(204)
        }
        ("DELETE", []) => {
            if execution.stage != Stage::Ingesting {
                return reply(
                    400,
                    &json!({ "errorMessages": ["The execution cannot be cancelled any more."], "errors": {} }),
                );
            }
            execution.stage = Stage::Cancelled;
            execution.chunks = Vec::new();
            empty(200)
        }
        ("POST", ["data"]) => {
            let Ok(chunk) = serde_json::from_slice::<Value>(body) else {
                return reply(400, &json!({ "errorMessages": ["The body is no JSON."], "errors": {} }));
            };
            if execution.stage != Stage::Ingesting {
                return reply(
                    400,
                    &json!({ "errorMessages": ["The execution takes no data any more."], "errors": {} }),
                );
            }
            let completed = chunk["completed"] == true;
            if chunk["data"].is_object() {
                execution.chunk_count += 1;
                execution.chunks.push(chunk);
            }
            if completed {
                execution.stage = Stage::Processing;
                let (site, id) = (Arc::clone(site), id.to_owned());
                tokio::spawn(async move {
                    tokio::time::sleep(site.delay).await;
                    // The work itself keeps a core busy.
                    let worked = tokio::task::spawn_blocking(move || process(&site, &id)).await;
                    if let Err(error) = worked {
                        tracing::error!(%error, "an import stopped working");
                    }
                });
            }
            empty(200)
        }
        _ => not_found(),
    }
}

fn process(site: &Site, id: &str) {
    let (structure, chunks, settings) = {
        let mut state = site.state();
        let chunks = state.executions.iter_mut().find(|e| e.id == id).map(|e| std::mem::take(&mut e.chunks));
        (state.structure.clone().unwrap_or_default(), chunks.unwrap_or_default(), state.settings)
    };
    let result = site.held().import(&structure, &chunks, settings);
    if let Some(execution) = site.state().executions.iter_mut().find(|e| e.id == id) {
        execution.result = result;
        execution.stage = Stage::Done;
    }
}

fn status(execution: &Execution) -> Value {
    json!({ "status": execution.stage.as_str(), "executionId": execution.id, "progressResult": execution.result })
}

fn link(site: &Site, end: &str) -> String {
    format!("{}/jsm/assets/workspace/{WORKSPACE}/v1/importsource/{SOURCE}/{end}", origin(&site.url))
}

pub(super) fn not_found() -> Response {
    reply(404, &json!({ "errorMessages": ["Not found."], "errors": {} }))
}

pub(super) fn reply(status: u16, body: &Value) -> Response {
    let mut response = empty(status);
    *response.body_mut() = Body::from(body.to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn empty(status: u16) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}
