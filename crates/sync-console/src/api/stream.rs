//! Live server-sent events: the status of the connection, and each new or changed event. A client that reconnects
//! resumes at its position.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use admin_api::{ConnectionEvent, ConnectionStatus, ProblemType};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use sync_daemon::{Connection, ManagedConnection, ServiceError};
use sync_engine::EventCursor;
use sync_model::EventId;
use sync_store::Changes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use utoipa_axum::routes;

use super::document::Unusable;
use super::extract::Works;
use super::problem::ApiError;
use super::routes::Routes;
use crate::access::Identity;
use crate::app::App;

/// The interval of reading the status for what no signal announces: rate limits, and results of checks.
const REFRESH: Duration = Duration::from_secs(2);
/// The time for which a status is valid: its ages grow while nothing happens.
const STATUS: Duration = Duration::from_secs(15);
/// The time after which a stream ends and is reopened, which checks the token again.
const MAX_AGE: Duration = Duration::from_mins(5);
/// The number of events read at once.
const PAGE: u32 = 100;
/// The largest number of streams.
const STREAMS: usize = 64;

pub(super) fn routes() -> Routes {
    vec![routes!(stream_events)]
}

/// The number of streams that can still be opened.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(STREAMS)))
    }
}

/// Stream live updates as server-sent events
///
/// `status` events contain a `ConnectionStatus`, first and after each change. `event` events contain a `ConnectionEvent`
/// for each received or changed event. If the stream ends, reconnect with `Last-Event-ID` to continue.
#[utoipa::path(
    get,
    path = "/connections/{name}/stream",
    operation_id = "stream_events",
    tag = "events",
    params(
        (
            "Last-Event-ID" = Option<String>,
            Header,
            description = "The ID of the last received event of the stream",
            max_length = 300,
        ),
    ),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        (
            status = 400,
            description = "Last-Event-ID is invalid",
            body = admin_api::wire::Problem,
            content_type = "application/problem+json",
        ),
        Unusable,
    ),
)]
async fn stream_events(
    _identity: Identity,
    State(app): State<App>,
    Extension(Places(places)): Extension<Places>,
    Works(member, connection): Works,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // Before the position is read, so that no event is missed between.
    let changes = app.manager.store().changes().subscribe();
    let mark = match headers.get("last-event-id") {
        None => connection.event_cursor().await?,
        Some(id) => id.to_str().ok().and_then(read_mark).ok_or_else(|| {
            let hint = "omit the header to start with new events".to_owned();
            ApiError::new(ProblemType::MalformedRequest, "Last-Event-ID is invalid", Some(hint))
        })?,
    };
    let place = places.try_acquire_owned().map_err(|_| {
        let hint = "close another stream, or try again later".to_owned();
        ApiError::new(ProblemType::ServerBusy, format!("all {STREAMS} streams are in use"), Some(hint))
    })?;
    let following = Following {
        member,
        connection,
        stop: app.stop.clone(),
        changes,
        mark,
        status: None,
        ready: Vec::new(),
        more: false,
        ends: Instant::now() + MAX_AGE,
        _place: place,
    };
    Ok(Sse::new(following.events()).keep_alive(KeepAlive::default()).into_response())
}

/// `write` or `write.event`; an id holds no line break, as Okta's ids hold none.
fn written_mark(mark: &EventCursor) -> String {
    match &mark.after {
        Some(event) => format!("{}.{event}", mark.write),
        None => mark.write.to_string(),
    }
}

fn read_mark(text: &str) -> Option<EventCursor> {
    let (write, after) = match text.split_once('.') {
        Some((write, after)) => (write, Some(EventId::new(after))),
        None => (text, None),
    };
    let write = write.parse().ok().filter(|write| *write >= 0)?;
    Some(EventCursor { write, after })
}

struct Following {
    member: Arc<ManagedConnection>,
    connection: Arc<Connection>,
    stop: CancellationToken,
    changes: Changes,
    mark: EventCursor,
    /// The last status sent, and its time.
    status: Option<(ConnectionStatus, Instant)>,
    /// The messages to send, the last one first.
    ready: Vec<Event>,
    /// True if there are more events than were read.
    more: bool,
    ends: Instant,
    _place: OwnedSemaphorePermit,
}

impl Following {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut here| {
            loop {
                if let Some(event) = here.ready.pop() {
                    return Some((Ok(event), here));
                }
                if here.status.is_some() && !here.more {
                    tokio::select! {
                        () = here.stop.cancelled() => return None,
                        () = tokio::time::sleep_until(here.ends) => return None,
                        true = here.changes.changed() => {}
                        () = tokio::time::sleep(REFRESH) => {}
                    }
                }
                if let Err(error) = here.poll().await {
                    tracing::error!(error = sync_engine::error_chain(&error), "a live stream ended");
                    return None;
                }
            }
        })
    }

    async fn poll(&mut self) -> Result<(), ServiceError> {
        let (events, after) = self.connection.events_after(&self.mark, PAGE).await?;
        self.more = events.len() == PAGE as usize;
        self.mark = after;
        let last = events.len().saturating_sub(1);
        for (n, event) in events.into_iter().enumerate() {
            // A client whose connection closes within a page receives the page again.
            let mark = (n == last).then(|| self.mark.clone());
            let sent = ConnectionEvent { connection: self.member.name().clone(), event };
            self.send_event("event", &sent, mark);
        }
        let status = self.connection.status(1).await?;
        let sent = self.status.as_ref();
        if sent.is_none_or(|(sent, at)| at.elapsed() >= STATUS || !same(sent, &status)) {
            self.send_event("status", &status, Some(self.mark.clone()));
            self.status = Some((status, Instant::now()));
        }
        self.ready.reverse();
        Ok(())
    }

    fn send_event(&mut self, name: &str, what: &impl serde::Serialize, mark: Option<EventCursor>) {
        let event = Event::default().event(name);
        let event = match mark {
            Some(mark) => event.id(written_mark(&mark)),
            None => event,
        };
        match event.json_data(what) {
            Ok(event) => self.ready.push(event),
            Err(error) => tracing::error!(%error, "could not send an event of a live stream"),
        }
    }
}

/// True if only ages differ.
fn same(sent: &ConnectionStatus, now: &ConnectionStatus) -> bool {
    let mut aged = sent.clone();
    aged.freshness.lag_seconds = now.freshness.lag_seconds;
    aged.freshness.oldest_pending_change_seconds = now.freshness.oldest_pending_change_seconds;
    aged == *now
}
