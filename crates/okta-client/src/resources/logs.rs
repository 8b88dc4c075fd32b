//! `/api/v1/logs`

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::sort::SortOrder;
use crate::client::{Call, OktaClient};
use crate::error::{Error, Result};
use crate::item::Unreadable;
use crate::model::LogEvent;
use crate::text::printable;

const PATH: &str = "/api/v1/logs";
/// Okta's maximum page size.
const LARGEST_PAGE: u16 = 1000;

/// The filter of an event listing: a range of time, by the time of the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// From then on. Okta keeps 90 days.
    pub since: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// An expression such as `eventType sw "user.lifecycle."`; not on `published`.
    pub filter: Option<String>,
    /// Words to search for, 10 at most.
    pub q: Option<String>,
    /// Oldest first unless set.
    pub sort_order: SortOrder,
    /// The page size, 1,000 unless set.
    pub limit: Option<u16>,
}

impl LogQuery {
    /// Every event of a range of time.
    pub const fn between(since: Timestamp, until: Timestamp) -> Self {
        Self { since, until, filter: None, q: None, sort_order: SortOrder::Ascending, limit: None }
    }
}

/// A position in the System Log: all earlier events were read.
///
/// It is the `next` link of the last page. Store its text, which contains no credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogCheckpoint(Url);

impl fmt::Display for LogCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LogCheckpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Url::parse(text)
            .map(Self)
            .map_err(|_| Error::InvalidCheckpoint(printable(text).chars().take(100).collect()))
    }
}

/// The position to start following the log from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogStart {
    /// Events that the log received since this time.
    Since {
        /// The time.
        since: Timestamp,
        /// An expression such as `eventType sw "user.lifecycle."`; none is every event.
        filter: Option<String>,
    },
    /// The end of an earlier follower; its filter still applies.
    At(LogCheckpoint),
}

/// A page of the log, in the order in which the log received the events.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPage {
    /// The events. None means that there is nothing new.
    pub events: Vec<LogEvent>,
    /// Events that can't be decoded. The position is after them, too.
    pub unreadable: Vec<Unreadable>,
    /// The position after them. Store it together with the results of the events.
    pub checkpoint: LogCheckpoint,
}

/// The System Log. Scope `okta.logs.read`.
///
/// <https://developer.okta.com/docs/reference/system-log-query/>
#[derive(Debug, Clone, Copy)]
pub struct Logs<'c>(&'c OktaClient);

/// The next step of a follower.
struct Follower {
    client: OktaClient,
    next: Call,
    wait: bool,
    over: bool,
}

impl OktaClient {
    /// The System Log.
    pub const fn logs(&self) -> Logs<'_> {
        Logs(self)
    }
}

impl Logs<'_> {
    /// The events of a range of time, page by page. Events that the log receives late may be missing: to miss none,
    /// [follow](Self::follow) it.
    pub fn list(&self, query: &LogQuery) -> impl Stream<Item = Result<LogEvent>> + Send + 'static + use<> {
        let mut url = self.0.url(PATH);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("since", &time(query.since)).append_pair("until", &time(query.until));
            pairs.append_pair("sortOrder", query.sort_order.as_str());
            pairs.append_pair("limit", &query.limit.unwrap_or(LARGEST_PAGE).to_string());
            for (name, value) in [("filter", &query.filter), ("q", &query.q)] {
                if let Some(value) = value {
                    pairs.append_pair(name, value);
                }
            }
        }
        self.0.list(Call::get(url, "a page of the System Log"))
    }

    /// An endless stream of the events that the log receives from the start on. If there are no new events, the next request
    /// is sent after `pause`, or later if the rate limit requires it.
    ///
    /// A transient failure doesn't end the stream: polled again, it resumes at the same position after `pause`. Any
    /// other failure is the stream's last item. Okta doesn't document the lifetime of a checkpoint; replace one that it
    /// rejects ([`Error::Api`]) with a time, with some overlap, and deduplicate events by `uuid`.
    pub fn follow(
        &self,
        start: &LogStart,
        pause: Duration,
    ) -> impl Stream<Item = Result<LogPage>> + Send + 'static + use<> {
        let first = match self.first(start) {
            Ok(first) => first,
            Err(error) => return stream::once(std::future::ready(Err(error))).left_stream(),
        };
        let follower = Follower { client: self.0.clone(), next: first, wait: false, over: false };
        stream::unfold(follower, move |follower| async move {
            if follower.over { None } else { Some(follower.advance(pause).await) }
        })
        .right_stream()
    }

    /// The events that the log received after a position, up to one page.
    ///
    /// # Errors
    /// [`Error::Api`] if Okta no longer accepts the position, [`Error::InvalidCheckpoint`] if it belongs to another org, and
    /// as any call.
    pub async fn poll(&self, start: &LogStart) -> Result<LogPage> {
        page(self.0, &self.first(start)?).await
    }

    fn first(self, start: &LogStart) -> Result<Call> {
        let url = match start {
            LogStart::Since { since, filter } => {
                let mut url = self.0.url(PATH);
                // Without `until` and in this order the log is read in the order of its arrival, and misses nothing.
                url.query_pairs_mut()
                    .append_pair("since", &time(*since))
                    .append_pair("sortOrder", SortOrder::Ascending.as_str())
                    .append_pair("limit", &LARGEST_PAGE.to_string());
                if let Some(filter) = filter {
                    url.query_pairs_mut().append_pair("filter", filter);
                }
                url
            }
            LogStart::At(LogCheckpoint(url)) => self.0.own_listing(PATH, url)?,
        };
        Ok(Call::get(url, "a page of the System Log"))
    }
}

impl Follower {
    async fn advance(mut self, pause: Duration) -> (Result<LogPage>, Self) {
        if self.wait {
            tokio::time::sleep(pause).await;
        }
        let page = page(&self.client, &self.next).await;
        match &page {
            Ok(page) => {
                self.next = self.next.at(page.checkpoint.0.clone());
                self.wait = page.events.is_empty() && page.unreadable.is_empty();
            }
            Err(error) => {
                self.wait = true;
                self.over = !error.is_transient();
            }
        }
        (page, self)
    }
}

async fn page(client: &OktaClient, call: &Call) -> Result<LogPage> {
    let page = client.page(call).await?;
    let next = page.next.ok_or_else(|| Error::MissingNextLink { path: PATH.into() })?;
    Ok(LogPage { events: page.items, unreadable: page.unreadable, checkpoint: LogCheckpoint(next.into()) })
}

/// Okta's format of times: UTC, with milliseconds.
fn time(time: Timestamp) -> String {
    format!("{time:.3}")
}
