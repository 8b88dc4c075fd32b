//! *Save*: the settings of a connection. Secrets are stored and never shown.

mod form;
#[cfg(test)]
mod fuzz;

use std::collections::HashMap;

use admin_api::{FieldError, ValidationReport};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use sync_config::ManagedBy;
use sync_config::init::needed_scopes;
use sync_daemon::SaveError;
use sync_engine::{Remedy, error_chain};
use sync_model::ConnectionName;

use super::components::{Tone, capital, count, fault, framed, notice};
use super::scope::Chosen;
use super::{PageError, layout};
use crate::access::Identity;
use crate::app::App;
use crate::words::settings as words;
use form::{Fields, Filled};

/// The largest form; keys and tokens are far smaller.
const BODY_LIMIT: usize = 256 << 10;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/new", get(new).post(create))
        .route("/connections/{name}/edit", get(edit).post(change))
        .route("/connections/{name}/remove", post(remove))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

type Sent = Form<HashMap<String, String>>;

/// The messages of the page.
#[derive(Default)]
struct Messages {
    /// The errors by field.
    problems: Vec<FieldError>,
    /// The results of passed tests.
    findings: Vec<String>,
    /// The reason why nothing was saved, if no field is at fault.
    refusal: Option<(String, Option<Remedy>)>,
}

async fn new(State(app): State<App>, identity: Identity) -> Response {
    shown(&app, &identity, None, &Fields::default(), &Messages::default(), StatusCode::OK)
}

async fn create(State(app): State<App>, identity: Identity, Form(sent): Sent) -> Response {
    let fields = Fields::sent(sent);
    let name = fields.name.trim().to_owned();
    let name = if name.is_empty() { "main".to_owned() } else { name };
    let wrong = |message: String| FieldError { field: "name".into(), message, remedy: None, blocking: true };
    let problem = match ConnectionName::try_from(name) {
        Ok(name) if app.manager.get(&name).is_some() => wrong(SaveError::AlreadyExists(name).to_string()),
        Ok(name) => return Box::pin(save(&app, &identity, &name, fields, true)).await,
        Err(error) => wrong(error.to_string()),
    };
    // The other settings don't depend on the name.
    let filled = fields.filled();
    let problems = std::iter::once(problem).chain(filled.problems.iter().cloned()).collect();
    let messages = match ConnectionName::try_from("new".to_owned()) {
        Ok(name) => messages_for(&app, &name, problems, &filled).await,
        Err(_) => Messages { problems, ..Messages::default() },
    };
    shown(&app, &identity, None, &fields, &messages, StatusCode::UNPROCESSABLE_ENTITY)
}

async fn edit(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    let saved = member.saved().ok_or_else(|| in_file(&member.config_file().display().to_string()))?;
    let fields = Fields::saved(saved);
    Ok(shown(&app, &identity, Some(member.name()), &fields, &Messages::default(), StatusCode::OK))
}

async fn change(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
    Form(sent): Sent,
) -> Result<Response, PageError> {
    let saved = member.saved().ok_or_else(|| in_file(&member.config_file().display().to_string()))?;
    let fields = Fields::sent(sent).over(saved);
    Ok(Box::pin(save(&app, &identity, member.name(), fields, false)).await)
}

/// These problems with all others that can be found without a request.
async fn messages_for(
    app: &App,
    name: &ConnectionName,
    mut problems: Vec<FieldError>,
    filled: &Filled,
) -> Messages {
    match app.manager.faults(name, &filled.draft).await {
        Ok(faults) => {
            problems.extend(faults);
            Messages { problems, ..Messages::default() }
        }
        Err(error) => {
            Messages { problems, refusal: Some((error_chain(&error), error.remedy())), ..Messages::default() }
        }
    }
}

fn in_file(file: &str) -> PageError {
    PageError::Bad(words::managed_by_file(file))
}

