//! Live parts of pages: each stream starts with all of them, then sends each part that changed. The page is right after
//! any pause. Changes of the state, of runs, and of jobs wake the stream.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};
use serde::Serialize;
use sync_daemon::ServiceError;
use sync_store::Changes;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// The interval of refreshes for what no signal announces: rates, rate limits, and results of checks.
const REFRESH: Duration = Duration::from_secs(2);
/// The time after which a stream ends and is reopened, which checks the sign-in again.
const MAX_AGE: Duration = Duration::from_mins(5);

/// A part of a page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Part {
    name: &'static str,
    html: String,
}

impl Part {
    pub(super) fn new(name: &'static str, html: Markup) -> Self {
        Self { name, html: html.into_string() }
    }

    /// The part of the page that it replaces, with its current content.
    pub(super) fn place(&self) -> Markup {
        html! { div data-part=(self.name) { (PreEscaped(&self.html)) } }
    }
}

/// Sends the parts that `render` returns, as they change, until the daemon stops.
pub(super) fn stream_parts<F, W>(app: &App, render: F) -> Response
where
    F: Fn() -> W + Send + 'static,
    W: Future<Output = Result<Vec<Part>, ServiceError>> + Send + 'static,
{
    let changes = app.manager.store().changes().subscribe();
    let events = events(app.stop.clone(), changes, app.manager.now(), render);
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

struct Sent<F> {
    render: F,
    changes: Changes,
    shown: HashMap<&'static str, String>,
    ready: Vec<Event>,
    ends: tokio::time::Instant,
    /// The daemon's time at the start, until it is sent.
    clock: Option<Timestamp>,
}

fn events<F, W>(
    stop: CancellationToken,
    changes: Changes,
    now: Timestamp,
    render: F,
) -> impl Stream<Item = Result<Event, Infallible>>
where
    F: Fn() -> W + Send + 'static,
    W: Future<Output = Result<Vec<Part>, ServiceError>> + Send + 'static,
{
    let ends = tokio::time::Instant::now() + MAX_AGE;
    let sent = Sent { render, changes, shown: HashMap::new(), ready: Vec::new(), ends, clock: Some(now) };
    stream::unfold((stop, sent), async |(stop, mut sent)| {
        loop {
            if let Some(event) = sent.ready.pop() {
                return Some((Ok(event), (stop, sent)));
            }
            if let Some(now) = sent.clock.take() {
                let clock = now.as_millisecond().to_string();
                sent.ready.push(Event::default().event("clock").data(clock));
            } else {
                tokio::select! {
                    () = stop.cancelled() => return None,
                    () = tokio::time::sleep_until(sent.ends) => return None,
                    true = sent.changes.changed() => {}
                    () = tokio::time::sleep(REFRESH) => {}
                }
            }
            sent.refresh().await;
        }
    })
}

impl<F, W> Sent<F>
where
    F: Fn() -> W,
    W: Future<Output = Result<Vec<Part>, ServiceError>>,
{
    async fn refresh(&mut self) {
        // If a part can't be rendered, the page keeps the old one and the next refresh tries again.
        let Ok(parts) = (self.render)().await else { return };
        for part in parts {
            if self.shown.get(part.name) == Some(&part.html) {
                continue;
            }
            match Event::default().event("part").json_data(&part) {
                Ok(event) => {
                    self.ready.push(event);
                    self.shown.insert(part.name, part.html);
                }
                Err(error) => tracing::error!(%error, "could not send a part of a page"),
            }
        }
    }
}
