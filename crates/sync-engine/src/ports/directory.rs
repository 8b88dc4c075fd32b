//! The directory that is the source of truth, seen through the mapping.

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use sync_model::{GroupId, UserId};

use crate::domain::directory::{Cursor, DirectoryObject, Page};
use crate::domain::error::PortError;

/// Users, groups, and memberships. Records of users that it returns don't contain groups yet.
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
    ) -> Result<Page<DirectoryObject>, PortError>;

    /// The IDs of a group's members. A failure that concerns only this group is [a single
    /// record's](PortError::is_single_record); the failure of a deleted group [says so](PortError::is_deleted).
    fn members(&self, group: &GroupId) -> BoxStream<'static, Result<UserId, PortError>>;

    /// A page of the users, deactivated ones included: of all, or of those that changed since a time. May repeat a user.
    async fn users(
        &self,
        since: Option<Timestamp>,
        from: Option<&Cursor>,
    ) -> Result<Page<DirectoryObject>, PortError>;

    /// One user, read by id and before other requests; `None` when there is none.
    async fn user(&self, id: &UserId) -> Result<Option<DirectoryObject>, PortError>;

    /// The in-scope groups of one user, except implied ones; `None` if the user's deletion is proven.
    async fn groups_of(&self, id: &UserId) -> Result<Option<Vec<GroupId>>, PortError>;

    /// One group, read by id and before other requests; `None` when there is none.
    async fn group(&self, id: &GroupId) -> Result<Option<DirectoryObject>, PortError>;

    /// Items of the scope that Okta doesn't have, one per line.
    async fn unknown_choices(&self) -> Result<Vec<String>, PortError> {
        Ok(Vec::new())
    }

    /// The directory's current time; `None` while it is unknown.
    fn time(&self) -> Option<Timestamp>;

    /// The number of requests sent to the directory.
    fn requests(&self) -> u64;
}
