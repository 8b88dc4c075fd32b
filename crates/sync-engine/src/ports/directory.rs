//! The directory that is the source of truth, seen through the mapping.

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use sync_model::{GroupId, Record, UserId};

use crate::PortError;

/// An object as it was read just now.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The object as Assets should hold it.
    pub record: Record,
    /// When the directory last changed it; memberships do not count.
    pub last_updated: Option<Timestamp>,
    /// Attributes that carry a value and that the mapping does not know: the schema has grown.
    pub unmapped: Vec<String>,
    /// What had to be dropped or altered to fit, in words without the value.
    pub problems: Vec<String>,
}

/// A user as it was read just now; its record does not hold the groups yet.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedUser {
    /// The user.
    pub observed: Observed,
    /// Groups that it belongs to by being what it is, and that need not be asked for.
    pub implied_groups: Vec<GroupId>,
}

/// How the members of a group are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// They have to be listed.
    Listed,
    /// They follow from the users themselves; listing them would cost requests for nothing.
    Implied,
}

/// A group as it was read just now.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedGroup {
    /// The group.
    pub observed: Observed,
    /// How its members are found.
    pub members: Members,
}

/// Users, groups and memberships. Listings are lazy: a page is asked for when the one before has been taken.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Every group. Ends with an item only when the whole list was read.
    fn groups(&self) -> BoxStream<'static, Result<ObservedGroup, PortError>>;

    /// The ids of a group's members; nothing for a group that has gone meanwhile.
    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>>;

    /// Every user, deactivated ones included. May repeat a user.
    fn users(&self) -> BoxStream<'static, Result<ObservedUser, PortError>>;

    /// One user, read by id and before other requests; `None` when there is none.
    async fn user(&self, id: &UserId) -> Result<Option<ObservedUser>, PortError>;

    /// The groups of one user, except those implied.
    async fn groups_of(&self, id: &UserId) -> Result<Vec<GroupId>, PortError>;

    /// One group, read by id and before other requests; `None` when there is none.
    async fn group(&self, id: &GroupId) -> Result<Option<ObservedGroup>, PortError>;

    /// The user's record with its groups filled in.
    fn with_groups(&self, user: Record, groups: &[GroupId]) -> Record;

    /// What Assets should hold of an object that no longer exists: its last values, marked.
    fn retire(&self, last: &Record) -> Record;

    /// How many requests were sent to the directory so far.
    fn requests(&self) -> u64;
}
