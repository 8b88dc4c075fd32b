//! The checks of a connection, with details and remedies.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use diagnostics::{Check, CheckArea, CheckReport, CheckStatus as Found, JobState};
use maud::{Markup, html};
use sync_daemon::ManagedConnection;
use sync_engine::Remedy;

use super::components::{Tone, aged, badge, count, empty, framed, job, linked, notice, number, scroll};
use super::links::address;
use super::scope::Chosen;
use super::stream::{Part, stream_parts};
use super::{PageError, findings, layout, self_test};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::findings::finding as words_of;
use crate::words::{checks, labels, remedies, setup as words};

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
            div data-part="self-test" { (self_test::section(&member, &identity).await?) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/checks", &body).into_response())
}

async fn stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    Ok(stream_parts(&app, move || {
        let (member, identity) = (member.clone(), identity.clone());
        async move {
            Ok(vec![
                Part::new("checks", state(&member, &identity)),
                Part::new("self-test", self_test::section(&member, &identity).await?),
            ])
        }
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
        JobState::Running { started_at, activity } => job(activity, started_at),
        JobState::Failed { finding, .. } => html! {
            p { (words::CHECKS_FAILED) }
            (findings::linked(member.name(), &finding))
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
    let reported =
        [(Found::Failed, Tone::Problem), (Found::Warning, Tone::Warning), (Found::Unknown, Tone::Quiet)];
    let all = [Found::Passed, Found::Failed, Found::Warning, Found::Unknown, Found::Skipped];
    let counts = all.map(|status| match (diagnosis.count(status) as u64, status) {
        (n, Found::Warning) => count(n, "warning"),
        (n, _) => format!("{} {}", number(n), labels::check_status(status).to_lowercase()),
    });
    html! {
        @if diagnosis.passed {
            (notice(Tone::Good, words::CHECKS_PASSED, None))
        } @else {
            p { strong { (count(diagnosis.count(Found::Failed) as u64, "problem")) " found" } }
        }
        @for (state, tone) in reported {
            @for check in with(state) { (problem(member, tone, check)) }
        }
        p.muted { (counts.join(", ")) }
    }
}

/// The findings of a check as messages; without findings, its observations as one message.
fn problem(member: &ManagedConnection, tone: Tone, check: &Check) -> Markup {
    if check.findings.is_empty() {
        let what = html! { (check.area.title()) ", " (check.title) ": " (observations(check)) };
        let fixes = (!check.remedies.is_empty()).then(|| {
            html! {
                @for (n, remedy) in check.remedies.iter().enumerate() {
                    @if n > 0 { " " }
                    (fix(member, remedy))
                }
            }
        });
        return framed(tone, &what, fixes.as_ref());
    }
    html! {
        @for finding in &check.findings {
            (findings::message(finding, finding.remedy.as_ref().map(|remedy| fix(member, remedy)).as_ref()))
        }
    }
}

/// The observations of a check as sentences.
fn observations(check: &Check) -> Markup {
    html! {
        @for (n, observation) in check.observations.iter().enumerate() {
            @if n > 0 { " " }
            (checks::observation(observation))
        }
    }
}

/// A remedy for the connection, with a link to its page.
fn fix(member: &ManagedConnection, remedy: &Remedy) -> Markup {
    linked(&remedies::for_owner(remedy, member.managed_by()), Some(member.name()))
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
                @for finding in &check.findings {
                    div {
                        (words_of(finding))
                        @if let Some(remedy) = &finding.remedy { div.remedy { (fix(member, remedy)) } }
                    }
                }
                (observations(check))
                @for remedy in &check.remedies { p.remedy { strong { "→ " } (fix(member, remedy)) } }
            }
        }
    }
}
