//! The list of connections, and the overview of one.

use std::sync::Arc;

use admin_api::{ConnectionStatus, Unavailable};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sync_config::ManagedBy;
use sync_daemon::{ManagedConnection, ServiceError};
use sync_engine::{EventQueueCounts, EventState};
use sync_model::ConnectionName;

use super::charts::Charts;
use super::components::{Tone, ago, badge, empty, number, span, time};
use super::health::Health;
use super::links::{address, asking};
use super::scope::Chosen;
use super::stream::{Part, stream_parts};
use super::{PageError, findings, health, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::findings::finding;
use crate::words::{health as health_words, labels, overview, settings as settings_words};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/", get(list))
        .route("/stream", get(list_stream))
        .route("/connections/{name}", get(overview))
        .route("/connections/{name}/stream", get(overview_stream))
        .route("/connections/{name}/pause", post(pause))
        .route("/connections/{name}/resume", post(resume))
}

async fn list(State(app): State<App>, identity: Identity) -> Result<Markup, PageError> {
    let body = html! {
        div.head {
            h1 { "Connections" }
            @if identity.role == Role::Admin {
                div.actions { a.button.primary href="/connections/new" { "Add connection" } }
            }
        }
        div data-live="/stream" { div data-part="connections" { (rows(&app, identity.role).await?) } }
    };
    Ok(layout::page(&identity, "Connections", Some("/"), &body))
}

async fn list_stream(State(app): State<App>, identity: Identity) -> Response {
    let role = identity.role;
    stream_parts(&app.clone(), move || {
        let app = app.clone();
        async move { Ok(vec![Part::new("connections", rows(&app, role).await?)]) }
    })
}

async fn rows(app: &App, role: Role) -> Result<Markup, ServiceError> {
    let members = app.manager.members();
    if members.is_empty() {
        let action = (role == Role::Admin)
            .then(|| html! { a.button.primary href="/connections/new" { "Add connection" } });
        return Ok(empty(overview::NO_CONNECTIONS, overview::NO_CONNECTIONS_TEXT, action));
    }
    let mut rows = Vec::new();
    for member in members {
        rows.push(row(&member).await?);
    }
    Ok(html! {
        div.scroll tabindex="0" role="region" aria-label="Connections" {
            table {
                thead { tr {
                    th scope="col" { "Connection" }
                    th scope="col" { "Health" }
                    th scope="col" { "Lag" }
                    th.number scope="col" { "Pending events" }
                    th.number scope="col" { "Users" }
                    th.number scope="col" { "Groups" }
                    th scope="col" { "Last run" }
                } }
                tbody { @for row in rows { (row) } }
            }
        }
    })
}

async fn row(member: &ManagedConnection) -> Result<Markup, ServiceError> {
    let name = member.name();
    let now = member.now();
    let link = html! { th scope="row" { a href={ "/connections/" (name) } { (name) } " " (kept(member)) } };
    let connection = match member.connection() {
        Ok(connection) => connection,
        Err(broken) => {
            return Ok(html! {
                tr { (link) td colspan="6" { (unable(broken)) " " (finding(broken.finding())) } }
            });
        }
    };
    let status = connection.status(3).await?;
    let guide = member.setup_checklist().await?;
    let health = Health::of(&status, &guide);
    let objects = |kind: &str| {
        let current =
            status.objects.iter().find(|(k, _)| k.as_str() == kind).map_or(0, |(_, counts)| counts.current);
        number(current)
    };
    Ok(html! {
        tr {
            (link)
            td { (health.badge()) @if let Some(line) = health.headline() { div.small.muted { (line) } } }
            td.nowrap { (lag(&status, now)) }
            td.number { (number(status.event_queue.unfinished())) }
            td.number { (objects("user")) }
            td.number { (objects("group")) }
            td.nowrap { @match status.runs.first() {
                Some(run) => { (health::run_badge(run)) " " (ago(run.started_at, now)) },
                None => { span.muted { "None yet" } },
            } }
        }
    })
}

/// The health of a connection that this process doesn't sync.
fn unable(broken: &Unavailable) -> Markup {
    if broken.is_standby() {
        badge(Tone::Quiet, health_words::STANDBY)
    } else {
        badge(Tone::Problem, health_words::UNAVAILABLE)
    }
}

/// The badge of a connection that the configuration file manages.
fn kept(member: &ManagedConnection) -> Markup {
    html! { @if member.managed_by() == ManagedBy::File { span.badge title=(overview::FROM_FILE) { "File" } } }
}

fn lag(status: &ConnectionStatus, now: Timestamp) -> Markup {
    let Some(seconds) = status.freshness.lag_seconds else {
        let text = if status.last_full_sync_at.is_some() { "Unknown" } else { "Not synced yet" };
        return html! { span.muted { (text) } };
    };
    html! {
        (span(SignedDuration::from_secs_f64(seconds)))
        @if let Some(oldest) = status.freshness.oldest_pending_event_at {
            div.small.muted { "Oldest pending change: " (ago(oldest, now)) }
        }
    }
}

async fn overview(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    let name = member.name();
    let parts = html! {
        div.head {
            h1 { (name) " " (kept(&member)) }
            div.actions {
                @if member.managed_by() == ManagedBy::Console && identity.role == Role::Admin {
                    a.button href={ "/connections/" (name) "/edit" } { "Edit settings" }
                }
            }
        }
        div data-live={ "/connections/" (name) "/stream" } {
            div data-part="state" { (state(&member, &identity).await?) }
            (Charts::new(Arc::clone(&member)).part().await?.place())
        }
        (settings(&member))
    };
    Ok(layout::connection_page(&identity, &member, "", &parts).into_response())
}

