//! The setup checklist: each step with its state, details, findings, and buttons.

use std::sync::Arc;

use admin_api::wire::SyncOptions;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use diagnostics::{JobState, SetupChecklist, SetupStep, SetupStepName, StepState};
use maud::{Markup, html};
use serde::Deserialize;
use sync_daemon::{ManagedConnection, ServiceError};
use sync_engine::Remedy;

use super::components::{Tone, ago, badge, notice};
use super::scope::Chosen;
use super::stream::{Part, stream_parts};
use super::{PageError, findings, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::details::detail;
use crate::words::{labels, setup as words};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/setup", get(page).post(set_up))
        .route("/connections/{name}/setup/stream", get(stream))
        .route("/connections/{name}/verify", post(verify))
        .route("/connections/{name}/synchronize", post(synchronize))
}

async fn page(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    let name = member.name();
    start_checks_once(&member);
    let body = html! {
        div.head { h1 { "Setup" } p.muted { (words::SETUP) } }
        div data-live={ "/connections/" (name) "/setup/stream" } {
            div data-part="steps" { (steps(&member, &identity).await?) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/setup", &body).into_response())
}

/// Verifies the connection once after the daemon started, so that the checklist shows its state.
pub(super) fn start_checks_once(member: &Arc<ManagedConnection>) {
    if matches!((member.setup(), member.verified()), (JobState::Idle, JobState::Idle)) {
        member.verify();
    }
}

async fn stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    Ok(stream_parts(&app, move || {
        let (member, identity) = (member.clone(), identity.clone());
        async move { Ok(vec![Part::new("steps", steps(&member, &identity).await?)]) }
    }))
}

async fn steps(member: &ManagedConnection, identity: &Identity) -> Result<Markup, ServiceError> {
    member.refresh_checks();
    let guide = member.setup_checklist().await?;
    let set_up_again = needs_setup(&guide);
    Ok(html! {
        @if guide.complete {
            (notice(Tone::Good, words::SETUP_COMPLETE, Some(words::SETUP_COMPLETE_TEXT)))
        }
        ol.steps { @for (at, step) in guide.steps.iter().enumerate() {
            (one(member, identity, at + 1, step, set_up_again))
        } }
    })
}

/// True if Setup resolves a problem of a later step.
fn needs_setup(checklist: &SetupChecklist) -> bool {
    let findings = checklist.steps.iter().flat_map(|step| &step.findings);
    findings
        .filter_map(|finding| finding.remedy.as_ref())
        .any(|remedy| matches!(remedy, Remedy::RunSetup | Remedy::ExposeDaemonAndRunSetup))
}

/// One step. `set_up_again` makes Setup the next action, whatever step this is.
fn one(
    member: &ManagedConnection,
    identity: &Identity,
    number: usize,
    step: &SetupStep,
    set_up_again: bool,
) -> Markup {
    let (class, sign, tone) = match step.state {
        StepState::Complete => ("done", "✓".to_owned(), Tone::Good),
        StepState::Running => ("running", "↻".to_owned(), Tone::Busy),
        StepState::Ready => ("ready", number.to_string(), Tone::Quiet),
        StepState::Failed => ("failed", "✗".to_owned(), Tone::Problem),
        StepState::NotReady => ("blocked", number.to_string(), Tone::Quiet),
    };
    let title = labels::setup_step(step.name);
    html! {
        li class={ "step step-" (class) } id={ "step-" (number) } {
            div.step-sign aria-hidden="true" { (sign) }
            div.step-body {
                h2 { (title) (badge(tone, labels::step_state(step.state))) }
                @if step.state == StepState::NotReady {
                    p { (words::NOT_READY) }
                }
                @if let Some(since) = step.started_at {
                    progress aria-label={ (title) " is running" } {}
                    p.small.muted { "Started " (ago(since, member.now())) }
                }
                @if !step.details.is_empty() {
                    ul { @for result in &step.details { li { (detail(result)) } } }
                }
                @for finding in &step.findings { (findings::notice(finding)) }
                @if identity.role == Role::Admin { (actions(member, identity, step, set_up_again)) }
            }
        }
    }
}

fn actions(member: &ManagedConnection, identity: &Identity, step: &SetupStep, set_up_again: bool) -> Markup {
    let name = member.name();
    let usable = !matches!(step.state, StepState::NotReady | StepState::Running);
    let first = step.state != StepState::Complete;
    let next = if set_up_again { step.name == SetupStepName::Setup } else { first };
    let button = |action: &str, label: &str| {
        html! {
            form method="post" action={ "/connections/" (name) "/" (action) } {
                (layout::csrf(identity))
                button.primary[next] type="submit" { (label) }
            }
        }
    };
    html! {
        @if usable {
            div.actions {
                @match step.name {
                    SetupStepName::Save => { @if member.saved().is_some() { a.button href={ "/connections/" (name) "/edit" } { "Edit settings" } } }
                    SetupStepName::Setup => { (button("setup", if first { "Setup" } else { "Setup again" })) }
                    SetupStepName::Verify => { (button("verify", if first { "Verify Okta Hook" } else { "Verify again" })) }
                    SetupStepName::Cardinality => { @if first { (button("verify", "Check again")) } }
                    SetupStepName::Synchronize => {
                        (button("synchronize", if first { "Synchronize" } else { "Synchronize again" }))
                        a.button href={ "/connections/" (name) "/plan" } { "View plan" }
                    }
                }
                @if step.state == StepState::Failed {
                    @if member.saved().is_some() && step.name != SetupStepName::Save {
                        a.button href={ "/connections/" (name) "/edit" } { "Edit settings" }
                    }
                    a.button href={ "/connections/" (name) "/checks" } { "Run checks" }
                }
            }
            @if step.name == SetupStepName::Synchronize && !first {
                details.below #resend {
                    summary { (words::RESTORE) }
                    p { (words::RESTORE_TEXT) }
                    form method="post" action={ "/connections/" (name) "/synchronize" } {
                        (layout::csrf(identity))
                        button type="submit" name="resend" value="yes" { "Resend all objects" }
                    }
                }
            }
        }
    }
}

/// The form of the last step.
#[derive(Deserialize)]
struct Again {
    /// Present if unchanged objects are resent too.
    resend: Option<String>,
}

async fn set_up(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    member.working()?;
    member.set_up();
    Ok(back(&member))
}

async fn verify(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    member.working()?;
    member.verify();
    Ok(back(&member))
}

async fn synchronize(Chosen(member): Chosen, Form(asked): Form<Again>) -> Result<Redirect, PageError> {
    let resend = asked.resend.is_some();
    request_full_sync(&member, SyncOptions { resend, ..SyncOptions::default() }).await?;
    Ok(back(&member))
}

/// Starts a full sync, unless an earlier step is unfinished: the page may be old.
pub(super) async fn request_full_sync(
    member: &ManagedConnection,
    request: SyncOptions,
) -> Result<(), PageError> {
    let guide = member.setup_checklist().await?;
    let offered =
        guide.step(SetupStepName::Synchronize).is_some_and(|step| step.state != StepState::NotReady);
    if !offered {
        return Err(PageError::Bad(words::STEPS_UNFINISHED.into()));
    }
    member.request_sync(request).await?;
    Ok(())
}

fn back(member: &ManagedConnection) -> Redirect {
    Redirect::to(&format!("/connections/{}/setup", member.name()))
}
