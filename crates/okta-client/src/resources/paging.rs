//! A listing that any process can resume, for example after a crash.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::client::OktaClient;
use crate::error::{Error, Result};
use crate::item::Unreadable;
use crate::text::printable;

/// A position in a listing: all earlier items were read.
///
/// It is the `next` link of a page. Store its text, which contains no credential. Okta doesn't document its lifetime. If
/// Okta rejects it ([`Error::Api`]), start the listing again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PageCursor(Url);

impl From<Url> for PageCursor {
    fn from(next: Url) -> Self {
        Self(next)
    }
}

impl From<PageCursor> for Url {
    fn from(cursor: PageCursor) -> Self {
        cursor.0
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PageCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Url::parse(text)
            .map(Self)
            .map_err(|_| Error::InvalidCheckpoint(printable(text).chars().take(100).collect()))
    }
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Its items; there may be none although more follow.
    pub items: Vec<T>,
    /// Unreadable items. They exist nevertheless.
    pub unreadable: Vec<Unreadable>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<PageCursor>,
}

impl OktaClient {
    /// The place as a request, if it is one of this org's listing.
    pub(crate) fn at_cursor(&self, path: &str, cursor: &PageCursor) -> Result<Url> {
        self.own_listing(path, &cursor.0)
    }

    /// A URL that was stored, if it leads to this org's listing: a store may have been shared or tampered with.
    pub(crate) fn own_listing(&self, path: &str, url: &Url) -> Result<Url> {
        let place =
            || Error::InvalidCheckpoint(printable(&(url.origin().ascii_serialization() + url.path())));
        let bare = url.username().is_empty() && url.password().is_none();
        let ours = bare && url.origin() == self.org_url().origin() && url.path() == path;
        if ours { Ok(url.clone()) } else { Err(place()) }
    }
}
