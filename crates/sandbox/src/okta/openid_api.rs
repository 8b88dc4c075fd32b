//! The HTTP side of OpenID Connect: discovery, the page on which a person signs in, tokens.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::changes::Refused;
use super::openid::{AuthorizationRequest, OAuthError, OpenId, Refusal};
use super::server::OrgServer;
use crate::origin::origin;

/// The parameters that the page passes on when a login was chosen.
const PASSED_ON: [&str; 8] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
];

impl OrgServer {
    /// Locked before the org, never after.
    fn openid(&self) -> MutexGuard<'_, OpenId> {
        self.openid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a web app with sign-in through this org.
    pub(crate) fn register_web_app(&self, app: &Value) -> Result<Value, Refused> {
        let uris: Vec<String> = serde_json::from_value(app["redirect_uris"].clone())
            .map_err(|_| Refused("redirect_uris is a list of addresses"))?;
        let (client_id, secret) = self.openid().register(uris, app["thin"] == true);
        Ok(json!({ "client_id": client_id, "client_secret": secret, "issuer": origin(&self.url) }))
    }

    /// Signs ID tokens with another key from now on.
    pub(crate) fn rotate_signing_key(&self) {
        self.openid().rotate_key();
    }
}

/// Responds to the authorization server's paths; `None` for others.
pub(super) fn answer(
    org: &Arc<OrgServer>,
    method: &Method,
    path: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Option<Response> {
    Some(match (method.as_str(), path) {
        ("GET", "/.well-known/openid-configuration") => json_answer(StatusCode::OK, &discovery(org)),
        ("GET", "/oauth2/v1/keys") => match org.openid().keys() {
            Ok(keys) => json_answer(StatusCode::OK, &keys),
            Err(error) => {
                tracing::error!(%error, "the org could not make a key");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        },
        ("GET", "/oauth2/v1/authorize") => authorize(org, query, None),
        ("POST", "/oauth2/v1/authorize") => authorize(org, form, form.get("login").map(String::as_str)),
        ("GET", "/oauth2/v1/userinfo") => match org.openid().userinfo(headers) {
            Some(about) => json_answer(StatusCode::OK, &about),
            None => (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")])
                .into_response(),
        },
        ("POST", "/oauth2/v1/token") if form.get("grant_type").is_some_and(|g| g == "authorization_code") => {
            token(org, headers, form)
        }
        _ => return None,
    })
}

fn discovery(org: &OrgServer) -> Value {
    let issuer = origin(&org.url);
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth2/v1/authorize"),
        "token_endpoint": format!("{issuer}/oauth2/v1/token"),
        "userinfo_endpoint": format!("{issuer}/oauth2/v1/userinfo"),
        "jwks_uri": format!("{issuer}/oauth2/v1/keys"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "groups"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "preferred_username", "groups"],
        "code_challenge_methods_supported": ["S256"],
    })
}

/// Shows the login page, or redirects with a code. A login that was chosen on the page counts, and a login hint if the
/// app permits no page.
fn authorize(org: &Arc<OrgServer>, query: &HashMap<String, String>, chosen: Option<&str>) -> Response {
    let checked = org.openid().check(query);
    let request = match checked {
        Ok(request) => request,
        Err(Refusal::Page(words)) => {
            return page(StatusCode::BAD_REQUEST, &format!("<h1>400</h1><p>{}</p>", escaped(words)));
        }
        Err(Refusal::Redirect { uri, state, error }) => return send_back(&uri, &refusal(&state, error)),
    };
    let silent = query.get("prompt").is_some_and(|prompt| prompt == "none");
    let login = chosen.or_else(|| query.get("login_hint").map(String::as_str).filter(|_| silent));
    let user = login.and_then(|login| active(org, login));
    match user {
        Some(user) => grant(org, request, &user),
        None if silent => {
            let error =
                ("login_required", "The client specified not to prompt, but the user is not logged in.");
            send_back(&request.redirect_uri, &refusal(&request.state, error))
        }
        None => sign_in_page(query, chosen.is_some()),
    }
}

fn active(org: &OrgServer, login: &str) -> Option<String> {
    let state = org.org();
    let mut users = state.users.iter();
    let found = users.find(|(_, user)| user["profile"]["login"] == login && user["status"] == "ACTIVE");
    found.map(|(id, _)| id.clone())
}

fn grant(org: &Arc<OrgServer>, request: AuthorizationRequest, user: &str) -> Response {
    // A user who was deleted in the meantime gets a code that can't be redeemed.
    let _ = org.change(|state| state.sign_in(user));
    let (uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let code = org.openid().code(request, user, org.authority.now().as_second());
    send_back(&uri, &[("code", &code), ("state", &state)])
}

fn refusal(state: &str, (error, description): OAuthError) -> [(&str, &str); 3] {
    [("error", error), ("error_description", description), ("state", state)]
}

fn send_back(uri: &str, pairs: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(uri) else {
        return page(StatusCode::BAD_REQUEST, "<h1>400</h1><p>The redirect URI is no address.</p>");
    };
    url.query_pairs_mut().extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    (StatusCode::FOUND, [(LOCATION, url.to_string())]).into_response()
}

fn sign_in_page(query: &HashMap<String, String>, failed: bool) -> Response {
    let fields = PASSED_ON.iter().filter_map(|name| Some((name, query.get(*name)?)));
    let hidden: Vec<String> = fields
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)))
        .collect();
    let hidden = hidden.concat();
    let words = if failed { "<p role=\"alert\">Unable to sign in</p>" } else { "" };
    let hint = query.get("login_hint").map(|hint| escaped(hint)).unwrap_or_default();
    page(
        StatusCode::OK,
        &format!(
            "<h1>Sign In</h1>{words}<form method=\"post\" action=\"/oauth2/v1/authorize\">{hidden}<label>Username \
             <input name=\"login\" value=\"{hint}\" required autofocus></label> <button>Sign in</button></form>"
        ),
    )
}

fn page(status: StatusCode, body: &str) -> Response {
    let text = format!("<!doctype html><html lang=\"en\"><title>Sandbox org - Sign In</title>{body}</html>");
    (status, [(CONTENT_TYPE, "text/html;charset=utf-8")], text).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn token(org: &Arc<OrgServer>, headers: &HeaderMap, form: &HashMap<String, String>) -> Response {
    let now = org.authority.now().as_second();
    let mut openid = org.openid();
    let redeemed = openid.redeem(headers, form, &org.org(), &origin(&org.url), now);
    match redeemed {
        Ok(tokens) => json_answer(StatusCode::OK, &tokens),
        Err((error, description)) => {
            let status =
                if error == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST };
            json_answer(status, &json!({ "error": error, "error_description": description }))
        }
    }
}

fn json_answer(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], Body::from(value.to_string())).into_response()
}
