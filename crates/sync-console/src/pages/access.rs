//! The page *Access tokens*: tokens are created, shown once, renewed, and revoked.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};
use sync_engine::error_chain;
use sync_store::AuditEntry;

use super::components::{Tone, ago, badge, notice, time};
use super::{PageError, layout};
use crate::access::{
    AccessToken, Identity, Role, TokenError, TokenRequest, create_token, renew_token, revoke_token,
};
use crate::app::App;
use crate::words::{access as words, labels};

/// The lifetimes that the form offers: days and label; 0 means no expiration.
const EXPIRATIONS: [(u32, &str); 4] =
    [(30, "30 days"), (90, "90 days"), (365, "1 year"), (0, "No expiration")];

/// Entries of the audit log on the page.
const CHANGES: u32 = 50;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/access", get(page).post(create))
        .route("/access/{id}/renew", post(renew))
        .route("/access/{id}/revoke", post(revoke))
}

/// The result of the last action.
#[derive(Default)]
struct Messages {
    made: Option<(String, SecretString)>,
    problem: Option<(String, Option<&'static str>)>,
}

async fn page(State(app): State<App>, identity: Identity) -> Result<Response, PageError> {
    shown(&app, &identity, StatusCode::OK, &Messages::default()).await
}

async fn create(
    State(app): State<App>,
    identity: Identity,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let text = |name: &str| sent.get(name).map_or("", |text| text.trim());
    let now = app.manager.now();
    let request = TokenRequest {
        name: text("name").to_owned(),
        role: if text("role") == "admin" { Role::Admin } else { Role::ReadOnly },
        expires: end(text("life"), now)?,
    };
    match create_token(&app.manager.store().access(), &request, now).await {
        Ok((entry, secret)) => {
            let messages = Messages { made: Some((entry.name, secret)), problem: None };
            shown(&app, &identity, StatusCode::CREATED, &messages).await
        }
        Err(error) => refused(&app, &identity, error).await,
    }
}

/// The expiration of a token that is valid for this number of days.
fn end(expires_in: &str, now: Timestamp) -> Result<Option<Timestamp>, PageError> {
    let days: u32 = expires_in.parse().unwrap_or(90);
    if days == 0 {
        return Ok(None);
    }
    let end = now.checked_add(SignedDuration::from_hours(24 * i64::from(days)));
    end.map(Some).map_err(|_| PageError::Bad(words::TOO_LONG.into()))
}

async fn renew(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let now = app.manager.now();
    let expires = end(sent.get("life").map_or("", |expires_in| expires_in.trim()), now)?;
    changed(&app, &identity, renew_token(&app.manager.store().access(), &id, expires, now).await).await
}

async fn revoke(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    changed(&app, &identity, revoke_token(&app.manager.store().access(), &id, app.manager.now()).await).await
}

/// The page after a change to a token, or its error.
async fn changed(
    app: &App,
    identity: &Identity,
    change: Result<AccessToken, TokenError>,
) -> Result<Response, PageError> {
    match change {
        Ok(_) => Ok(Redirect::to("/access").into_response()),
        Err(TokenError::Unknown(_)) => Err(PageError::Missing("token")),
        Err(error) => refused(app, identity, error).await,
    }
}

async fn refused(app: &App, identity: &Identity, error: TokenError) -> Result<Response, PageError> {
    if let TokenError::Store(error) = error {
        return Err(error.into());
    }
    let (status, hint) = match error {
        TokenError::LastAdmin { .. } => (StatusCode::CONFLICT, Some(words::LAST_ADMIN_REMEDY)),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, error.hint()),
    };
    let messages = Messages { made: None, problem: Some((error_chain(&error), hint)) };
    shown(app, identity, status, &messages).await
}

async fn shown(
    app: &App,
    identity: &Identity,
    status: StatusCode,
    messages: &Messages,
) -> Result<Response, PageError> {
    let tokens = app.manager.store().access().tokens().await?;
    let changes = match identity.role {
        Role::Admin => Some(app.manager.store().audit().entries(None, CHANGES).await?),
        Role::ReadOnly => None,
    };
    let body = html! {
        div.head { h1 { "Access tokens" } }
        @if let Some((name, secret)) = &messages.made {
            div.notice.notice-good role="status" {
                p.what { "Token " (name) " was created. " (words::COPY_NOW) }
                p { code.secret { (secret.expose_secret()) } }
            }
        }
        @if let Some((what, remedy)) = &messages.problem { (notice(Tone::Problem, what, *remedy)) }
        (list(identity, &tokens, app.manager.now()))
        @if identity.role == Role::Admin { (form(identity)) }
        @if let Some(changes) = &changes { (audit_log(changes)) }
        section.card aria-labelledby="uses" {
            h2 #uses { "Usage" }
            ul {
                li { "Console: sign in with a token. Its role sets what you can change." }
                li { "API: send " code { "Authorization: Bearer TOKEN" } ". The OpenAPI document is at " a href="/api/v1/openapi.json" { "/api/v1/openapi.json" } "." }
                li { "Command line: run " code { "okta-insight status --server URL --token-file FILE" } "." }
            }
        }
    };
    Ok((status, layout::page(identity, "Access tokens", Some("/access"), &body)).into_response())
}

