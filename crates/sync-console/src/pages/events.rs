//! Events with their state and outcome, and their replay.

mod detail;
mod parts;

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use sync_daemon::{Connection, ManagedConnection, ServiceError};
use sync_engine::{Event, EventFilter, EventQueueCounts, EventState};
use sync_model::{ConnectionName, EventId};

use super::components::{count, empty, number, scroll, time};
use super::links::{self, Names, address, asking};
use super::scope::Chosen;
use super::stream::{Part, stream_parts};
use super::{PageError, layout};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::{activity as words, findings, labels};
use parts::{REPLAYED, event_address, replayed, state_badge, when};

/// The default and the maximum number of events on the page.
const SHOWN: u32 = 50;
const MOST: u32 = 1000;
/// The maximum number of subjects per event in the list.
const SUBJECTS: usize = 4;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/events", get(list))
        .route("/connections/{name}/events/stream", get(list_stream))
        .route("/connections/{name}/events/replay", post(replay))
        .route("/connections/{name}/events/{id}", get(detail::page))
        .route("/connections/{name}/events/{id}/stream", get(detail::stream))
}

/// The states to filter by.
const STATES: [EventState; 6] = EventState::ALL;

fn filter(query: &HashMap<String, String>) -> Result<EventFilter, PageError> {
    let state = match query.get("state").map_or("", String::as_str) {
        "" => None,
        word => Some(
            STATES
                .into_iter()
                .find(|state| state.as_str() == word)
                .ok_or_else(|| PageError::Bad(format!("{word} isn't an event state")))?,
        ),
    };
    let search = query.get("q").map(|q| q.trim().to_owned()).filter(|q| !q.is_empty());
    let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(SHOWN);
    Ok(EventFilter { state, search, limit: limit.clamp(1, MOST) })
}

/// The address of a list like this one.
fn place(member: &ManagedConnection, end: &str, filter: &EventFilter) -> String {
    let path = address(member.name(), &["events"]) + end;
    let limit = if filter.limit == SHOWN { String::new() } else { filter.limit.to_string() };
    let state = filter.state.map_or("", EventState::as_str);
    asking(&path, &[("q", filter.search.as_deref().unwrap_or("")), ("state", state), ("limit", &limit)])
}

