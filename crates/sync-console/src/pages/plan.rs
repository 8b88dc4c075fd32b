//! What a synchronisation would change, before anything is sent, and the consent that suspicious changes take.

mod changes;

use std::collections::HashMap;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use jiff::Timestamp;
use maud::{Markup, html};
use sync_service::engine::{PlannedRemovals, RemovedMemberships, RunKind, SchemaReport, SyncPlan};
use sync_service::wire::SyncOptions;
use sync_service::{
    JobState, ManagedConnection, PlanView, ServiceError, SetupChecklist, SetupStepName, StepState,
};

use super::components::{Tone, aged, capital, count, empty, notice, number, said, scroll, under_way};
use super::links::address;
use super::stream::{Part, live};
use super::{Chosen, PageError, layout};
use crate::access::{Identity, Role};
use crate::app::App;
pub(super) use changes::shown;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/plan", get(page).post(make))
        .route("/connections/{name}/plan/stream", get(stream))
        .route("/connections/{name}/plan/synchronize", post(synchronize))
}

async fn page(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    super::setup::look_once(&member);
    let body = html! {
        div.head { h1 { "Plan" } p.muted { "What Synchronize would change. Making a plan reads everything in Okta and sends nothing." } }
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
    Ok(live(app.stop.clone(), move || {
        let (member, identity) = (member.clone(), identity.clone());
        async move { Ok(vec![Part::new("plan", state(&member, &identity).await?)]) }
    }))
}

async fn make(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    member.working()?;
    member.make_plan();
    Ok(Redirect::to(&address(member.name(), &["plan"])))
}

/// Whether everything that comes before a synchronisation is done.
async fn is_offered(member: &ManagedConnection) -> Result<bool, ServiceError> {
    let guide = SetupChecklist::of(member).await?;
    Ok(guide.step(SetupStepName::Synchronize).is_some_and(|step| step.state != StepState::NotReady))
}

/// The plan on the page is what consent is given to: without one, or with another one, there is none.
async fn synchronize(
    Chosen(member): Chosen,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Redirect, PageError> {
    if !is_offered(&member).await? {
        return Err(PageError::Bad("The steps before Synchronize on the Set-up page do not hold".into()));
    }
    let plan = member.plan();
    let shown = plan.result().filter(|plan| sent.get("plan") == Some(&plan.plan.run.to_string()));
    let Some(plan) = shown else {
        return Err(PageError::Bad(
            "This plan is no longer the last one. Make it again, and look at it".into(),
        ));
    };
    let accepts = sent.contains_key("accept");
    if plan.refusal.is_some() && !accepts {
        return Err(PageError::Bad(
            "What this plan would change is carried out only once you say that you have looked at it: tick the box beside \
             the button"
                .into(),
        ));
    }
    let wish = SyncOptions { override_safeguards: plan.refusal.is_some(), ..SyncOptions::default() };
    member.synchronize(wish).await?;
    Ok(Redirect::to(&address(member.name(), &["live"])))
}

async fn state(member: &ManagedConnection, identity: &Identity) -> Result<Markup, ServiceError> {
    let plan = member.plan();
    if let JobState::Running { since, doing } = plan {
        let live = member.working()?.live_run();
        let run = live.active.iter().find(|run| run.kind == RunKind::Plan);
        return Ok(html! {
            (under_way(&doing, since))
            @if let Some(run) = run.filter(|run| !run.phases.is_empty()) { (super::live::phases(&run.phases)) }
        });
    }
    let may = identity.role == Role::Admin && member.connection().is_ok();
    let button = |label: &str| may.then(|| make_button(member, identity, label));
    Ok(match plan {
        JobState::Idle | JobState::Running { .. } => empty(
            "No plan",
            "A plan shows the objects that would be new, changed or marked as gone, value by value.",
            button("Make a plan"),
        ),
        JobState::Failed { reason, hint, .. } => html! {
            (notice(Tone::Problem, &format!("The plan could not be made: {reason}"), hint.as_deref()))
            @if let Some(button) = button("Make it again") { (button) }
        },
        JobState::Succeeded { since, result, .. } => html! {
            (verdict(member, &result, identity, (may, is_offered(member).await?)))
            (made(since, button("Make it again")))
            (figures(&result.plan))
            @if let Some(structure) = &result.plan.schema { (structure_changes(structure)) }
            (losses(&result.plan.removals))
            (problems(&result.plan.problems))
            (changes::table(member.name(), &result))
        },
    })
}

fn make_button(member: &ManagedConnection, identity: &Identity, label: &str) -> Markup {
    html! {
        form method="post" action=(address(member.name(), &["plan"])) {
            (layout::csrf(identity))
            button type="submit" { (label) }
        }
    }
}

fn made(began: Timestamp, again: Option<Markup>) -> Markup {
    html! {
        div.head {
            p.muted {
                "Read from Okta " (aged(began)) ". What changed since is not in it; Synchronize reads again."
            }
            @if let Some(button) = again { div.actions { (button) } }
        }
    }
}

/// What becomes of the plan: nothing to do, or carry it out, or look twice. `may` is for those who may do it, `offered`
/// once the steps before it hold.
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
        p { "It can be carried out once the steps before it hold: see the " a href=(address(member.name(), &["setup"])) { "Set-up page" } "." }
    };
    if let Some(refusal) = &view.refusal {
        return html! {
            section.notice.notice-problem aria-labelledby="refusal" {
                h2 #refusal { "A synchronisation would refuse this" }
                @for refusal in std::iter::once(refusal).chain(&view.further_refusals) { p.what { (said(refusal)) } }
                p { "Such a change is mostly a mistake: an admin role taken from the app, a selection that leaves out too much, an attribute removed in Okta. Look at the objects below first." }
                @if !offered { (early) } @else if may {
                    (form(html! {
                        div.check {
                            input type="checkbox" name="accept" id="accept" value="yes" required;
                            label for="accept" { "I have looked at it: " (consequences(plan)) }
                        }
                        button.danger type="submit" { "Accept and synchronize" }
                    }))
                } @else if let Some(release) = &view.release { p { (said(release)) } }
            }
        };
    }
    html! {
        @if changes == 0 && !adds {
            (notice(Tone::Good, "Nothing to send: Assets has everything that Okta has", None))
        } @else {
            section.card aria-label="Carry it out" {
                p { strong { (count(changes, "object")) " would be sent." } " All limits hold." }
                @if !offered { (early) } @else if may { (form(html! { button.primary type="submit" { "Synchronize" } })) }
            }
        }
    }
}

