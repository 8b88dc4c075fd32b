//! Choosing attributes, seeing what that would change, and applying it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use sync_service::mapper::{AttributeComparison, AttributeState, MappingOptions, TypeComparison};
use sync_service::{
    ConnectionDraft, JobState, ManagedBy, ManagedConnection, SaveError, SchemaPreview, SchemaView,
    ServiceError, error_chain, preview_schemas,
};

use tokio::time::Instant;

use super::super::components::{Tone, notice, said, under_way};
use super::super::links::address;
use super::super::{Chosen, PageError, layout};
use super::choices::{Choices, inputs, lines};
use super::side::{self, Show};
use crate::access::{Identity, Role};
use crate::app::App;

/// How long somebody may wait for a preview.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the form waits for what it is made of, and how often it looks.
const A_MOMENT: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(100);

type Sent = HashMap<String, String>;

/// The form, filled with what is in force.
pub(super) async fn choose(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    let options = in_force(&member)?;
    super::compare_once(&member);
    let body = match compared(&member).await {
        JobState::Succeeded { result, .. } => form(&member, &identity, &result.types, &options),
        JobState::Failed { reason, hint, .. } => notice(Tone::Problem, &reason, hint.as_deref()),
        JobState::Running { since, doing } => html! {
            (under_way(&doing, since))
            a.button href=(address(member.name(), &["schema", "choices"])) { "Go on once it is done" }
        },
        JobState::Idle => {
            notice(Tone::Problem, "This connection cannot work", Some("see why on its Overview"))
        }
    };
    Ok(page(&member, &identity, StatusCode::OK, &body))
}

/// What was compared, waited for as long as nobody thinks that the page hangs.
async fn compared(member: &ManagedConnection) -> JobState<SchemaView> {
    let until = Instant::now() + A_MOMENT;
    loop {
        let state = member.schemas();
        if !state.is_running() || Instant::now() >= until {
            return state;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What the choices would change. Nothing is saved.
pub(super) async fn preview(
    identity: Identity,
    Chosen(member): Chosen,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let Choices { options, problems } = Choices::sent(&in_force(&member)?, &sent);
    if !problems.is_empty() {
        return Ok(refused(&member, &identity, &options, &problems));
    }
    let settings = member.settings().map_err(|broken| PageError::Bad(broken.reason.clone()))?;
    let looked = tokio::time::timeout(PATIENCE, preview_schemas(settings, &options)).await;
    let seen = match looked {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => {
            let problem = error_chain(&error);
            return Ok(refused(&member, &identity, &options, &[problem]));
        }
        Err(_) => {
            let problem = format!("Okta and Assets did not answer within {} s", PATIENCE.as_secs());
            return Ok(refused(&member, &identity, &options, &[problem]));
        }
    };
    let body = html! {
        (changes(&seen))
        (carry_out(&member, &identity, &options, &sent))
        details id="both-sides" {
            summary { "Both sides, as they would be" }
            @for object_type in &seen.proposed.types { (side::table(object_type, Show::All)) }
        }
        h2 { "Choose otherwise" }
        (form(&member, &identity, &seen.current.types, &options))
    };
    Ok(page(&member, &identity, StatusCode::OK, &body))
}

/// Saves the choices and sets up again.
pub(super) async fn apply(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
    Form(sent): Form<Sent>,
) -> Result<Response, PageError> {
    let Some(saved) = member.saved() else {
        let file = member.config_file().display();
        return Err(PageError::Bad(format!(
            "This connection is in the configuration file {file}, and its choices are made there"
        )));
    };
    let Choices { options, problems } = Choices::sent(&saved.settings.mapping, &sent);
    if !problems.is_empty() {
        return Ok(refused(&member, &identity, &options, &problems));
    }
    let mut settings = saved.settings.clone();
    settings.mapping = options.clone();
    let draft = ConnectionDraft { settings, secrets: BTreeMap::new(), ignore_check_failures: false };
    match app.fleet.save(member.name(), draft, false).await {
        Ok(_) => {
            if let Some(member) = app.fleet.get(member.name()) {
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
        p.crumbs { a href=(address(member.name(), &["schema"])) { "Both sides" } }
        div.head { h1 { "Choose attributes" } p.muted { "Which attributes of a profile Assets gets, by which name, as which type." } }
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
        @for problem in problems { (notice(Tone::Problem, problem, Some("nothing was saved; choose otherwise, or try again"))) }
        @if let Some(view) = member.schemas().result() { (form(member, identity, &view.types, options)) }
    };
    page(member, identity, StatusCode::UNPROCESSABLE_ENTITY, &body)
}

/// Whoever may only look tries nothing out: a preview asks Okta and Assets.
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
                    span.hint { "Shows what would change. Nothing is saved, and nothing is changed in Assets." }
                }
            }
        } @else {
            fieldset disabled { legend { "As it is" } (choices) }
        }
    }
}

