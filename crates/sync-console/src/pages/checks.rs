//! The checks of a connection, with details and remedies.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use sync_service::doctor::{Check, CheckArea, CheckReport, CheckStatus as Found};
use sync_service::{JobState, ManagedConnection};

use super::components::{Tone, aged, badge, count, empty, fault, job, notice, number, said, scroll};
use super::links::address;
use super::stream::{Part, live};
use super::{Chosen, PageError, findings, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::wording;
use crate::words::{labels, setup as words};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/checks", get(page).post(begin))
        .route("/connections/{name}/checks/stream", get(stream))
}

async fn page(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    let body = html! {
        div.head { h1 { "Checks" } p.muted { (words::CHECKS) } }
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
        JobState::Idle => empty(words::NO_CHECKS, words::NO_CHECKS_TEXT, button("Run checks")),
        JobState::Running { started_at, activity } => job(&activity, started_at),
        JobState::Failed { reason, remedy, .. } => html! {
            (fault(&words::checks_failed(&reason), remedy.as_ref(), Some(member.name())))
            @if let Some(button) = button("Run checks again") { (button) }
        },
        JobState::Succeeded { result, ended_at: ended, .. } => html! {
            (summary(member, &result))
            div.head {
                p.muted { "Checked " (aged(ended)) }
                @if let Some(button) = button("Run checks again") { div.actions { (button) } }
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

/// Problems first, then the number of checks by status.
fn summary(member: &ManagedConnection, diagnosis: &CheckReport) -> Markup {
    let with = |state: Found| diagnosis.checks.iter().filter(move |check| check.status == state);
    let told =
        [(Found::Failed, Tone::Problem), (Found::Warning, Tone::Warning), (Found::Unknown, Tone::Quiet)];
    let all = [Found::Passed, Found::Failed, Found::Warning, Found::Unknown, Found::Skipped];
    let counts = all.map(|status| {
        format!("{} {}", number(diagnosis.count(status) as u64), labels::check_status(status).to_lowercase())
    });
    html! {
        @if diagnosis.passed {
            (notice(Tone::Good, words::CHECKS_PASSED, None))
        } @else {
            p { strong { (count(diagnosis.count(Found::Failed) as u64, "problem")) " found" } }
        }
        @for (state, tone) in told {
            @for check in with(state) {
                @if check.findings.is_empty() {
                    @let evidence = wording::settings(member, &check.details);
                    @let remedy = check.remedy.as_ref().map(|remedy| wording::settings(member, remedy));
                    (notice(tone, &format!("{}, {}: {evidence}", check.area.title(), check.title), remedy.as_deref()))
                }
                @for finding in &check.findings { (findings::linked(member.name(), finding)) }
            }
        }
        p.muted { (counts.join(", ")) }
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
                    thead { tr { th scope="col" { "Check" } th scope="col" { "Status" } th scope="col" { "Details" } } }
                    tbody { @for check in checks.iter().filter(|check| check.area == area) { (row(member, check)) } }
                }
            };
            (scroll(area.title(), &table))
        }
    }
}

fn row(member: &ManagedConnection, check: &Check) -> Markup {
    let tone = match check.status {
        Found::Passed => Tone::Good,
        Found::Warning => Tone::Warning,
        Found::Failed => Tone::Problem,
        Found::Unknown | Found::Skipped => Tone::Quiet,
    };
    html! {
        tr {
            th scope="row" { (check.title) }
            td.nowrap { (badge(tone, labels::check_status(check.status))) }
            td.wide {
                @if check.findings.is_empty() {
                    (said(&wording::settings(member, &check.details)))
                    @if let Some(remedy) = &check.remedy { p.remedy { strong { "→ " } (said(&wording::settings(member, remedy))) } }
                }
                @for finding in &check.findings { div { (findings::line(member.name(), finding)) } }
            }
        }
    }
}
