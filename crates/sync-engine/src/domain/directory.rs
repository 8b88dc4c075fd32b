//! Objects of the directory, as they were read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{GroupId, Record, ValueProblem};

use crate::domain::unreadable_object::UnreadableItem;

/// An object as it was read just now.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectoryObject {
    /// The object as Assets should hold it.
    pub record: Record,
    /// True if it is in scope as far as known; a user's groups may still exclude it.
    pub in_scope: bool,
    /// When the directory last changed it; memberships do not count.
    pub last_updated: Option<Timestamp>,
    /// The last change of a group's members, if the directory reports it.
    pub members_changed: Option<Timestamp>,
    /// Attributes that have a value and that the mapping doesn't contain: the schema has grown.
    pub unmapped: Vec<String>,
    /// Values that had to be dropped or altered to fit.
    pub problems: Vec<ValueProblem>,
    /// Groups in scope that a user belongs to by its nature, and that needn't be requested.
    pub implied_groups: Vec<GroupId>,
}

/// A place in a listing, as the directory wrote it: everything before it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps the directory's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The directory's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Its items; there may be none although more follow.
    pub items: Vec<T>,
    /// Items that could not be read.
    pub unreadable: Vec<UnreadableItem>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<Cursor>,
}
