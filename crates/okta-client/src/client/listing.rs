//! Listings: pages that are asked for when they are needed, `next` links that are followed at home only.

use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;
use url::Url;

use super::OktaClient;
use super::send::{Answer, Call};
use crate::error::{Error, Result};
use crate::link;
use crate::resources::{Page, PageCursor};

impl OktaClient {
    /// One object.
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, call: Call) -> Result<T> {
        let answer = self.send(&call).await?;
        decoded(&call, &answer)
    }

    /// The items of a listing, page by page. Ends where no `next` link is given; an empty page does not end it.
    pub(crate) fn list<T: DeserializeOwned + Send + 'static>(
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
                let next = match page.next.map(Url::from) {
                    Some(url) if way.leads_back(&url) => {
                        return Err(Error::CircularPages { path: call.path().to_owned() });
                    }
                    Some(url) => Some((call.at(url), way)),
                    None => None,
                };
                Ok(Some((stream::iter(page.items).map(Ok), next)))
            }
        })
        .try_flatten()
    }

    /// One page.
    pub(crate) async fn page<T: DeserializeOwned>(&self, call: &Call) -> Result<Page<T>> {
        let answer = self.send(call).await?;
        let next = link::target(&answer.headers, "next");
        let next = next.map(|target| self.follow(call.path(), target)).transpose()?;
        Ok(Page { items: decoded(call, &answer)?, next: next.map(PageCursor::from) })
    }

    /// A link that may be followed with the org's credential.
    pub(crate) fn follow(&self, path: &str, target: &str) -> Result<Url> {
        let foreign = |origin: String| Error::ForeignOrigin { path: path.to_owned(), origin };
        let url = self.inner.org.join(target).map_err(|_| foreign("not a URL".into()))?;
        // A name and password in a URL would be sent as a credential in the place of ours.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(foreign("with a user name".into()));
        }
        if url.origin() == self.inner.org.origin() {
            Ok(url)
        } else {
            Err(foreign(url.origin().ascii_serialization()))
        }
    }
}

/// The pages behind, as far as it takes to notice a circle of any length (Brent's algorithm): one is remembered, for
/// twice as many steps each time.
struct Way {
    remembered: Url,
    steps: u64,
    until: u64,
}

impl From<&Url> for Way {
    fn from(first: &Url) -> Self {
        Self { remembered: first.clone(), steps: 0, until: 1 }
    }
}

impl Way {
    /// Whether the next page was read before.
    fn leads_back(&mut self, next: &Url) -> bool {
        if *next == self.remembered {
            return true;
        }
        self.steps += 1;
        if self.steps == self.until {
            self.remembered = next.clone();
            self.steps = 0;
            self.until = self.until.saturating_mul(2);
        }
        false
    }
}

fn decoded<T: DeserializeOwned>(call: &Call, answer: &Answer) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|error| undecodable(call.path(), call.expected, error))
}

/// What is wrong with an answer and where, and nothing of what it holds: that can be personal data, or a token.
pub(crate) fn undecodable(path: &str, expected: &'static str, error: serde_json::Error) -> Error {
    let quotes = error.is_data() && !error.to_string().starts_with("missing field");
    let source = if quotes {
        let place = format!("line {} column {}", error.line(), error.column());
        serde::de::Error::custom(format!("something of another kind than expected before {place}"))
    } else {
        error
    };
    Error::Decode { path: path.to_owned(), expected, source }
}
