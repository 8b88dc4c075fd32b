//! *Save*: the settings of a connection. Secrets are written and never shown.

mod form;
#[cfg(test)]
mod fuzz;

use std::collections::HashMap;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use sync_service::init::needed_scopes;
use sync_service::model::ConnectionName;
use sync_service::{FieldError, ManagedBy, SaveError, ValidationReport, error_chain};

use super::components::{Tone, capital, notice};
use super::{Chosen, PageError, layout};
use crate::access::Identity;
use crate::app::App;
use form::Fields;

/// Keys and tokens are short; a form is no way to send files.
const BODY_LIMIT: usize = 256 << 10;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/new", get(new).post(create))
        .route("/connections/{name}/edit", get(edit).post(change))
        .route("/connections/{name}/remove", post(remove))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

type Sent = Form<HashMap<String, String>>;

/// What the page shows beside the form.
#[derive(Default)]
struct Told {
    /// What does not work, by field.
    problems: Vec<FieldError>,
    /// What was seen of what works.
    findings: Vec<String>,
    /// Why nothing was saved, when that is no field's fault.
    refusal: Option<(String, Option<String>)>,
}

async fn new(State(app): State<App>, identity: Identity) -> Response {
    shown(&app, &identity, None, &Fields::default(), &Told::default(), StatusCode::OK)
}

async fn create(State(app): State<App>, identity: Identity, Form(sent): Sent) -> Response {
    let fields = Fields::sent(sent);
    let name = fields.name.trim().to_owned();
    let name = if name.is_empty() { "main".to_owned() } else { name };
    let wrong = |message: String| FieldError { field: "name".into(), message, hint: None, blocking: true };
    let problem = match ConnectionName::try_from(name) {
        Ok(name) if app.fleet.get(&name).is_some() => wrong(SaveError::AlreadyExists(name).to_string()),
        Ok(name) => return Box::pin(save(&app, &identity, &name, fields, true)).await,
        Err(error) => wrong(error.to_string()),
    };
    let problems = std::iter::once(problem).chain(fields.filled().all_problems(&[])).collect();
    let told = Told { problems, ..Told::default() };
    shown(&app, &identity, None, &fields, &told, StatusCode::UNPROCESSABLE_ENTITY)
}