async fn list(
    identity: Identity,
    Chosen(member): Chosen,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let filter = filter(&query)?;
    let count = query.get(REPLAYED).and_then(|n| n.parse::<u64>().ok());
    let body = html! {
        div.head { h1 { "Events" } p.muted { (words::EVENTS) } }
        @if let Some(n) = count { (replayed(n)) }
        form.filters method="get" role="search" aria-label="Events" {
            div.field {
                label for="q" { "Search" }
                input type="search" name="q" id="q" value=(filter.search.as_deref().unwrap_or("")) placeholder="Event type, event ID, user ID, or group ID" spellcheck="false" autocapitalize="none";
            }
            div.field {
                label for="state" { "State" }
                select name="state" id="state" {
                    option value="" { "All states" }
                    @for state in STATES {
                        option value=(state.as_str()) selected[filter.state == Some(state)] { (labels::event_state(state)) }
                    }
                }
            }
            button type="submit" { "Show" }
        }
        div data-live=(place(&member, "/stream", &filter)) {
            div data-part="failed" { (failed(&member, &identity, &filter).await?) }
            div data-part="events" { (table(&member, &filter).await?) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/events", &body).into_response())
}

async fn list_stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let filter = filter(&query)?;
    Ok(stream_parts(&app, move || {
        let (member, identity, filter) = (member.clone(), identity.clone(), filter.clone());
        async move {
            Ok(vec![
                Part::new("failed", failed(&member, &identity, &filter).await?),
                Part::new("events", table(&member, &filter).await?),
            ])
        }
    }))
}

/// The pending, failed, and blocked events, whatever the filter is.
async fn failed(
    member: &ManagedConnection,
    identity: &Identity,
    filter: &EventFilter,
) -> Result<Markup, ServiceError> {
    let connection = member.working()?;
    let EventQueueCounts { pending, failed, blocked_events, .. } = connection.status(0).await?.event_queue;
    let blocked = EventFilter { state: Some(EventState::Blocked), search: None, limit: SHOWN };
    let only = EventFilter { state: Some(EventState::Failed), search: None, limit: SHOWN };
    Ok(html! {
        @if failed > 0 {
            div.notice.notice-warning {
                p.what { (words::failed(failed)) }
                p { (words::FAILED) }
                div.actions {
                    @if filter.state != Some(EventState::Failed) { a.button href=(place(member, "", &only)) { "Show failed events" } }
                    @if identity.role == Role::Admin {
                        form method="post" action=(address(member.name(), &["events", "replay"])) {
                            (layout::csrf(identity))
                            input type="hidden" name="which" value="failed";
                            button type="submit" { "Replay all " (number(failed)) }
                        }
                    }
                }
            }
        }
        @if blocked_events > 0 {
            div.notice.notice-warning {
                p.what { (words::blocked(blocked_events)) }
                p { (words::BLOCKED) }
                div.actions {
                    @if filter.state != Some(EventState::Blocked) { a.button href=(place(member, "", &blocked)) { "Show blocked events" } }
                    a.button href=(address(member.name(), &["plan"])) { (words::REVIEW_CHANGES) }
                }
            }
        }
        p.muted { (words::pending(pending)) }
    })
}

async fn table(member: &ManagedConnection, filter: &EventFilter) -> Result<Markup, ServiceError> {
    let connection = member.working()?;
    let events = connection.events(filter).await?;
    if events.is_empty() {
        let all = filter.search.is_none() && filter.state.is_none();
        return Ok(if all {
            empty(words::NO_EVENTS, words::NO_EVENTS_TEXT, None)
        } else {
            let action = html! { a.button href=(address(member.name(), &["events"])) { "Show all events" } };
            empty(words::NO_MATCHING_EVENTS, words::NO_MATCHING_EVENTS_TEXT, Some(action))
        });
    }
    let more = events.len() == filter.limit as usize && filter.limit < MOST;
    Ok(html! {
        (of(connection, &events).await?)
        @if more {
            @let next = EventFilter { limit: filter.limit.saturating_mul(4).min(MOST), ..filter.clone() };
            a.button href=(place(member, "", &next)) { "Show older events" }
        }
    })
}

/// A table of events.
pub(super) async fn of(connection: &Connection, events: &[Event]) -> Result<Markup, ServiceError> {
    let names = Names::of_events(connection, events, SUBJECTS).await?;
    let connection = connection.name();
    let rows = html! {
        table {
            thead { tr {
                th scope="col" { "Time" }
                th scope="col" { "State" }
                th scope="col" { "Event" }
                th scope="col" { "Affects" }
                th scope="col" { "Outcome" }
            } }
            tbody { @for event in events { (row(connection, &names, event)) } }
        }
    };
    Ok(scroll("Events", &rows))
}

fn row(connection: &ConnectionName, names: &Names, event: &Event) -> Markup {
    let hidden = event.subjects.len().saturating_sub(SUBJECTS);
    html! {
        tr {
            td.nowrap { (time(event.published_at)) }
            td.nowrap { (state_badge(event.state)) }
            th.wide scope="row" { a href=(event_address(connection, &event.id)) { (event.event_type) } }
            td {
                @for named in event.subjects.iter().take(SUBJECTS) { div { (links::subject(connection, names, named)) } }
                @if hidden > 0 { div.muted { (count(hidden as u64, "more object")) } }
                @if event.subjects.is_empty() { span.muted { "No synced object" } }
            }
            td { (outcome(event)) }
        }
    }
}

/// The next attempt, the reason of the failure, or the completion time.
fn outcome(event: &Event) -> Markup {
    html! {
        @match event.state {
            EventState::Pending | EventState::InProgress => {
                @if let Some(first) = event.pending_work.iter().min_by_key(|waits| waits.next_attempt_at) { (when(first)) } @else { "Starting" }
            }
            EventState::Failed | EventState::Blocked => { @if let Some(failure) = &event.failure { (findings::finding(failure)) } }
            EventState::Applied | EventState::Ignored => { @if let Some(settled) = event.completed_at { span.nowrap { (time(settled)) } } }
        }
    }
}

/// Replays one event or all failed ones.
async fn replay(
    Chosen(member): Chosen,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Redirect, PageError> {
    let connection = member.working()?;
    let (replayed, page) = match (sent.get("which").map(String::as_str), sent.get("id")) {
        (Some("failed"), _) => (connection.replay(None).await?, address(member.name(), &["events"])),
        (_, Some(id)) => {
            let id = EventId::new(id);
            connection.event(&id).await?.ok_or(PageError::Missing("event"))?;
            let replayed = connection.replay(Some(std::slice::from_ref(&id))).await?;
            (replayed, event_address(member.name(), &id))
        }
        _ => return Err(PageError::Bad("The form contains no event".into())),
    };
    Ok(Redirect::to(&asking(&page, &[(REPLAYED, &replayed.to_string())])))
}
