//! The page *Access*: tokens, made here, shown once, renewed, and revoked.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sync_service::{AuditEntry, ExposeSecret, Secret, error_chain};

use super::components::{Tone, ago, badge, notice, time};
use super::{PageError, layout};
use crate::access::{
    AccessToken, Identity, Role, TokenError, TokenRequest, create_token, renew_token, revoke_token,
};
use crate::app::App;

/// How long a token may be good for, as the form offers it: days and words; 0 for ever.
const LIVES: [(u32, &str); 4] =
    [(30, "30 days"), (90, "90 days"), (365, "one year"), (0, "until it is revoked")];

/// Entries of the audit log on the page.
const CHANGES: u32 = 50;

/// In the place of a button: somebody has to administer the console.
const KEPT: &str = "Kept: no other valid token is an administrator's.";

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/access", get(page).post(create))
        .route("/access/{id}/renew", post(renew))
        .route("/access/{id}/revoke", post(revoke))
}

/// What has just been done, or not.
#[derive(Default)]
struct Told {
    made: Option<(String, Secret)>,
    problem: Option<(String, Option<&'static str>)>,
}

async fn page(State(app): State<App>, identity: Identity) -> Result<Response, PageError> {
    shown(&app, &identity, StatusCode::OK, &Told::default()).await
}

async fn create(
    State(app): State<App>,
    identity: Identity,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let text = |name: &str| sent.get(name).map_or("", |text| text.trim());
    let now = Timestamp::now();
    let wish = TokenRequest {
        name: text("name").to_owned(),
        role: if text("role") == "admin" { Role::Admin } else { Role::ReadOnly },
        expires: end(text("life"), now)?,
    };
    match create_token(&app.fleet.store().access(), &wish, now).await {
        Ok((entry, secret)) => {
            let told = Told { made: Some((entry.name, secret)), problem: None };
            shown(&app, &identity, StatusCode::CREATED, &told).await
        }
        Err(error) => refused(&app, &identity, error).await,
    }
}

/// The end of a token that the form gives so many days.
fn end(life: &str, now: Timestamp) -> Result<Option<Timestamp>, PageError> {
    let days: u32 = life.parse().unwrap_or(90);
    if days == 0 {
        return Ok(None);
    }
    let end = now.checked_add(SignedDuration::from_hours(24 * i64::from(days)));
    end.map(Some).map_err(|_| PageError::Bad("That is too long a time".into()))
}

async fn renew(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let now = Timestamp::now();
    let expires = end(sent.get("life").map_or("", |life| life.trim()), now)?;
    changed(&app, &identity, renew_token(&app.fleet.store().access(), &id, expires, now).await).await
}

async fn revoke(
    State(app): State<App>,
    identity: Identity,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    changed(&app, &identity, revoke_token(&app.fleet.store().access(), &id, Timestamp::now()).await).await
}

/// The page again after a change to a token, or why there was none.
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
        TokenError::LastAdmin { .. } => {
            (StatusCode::CONFLICT, Some("make another for an administrator first"))
        }
        _ => (StatusCode::UNPROCESSABLE_ENTITY, error.hint()),
    };
    let told = Told { made: None, problem: Some((error_chain(&error), hint)) };
    shown(app, identity, status, &told).await
}

async fn shown(
    app: &App,
    identity: &Identity,
    status: StatusCode,
    told: &Told,
) -> Result<Response, PageError> {
    let tokens = app.fleet.store().access().tokens().await?;
    let changes = match identity.role {
        Role::Admin => Some(app.fleet.store().audit().entries(None, CHANGES).await?),
        Role::ReadOnly => None,
    };
    let body = html! {
        div.head { h1 { "Access" } }
        @if let Some((name, secret)) = &told.made {
            div.notice.notice-good role="status" {
                p.what { "Token " (name) " was made. Copy it now: it is shown this once." }
                p { code.secret { (secret.expose_secret()) } }
            }
        }
        @if let Some((what, remedy)) = &told.problem { (notice(Tone::Problem, what, *remedy)) }
        (list(identity, &tokens))
        @if identity.role == Role::Admin { (form(identity)) }
        @if let Some(changes) = &changes { (audit_log(changes)) }
        section.card aria-labelledby="uses" {
            h2 #uses { "What tokens are for" }
            ul {
                li { "Signing in here, with the administrator's rights or to look only." }
                li { "The admin API: " code { "Authorization: Bearer TOKEN" } "; everything it does is described at " a href="/api/v1/openapi.json" { "/api/v1/openapi.json" } "." }
                li { "The command line against this daemon: " code { "okta-insight status --server URL --token-file FILE" } "." }
            }
        }
    };
    Ok((status, layout::page(identity, "Access", Some("/access"), &body)).into_response())
}