/// Applying what was looked at: another choice is another preview.
fn carry_out(
    member: &ManagedConnection,
    identity: &Identity,
    options: &MappingOptions,
    sent: &Sent,
) -> Markup {
    if member.keeper() == ManagedBy::File {
        return html! {
            section.card aria-labelledby="file" {
                h2 #file { "In the configuration file" }
                p { "This connection is in " code { (member.config_file().display()) } ". Write there, in the place of what it says of attributes, and start the daemon again:" }
                @match lines(member.name(), options) {
                    Some(lines) => pre.code { (lines) },
                    None => p { "Nothing: every attribute is used as it comes. Take away what it says of attributes." },
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
                    span.hint { "Saves these choices and sets up again: new attributes are added in Assets. Nothing is deleted there." }
                }
            }
        }
    }
}

/// What differs between the mapping that is in force and the one that was chosen.
fn changes(seen: &SchemaPreview) -> Markup {
    if seen.current.mapping == seen.proposed.mapping && seen.current.types == seen.proposed.types {
        return notice(Tone::Quiet, "These choices change nothing", None);
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
            h2 #effect { "What would change" }
            @for (name, changes) in &found {
                @if !changes.is_empty() {
                    h3 { (name) }
                    ul { @for change in changes { li { (change.line()) } } }
                }
            }
            @if found.iter().all(|(_, changes)| changes.is_empty()) {
                p { "Nothing in the attributes; values may be made otherwise." }
            }
            @for note in seen.proposed.notes.iter().filter(|note| !seen.current.notes.contains(note)) { (notice(Tone::Quiet, note, None)) }
        }
    }
}

/// One effect of a choice.
struct Change<'v> {
    attribute: &'v AttributeComparison,
    effect: Effect,
}

enum Effect {
    /// It is created in Assets.
    Added,
    /// It stays in Assets with the values that it has.
    Left,
    /// Assets has it otherwise, and nobody changes that by force.
    Differs,
    /// It would have been created, and is not.
    NotAdded,
    /// It would have been created otherwise, or no longer differs.
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
        // What is left out has no side in Assets any more; what it was called there is known from before.
        let attribute = match (&effect, before) {
            (Effect::Left, Some(before)) => before,
            _ => attribute,
        };
        changes.push(Change { attribute, effect });
    }
    changes
}

impl Change<'_> {
    fn line(&self) -> Markup {
        let okta = self.attribute.okta.as_ref().map_or("", |okta| okta.title.as_str());
        let assets = self.attribute.assets.as_ref();
        let name = assets.map_or(okta, |assets| assets.name.as_str());
        let kind = assets.map_or("", |assets| assets.kind.as_str());
        html! {
            @match self.effect {
                Effect::Added => { strong { (name) } " (" (kind) ") is added in Assets" }
                Effect::NotAdded => { strong { (name) } " is not added in Assets" }
                Effect::Left => { strong { (name) } " is left out: it stays in Assets with the values that it has, and is no longer kept current" }
                Effect::Otherwise => { strong { (name) } " is used as " (kind) }
                Effect::Differs => {
                    strong { (name) } " stays in Assets as it is, and differs:"
                    @for difference in &self.attribute.differences { div { (said(difference)) } }
                }
            }
        }
    }
}