async fn overview_stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
) -> Result<Response, PageError> {
    let charts = Arc::new(Charts::new(Arc::clone(&member)));
    Ok(stream_parts(&app, move || {
        let (member, identity, charts) = (member.clone(), identity.clone(), charts.clone());
        async move { Ok(vec![Part::new("state", state(&member, &identity).await?), charts.part().await?]) }
    }))
}

/// The health of the connection, with its messages and remedies.
async fn state(member: &ManagedConnection, identity: &Identity) -> Result<Markup, ServiceError> {
    let connection = match member.connection() {
        Ok(connection) => connection,
        Err(broken) => return Ok(findings::linked(member.name(), broken.finding())),
    };
    let now = member.now();
    let status = connection.status(3).await?;
    let guide = member.setup_checklist().await?;
    let health = Health::of(&status, &guide);
    let name = member.name();
    Ok(html! {
        (health.notices())
        section.card aria-label="State" {
            div.head {
                h2 { (health.badge()) }
                div.actions {
                    @if identity.role == Role::Admin {
                        @let (action, label) = if status.pause.is_some() { ("resume", "Resume") } else { ("pause", "Pause") };
                        form method="post" action={ "/connections/" (name) "/" (action) } {
                            (layout::csrf(identity))
                            button type="submit" { (label) }
                        }
                    }
                }
            }
            dl.figures {
                div { dt { "Lag" } dd { @match status.freshness.lag_seconds {
                    Some(age) => { (span(SignedDuration::from_secs_f64(age))) },
                    None => { "–" },
                } } }
                div { dt { "Pending events" } dd { (number(status.event_queue.unfinished())) } }
                (not_through(name, &status.event_queue))
                @for (kind, counts) in &status.objects {
                    div { dt { (labels::objects(*kind)) } dd { (number(counts.current)) @if counts.retired > 0 { " " span.small.muted { (number(counts.retired)) " retired" } } } }
                }
                @if status.stale_values.values > 0 {
                    div { dt { "Stale values" } dd { (number(status.stale_values.values)) } }
                }
            }
        }
        (health::lately(connection))
        section.card aria-label="Schedule" {
            dl.facts {
                dt { "Synced through" } dd { @match status.freshness.synced_through { Some(at) => { (time(at)) " (" (ago(at, now)) ")" }, None => { "Not synced yet" } } }
                dt { "Last full sync" } dd { @match status.last_full_sync_at { Some(at) => (time(at)), None => { "None yet" } } }
                dt { "System Log caught up" } dd { @match status.system_log.and_then(|log| log.caught_up_at) { Some(at) => (ago(at, now)), None => { "Not yet, or not in use" } } }
                dt { "Next full sync" } dd { @match status.next_syncs.full_sync_at { Some(at) => (time(at)), None => { "Not scheduled" } } }
                dt { "Next incremental sync" } dd { @match status.next_syncs.incremental_sync_at { Some(at) => (time(at)), None => { "Not scheduled" } } }
            }
        }
    })
}

/// Figures of blocked, failed, and unconfirmed work, each with a link to its list.
pub(super) fn not_through(name: &ConnectionName, inbox: &EventQueueCounts) -> Markup {
    let failed = asking(&address(name, &["events"]), &[("state", EventState::Failed.as_str())]);
    let blocked = asking(&address(name, &["events"]), &[("state", EventState::Blocked.as_str())]);
    let runs = asking(&address(name, &["runs"]), &[("failed", "yes")]);
    html! {
        @if inbox.blocked > 0 { div { dt { "Blocked by safeguard" } dd { (linked(inbox.blocked, &blocked)) } } }
        div { dt { "Failed events" } dd { (linked(inbox.failed, &failed)) } }
        div {
            dt { "Unconfirmed records" }
            dd {
                (linked(inbox.unconfirmed_records, &runs))
                @if inbox.rejected_records > 0 { " " span.small.muted { (number(inbox.rejected_records)) " rejected" } }
            }
        }
    }
}

/// A figure that links to its list.
fn linked(n: u64, place: &str) -> Markup {
    html! { @if n > 0 { a href=(place) { (number(n)) } } @else { (number(n)) } }
}

/// The settings, without secrets.
fn settings(member: &ManagedConnection) -> Markup {
    let Ok(settings) = member.settings() else { return html! {} };
    html! {
        section.card aria-labelledby="settings" {
            h2 #settings { "Settings" }
            dl.facts {
                dt { "Okta org" } dd { (settings.okta.org_url) }
                dt { "Client ID" } dd { (settings.okta.client_id) }
                dt { "Private key" } dd { "Saved" }
                dt { "Import token" } dd { "Saved" }
                dt { "Event hook" } dd { @match &settings.event_hook { Some(hook) => (hook.url), None => (overview::NO_HOOK) } }
                dt { "Atlassian account" } dd { @match &settings.assets.account { Some(account) => { (account.email) " on " (account.site_url) }, None => (overview::NO_ACCOUNT) } }
                dt { "Full sync" } dd { (labels::schedule(&settings.schedule.full_sync)) }
                dt { "Incremental sync" } dd { (labels::schedule(&settings.schedule.incremental_sync)) }
            }
            @match member.managed_by() {
                ManagedBy::File => { p.hint { (settings_words::managed_by_file(&member.config_file().display().to_string())) } }
                ManagedBy::Console => {}
            }
        }
    }
}

async fn pause(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    let name = member.name();
    member.working()?.pause(None).await?;
    Ok(Redirect::to(&format!("/connections/{name}")))
}

async fn resume(Chosen(member): Chosen) -> Result<Redirect, PageError> {
    let name = member.name();
    member.working()?.resume().await?;
    Ok(Redirect::to(&format!("/connections/{name}")))
}
