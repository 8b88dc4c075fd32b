//! Every precondition: what was seen of it, and what to do.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use sync_service::doctor::{Check, CheckArea, CheckReport, CheckStatus as Found};
use sync_service::{JobState, ManagedConnection};

use super::components::{Tone, aged, badge, count, empty, notice, said, scroll, under_way};
use super::links::address;
use super::prose::prose;
use super::stream::{Part, live};
use super::{Chosen, PageError, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::wording;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/checks", get(page).post(begin))
        .route("/connections/{name}/checks/stream", get(stream))
}

async fn page(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    let body = html! {
        div.head { h1 { "Checks" } p.muted { "Every precondition of the connection. Nothing is changed." } }
        div data-live={ (address(member.name(), &["checks"])) "/stream" } {
            div data-part="checks" { (state(&member, &identity)) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/checks", &body).into_response())
}

async fn stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    Ok(live(app.stop.clone(), move || {
        let (member, identity) = (member.clone(), identity.clone());
        async move { Ok(vec![Part::new("checks", state(&member, &identity))]) }
    }))
}

async fn begin(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    member.working()?;
    member.examine();
    Ok(Redirect::to(&address(member.name(), &["checks"])))
}

fn state(member: &ManagedConnection, identity: &Identity) -> Markup {
    let button = |label: &str| begin_button(member, identity, label);
    match member.checks() {
        JobState::Idle => empty(
            "Nothing was looked at yet",
            "Access to the org, scopes, the event hook, the import, rate limits and addresses are looked at, within a minute.",
            button("Check every precondition"),
        ),
        JobState::Running { since, doing } => under_way(&doing, since),
        JobState::Failed { reason, hint, .. } => html! {
            (notice(Tone::Problem, &format!("The preconditions could not be looked at: {reason}"), hint.as_deref()))
            @if let Some(button) = button("Check again") { (button) }
        },
        JobState::Succeeded { result, ended, .. } => html! {
            (summary(member, &result))
            div.head {
                p.muted { "Looked at " (aged(ended)) }
                @if let Some(button) = button("Check again") { div.actions { (button) } }
            }
            (areas(member, &result.checks))
        },
    }
}

fn begin_button(member: &ManagedConnection, identity: &Identity, label: &str) -> Option<Markup> {
    (identity.role == Role::Admin && member.connection().is_ok()).then(|| {
        html! {
            form method="post" action=(address(member.name(), &["checks"])) {
                (layout::csrf(identity))
                button type="submit" { (label) }
            }
        }
    })
}

/// What does not hold first, then the rest in numbers.
fn summary(member: &ManagedConnection, diagnosis: &CheckReport) -> Markup {
    let with = |state: Found| diagnosis.checks.iter().filter(move |check| check.status == state);
    let told =
        [(Found::Failed, Tone::Problem), (Found::Warning, Tone::Warning), (Found::Unknown, Tone::Quiet)];
    let numbers = [
        (Found::Passed, "Hold"),
        (Found::Failed, "Do not hold"),
        (Found::Warning, "To know of"),
        (Found::Unknown, "Not known"),
        (Found::Skipped, "Skipped"),
    ];
    html! {
        @if diagnosis.passed {
            (notice(Tone::Good, "There is no problem", None))
        } @else {
            p { strong { (count(diagnosis.count(Found::Failed) as u64, "problem")) " to put right:" } }
        }
        @for (state, tone) in told {
            @for check in with(state) {
                @let evidence = wording::settings(member, &check.details);
                @let remedy = check.remedy.as_ref().map(|remedy| wording::settings(member, remedy));
                (notice(tone, &format!("{}, {}: {evidence}", check.area.title(), check.title), remedy.as_deref()))
            }
        }
        dl.figures.card aria-label="Preconditions in numbers" {
            @for (state, word) in numbers { div { dt { (word) } dd { (diagnosis.count(state)) } } }
        }
    }
}

fn areas(member: &ManagedConnection, checks: &[Check]) -> Markup {
    let mut areas: Vec<CheckArea> = checks.iter().map(|check| check.area).collect();
    areas.dedup();
    html! {
        @for area in areas {
            @let table = html! {
                table.checks {
                    caption { (area.title()) }
                    thead { tr { th scope="col" { "Precondition" } th scope="col" { "State" } th scope="col" { "What was seen" } } }
                    tbody { @for check in checks.iter().filter(|check| check.area == area) { (row(member, check)) } }
                }
            };
            (scroll(area.title(), &table))
        }
    }
}

fn row(member: &ManagedConnection, check: &Check) -> Markup {
    let (tone, word) = match check.status {
        Found::Passed => (Tone::Good, "Holds"),
        Found::Warning => (Tone::Warning, "To know of"),
        Found::Failed => (Tone::Problem, "Does not hold"),
        Found::Unknown => (Tone::Quiet, "Not known"),
        Found::Skipped => (Tone::Quiet, "Skipped"),
    };
    html! {
        tr {
            th scope="row" { (check.title) }
            td.nowrap { (badge(tone, word)) }
            td.wide {
                (prose(&wording::here(&wording::settings(member, &check.details))))
                @if let Some(remedy) = &check.remedy { p.remedy { strong { "→ " } (said(&wording::settings(member, remedy))) } }
            }
        }
    }
}
