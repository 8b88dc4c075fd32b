//! The HTTP side of the site: authentication and routes.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, Request};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::json;

use super::document::Structure;
use super::ids::{CLOUD, WORKSPACE};
use super::reply::{link, not_found, problem, reply};
use super::site::Site;
use super::{executions, mapping, rest};

/// The maximum size of a body, regardless of the limit for chunks.
const BODY_LIMIT: usize = 64 << 20;

/// The credential of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// The token of the import source.
    Source,
    /// An account, by its API token or by OAuth.
    Account,
}

/// Responds to a request to one import source, or to the site through it.
pub(super) async fn handle(site: Arc<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let whole = parts.uri.path();
    // OAuth has its own base path, which accepts no other credential.
    let oauth_path = whole.strip_prefix(&format!("/ex/jira/{CLOUD}"));
    let Some(caller) = site.caller(&parts.headers, oauth_path.is_some()) else {
        return reply(401, &json!({ "code": 401, "message": "Unauthorized" }));
    };
    if let Some(wait) = site.over_limit() {
        let mut response = reply(429, &json!({ "code": 429, "message": "Too Many Requests" }));
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        return response;
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return reply(413, &json!({ "code": 413, "message": "Payload Too Large" }));
    };
    let path = oauth_path.unwrap_or(whole);
    match (path, caller) {
        ("/jsm/assets/v1/imports/info" | "/jsm/insight/v1/imports/info", Caller::Source) => {
            let links = json!({ "getStatus": link(&site, "configstatus"), "start": link(&site, "executions"),
                "mapping": link(&site, "mapping") });
            return reply(200, &json!({ "links": links }));
        }
        ("/rest/servicedeskapi/assets/workspace", Caller::Account) => return rest::workspaces(),
        _ => {}
    }
    let base = |product: &str| format!("/jsm/{product}/workspace/{WORKSPACE}/v1/");
    let below = path.strip_prefix(&base("assets")).or_else(|| path.strip_prefix(&base("insight")));
    let Some(below) = below else { return not_found() };
    let query: HashMap<String, String> = Query::try_from_uri(&parts.uri).map(|q| q.0).unwrap_or_default();
    let segments: Vec<&str> = below.trim_matches('/').split('/').collect();
    let (account, source) = (caller == Caller::Account, site.ids.source);
    match segments.as_slice() {
        ["importsource", id] if *id == source && !account && site.state().settings.account_only => {
            forbidden()
        }
        ["importsource", id] if *id == source && parts.method == Method::GET => {
            reply(200, &rest::source(&site))
        }
        ["importsource", id, "token"] if *id == source && account => {
            rest::handle(&site, &parts.method, &segments, &query, &body)
        }
        ["importsource", id, rest @ ..] if *id == source => {
            import_source(&site, &parts.method, rest, &query, &body)
        }
        _ if account => rest::handle(&site, &parts.method, &segments, &query, &body),
        // The token of an import source is good for nothing else.
        _ => forbidden(),
    }
}

impl Site {
    fn caller(&self, headers: &HeaderMap, oauth: bool) -> Option<Caller> {
        let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let (scheme, credential) = given.split_once(' ').unwrap_or_default();
        match (scheme, oauth) {
            ("Bearer", true) if credential == self.oauth_token => Some(Caller::Account),
            ("Bearer", false) if credential == self.import_token() => Some(Caller::Source),
            ("Basic", false) if credential == self.basic() => Some(Caller::Account),
            _ => None,
        }
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
        ("PUT" | "PATCH", ["mapping"]) => mapping::change(site, method, body, detached),
        ("GET", ["mapping", "progress", id]) => mapping::progress(site, id),
        ("GET", ["schema-and-mapping"]) => {
            let document = site.state().structure.as_ref().map(Structure::document);
            document.map_or_else(not_found, |document| reply(200, &document))
        }
        ("POST", ["executions"]) => executions::start(site),
        ("GET", ["executions", "status"]) => executions::latest(site),
        (method, ["executions", id, rest @ ..]) => executions::call(site, method, id, rest, body),
        _ => not_found(),
    }
}

fn config_status(site: &Site) -> Response {
    let state = site.state();
    let answer = if state.settings.disabled {
        json!({ "status": "DISABLED" })
    } else if state.structure.is_none() {
        json!({ "status": "MISSING_MAPPING" })
    } else if let Some(id) = state.under_way() {
        json!({ "status": "RUNNING", "links": { "cancel": link(site, &format!("executions/{id}")) } })
    } else {
        json!({ "status": "IDLE" })
    };
    reply(200, &answer)
}

fn forbidden() -> Response {
    problem(403, "Forbidden.")
}
