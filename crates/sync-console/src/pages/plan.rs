//! The plan: the changes of the next full sync, and the override of a safeguard.

mod changes;

use std::collections::HashMap;

use admin_api::PlanView;
use admin_api::wire::SyncOptions;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use diagnostics::{JobState, SetupStepName, StepState};
use jiff::Timestamp;
use maud::{Markup, html};
use sync_daemon::{ManagedConnection, ServiceError};
use sync_engine::{Finding, PlannedRemovals, RemovedMemberships, RunKind, SchemaReport, SyncPlan};
use sync_model::ConnectionName;

use super::components::{Tone, aged, count, empty, job, notice, number, scroll};
use super::links::address;
use super::scope::Chosen;
use super::stream::{Part, stream_parts};
use super::{PageError, findings, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::{findings as words_of, labels, remedies, setup as words};
pub(super) use changes::shown;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/plan", get(page).post(create_plan))
        .route("/connections/{name}/plan/stream", get(stream))
        .route("/connections/{name}/plan/synchronize", post(synchronize))
}

async fn page(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    super::setup::start_checks_once(&member);
    let body = html! {
        div.head { h1 { "Plan" } p.muted { (words::PLAN) } }
        div data-live={ (address(member.name(), &["plan"])) "/stream" } {
            div data-part="plan" { (state(&member, &identity).await?) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/plan", &body).into_response())
}

async fn stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    Ok(stream_parts(&app, move || {
        let (member, identity) = (member.clone(), identity.clone());
        async move { Ok(vec![Part::new("plan", state(&member, &identity).await?)]) }
    }))
}

async fn create_plan(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    member.working()?;
    member.make_plan();
    Ok(Redirect::to(&address(member.name(), &["plan"])))
}

/// True if all earlier setup steps are complete.
async fn is_offered(member: &ManagedConnection) -> Result<bool, ServiceError> {
    let guide = member.setup_checklist().await?;
    Ok(guide.step(SetupStepName::Synchronize).is_some_and(|step| step.state != StepState::NotReady))
}

/// Applies the plan on the page; without it, or after a newer one, nothing is overridden.
async fn synchronize(
    Chosen(member): Chosen,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Redirect, PageError> {
    if !is_offered(&member).await? {
        return Err(PageError::Bad(words::STEPS_UNFINISHED.into()));
    }
    let plan = member.plan();
    let shown = plan.result().filter(|plan| sent.get("plan") == Some(&plan.plan.run.to_string()));
    let Some(plan) = shown else {
        return Err(PageError::Bad(words::PLAN_REPLACED.into()));
    };
    let accepts = sent.contains_key("accept");
    if !plan.violations.is_empty() && !accepts {
        return Err(PageError::Bad(words::REVIEW_UNCONFIRMED.into()));
    }
    let request = SyncOptions { override_safeguards: !plan.violations.is_empty(), ..SyncOptions::default() };
    member.request_sync(request).await?;
    Ok(Redirect::to(&address(member.name(), &["activity"])))
}

async fn state(member: &ManagedConnection, identity: &Identity) -> Result<Markup, ServiceError> {
    let plan = member.plan();
    if let JobState::Running { started_at, activity } = plan {
        let runs = member.working()?.active_runs();
        let run = runs.active.iter().find(|run| run.kind == RunKind::Plan);
        return Ok(html! {
            (job(activity, started_at))
            @if let Some(run) = run.filter(|run| !run.phases.is_empty()) { (super::activity::phases(&run.phases)) }
        });
    }
    let may = identity.role == Role::Admin && member.connection().is_ok();
    let button = |label: &str| may.then(|| create_button(member, identity, label));
    Ok(match plan {
        JobState::Idle | JobState::Running { .. } => {
            empty(words::NO_PLAN, words::NO_PLAN_TEXT, button("Create plan"))
        }
        JobState::Failed { finding, .. } => html! {
            p { (words::PLAN_FAILED) }
            (findings::linked(member.name(), &finding))
            @if let Some(button) = button("Refresh plan") { (button) }
        },
        JobState::Succeeded { started_at: since, result, .. } => html! {
            (verdict(member, &result, identity, (may, is_offered(member).await?)))
            (age_notice(since, button("Refresh plan")))
            (figures(&result.plan))
            @if let Some(structure) = &result.plan.schema { (structure_changes(member.name(), structure)) }
            (losses(&result.plan.removals))
            (data(member.name(), &result.plan.data_findings()))
            (changes::table(member.name(), &result))
        },
    })
}

fn create_button(member: &ManagedConnection, identity: &Identity, label: &str) -> Markup {
    html! {
        form method="post" action=(address(member.name(), &["plan"])) {
            (layout::csrf(identity))
            button type="submit" { (label) }
        }
    }
}

fn age_notice(started_at: Timestamp, again: Option<Markup>) -> Markup {
    html! {
        div.head {
            p.muted {
                "Read from Okta " (aged(started_at)) ". " (words::PLAN_AGE)
            }
            @if let Some(button) = again { div.actions { (button) } }
        }
    }
}

/// The next action: none, apply, or override a safeguard. `may` requires the role, `offered` the earlier setup steps.
fn verdict(
    member: &ManagedConnection,
    view: &PlanView,
    identity: &Identity,
    (may, offered): (bool, bool),
) -> Markup {
    let (plan, changes) = (&view.plan, view.plan.changes());
    let structure = plan.schema.as_ref();
    let adds = structure.is_some_and(|s| !s.added_types.is_empty() || !s.added_attributes.is_empty());
    let form = |inner: Markup| {
        html! {
            form method="post" action=(address(member.name(), &["plan", "synchronize"])) {
                (layout::csrf(identity))
                input type="hidden" name="plan" value=(plan.run);
                (inner)
            }
        }
    };
    let early = html! {
        p { "To apply this plan, finish the earlier steps on the " a href=(address(member.name(), &["setup"])) { "Setup page" } "." }
    };
    if let Some(first) = view.violations.first() {
        return html! {
            section.notice.notice-problem aria-labelledby="refusal" {
                h2 #refusal { (words::PLAN_BLOCKED) }
                @for violation in &view.violations { p.what { (words_of::finding(violation)) } }
                p { (words::PLAN_BLOCKED_TEXT) }
                @if !offered { (early) } @else if may {
                    (form(html! {
                        div.check {
                            input type="checkbox" name="accept" id="accept" value="yes" required;
                            label for="accept" { "I reviewed these changes: " (consequences(plan)) }
                        }
                        button.danger type="submit" { "Override and sync" }
                    }))
                } @else if let Some(remedy) = &first.remedy { p { (remedies::remedy(remedy).text) } }
            }
        };
    }
    html! {
        @if changes == 0 && !adds {
            (notice(Tone::Good, words::PLAN_EMPTY, None))
        } @else {
            section.card aria-label="Apply plan" {
                p { strong { (count(changes, "object")) " to send." } " " (words::WITHIN_SAFEGUARDS) }
                @if !offered { (early) } @else if may { (form(html! { button.primary type="submit" { "Apply plan" } })) }
            }
        }
    }
}

/// The numbers that an override permits.
fn consequences(plan: &SyncPlan) -> String {
    let retired: Vec<String> = plan
        .kinds
        .iter()
        .filter(|(_, n)| n.retire > 0)
        .map(|(kind, n)| count(n.retire, kind.as_str()))
        .collect();
    let cleared: u64 = plan.removals.cleared_values.iter().map(|field| field.cleared).sum();
    let mut parts = Vec::new();
    if !retired.is_empty() {
        parts.push(format!("retire {}", retired.join(" and ")));
    }
    if plan.removals.memberships.removed > 0 {
        parts.push(format!("remove {}", count(plan.removals.memberships.removed, "membership")));
    }
    if cleared > 0 {
        parts.push(format!("clear {}", count(cleared, "value")));
    }
    parts.join(", ")
}

fn figures(plan: &SyncPlan) -> Markup {
    let table = html! {
        table.compact {
            caption { "Objects" }
            thead { tr {
                th scope="col" { "Kind" }
                @for word in ["Current", "Read", "Create", "Update", "Retire"] { th.number scope="col" { (word) } }
            } }
            tbody { @for (kind, n) in &plan.kinds {
                tr {
                    th scope="row" { (labels::objects(*kind)) }
                    @for n in [n.current, n.read, n.create, n.update, n.retire] { td.number { (number(n)) } }
                }
            } }
        }
    };
    scroll("Objects of the plan", &table)
}

fn structure_changes(connection: &ConnectionName, structure: &SchemaReport) -> Markup {
    let added = structure.added_types.len() + structure.added_attributes.len();
    html! {
        @if added > 0 {
            section.card aria-labelledby="structure" {
                h2 #structure { "New in the object schema" }
                ul {
                    @for name in &structure.added_types { li { "Object type " (name) } }
                    @for name in &structure.added_attributes { li { "Attribute " (name) } }
                }
            }
        }
        @for finding in structure.drift.iter().chain(&structure.notes) { (findings::linked(connection, finding)) }
    }
}

fn losses(losses: &PlannedRemovals) -> Markup {
    let RemovedMemberships { removed: ended, total: known, .. } = losses.memberships;
    html! {
        @if ended > 0 || !losses.cleared_values.is_empty() {
            section.card aria-labelledby="losses" {
                h2 #losses { "Removed memberships and cleared values" }
                ul {
                    @if ended > 0 { li { (number(ended)) " of " (count(known, "membership")) " removed" } }
                    @for lost in &losses.cleared_values {
                        li { code { (lost.field) } " cleared for " (number(lost.cleared)) " of " (count(lost.total, lost.kind.as_str())) }
                    }
                }
            }
        }
    }
}

fn data(connection: &ConnectionName, found: &[Finding]) -> Markup {
    html! {
        @if !found.is_empty() {
            section.card aria-labelledby="findings" {
                h2 #findings { "Findings" }
                ul { @for finding in found { li { (findings::line(connection, finding)) } } }
            }
        }
    }
}
