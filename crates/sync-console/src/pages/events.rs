//! What Okta told: events as they come in, are applied or given up, and putting them back.

mod detail;

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use maud::{Markup, html};
use sync_service::engine::{AlertKind, Event, EventFilter, EventQueueCounts, EventState, PendingWork};
use sync_service::model::{ConnectionName, EventId};
use sync_service::{Connection, ManagedConnection, ServiceError};

use super::components::{Tone, badge, count, empty, notice, number, said, scroll, time};
use super::links::{self, Names, address, asking};
use super::stream::{Part, live};
use super::{Chosen, PageError, layout};
use crate::access::{Identity, Role};
use crate::app::App;

/// How many events are shown unless more are asked for, and how many at most.
const SHOWN: u32 = 50;
const MOST: u32 = 1000;
/// Of what an event names, so many are shown in the list.
const NAMED: usize = 4;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/connections/{name}/events", get(list))
        .route("/connections/{name}/events/stream", get(list_stream))
        .route("/connections/{name}/events/replay", post(replay))
        .route("/connections/{name}/events/{id}", get(detail::page))
        .route("/connections/{name}/events/{id}/stream", get(detail::stream))
}

const STATES: [(EventState, &str); 3] =
    [(EventState::Pending, "Waiting"), (EventState::Failed, "Given up"), (EventState::Done, "Applied")];

pub(super) fn state_badge(state: EventState) -> Markup {
    match state {
        EventState::Pending => badge(Tone::Busy, "Waiting"),
        EventState::Failed => badge(Tone::Problem, "Given up"),
        EventState::Done => badge(Tone::Good, "Applied"),
    }
}

