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
        stream::try_unfold(Some(first), move |next| {
            let client = client.clone();
            async move {
                let Some(call) = next else { return Ok::<_, Error>(None) };
                let page = client.page::<T>(&call).await?;
                let next = page.next.map(|next| call.at(next.into()));
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
        if url.origin() == self.inner.org.origin() {
            Ok(url)
        } else {
            Err(foreign(url.origin().ascii_serialization()))
        }
    }
}

fn decoded<T: DeserializeOwned>(call: &Call, answer: &Answer) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|source| Error::Decode {
        path: call.path().to_owned(),
        expected: call.expected,
        source,
    })
}
