//! The directory that is the source of truth, seen through the mapping.

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{GroupId, ObjectKind, Record, RetireReason, UserId, ValueProblem};

use crate::{PortError, UnreadableItem};

/// An object as it was read just now.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectoryObject {
    /// The object as Assets should hold it.
    pub record: Record,
    /// True if it is in scope as far as known; a user's groups may still exclude it.
    pub in_scope: bool,
    /// When the directory last changed it; memberships do not count.
    pub last_updated: Option<Timestamp>,
    /// Attributes that have a value and that the mapping doesn't contain: the schema has grown.
    pub unmapped: Vec<String>,
    /// Values that had to be dropped or altered to fit.
    pub problems: Vec<ValueProblem>,
}

/// A user as it was read just now; its record does not hold the groups yet.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectoryUser {
    /// The user.
    pub observed: DirectoryObject,
    /// Groups in scope that it belongs to by its nature, and that needn't be requested.
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

/// The way to find the members of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// They have to be listed.
    Listed,
    /// They follow from the users themselves; listing them would cost requests for nothing.
    Implied,
}

/// A group as it was read just now.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectoryGroup {
    /// The group.
    pub observed: DirectoryObject,
    /// The way to find its members.
    pub members: Members,
    /// The last change of its members, if the directory reports it.
    pub members_changed: Option<Timestamp>,
}

/// Users, groups, and memberships.
///
/// Listings also contain out-of-scope objects, marked as such: they may have been in scope before.
///
/// A listing is requested page by page, so that another process can resume it. An expired cursor returns an error that
/// [is expired](PortError::is_expired).
#[async_trait]
pub trait Directory: Send + Sync {
    /// A page of the groups: of all, or of those that changed, or whose members did, since a time.
    async fn groups(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryGroup>, PortError>;

    /// The IDs of a group's members. A failure that concerns only this group is [a single
    /// record's](PortError::is_single_record); the failure of a deleted group [says so](PortError::is_deleted).
    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>>;

    /// A page of the users, deactivated ones included: of all, or of those that changed since a time. May repeat a user.
    async fn users(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryUser>, PortError>;

    /// One user, read by id and before other requests; `None` when there is none.
    async fn user(&self, id: &UserId) -> Result<Option<DirectoryUser>, PortError>;

    /// The in-scope groups of one user, except implied ones; `None` if the user's deletion is proven.
    async fn groups_of(&self, id: &UserId) -> Result<Option<Vec<GroupId>>, PortError>;

    /// One group, read by id and before other requests; `None` when there is none.
    async fn group(&self, id: &GroupId) -> Result<Option<DirectoryGroup>, PortError>;

    /// Items of the scope that Okta doesn't have, one per line.
    async fn unknown_choices(&self) -> Result<Vec<String>, PortError> {
        Ok(Vec::new())
    }

    /// True if the members of this group follow from the users themselves.
    fn is_implied(&self, group: &GroupId) -> bool;

    /// The user with its groups filled in, selected only if they allow it.
    fn join(&self, user: DirectoryObject, groups: &[GroupId]) -> DirectoryObject;

    /// The record of a retired object: its last values, marked.
    fn retire(&self, last: &Record, departure: RetireReason) -> Record;

    /// The field of a record that contains an object's display name; `None` if there is none.
    fn label(&self, kind: ObjectKind) -> Option<String>;

    /// A short name of the scope, which changes with the scope. Empty if everything is in scope.
    fn scope_version(&self) -> String;

    /// True if membership in a group can bring a user in scope.
    fn may_include(&self, group: &GroupId) -> bool;

    /// The directory's current time; `None` while it is unknown.
    fn time(&self) -> Option<Timestamp>;

    /// The number of requests sent to the directory.
    fn requests(&self) -> u64;
}
