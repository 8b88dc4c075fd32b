//! The parts of the API, one handle each: paths and types only.

mod event_hooks;
mod groups;
mod logs;
mod paging;
mod schemas;
mod users;

pub use event_hooks::EventHooks;
pub use groups::{GroupQuery, Groups};
pub use logs::{LogCheckpoint, LogPage, LogQuery, LogStart, Logs};
pub use paging::{Page, PageCursor};
pub use schemas::{Schemas, UserTypes};
pub use users::{UserQuery, Users};

use crate::error::{Error, Result};
use crate::model::is_id;

/// The sort order of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortOrder {
    /// The smallest or oldest first.
    #[default]
    Ascending,
    /// The largest or newest first.
    Descending,
}

impl SortOrder {
    /// The System Log's word.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ASCENDING",
            Self::Descending => "DESCENDING",
        }
    }

    /// The word of users and groups.
    const fn short(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// An id that may become part of a path. Only ids do: Okta and clients disagree on how other text is encoded in proofs.
fn checked(id: &str) -> Result<&str> {
    if is_id(id) { Ok(id) } else { Err(Error::InvalidId(id.chars().take(64).collect())) }
}

/// A response about the requested object.
fn about<T>(requested: &str, path: &str, object: T, id: impl Fn(&T) -> &str) -> Result<T> {
    match id(&object) {
        returned if returned == requested => Ok(object),
        returned => {
            Err(Error::OtherObject { path: path.to_owned(), answered: returned.chars().take(64).collect() })
        }
    }
}

/// `None` for a missing object.
fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A listing sorted by an attribute.
fn sort(
    pairs: &mut url::form_urlencoded::Serializer<'_, url::UrlQuery<'_>>,
    by: Option<&(String, SortOrder)>,
) {
    if let Some((attribute, order)) = by {
        pairs.append_pair("sortBy", attribute).append_pair("sortOrder", order.short());
    }
}
