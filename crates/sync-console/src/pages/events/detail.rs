//! The page of one event.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use sync_daemon::{Connection, ServiceError};
use sync_engine::{Event, EventState, OriginRun};
use sync_model::{ConnectionName, EventId};

use super::super::components::{Tone, framed, time};
use super::super::links::{self, Names};
use super::super::scope::Chosen;
use super::super::stream::{Part, stream_parts};
use super::super::{PageError, layout};
use super::parts::{REPLAYED, event_address, replayed, state_badge, when};
use crate::access::{Identity, Role};
use crate::app::App;
use crate::words::activity as words;

pub(super) async fn page(
    identity: Identity,
    Chosen(member): Chosen,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, PageError> {
    let id = EventId::new(id);
    let connection = member.working()?;
    let event = connection.event(&id).await?.ok_or(PageError::Missing("event"))?;
    let count = query.get(REPLAYED).and_then(|n| n.parse::<u64>().ok());
    let body = html! {
        p.crumbs { a href=(links::address(member.name(), &["events"])) { "All events" } }
        @if let Some(n) = count { (replayed(n)) }
        div data-live={ (event_address(member.name(), &id)) "/stream" } {
            div data-part="event" { (all(connection, &identity, &event).await?) }
        }
    };
    Ok(layout::connection_page(&identity, &member, "/events", &body).into_response())
}

pub(super) async fn stream(
    State(app): State<App>,
    identity: Identity,
    Chosen(member): Chosen,
    Path((_, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let id = EventId::new(id);
    member.working()?.event(&id).await?.ok_or(PageError::Missing("event"))?;
    Ok(stream_parts(&app, move || {
        let (member, identity, id) = (member.clone(), identity.clone(), id.clone());
        async move {
            let connection = member.working()?;
            Ok(match connection.event(&id).await? {
                Some(event) => vec![Part::new("event", all(connection, &identity, &event).await?)],
                None => Vec::new(),
            })
        }
    }))
}

async fn all(connection: &Connection, identity: &Identity, event: &Event) -> Result<Markup, ServiceError> {
    let names = Names::of_events(connection, std::slice::from_ref(event), usize::MAX).await?;
    let run = if event.state == EventState::Applied { connection.run_of_event(event).await? } else { None };
    Ok(shown(connection.name(), identity, event, &names, run))
}

fn shown(
    connection: &ConnectionName,
    identity: &Identity,
    event: &Event,
    names: &Names,
    run: Option<OriginRun>,
) -> Markup {
    let replayable = !event.subjects.is_empty() || event.state == EventState::Failed;
    html! {
        div.head {
            h1 { (event.event_type) }
            (state_badge(event.state))
            @if identity.role == Role::Admin && replayable {
                div.actions {
                    form method="post" action=(links::address(connection, &["events", "replay"])) {
                        (layout::csrf(identity))
                        input type="hidden" name="id" value=(event.id);
                        button.primary[event.state == EventState::Failed] type="submit" { "Replay" }
                    }
                }
            }
        }
        @match event.state {
            EventState::Failed => {
                (framed(Tone::Problem, &words::event_failed(event.failure.as_ref()), Some(&html! { (words::EVENT_FAILED_REMEDY) })))
            },
            EventState::Blocked => {
                (framed(Tone::Problem, &words::event_blocked(event.failure.as_ref()), Some(&html! { (words::EVENT_BLOCKED_REMEDY) })))
            },
            EventState::Pending | EventState::InProgress | EventState::Applied | EventState::Ignored => {},
        }
        section.card aria-label="Details" {
            dl.facts {
                dt { "Event ID" } dd { code { (event.id) } }
                dt { "Time" } dd { (time(event.published_at)) }
                dt { "Received" } dd { (time(event.received_at)) }
                dt { "Completed" } dd { @match event.completed_at { Some(at) => (time(at)), None => "Not yet" } }
                @if let Some(run) = run { dt { "Applied by" } dd { (links::origin(connection, run)) } }
            }
        }
        section.card aria-labelledby="subjects" {
            h2 #subjects { "Affects" }
            @if event.subjects.is_empty() {
                p.muted { (words::AFFECTS_NOTHING) }
            } @else {
                ul { @for named in &event.subjects { li { (links::subject(connection, names, named)) } } }
            }
        }
        @if !event.pending_work.is_empty() {
            section.card aria-labelledby="pending" {
                h2 #pending { "Pending work" }
                ul { @for waits in &event.pending_work { li { (links::subject(connection, names, &waits.subject)) ": " (when(waits)) } } }
            }
        }
    }
}