/// What somebody agrees to, in numbers.
fn consequences(plan: &SyncPlan) -> String {
    let gone: Vec<String> = plan
        .kinds
        .iter()
        .filter(|(_, n)| n.retire > 0)
        .map(|(kind, n)| count(n.retire, kind.as_str()))
        .collect();
    let blanked: u64 = plan.removals.cleared_values.iter().map(|blanked| blanked.cleared).sum();
    let mut parts = Vec::new();
    if !gone.is_empty() {
        parts.push(format!("{} may be marked as gone", gone.join(" and ")));
    }
    if plan.removals.memberships.removed > 0 {
        parts.push(format!("{} may end", count(plan.removals.memberships.removed, "membership")));
    }
    if blanked > 0 {
        parts.push(format!("{} may be emptied", count(blanked, "value")));
    }
    parts.join(", ")
}

fn figures(plan: &SyncPlan) -> Markup {
    let table = html! {
        table.compact {
            caption { "Objects" }
            thead { tr {
                th scope="col" { "Kind" }
                @for word in ["Known", "Read", "New", "Changed", "Marked as gone"] { th.number scope="col" { (word) } }
            } }
            tbody { @for (kind, n) in &plan.kinds {
                tr {
                    th scope="row" { (capital(kind.as_str())) "s" }
                    @for n in [n.current, n.read, n.create, n.update, n.retire] { td.number { (number(n)) } }
                }
            } }
        }
    };
    scroll("Objects of the plan", &table)
}

fn structure_changes(structure: &SchemaReport) -> Markup {
    let added = structure.added_types.len() + structure.added_attributes.len();
    html! {
        @if added > 0 {
            section.card aria-labelledby="structure" {
                h2 #structure { "New in the object schema" }
                ul {
                    @for name in &structure.added_types { li { "object type " (name) } }
                    @for name in &structure.added_attributes { li { "attribute " (name) } }
                }
            }
        }
        @for drift in &structure.drift { (notice(Tone::Warning, drift, None)) }
        @for note in &structure.notes { (notice(Tone::Quiet, note, None)) }
    }
}

fn losses(losses: &PlannedRemovals) -> Markup {
    let RemovedMemberships { removed: ended, total: known, .. } = losses.memberships;
    html! {
        @if ended > 0 || !losses.cleared_values.is_empty() {
            section.card aria-labelledby="losses" {
                h2 #losses { "What objects that stay would lose" }
                ul {
                    @if ended > 0 { li { (number(ended)) " of " (count(known, "membership")) " would end" } }
                    @for lost in &losses.cleared_values {
                        li { (number(lost.cleared)) " of " (count(lost.total, lost.kind.as_str())) " would lose " code { (lost.field) } }
                    }
                }
            }
        }
    }
}

fn problems(problems: &[String]) -> Markup {
    html! {
        @if !problems.is_empty() {
            section.card aria-labelledby="problems" {
                h2 #problems { "Values that do not fit" }
                ul { @for problem in problems { li { (said(problem)) } } }
            }
        }
    }
}