async fn edit(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    let saved = member.saved().ok_or_else(|| in_file(&member.config_file().display().to_string()))?;
    let fields = Fields::saved(saved);
    Ok(shown(&app, &identity, Some(member.name()), &fields, &Told::default(), StatusCode::OK))
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

fn in_file(file: &str) -> PageError {
    PageError::Bad(format!("This connection is in the configuration file {file}, and is changed there"))
}

async fn save(app: &App, identity: &Identity, name: &ConnectionName, fields: Fields, new: bool) -> Response {
    let filled = fields.filled();
    let existing = (!new).then_some(name);
    if !filled.problems.is_empty() {
        let told = Told { problems: filled.all_problems(fields.kept()), ..Told::default() };
        return shown(app, identity, existing, &fields, &told, StatusCode::UNPROCESSABLE_ENTITY);
    }
    match app.fleet.save(name, filled.draft, new).await {
        Ok(_) => Redirect::to(&format!("/connections/{name}/setup")).into_response(),
        Err(SaveError::InvalidSettings(ValidationReport { details: findings, problems })) => {
            let told = Told { problems, findings, refusal: None };
            shown(app, identity, existing, &fields, &told, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(error) => {
            let status = match error {
                SaveError::AlreadyExists(_) | SaveError::ManagedByFile(_) => StatusCode::CONFLICT,
                SaveError::Vault(_) => StatusCode::SERVICE_UNAVAILABLE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            let told = Told { refusal: Some((error_chain(&error), error.hint())), ..Told::default() };
            shown(app, identity, existing, &fields, &told, status)
        }
    }
}

fn shown(
    app: &App,
    identity: &Identity,
    existing: Option<&ConnectionName>,
    fields: &Fields,
    told: &Told,
    status: StatusCode,
) -> Response {
    let title = existing.map_or_else(|| "Add a connection".to_owned(), |name| format!("Settings of {name}"));
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
            (notice(Tone::Warning, "This sign-in may only look", Some("sign in with the token of an administrator")))
        } @else if app.fleet.keeps_secrets() {
            (summary(told))
            div.beside {
            form method="post" action=(action) novalidate autocomplete="off" data-keep {
                (layout::csrf(identity))
                (form::inputs(fields, existing, &told.problems))
                @if told.problems.iter().any(|p| !p.blocking) && told.problems.iter().all(|p| !p.blocking) {
                    div.check {
                        input type="checkbox" name="although" value="yes" id="although";
                        label for="although" { "Save although this does not work at the moment" }
                    }
                }
                div.actions {
                    button.primary type="submit" { "Save" }
                    a.button href=(existing.map_or_else(|| "/".to_owned(), |name| format!("/connections/{name}"))) { "Cancel" }
                    span.hint { "Save asks Okta and Assets whether the settings work. Nothing is changed there." }
                }
            }
            @if existing.is_none() { (before()) }
            }
            @if let Some(name) = existing { (removal(identity, name)) }
        } @else {
            (notice(
                Tone::Warning,
                "No connection can be saved here: there is no master key, and secrets are stored under one only",
                Some("make one with `okta-insight master-key generate --out master.key`, set console.master_key = \
                      { file = \"master.key\" } in the configuration or OKTA_INSIGHT__CONSOLE__MASTER_KEY in the \
                      environment, and start the daemon again; or put the connection into the configuration file with \
                      `okta-insight init`"),
            ))
        }
    };
    (status, layout::page(identity, &title, Some("/"), &body)).into_response()
}

fn summary(told: &Told) -> Markup {
    html! {
        @if let Some((what, hint)) = &told.refusal { (notice(Tone::Problem, what, hint.as_deref())) }
        @if !told.problems.is_empty() {
            div.notice.notice-problem role="alert" {
                p.what { "Nothing was saved: " (super::components::count(told.problems.len() as u64, "setting")) " to look at" }
                ul { @for problem in &told.problems {
                    li { (problem_line(problem)) }
                } }
            }
        }
        @if !told.findings.is_empty() {
            div.notice.notice-good { p.what { "What works" } ul { @for seen in &told.findings { li { (capital(seen)) } } } }
        }
    }
}

/// A problem with a link to its field: by the field's name in the sentence, or before it.
fn problem_line(problem: &FieldError) -> Markup {
    let FieldError { field, message, .. } = problem;
    let label = form::label(field);
    let link = |name: &str| html! { a href={ "#" (form::anchor(field)) } { (name) } };
    let named = message.to_ascii_lowercase().find(&label.to_ascii_lowercase());
    let parts = named.and_then(|at| {
        let (before, rest) = message.split_at_checked(at)?;
        let (name, after) = rest.split_at_checked(label.len())?;
        Some((before, name, after))
    });
    html! {
        @if let Some((before, name, after)) = parts { (capital(before)) (link(name)) (after) }
        @else { (link(&label)) ": " (message) }
    }
}

/// What has to exist in both products before there is anything to save.
fn before() -> Markup {
    let scopes = needed_scopes(true);
    html! {
        aside.card aria-labelledby="before" {
            h2 #before { "What to make first" }
            h3 { "In Okta" }
            ol {
                li { "Applications, Create App Integration, " b { "API Services" } "." }
                li { "General, Client Credentials: " b { "Public key / Private key" } ", Add key, Generate new key; copy the private key as JSON." }
                li {
                    "Okta API Scopes, grant: "
                    @for (at, scope) in scopes.iter().enumerate() {
                        @if at > 0 { ", " }
                        code title=(scope.purpose) { (scope.name) }
                    }
                    ". Those for event hooks only if you want the hook."
                }
                li { "Admin roles: " b { "Read-only Administrator" } " is enough. Without a role the app sees nobody." }
            }
            h3 { "In Assets" }
            ol {
                li { "Make an object schema, and open its Configuration, " b { "Import" } " tab." }
                li { "Create import, " b { "External import" } "; leave its schema and mapping empty: Setup makes them." }
                li { "The import's menu (…), " b { "Generate token" } "." }
            }
        }
    }
}

/// Removing takes two presses, the second of which says what it does.
fn removal(identity: &Identity, name: &ConnectionName) -> Markup {
    html! {
        details.card id="removal" {
            summary { "Remove this connection" }
            p { "Its settings and secrets are forgotten here, and changes in Okta no longer reach Assets. Nothing is deleted in Okta or Assets; the event hook stays until you delete it in Okta." }
            form method="post" action={ "/connections/" (name) "/remove" } {
                (layout::csrf(identity))
                button.danger type="submit" { "Remove " (name) }
            }
        }
    }
}

async fn remove(State(app): State<App>, Chosen(member): Chosen) -> Result<Redirect, PageError> {
    if member.keeper() == ManagedBy::File {
        return Err(in_file(&member.config_file().display().to_string()));
    }
    app.fleet.remove(member.name()).await.map_err(|error| match error {
        SaveError::Service(error) => PageError::Failed(error),
        other => PageError::Bad(error_chain(&other)),
    })?;
    Ok(Redirect::to("/"))
}
