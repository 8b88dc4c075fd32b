//! The directory that is the source of truth, seen through the mapping.

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use sync_model::{GroupId, ObjectKind, Record, RetireReason, UserId};

use crate::domain::directory::{Cursor, DirectoryGroup, DirectoryObject, DirectoryUser, Page};
use crate::domain::error::PortError;

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
