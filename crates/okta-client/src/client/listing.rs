//! Listings: pages are fetched when needed, and `next` links are followed only within the org.

use std::sync::PoisonError;

use futures::stream::{self, Stream, TryStreamExt};
use serde::de::{DeserializeOwned, IgnoredAny};
use url::Url;

use super::decode::undecodable;
use super::okta_client::OktaClient;
use super::send::{Answer, Call};
use crate::error::{Error, Result};
use crate::item::{Item, read_list, without_mark};
use crate::link::{self, BrokenLink};
use crate::resources::{Page, PageCursor};
use crate::text::printable;

impl OktaClient {
    /// One object.
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T> {
        let answer = self.send(&call).await?;
        decoded(&call, &answer)
    }

    /// The items of a listing, page by page. Ends without a `next` link; an empty page doesn't end it. An unreadable
    /// item is an [`Error::Item`] in its place, after which the listing continues.
    pub(crate) fn list<T: Item + Send + 'static>(
        &self,
        first: Call,
    ) -> impl Stream<Item = Result<T>> + Send + 'static + use<T> {
        let client = self.clone();
        let way = Way::from(first.url());
        stream::try_unfold(Some((first, way)), move |next| {
            let client = client.clone();
            async move {
                let Some((call, mut way)) = next else { return Ok::<_, Error>(None) };
                let page = client.page::<T>(&call).await?;
                way.empty =
                    if page.items.is_empty() && page.unreadable.is_empty() { way.empty + 1 } else { 0 };
                if way.empty > MOST_EMPTY && page.next.is_some() {
                    return Err(Error::CircularPages { path: call.path().to_owned() });
                }
                let next = match page.next.map(Url::from) {
                    Some(url) if way.leads_back(&url) => {
                        return Err(Error::CircularPages { path: call.path().to_owned() });
                    }
                    Some(url) => Some((call.at(url), way)),
                    None => None,
                };
                let path = call.path().to_owned();
                let unreadable = page
                    .unreadable
                    .into_iter()
                    .map(move |item| Err(Error::Item { path: path.clone(), item: Box::new(item) }));
                Ok(Some((stream::iter(page.items.into_iter().map(Ok).chain(unreadable)), next)))
            }
        })
        .try_flatten()
    }

    /// One page.
    pub(crate) async fn page<T: Item>(&self, call: &Call) -> Result<Page<T>> {
        let answer = self.send(call).await?;
        let link = |relation| {
            link::target(&answer.headers, relation)
                .map_err(|BrokenLink| Error::BrokenLink { path: call.path().to_owned() })
        };
        let next = link("next")?.map(|target| self.follow(call.path(), target)).transpose()?;
        let read = read_list(&answer.body);
        let (items, unreadable) = read.map_err(|error| {
            undecodable::<Vec<IgnoredAny>>(call.path(), call.expected, &answer.body, error)
        })?;
        let count = items.len() + unreadable.len();
        if next.is_none() && most(call.url()).is_some_and(|most| count >= most) && link("self")?.is_none() {
            return Err(Error::NoLinks { path: call.path().to_owned() });
        }
        Ok(Page { items, unreadable, next: next.map(PageCursor::from) })
    }

    /// A `next` link for a request with the org's credential: its path and query at the org's own origin. Its host can
    /// be another name of the same org, or a gateway's; the path must be the listing's own.
    pub(crate) fn follow(&self, path: &str, target: &str) -> Result<Url> {
        let other = |target: String| Error::OtherListing { path: path.to_owned(), target };
        let org = &self.inner.org;
        let link = org.join(target).map_err(|_| other("an invalid URL".into()))?;
        if !matches!(link.scheme(), "https" | "http") || link.path() != path {
            return Err(other(printable(&(link.origin().ascii_serialization() + link.path()))));
        }
        if link.origin() != org.origin() {
            self.note_other_host(&link);
        }
        let mut url = org.clone();
        url.set_path(path);
        url.set_query(link.query());
        Ok(url)
    }

    /// Names another host of the org once.
    fn note_other_host(&self, link: &Url) {
        let origin = link.origin().ascii_serialization();
        let mut known = self.inner.other_hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_HOSTS && !known.contains(&origin) {
            tracing::warn!(
                links = origin,
                org_url = %self.inner.org,
                "the links in Okta's listings name another host; requesting them at org_url"
            );
            known.push(origin);
        }
    }

    /// Other origins in `next` links, such as another name of the org or a gateway. The requests were sent to the org URL.
    pub fn other_origins(&self) -> Vec<String> {
        self.inner.other_hosts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Okta's maximum number of users per page.
const MOST_USERS: usize = 200;

/// The number of items in a full page, if the request contains it.
fn most(url: &Url) -> Option<usize> {
    let (_, limit) = url.query_pairs().find(|(name, _)| name == "limit")?;
    let limit = limit.parse().ok()?;
    Some(if url.path() == "/api/v1/users" { MOST_USERS.min(limit) } else { limit })
}

/// No org has more names that its links would show.
const MOST_HOSTS: usize = 8;

/// No listing has more empty pages in a row.
const MOST_EMPTY: u32 = 50;

/// The pages read so far, as needed to detect a loop of any length (Brent's algorithm): one is stored, for twice as
/// many steps each time.
struct Way {
    marker: Url,
    steps: u64,
    until: u64,
    /// Empty pages in a row.
    empty: u32,
}

impl From<&Url> for Way {
    fn from(first: &Url) -> Self {
        Self { marker: first.clone(), steps: 0, until: 1, empty: 0 }
    }
}

impl Way {
    /// True if the next page was read before.
    fn leads_back(&mut self, next: &Url) -> bool {
        if *next == self.marker {
            return true;
        }
        self.steps += 1;
        if self.steps == self.until {
            self.marker = next.clone();
            self.steps = 0;
            self.until = self.until.saturating_mul(2);
        }
        false
    }
}

fn decoded<T: DeserializeOwned>(call: &Call, answer: &Answer) -> Result<T> {
    let text = without_mark(&answer.body);
    serde_json::from_slice(text).map_err(|error| undecodable::<T>(call.path(), call.expected, text, error))
}