fn list(identity: &Identity, tokens: &[AccessToken]) -> Markup {
    let now = Timestamp::now();
    let administers = |token: &&AccessToken| token.role == Role::Admin && token.is_valid(now);
    let last = tokens.iter().filter(administers).count() == 1;
    html! {
        div.scroll tabindex="0" role="region" aria-label="Tokens" {
            table {
                caption { "Tokens" }
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Rights" } th scope="col" { "State" }
                    th scope="col" { "Made" } th scope="col" { "Ends" } th scope="col" { "Last used" }
                    @if identity.role == Role::Admin { th scope="col" { "Change" } }
                } }
                tbody { @for token in tokens {
                    @let valid = token.is_valid(now);
                    tr {
                        th scope="row" { (token.name) @if identity.token == Some(token.id) { div.small.muted { "this sign-in" } } }
                        td.nowrap { (if token.role == Role::Admin { "do everything" } else { "look only" }) }
                        td.nowrap { @if valid { (badge(Tone::Good, "Valid")) } @else if token.revoked.is_some() { (badge(Tone::Quiet, "Revoked")) } @else { (badge(Tone::Quiet, "Expired")) } }
                        td { (time(token.created)) }
                        td { @match token.expires { Some(at) => (time(at)), None => { "no end" } } }
                        td.nowrap { @match token.last_used { Some(at) => (ago(at, now)), None => { "never" } } }
                        @if identity.role == Role::Admin {
                            td { @if valid {
                                (renewal(identity, token))
                                @if last && administers(&token) { (KEPT) } @else { (revocation(identity, token)) }
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
        @if entries.is_empty() { p.muted { "No entries yet. Every change through the console, the API, and the command line leaves one." } }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Audit log" {
                table {
                    caption { "The last " (CHANGES) " changes; for all, run " code { "okta-insight audit --lines" } }
                    thead { tr {
                        th scope="col" { "Time" } th scope="col" { "Actor" } th scope="col" { "From" }
                        th scope="col" { "Action" } th scope="col" { "About" } th scope="col" { "Outcome" }
                    } }
                    tbody { @for entry in entries {
                        tr {
                            td.nowrap { (time(entry.at)) }
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

/// A new end for a token, which itself stays the same.
fn renewal(identity: &Identity, token: &AccessToken) -> Markup {
    let field = format!("life-{}", token.id);
    html! {
        details id={ "renew-" (token.id) } {
            summary { "Renew" span.hidden-title { " " (token.name) } }
            form method="post" action={ "/access/" (token.id) "/renew" } {
                (layout::csrf(identity))
                div.field { label for=(field) { "Good for, from now on" } (lives(&field)) }
                button type="submit" { "Renew" span.hidden-title { " " (token.name) } }
            }
        }
    }
}

fn lives(id: &str) -> Markup {
    html! { select name="life" id=(id) { @for (days, words) in LIVES { option value=(days) selected[days == 90] { (words) } } } }
}

/// Revoking takes two presses, the second of which says what it does.
fn revocation(identity: &Identity, token: &AccessToken) -> Markup {
    let own = identity.token == Some(token.id);
    html! {
        details id={ "revoke-" (token.id) } {
            summary { "Revoke" span.hidden-title { " " (token.name) } }
            p.small { (if own { "You are signed in with it: this signs you out at once." } else { "It lets nobody in any more, and ends the sessions that began with it." }) }
            form method="post" action={ "/access/" (token.id) "/revoke" } {
                (layout::csrf(identity))
                button.danger type="submit" { "Yes, revoke it" span.hidden-title { ": " (token.name) } }
            }
        }
    }
}

fn form(identity: &Identity) -> Markup {
    html! {
        section.card aria-labelledby="new-token" {
            h2 #new-token { "Make a token" }
            form.filters method="post" action="/access" {
                (layout::csrf(identity))
                div.field { label for="name" { "Name" } input type="text" name="name" id="name" required maxlength="100" placeholder="who or what uses it"; }
                div.field { label for="role" { "Rights" } select name="role" id="role" { option value="read-only" { "look only" } option value="admin" { "do everything" } } }
                div.field { label for="life" { "Good for" } (lives("life")) }
                button.primary type="submit" { "Make token" }
            }
        }
    }
}
