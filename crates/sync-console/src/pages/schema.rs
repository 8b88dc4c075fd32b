//! Okta and Assets attributes side by side, and the selection of attributes with a preview.

mod choices;
mod comparison;
mod preview;
mod side;

use std::collections::HashMap;

use admin_api::SchemaView;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use diagnostics::JobState;
use maud::{Markup, html};
use sync_daemon::ManagedConnection;

use super::components::{Tone, aged, empty, job, notice};
use super::links::{address, asking};
use super::scope::Chosen;
use super::stream::{Part, stream_parts};
use super::{PageError, findings, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::mapping as words;
use comparison::compare_once;
use side::{DRIFTED, Show};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/schema", get(page).post(compare))
        .route("/connections/{name}/schema/stream", get(stream))
        .route("/connections/{name}/schema/choices", get(preview::choose).post(preview::preview))
        .route("/connections/{name}/schema/apply", post(preview::apply))
}

fn show(query: &HashMap<String, String>) -> Result<Show, PageError> {
    Show::named(query.get("show").map_or("", String::as_str))
        .ok_or_else(|| PageError::Bad("The filter isn't an attribute state".into()))
}

async fn page(
    identity: Identity,
    Chosen(member): Chosen,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let show = show(&query)?;
    compare_once(&member);
    let path = address(member.name(), &["schema"]);
    let body = html! {
        div.head {
            h1 { "Schema" }
            p.muted { (words::SCHEMA) }
            @if member.connection().is_ok() {
                div.actions { a.button href={ (path) "/choices" } { "Select attributes" } }
            }
        }
        form.filters method="get" aria-label="Attributes" {
            div.field {
                label for="show" { "Attributes" }
                select name="show" id="show" {
                    @for choice in Show::ALL { option value=(choice.as_str()) selected[choice == show] { (choice.label()) } }
                }
            }
            button type="submit" { "Show" }
        }
        div data-live=(asking(&format!("{path}/stream"), &[("show", show.as_str())])) {
            div data-part="schema" { (state(&member, &identity, show)) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/schema", &body).into_response())
}

async fn stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let show = show(&query)?;
    Ok(stream_parts(&app, move || {
        let (member, identity) = (member.clone(), identity.clone());
        async move { Ok(vec![Part::new("schema", state(&member, &identity, show))]) }
    }))
}

async fn compare(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    member.working()?;
    member.compare_schemas();
    Ok(Redirect::to(&address(member.name(), &["schema"])))
}

fn state(member: &ManagedConnection, identity: &Identity, show: Show) -> Markup {
    let again = || {
        (identity.role == Role::Admin && member.connection().is_ok()).then(|| {
            html! {
                form method="post" action=(address(member.name(), &["schema"])) {
                    (layout::csrf(identity))
                    button type="submit" { "Compare again" }
                }
            }
        })
    };
    match member.schemas() {
        JobState::Idle => empty(words::UNAVAILABLE, words::UNAVAILABLE_TEXT, None),
        JobState::Running { started_at, activity } => job(activity, started_at),
        JobState::Failed { finding, .. } => html! {
            (findings::linked(member.name(), &finding))
            @if let Some(again) = again() { (again) }
        },
        JobState::Succeeded { result, ended_at: ended, .. } => html! {
            (verdict(member, &result))
            div.head {
                p.muted { "Compared " (aged(ended)) ", mapping " code { (result.mapping_version) } }
                @if let Some(again) = again() { div.actions { (again) } }
            }
            @for object_type in &result.types { (side::table(member.name(), object_type, show)) }
            @for note in &result.notes { (findings::linked(member.name(), note)) }
        },
    }
}

fn verdict(member: &ManagedConnection, view: &SchemaView) -> Markup {
    let (new, drift) = side::counts(view);
    html! {
        @if !view.has_differences {
            (notice(Tone::Good, words::MATCH, None))
        } @else if new > 0 {
            (notice(Tone::Busy, &words::new_attributes(new), Some(words::NEW_REMEDY)))
        }
        @if drift > 0 {
            div.notice.notice-warning {
                p.what { (words::DRIFT) }
                p { a href=(asking(&address(member.name(), &["schema"]), &[("show", DRIFTED.as_str())])) { "Show drifted attributes" } }
            }
        }
    }
}
