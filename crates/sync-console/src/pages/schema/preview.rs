//! The selection of attributes, its preview, and its application.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use admin_api::{AttributeComparison, SchemaPreview, SchemaView, TypeComparison};
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use diagnostics::JobState;
use maud::{Markup, html};
use schema_mapper::{AttributeState, MappingOptions};
use sync_config::ManagedBy;
use sync_daemon::{ConnectionDraft, ManagedConnection, SaveError, ServiceError, preview_schemas};
use sync_engine::error_chain;
use sync_model::ConnectionName;

use super::super::components::{Tone, job, notice};
use super::super::findings;
use super::super::links::address;
use super::super::scope::Chosen;
use super::super::{PageError, layout};
use super::choices::{Choices, inputs, lines};
use super::comparison::compare_once;
use super::side::{self, Show};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::{mapping as words, settings};

/// The maximum duration of a preview.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time that the form waits for the comparison.
const A_MOMENT: Duration = Duration::from_secs(5);

type Sent = HashMap<String, String>;

/// The form, filled with the current selection.
pub(super) async fn choose(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    let options = in_force(&member)?;
    let body = match compared(&app, &member).await {
        JobState::Succeeded { result, .. } => form(&member, &identity, &result.types, &options),
        JobState::Failed { finding, .. } => findings::linked(member.name(), &finding),
        JobState::Running { started_at, activity } => html! {
            (job(activity, started_at))
            a.button href=(address(member.name(), &["schema", "choices"])) { "Continue" }
        },
        JobState::Idle => notice(Tone::Problem, words::UNAVAILABLE_TEXT, None),
    };
    Ok(page(&member, &identity, StatusCode::OK, &body))
}

/// The comparison, after a short wait.
async fn compared(app: &App, member: &Arc<ManagedConnection>) -> JobState<SchemaView> {
    let mut changes = app.manager.store().changes().subscribe();
    compare_once(member);
    let ended = async { while member.schemas().is_running() && changes.changed().await {} };
    // Without an end, the form shows that the comparison runs.
    let _ = tokio::time::timeout(A_MOMENT, ended).await;
    member.schemas()
}

/// The effect of a selection. Nothing is saved.
pub(super) async fn preview(
    identity: Identity,
    Chosen(member): Chosen,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let Choices { options, problems } = Choices::sent(&in_force(&member)?, &sent);
    if !problems.is_empty() {
        return Ok(refused(&member, &identity, &options, &problems));
    }
    let settings = member.settings().map_err(|reason| ServiceError::unavailable(member.name(), reason))?;
    let preview = tokio::time::timeout(PATIENCE, preview_schemas(settings, &options)).await;
    let seen = match preview {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => {
            let problem = error_chain(&error);
            return Ok(refused(&member, &identity, &options, &[problem]));
        }
        Err(_) => {
            let problem = words::timed_out(PATIENCE.as_secs());
            return Ok(refused(&member, &identity, &options, &[problem]));
        }
    };
    let body = html! {
        (changes(member.name(), &seen))
        (carry_out(&member, &identity, &options, &sent))
        details id="both-sides" {
            summary { "Proposed attributes" }
            @for object_type in &seen.proposed.types { (side::table(member.name(), object_type, Show::All)) }
        }
        h2 { "Change the selection" }
        (form(&member, &identity, &seen.current.types, &options))
    };
    Ok(page(&member, &identity, StatusCode::OK, &body))
}

/// Saves the selection and runs setup again.
pub(super) async fn apply(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let Some(saved) = member.saved() else {
        let file = member.config_file().display().to_string();
        return Err(PageError::Bad(settings::managed_by_file(&file)));
    };
    let Choices { options, problems } = Choices::sent(&saved.settings.mapping, &sent);
    if !problems.is_empty() {
        return Ok(refused(&member, &identity, &options, &problems));
    }
    let mut settings = saved.settings.clone();
    settings.mapping = options.clone();
    let draft = ConnectionDraft { settings, secrets: BTreeMap::new(), ignore_check_failures: false };
    match app.manager.save(member.name(), draft, false).await {
        Ok(_) => {
            if let Some(member) = app.manager.get(member.name()) {
                member.set_up();
            }
            Ok(Redirect::to(&address(member.name(), &["setup"])).into_response())
        }
        Err(SaveError::InvalidSettings(checked)) => {
            let problems: Vec<String> = checked.problems.into_iter().map(|problem| problem.message).collect();
            Ok(refused(&member, &identity, &options, &problems))
        }
        Err(SaveError::Service(error)) => Err(error.into()),
        Err(error) => Err(PageError::Bad(error_chain(&error))),
    }
}

fn in_force(member: &ManagedConnection) -> Result<MappingOptions, ServiceError> {
    member.working()?;
    Ok(member.settings().map(|settings| settings.mapping.clone()).unwrap_or_default())
}

fn page(member: &ManagedConnection, identity: &Identity, status: StatusCode, body: &Markup) -> Response {
    let body = html! {
        p.crumbs { a href=(address(member.name(), &["schema"])) { "Schema" } }
        div.head { h1 { "Select attributes" } p.muted { (words::SELECT) } }
        (body)
    };
    (status, layout::connection_page(identity, member, "/schema", &body)).into_response()
}

fn refused(
    member: &ManagedConnection,
    identity: &Identity,
    options: &MappingOptions,
    problems: &[String],
) -> Response {
    let body = html! {
        @for problem in problems { (notice(Tone::Problem, problem, Some(words::NOT_SAVED))) }
        @if let Some(view) = member.schemas().result() { (form(member, identity, &view.types, options)) }
    };
    page(member, identity, StatusCode::UNPROCESSABLE_ENTITY, &body)
}