async fn save(app: &App, identity: &Identity, name: &ConnectionName, fields: Fields, new: bool) -> Response {
    let filled = fields.filled();
    let existing = (!new).then_some(name);
    if !filled.problems.is_empty() {
        let messages = messages_for(app, name, filled.problems.clone(), &filled).await;
        return shown(app, identity, existing, &fields, &messages, StatusCode::UNPROCESSABLE_ENTITY);
    }
    match app.manager.save(name, filled.draft, new).await {
        Ok(_) => Redirect::to(&format!("/connections/{name}/setup")).into_response(),
        Err(SaveError::InvalidSettings(ValidationReport { details: findings, problems })) => {
            let messages = Messages { problems, findings, refusal: None };
            shown(app, identity, existing, &fields, &messages, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(error) => {
            let status = match error {
                SaveError::AlreadyExists(_) | SaveError::ManagedByFile(_) => StatusCode::CONFLICT,
                SaveError::Vault(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            let messages =
                Messages { refusal: Some((error_chain(&error), error.remedy())), ..Messages::default() };
            shown(app, identity, existing, &fields, &messages, status)
        }
    }
}

fn shown(
    app: &App,
    identity: &Identity,
    existing: Option<&ConnectionName>,
    fields: &Fields,
    messages: &Messages,
    status: StatusCode,
) -> Response {
    let title = existing.map_or_else(|| "Add connection".to_owned(), |name| format!("{name} settings"));
    let action =
        existing.map_or_else(|| "/connections/new".to_owned(), |name| format!("/connections/{name}/edit"));
    let body = html! {
        nav.crumbs aria-label="Breadcrumb" {
            a href="/" { "Connections" } " / "
            @if let Some(name) = existing { a href={ "/connections/" (name) } { (name) } " / " }
            span { (if existing.is_some() { "Settings" } else { "New" }) }
        }
        div.head { h1 { (title) } }
        @if !identity.may_change() {
            (notice(Tone::Warning, words::READ_ONLY, Some(words::READ_ONLY_REMEDY)))
        } @else if app.manager.keeps_secrets() {
            (summary(messages))
            div.beside {
            form method="post" action=(action) novalidate autocomplete="off" data-keep {
                (layout::csrf(identity))
                (form::inputs(fields, existing, &messages.problems))
                @if messages.problems.iter().any(|p| !p.blocking) && messages.problems.iter().all(|p| !p.blocking) {
                    div.check {
                        input type="checkbox" name="although" value="yes" id="although";
                        label for="although" { (words::SAVE_ANYWAY) }
                    }
                }
                div.actions {
                    button.primary type="submit" { "Save" }
                    a.button href=(existing.map_or_else(|| "/".to_owned(), |name| format!("/connections/{name}"))) { "Cancel" }
                    span.hint { (words::SAVE) }
                }
            }
            @if existing.is_none() { (before()) }
            }
            @if let Some(name) = existing { (removal(identity, name)) }
        } @else {
            (framed(Tone::Warning, &html! { (words::NO_MASTER_KEY) }, Some(&words::no_master_key_remedy())))
        }
    };
    (status, layout::page(identity, &title, Some("/"), &body)).into_response()
}

fn summary(messages: &Messages) -> Markup {
    html! {
        @if let Some((what, remedy)) = &messages.refusal { (fault(what, remedy.as_ref(), None)) }
        @if !messages.problems.is_empty() {
            div.notice.notice-problem role="alert" {
                p.what { "Nothing was saved. " (count(messages.problems.len() as u64, "setting")) " to correct:" }
                ul { @for problem in &messages.problems {
                    li { (problem_line(problem)) }
                } }
            }
        }
        @if !messages.findings.is_empty() {
            div.notice.notice-good { p.what { "Passed tests" } ul { @for seen in &messages.findings { li { (capital(seen)) } } } }
        }
    }
}

/// An error after a link to its field.
fn problem_line(problem: &FieldError) -> Markup {
    let FieldError { field, message, .. } = problem;
    html! { a href={ "#" (form::anchor(field)) } { (words::label(field)) } ": " (message) }
}

/// The prerequisites in both products.
fn before() -> Markup {
    let scopes = needed_scopes(true);
    html! {
        aside.card aria-labelledby="before" {
            h2 #before { "Before you start" }
            h3 { "In Okta" }
            ol {
                li { "In the Okta Admin Console, go to " b { "Applications > Applications" } ", select " b { "Create App Integration" } ", and select " b { "API Services" } "." }
                li { "Open " b { "General" } ". Under " b { "Client Credentials" } ", select " b { "Public key / Private key" } ", then " b { "Add key" } " and " b { "Generate new key" } ". Copy the private key as JSON." }
                li {
                    "Open " b { "Okta API Scopes" } " and grant "
                    @for (at, scope) in scopes.iter().enumerate() {
                        @if at > 0 { ", " }
                        code title=(scope.purpose) { (scope.name) }
                    }
                    ". The scopes for event hooks are required only for the event hook."
                }
                li { "Open " b { "Admin roles" } " and assign " b { "Read-only Administrator" } ". Without an admin role, the app can't read users." }
            }
            h3 { "In Assets" }
            ol {
                li { "Create an object schema, open it, and go to " b { "Schema configuration > Import" } "." }
                li { "Select " b { "Create import" } ", then " b { "External import" } ". Leave its schema and mapping empty; Setup creates them." }
                li { "Open the menu (…) of the import and select " b { "Generate token" } "." }
            }
        }
    }
}

/// The removal, which requires a second press.
fn removal(identity: &Identity, name: &ConnectionName) -> Markup {
    html! {
        details.card id="removal" {
            summary { "Remove this connection" }
            p { (words::REMOVAL) }
            form method="post" action={ "/connections/" (name) "/remove" } {
                (layout::csrf(identity))
                button.danger type="submit" { "Remove " (name) }
            }
        }
    }
}

async fn remove(State(app): State<App>, Chosen(member): Chosen) -> Result<Redirect, PageError> {
    if member.managed_by() == ManagedBy::File {
        return Err(in_file(&member.config_file().display().to_string()));
    }
    app.manager.remove(member.name()).await.map_err(|error| match error {
        SaveError::Service(error) => PageError::Failed(error),
        other => PageError::Bad(error_chain(&other)),
    })?;
    Ok(Redirect::to("/"))
}
