//! The list of connections, and the overview of one.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use maud::{Markup, html};
use sync_service::engine::EventQueueCounts;
use sync_service::model::ConnectionName;
use sync_service::{
    ConnectionStatus, ManagedBy, ManagedConnection, ServiceError, SetupChecklist, Unavailable,
};

use super::charts::Charts;
use super::components::{Tone, ago, badge, count, empty, notice, number, said, span, time};
use super::health::Health;
use super::links::{address, asking};
use super::prose::prose;
use super::stream::{Part, live};
use super::{Chosen, PageError, health, layout};
use crate::access::{Identity, Role};
use crate::app::App;

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
                div.actions { a.button.primary href="/connections/new" { "Add a connection" } }
            }
        }
        div data-live="/stream" { div data-part="connections" { (rows(&app, identity.role).await?) } }
    };
    Ok(layout::page(&identity, "Connections", Some("/"), &body))
}

async fn list_stream(State(app): State<App>, identity: Identity) -> Response {
    let stop = app.stop.clone();
    let role = identity.role;
    live(stop, move || {
        let app = app.clone();
        async move { Ok(vec![Part::new("connections", rows(&app, role).await?)]) }
    })
}

async fn rows(app: &App, role: Role) -> Result<Markup, ServiceError> {
    let members = app.fleet.members();
    if members.is_empty() {
        let action = (role == Role::Admin)
            .then(|| html! { a.button.primary href="/connections/new" { "Add the first connection" } });
        return Ok(empty(
            "No connection yet",
            "A connection joins one Okta org with one external import in Assets. It takes four settings: the URL of the \
             org, the client ID and private key of an API Services app, and the token of the import.",
            action,
        ));
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
                    th scope="col" { "Fresh" }
                    th.number scope="col" { "Waiting" }
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
    let now = Timestamp::now();
    let link = html! { th scope="row" { a href={ "/connections/" (name) } { (name) } " " (kept(member)) } };
    let connection = match member.connection() {
        Ok(connection) => connection,
        Err(broken) => {
            return Ok(html! {
                tr { (link) td colspan="6" { (unable(broken)) " " (said(&broken.reason)) } }
            });
        }
    };
    let status = connection.status(3).await?;
    let guide = SetupChecklist::of(member).await?;
    let health = Health::of(connection, &status, &guide).await?;
    let objects = |kind: &str| {
        let live =
            status.objects.iter().find(|(k, _)| k.as_str() == kind).map_or(0, |(_, census)| census.current);
        number(live)
    };
    Ok(html! {
        tr {
            (link)
            td { (badge(health.tone, health.word)) @if let Some(line) = health.headline() { div.small.muted { (prose(&line)) } } }
            td.nowrap { (fresh(&status, now)) }
            td.number { (number(status.event_queue.pending + status.event_queue.unconfirmed_records)) }
            td.number { (objects("user")) }
            td.number { (objects("group")) }
            td.nowrap { @match status.runs.first() {
                Some(run) => { (health::run_badge(run)) " " (ago(run.started, now)) },
                None => { span.muted { "none yet" } },
            } }
        }
    })
}

/// The word for a connection that this process does not work on.
fn unable(broken: &Unavailable) -> Markup {
    if broken.standby { badge(Tone::Quiet, "Standby") } else { badge(Tone::Problem, "Cannot work") }
}

/// Where the settings are kept, when that is not here.
fn kept(member: &ManagedConnection) -> Markup {
    html! { @if member.keeper() == ManagedBy::File { span.badge title="From the configuration file; changed there" { "file" } } }
}

fn fresh(status: &ConnectionStatus, now: Timestamp) -> Markup {
    match (status.freshness.synced_through, status.freshness.oldest_pending_event_at) {
        (None, _) if status.last_full_sync_at.is_some() => html! { span.muted { "unknown" } },
        (None, _) => html! { span.muted { "not loaded yet" } },
        (Some(_), Some(waiting)) => html! { "change of " (ago(waiting, now)) " waits" },
        (Some(known), None) => html! { "as of " (ago(known, now)) },
    }
}

async fn overview(identity: Identity, Chosen(member): Chosen) -> Result<Response, PageError> {
    let name = member.name();
    let parts = html! {
        div.head {
            h1 { (name) " " (kept(&member)) }
            div.actions {
                @if member.keeper() == ManagedBy::Console && identity.role == Role::Admin {
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
    Ok(live(app.stop.clone(), move || {
        let (member, identity, charts) = (member.clone(), identity.clone(), charts.clone());
        async move { Ok(vec![Part::new("state", state(&member, &identity).await?), charts.part().await?]) }
    }))
}

/// How the connection is doing, with everything that somebody has to do about it.
async fn state(member: &ManagedConnection, identity: &Identity) -> Result<Markup, ServiceError> {
    let connection = match member.connection() {
        Ok(connection) => connection,
        Err(broken) => {
            let text = if broken.standby {
                "Standby: another process works on this connection. This process takes over when that ends."
                    .into()
            } else {
                format!("This connection cannot work: {}", broken.reason)
            };
            let tone = if broken.standby { Tone::Quiet } else { Tone::Problem };
            return Ok(notice(tone, &text, broken.hint.as_deref()));
        }
    };
    let now = Timestamp::now();
    let status = connection.status(3).await?;
    let guide = SetupChecklist::of(member).await?;
    let health = Health::of(connection, &status, &guide).await?;
    let name = member.name();
    Ok(html! {
        (health.notices())
        section.card aria-label="State" {
            div.head {
                h2 { (badge(health.tone, health.word)) }
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
                div { dt { "Fresh" } dd { @match status.freshness.lag_seconds {
                    Some(age) => { (span(jiff::SignedDuration::from_secs_f64(age))) },
                    None => { "–" },
                } } }
                div { dt { "Events waiting" } dd { (number(status.event_queue.pending)) } }
                (not_through(name, &status.event_queue))
                @for (kind, census) in &status.objects {
                    div { dt { (super::components::capital(kind.as_str())) "s" } dd { (number(census.current)) @if census.retired > 0 { " " span.small.muted { "+ " (number(census.retired)) " gone" } } } }
                }
                @if status.stale_values.values > 0 {
                    div { dt { "To clear" } dd { (count(status.stale_values.values, "value")) } }
                }
            }
        }
        (health::lately(connection))
        section.card aria-label="Schedule" {
            dl.facts {
                dt { "Known until" } dd { @match status.freshness.synced_through { Some(at) => { (time(at)) " (" (ago(at, now)) ")" }, None => { "nothing was loaded yet" } } }
                dt { "Last full run" } dd { @match status.last_full_sync_at { Some(at) => (time(at)), None => { "none yet" } } }
                dt { "System Log read" } dd { @match status.system_log.and_then(|log| log.caught_up_at) { Some(at) => (ago(at, now)), None => { "not yet, or not in use" } } }
                dt { "Next full run" } dd { @match status.next_syncs.full_sync_at { Some(at) => (time(at)), None => { "not planned" } } }
                dt { "Next look at what changed" } dd { @match status.next_syncs.incremental_sync_at { Some(at) => (time(at)), None => { "not planned" } } }
            }
        }
    })
}

/// What did not get through, each figure with a link to what it counts.
pub(super) fn not_through(name: &ConnectionName, inbox: &EventQueueCounts) -> Markup {
    let given_up = asking(&address(name, &["events"]), &[("state", "dead")]);
    let runs = asking(&address(name, &["runs"]), &[("failed", "yes")]);
    html! {
        @if inbox.blocked > 0 { div { dt { "Blocked by a safeguard" } dd { (number(inbox.blocked)) } } }
        div { dt { "Events given up" } dd { (linked(inbox.failed, &given_up)) } }
        div {
            dt { "Records not confirmed yet" }
            dd {
                (linked(inbox.unconfirmed_records, &runs))
                @if inbox.rejected_records > 0 { " " span.small.muted { (number(inbox.rejected_records)) " refused" } }
            }
        }
    }
}

/// A figure that leads to what it counts.
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
                dt { "Private key" } dd { "kept, and never shown" }
                dt { "Import token" } dd { "kept, and never shown" }
                dt { "Event hook" } dd { @match &settings.event_hook { Some(hook) => (hook.url), None => { "none; changes come from the System Log" } } }
                dt { "Account" } dd { @match &settings.assets.account { Some(account) => { (account.email) " on " (account.site_url) }, None => { "none; cardinalities and cleared values may take a person" } } }
                dt { "Full run" } dd { (settings.schedule.full_sync) }
                dt { "What changed" } dd { (settings.schedule.incremental_sync) }
            }
            @match member.keeper() {
                ManagedBy::File => { p.hint { "This connection is in the configuration file " code { (member.config_file().display()) } ". Change it there, and start the daemon again." } }
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