/// The form; read-only users get no preview, as it sends requests to Okta and Assets.
fn form(
    member: &ManagedConnection,
    identity: &Identity,
    types: &[TypeComparison],
    options: &MappingOptions,
) -> Markup {
    let choices = inputs(types, options);
    html! {
        @if identity.role == Role::Admin {
            form method="post" action=(address(member.name(), &["schema", "choices"])) {
                (layout::csrf(identity))
                (choices)
                div.actions {
                    button.primary type="submit" { "Preview" }
                    span.hint { (words::PREVIEW) }
                }
            }
        } @else {
            fieldset disabled { legend { "Current selection" } (choices) }
        }
    }
}

/// The button that applies a previewed selection, or the lines for the configuration file.
fn carry_out(
    member: &ManagedConnection,
    identity: &Identity,
    options: &MappingOptions,
    sent: &Sent,
) -> Markup {
    if member.managed_by() == ManagedBy::File {
        return html! {
            section.card aria-labelledby="file" {
                h2 #file { "Configuration file" }
                p { "To apply this selection, replace the attribute settings in " code { (member.config_file().display()) } " with these lines, then restart the daemon:" }
                @match lines(member.name(), options) {
                    Some(lines) => pre.code { (lines) },
                    None => p { (words::NO_LINES) },
                }
            }
        };
    }
    let mut fields: Vec<(&String, &String)> = sent.iter().filter(|(key, _)| key.as_str() != "csrf").collect();
    fields.sort();
    html! {
        @if identity.role == Role::Admin {
            form method="post" action=(address(member.name(), &["schema", "apply"])) {
                (layout::csrf(identity))
                @for (key, value) in fields { input type="hidden" name=(key) value=(value); }
                div.actions {
                    button.primary type="submit" { "Apply" }
                    span.hint { (words::APPLY) }
                }
            }
        }
    }
}

/// The difference between the current and the proposed mapping.
fn changes(connection: &ConnectionName, seen: &SchemaPreview) -> Markup {
    if seen.current.mapping_version == seen.proposed.mapping_version
        && seen.current.types == seen.proposed.types
    {
        return notice(Tone::Quiet, words::UNCHANGED, None);
    }
    let found: Vec<(&str, Vec<Change>)> = seen
        .proposed
        .types
        .iter()
        .map(|then| {
            (then.name.as_str(), of_type(seen.current.types.iter().find(|now| now.kind == then.kind), then))
        })
        .collect();
    html! {
        section.card aria-labelledby="effect" {
            h2 #effect { "Changes" }
            @for (name, changes) in &found {
                @if !changes.is_empty() {
                    h3 { (name) }
                    ul { @for change in changes { li { (change.line(connection)) } } }
                }
            }
            @if found.iter().all(|(_, changes)| changes.is_empty()) {
                p { (words::VALUES_ONLY) }
            }
            @for note in seen.proposed.notes.iter().filter(|note| !seen.current.notes.contains(note)) { (findings::linked(connection, note)) }
        }
    }
}

/// The effect on one attribute.
struct Change<'v> {
    attribute: &'v AttributeComparison,
    effect: Effect,
}

enum Effect {
    /// The attribute is created in Assets.
    Added,
    /// The attribute stays in Assets with its last values.
    Left,
    /// The attribute differs in Assets, which isn't corrected automatically.
    Differs,
    /// The attribute isn't created after all.
    NotAdded,
    /// The attribute is created in another way or no longer differs.
    Otherwise,
}

fn of_type<'v>(now: Option<&'v TypeComparison>, then: &'v TypeComparison) -> Vec<Change<'v>> {
    let same = |a: &AttributeComparison, b: &AttributeComparison| match (&a.okta, &b.okta) {
        (Some(a), Some(b)) => a.name == b.name,
        (None, None) => {
            a.assets.as_ref().map(|assets| &assets.name) == b.assets.as_ref().map(|assets| &assets.name)
        }
        _ => false,
    };
    let mut changes = Vec::new();
    for attribute in &then.attributes {
        let before = now.and_then(|now| now.attributes.iter().find(|before| same(before, attribute)));
        if before == Some(attribute) {
            continue;
        }
        let was = before.map(|before| before.state);
        let effect = match (was, attribute.state) {
            (_, AttributeState::New) if was != Some(AttributeState::New) => Effect::Added,
            (Some(AttributeState::New), AttributeState::Excluded) => Effect::NotAdded,
            (_, AttributeState::Excluded) => Effect::Left,
            (_, AttributeState::Drifted) => Effect::Differs,
            _ => Effect::Otherwise,
        };
        // An excluded attribute has no proposed name; the current mapping has its name.
        let attribute = match (&effect, before) {
            (Effect::Left, Some(before)) => before,
            _ => attribute,
        };
        changes.push(Change { attribute, effect });
    }
    changes
}

impl Change<'_> {
    fn line(&self, connection: &ConnectionName) -> Markup {
        let okta = self.attribute.okta.as_ref().map_or("", |okta| okta.title.as_str());
        let assets = self.attribute.assets.as_ref();
        let name = assets.map_or(okta, |assets| assets.name.as_str());
        let kind = assets.map_or("", |assets| assets.kind.as_str());
        html! {
            @match self.effect {
                Effect::Added => { strong { (name) } " (" (kind) ") is added in Assets" }
                Effect::NotAdded => { strong { (name) } " is not added in Assets" }
                Effect::Left => { strong { (name) } " is excluded: it stays in Assets with its last values and is no longer updated" }
                Effect::Otherwise => { strong { (name) } " is used as " (kind) }
                Effect::Differs => {
                    strong { (name) } " differs in Assets and isn't corrected automatically:"
                    @for difference in &self.attribute.differences { div { (findings::line(connection, difference)) } }
                }
            }
        }
    }
}