fn list(identity: &Identity, tokens: &[AccessToken], now: Timestamp) -> Markup {
    let administers = |token: &&AccessToken| token.role == Role::Admin && token.is_valid(now);
    let last = tokens.iter().filter(administers).count() == 1;
    html! {
        div.scroll tabindex="0" role="region" aria-label="Access tokens" {
            table {
                caption { "Access tokens" }
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Role" } th scope="col" { "State" }
                    th scope="col" { "Created" } th scope="col" { "Expires" } th scope="col" { "Last used" }
                    @if identity.role == Role::Admin { th scope="col" { "Actions" } }
                } }
                tbody { @for token in tokens {
                    @let valid = token.is_valid(now);
                    tr {
                        th scope="row" { (token.name) @if identity.token == Some(token.id) { div.small.muted { "Current sign-in" } } }
                        td.nowrap { (labels::role(token.role)) }
                        td.nowrap { @if valid { (badge(Tone::Good, "Valid")) } @else if token.revoked_at.is_some() { (badge(Tone::Quiet, "Revoked")) } @else { (badge(Tone::Quiet, "Expired")) } }
                        td { (time(token.created_at)) }
                        td { @match token.expires_at { Some(at) => (time(at)), None => { "Never" } } }
                        td.nowrap { @match token.last_used_at { Some(at) => (ago(at, now)), None => { "Never" } } }
                        @if identity.role == Role::Admin {
                            td { @if valid {
                                (renewal(identity, token))
                                @if last && administers(&token) { (words::LAST_ADMIN) } @else { (revocation(identity, token)) }
                            } }
                        }
                    }
                } }
            }
        }
    }
}

/// The newest entries of the audit log.
fn audit_log(entries: &[AuditEntry]) -> Markup {
    html! {
        h2 #audit-log { "Audit log" }
        @if entries.is_empty() { p.muted { (words::NO_AUDIT) } }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Audit log" {
                table {
                    caption { "Last " (CHANGES) " changes. For all changes, run " code { "okta-insight audit --lines" } }
                    thead { tr {
                        th scope="col" { "Time" } th scope="col" { "Actor" } th scope="col" { "Origin" }
                        th scope="col" { "Action" } th scope="col" { "Object" } th scope="col" { "Outcome" }
                    } }
                    tbody { @for entry in entries {
                        tr {
                            td.nowrap { (time(entry.occurred_at)) }
                            th scope="row" { (entry.actor) }
                            td.nowrap { (entry.origin.as_ref().unwrap_or(&entry.via)) }
                            td.nowrap { (entry.action) }
                            td { (entry.connection.as_deref().unwrap_or_default()) " " (entry.subject.as_deref().unwrap_or_default()) }
                            td.nowrap { @if entry.succeeded { (badge(Tone::Good, "Succeeded")) } @else { (badge(Tone::Problem, "Failed")) } }
                        }
                    } }
                }
            }
        }
    }
}

/// The renewal of a token, which changes its expiration only.
fn renewal(identity: &Identity, token: &AccessToken) -> Markup {
    let field = format!("life-{}", token.id);
    html! {
        details id={ "renew-" (token.id) } {
            summary { "Renew" span.hidden-title { " " (token.name) } }
            form method="post" action={ "/access/" (token.id) "/renew" } {
                (layout::csrf(identity))
                div.field { label for=(field) { "Expires in" } (expiration_select(&field)) }
                button type="submit" { "Renew" span.hidden-title { " " (token.name) } }
            }
        }
    }
}

fn expiration_select(id: &str) -> Markup {
    html! { select name="life" id=(id) { @for (days, words) in EXPIRATIONS { option value=(days) selected[days == 90] { (words) } } } }
}

/// The revocation, which requires a second press.
fn revocation(identity: &Identity, token: &AccessToken) -> Markup {
    let own = identity.token == Some(token.id);
    html! {
        details id={ "revoke-" (token.id) } {
            summary { "Revoke" span.hidden-title { " " (token.name) } }
            p.small { (if own { words::REVOKE_OWN } else { words::REVOKE }) }
            form method="post" action={ "/access/" (token.id) "/revoke" } {
                (layout::csrf(identity))
                button.danger type="submit" { "Revoke token" span.hidden-title { " " (token.name) } }
            }
        }
    }
}

fn form(identity: &Identity) -> Markup {
    html! {
        section.card aria-labelledby="new-token" {
            h2 #new-token { "Create token" }
            form.filters method="post" action="/access" {
                (layout::csrf(identity))
                div.field { label for="name" { "Name" } input type="text" name="name" id="name" required maxlength="100" placeholder="For example, the name of the script"; }
                div.field { label for="role" { "Role" } select name="role" id="role" { @for role in [Role::ReadOnly, Role::Admin] { option value=(role.as_str()) { (labels::role(role)) } } } }
                div.field { label for="life" { "Expires in" } (expiration_select("life")) }
                button.primary type="submit" { "Create token" }
            }
        }
    }
}