fn filter(asked: &HashMap<String, String>) -> Result<EventFilter, PageError> {
    let state = match asked.get("state").map_or("", String::as_str) {
        "" => None,
        word => Some(
            STATES
                .iter()
                .find(|(state, _)| state.as_str() == word)
                .map(|(state, _)| *state)
                .ok_or_else(|| PageError::Bad("There is no such state of an event".into()))?,
        ),
    };
    let search = asked.get("q").map(|q| q.trim().to_owned()).filter(|q| !q.is_empty());
    let limit = asked.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(SHOWN);
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
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let filter = filter(&asked)?;
    let put_back = asked.get("put_back").and_then(|n| n.parse::<u64>().ok());
    let body = html! {
        div.head { h1 { "Events" } p.muted { "What Okta told, by the event hook or the System Log. Those first that happened last." } }
        @if let Some(n) = put_back { (told(n)) }
        form.filters method="get" role="search" aria-label="Events" {
            div.field {
                label for="q" { "Search" }
                input type="search" name="q" id="q" value=(filter.search.as_deref().unwrap_or("")) placeholder="Type, id, or id of a user or group" spellcheck="false" autocapitalize="none";
            }
            div.field {
                label for="state" { "State" }
                select name="state" id="state" {
                    option value="" { "All states" }
                    @for (state, word) in STATES {
                        option value=(state.as_str()) selected[filter.state == Some(state)] { (word) }
                    }
                }
            }
            button type="submit" { "Show" }
        }
        div data-live=(place(&member, "/stream", &filter)) {
            div data-part="dead" { (dead(&member, &identity, &filter).await?) }
            div data-part="events" { (table(&member, &filter).await?) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/events", &body).into_response())
}

async fn list_stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let filter = filter(&asked)?;
    Ok(live(app.stop.clone(), move || {
        let (member, identity, filter) = (member.clone(), identity.clone(), filter.clone());
        async move {
            Ok(vec![
                Part::new("dead", dead(&member, &identity, &filter).await?),
                Part::new("events", table(&member, &filter).await?),
            ])
        }
    }))
}

fn told(put_back: u64) -> Markup {
    match put_back {
        0 => notice(Tone::Warning, "Nothing was put back: what was asked for names nothing to look at", None),
        n => notice(
            Tone::Good,
            &format!("{} put back", count(n, "event")),
            Some("what was named is looked at again now"),
        ),
    }
}

/// What waits and what was given up, whatever is searched for.
async fn dead(
    member: &ManagedConnection,
    identity: &Identity,
    filter: &EventFilter,
) -> Result<Markup, ServiceError> {
    let connection = member.working()?;
    let EventQueueCounts { pending, failed: dead, .. } = connection.status(0).await?.event_queue;
    let held = connection
        .troubles()
        .iter()
        .any(|trouble| trouble.kind == AlertKind::SafeguardTriggered && trouble.resolved_at.is_none());
    let only = EventFilter { state: Some(EventState::Failed), search: None, limit: SHOWN };
    Ok(html! {
        @if dead > 0 {
            div.notice.notice-warning {
                p.what { (count(dead, "event")) " given up" }
                p {
                    @if held {
                        "Some are held back by a limit on changes; whether they are meant is decided on the "
                        a href=(address(member.name(), &["plan"])) { "Plan page" }
                        ". Others were tried, and failed again and again."
                    } @else {
                        "What was tried, and failed again and again."
                    }
                    " Put right what kept them, then replay them; until then what they named may be old in Assets."
                }
                div.actions {
                    @if filter.state != Some(EventState::Failed) { a.button href=(place(member, "", &only)) { "See why" } }
                    @if identity.role == Role::Admin {
                        form method="post" action=(address(member.name(), &["events", "replay"])) {
                            (layout::csrf(identity))
                            input type="hidden" name="which" value="dead";
                            button type="submit" { "Replay all " (number(dead)) }
                        }
                    }
                }
            }
        }
        p.muted { (if pending == 0 { "No event waits.".to_owned() } else { format!("{} waiting.", count(pending, "event")) }) }
    })
}

async fn table(member: &ManagedConnection, filter: &EventFilter) -> Result<Markup, ServiceError> {
    let connection = member.working()?;
    let events = connection.events(filter).await?;
    if events.is_empty() {
        let all = filter.search.is_none() && filter.state.is_none();
        return Ok(if all {
            empty(
                "No event yet",
                "They come when something changes in Okta, once the connection is set up.",
                None,
            )
        } else {
            let action = html! { a.button href=(address(member.name(), &["events"])) { "Show all events" } };
            let text = "No event with this in its type, its id, or the ids of what it named is remembered.";
            empty("No such event", text, Some(action))
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

/// Events as lines of a table.
pub(super) async fn of(connection: &Connection, events: &[Event]) -> Result<Markup, ServiceError> {
    let names = Names::of_events(connection, events, NAMED).await?;
    let connection = connection.name();
    let rows = html! {
        table {
            thead { tr {
                th scope="col" { "Happened" }
                th scope="col" { "State" }
                th scope="col" { "Event" }
                th scope="col" { "About" }
                th scope="col" { "What became of it" }
            } }
            tbody { @for event in events { (row(connection, &names, event)) } }
        }
    };
    Ok(scroll("Events", &rows))
}

fn row(connection: &ConnectionName, names: &Names, event: &Event) -> Markup {
    let hidden = event.subjects.len().saturating_sub(NAMED);
    html! {
        tr {
            td.nowrap { (time(event.published_at)) }
            td.nowrap { (state_badge(event.state)) }
            th.wide scope="row" { a href=(event_address(connection, &event.id)) { (event.event_type) } }
            td {
                @for named in event.subjects.iter().take(NAMED) { div { (links::subject(connection, names, named)) } }
                @if hidden > 0 { div.muted { "and " (count(hidden as u64, "more object")) } }
                @if event.subjects.is_empty() { span.muted { "nothing in Assets" } }
            }
            td { (outcome(event)) }
        }
    }
}

/// What an event waits for, why it was given up, or when it was done with.
fn outcome(event: &Event) -> Markup {
    html! {
        @match event.state {
            EventState::Pending => {
                @if let Some(first) = event.pending_work.iter().min_by_key(|waits| waits.next_attempt_at) { (when(first)) } @else { "about to be looked at" }
            }
            EventState::Failed => { @if let Some(reason) = &event.reason { (said(reason)) } }
            EventState::Done => { @if let Some(settled) = event.completed_at { span.nowrap { (time(settled)) } } }
        }
    }
}

/// When what an event waits for is looked at.
fn when(waits: &PendingWork) -> Markup {
    html! {
        @if waits.claimed { "being looked at" } @else { "looked at from " (time(waits.next_attempt_at)) }
        @if waits.attempts > 0 { ", tried " (waits.attempts) "×" }
    }
}

fn event_address(connection: &ConnectionName, id: &EventId) -> String {
    address(connection, &["events", id.as_str()])
}

/// Puts one event back, or all that were given up.
async fn replay(
    Chosen(member): Chosen,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Redirect, PageError> {
    let connection = member.working()?;
    let (put_back, page) = match (sent.get("which").map(String::as_str), sent.get("id")) {
        (Some("dead"), _) => (connection.put_back(None).await?, address(member.name(), &["events"])),
        (_, Some(id)) => {
            let id = EventId::new(id);
            connection.event(&id).await?.ok_or(PageError::Missing("event"))?;
            let put_back = connection.put_back(Some(std::slice::from_ref(&id))).await?;
            (put_back, event_address(member.name(), &id))
        }
        _ => return Err(PageError::Bad("No event was named".into())),
    };
    Ok(Redirect::to(&asking(&page, &[("put_back", &put_back.to_string())])))
}
