//! The activity page: active runs, recent events, and the lag of Assets.

mod run;

use admin_api::ConnectionStatus;
use admin_api::wire::SyncOptions;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use diagnostics::{SetupChecklist, SetupStepName, StepState};
use maud::{Markup, html};
use sync_daemon::{Connection, ManagedConnection, ServiceError};
use sync_engine::EventFilter;
use sync_model::ConnectionName;

use super::components::{aged, empty, number};
use super::connections::not_through;
use super::health::Health;
use super::links::address;
use super::scope::Chosen;
use super::stream::{Part, stream_parts};
use super::{PageError, events, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::details::detail;
use crate::words::{activity as words, labels};
pub(super) use run::phases;

/// The number of recent events.
const EVENTS: u32 = 15;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/activity", get(page))
        .route("/connections/{name}/activity/stream", get(stream))
        .route("/connections/{name}/activity/pause", post(pause))
        .route("/connections/{name}/activity/resume", post(resume))
        .route("/connections/{name}/activity/synchronize", post(synchronize))
}

async fn page(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    super::setup::start_checks_once(&member);
    let body = html! {
        div.head {
            h1 { "Activity" }
            span.badge data-live-state { (words::SNAPSHOT) }
        }
        div data-live={ (address(member.name(), &["activity"])) "/stream" } {
            @for part in parts(&member, &identity).await? { (part.place()) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/activity", &body).into_response())
}

async fn stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    member.working()?;
    Ok(stream_parts(&app, move || {
        let (member, identity) = (member.clone(), identity.clone());
        async move { parts(&member, &identity).await }
    }))
}

async fn parts(member: &ManagedConnection, identity: &Identity) -> Result<Vec<Part>, ServiceError> {
    let connection = member.working()?;
    let status = connection.status(1).await?;
    let guide = member.setup_checklist().await?;
    let health = Health::of(&status, &guide);
    Ok(vec![
        Part::new("health", health.notices()),
        Part::new("freshness", freshness(member.name(), &status)),
        Part::new("actions", actions(member, identity, &status, &guide)),
        Part::new("run", run::section(member.name(), &connection.active_runs(), status.runs.first())),
        Part::new("events", newest(member, connection).await?),
    ])
}

fn freshness(connection: &ConnectionName, status: &ConnectionStatus) -> Markup {
    html! {
        section.card aria-label="Lag" {
            dl.figures {
                div { dt { "Synced through" } dd { @match status.freshness.synced_through { Some(at) => (aged(at)), None => "–" } } }
                div { dt { "Oldest pending change" } dd { @match status.freshness.oldest_pending_event_at { Some(at) => (aged(at)), None => "None" } } }
                div { dt { "Pending events" } dd { (number(status.event_queue.unfinished())) } }
                (not_through(connection, &status.event_queue))
            }
        }
    }
}

fn actions(
    member: &ManagedConnection,
    identity: &Identity,
    status: &ConnectionStatus,
    guide: &SetupChecklist,
) -> Markup {
    if identity.role != Role::Admin {
        return html! {};
    }
    let synchronize = guide.step(SetupStepName::Synchronize);
    let offered =
        synchronize.is_some_and(|step| !matches!(step.state, StepState::NotReady | StepState::Running));
    let running = synchronize.filter(|step| step.state == StepState::Running);
    let button = |action: &str, label: &str| {
        html! {
            form method="post" action=(address(member.name(), &["activity", action])) {
                (layout::csrf(identity))
                button type="submit" { (label) }
            }
        }
    };
    let paused = status.pause.is_some();
    html! {
        div.actions.below {
            (if paused { button("resume", "Resume") } else { button("pause", "Pause") })
            @if offered && !paused { (button("synchronize", "Synchronize")) }
            a.button href=(address(member.name(), &["plan"])) { "View plan" }
            @if let Some(step) = running { span.muted { (labels::setup_step(step.name)) ": " @for (n, result) in step.details.iter().enumerate() { @if n > 0 { ", " } (detail(result)) } } }
        }
    }
}

async fn newest(member: &ManagedConnection, connection: &Connection) -> Result<Markup, ServiceError> {
    let events = connection.events(&EventFilter { limit: EVENTS, ..EventFilter::default() }).await?;
    Ok(html! {
        div.head {
            h2 { "Recent events" }
            div.actions { a href=(address(member.name(), &["events"])) { "All events" } }
        }
        @if events.is_empty() {
            (empty(words::NO_EVENTS, words::NO_RECENT_EVENTS_TEXT, None))
        } @else {
            (events::of(connection, &events).await?)
        }
    })
}

fn back(member: &ManagedConnection) -> Redirect {
    Redirect::to(&address(member.name(), &["activity"]))
}

async fn pause(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    member.working()?.pause(None).await?;
    Ok(back(&member))
}

async fn resume(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    member.working()?.resume().await?;
    Ok(back(&member))
}

async fn synchronize(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    super::setup::request_full_sync(&member, SyncOptions::default()).await?;
    Ok(back(&member))
}
