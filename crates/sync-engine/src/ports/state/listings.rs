//! The listings of a run.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use sync_model::{GroupId, ObjectKind, Record, RunId, UserId};

use crate::domain::store_error::StoreError;

/// The groups, members, and objects that a run has listed, and those that it hasn't.
#[async_trait]
pub trait Listings: Send + Sync {
    /// Stores groups whose members are to be listed.
    async fn add_listed_groups(&self, run: RunId, groups: &[GroupId]) -> Result<(), StoreError>;

    /// Groups noted and not listed yet.
    async fn groups_to_list(&self, run: RunId, limit: u32) -> Result<Vec<GroupId>, StoreError>;

    /// The number of groups on the list.
    async fn count_listed_groups(&self, run: RunId) -> Result<u64, StoreError>;

    /// Marks the members of a group as completely listed.
    async fn mark_group_listed(&self, run: RunId, group: &GroupId) -> Result<(), StoreError>;

    /// Drops the listed members of a group whose deletion is proven.
    async fn drop_listed_members(&self, run: RunId, group: &GroupId) -> Result<(), StoreError>;

    /// Deletes members of groups that were not completely listed.
    async fn drop_partial_listings(&self, run: RunId) -> Result<(), StoreError>;

    /// The groups among these that the run listed.
    async fn listed_groups(&self, run: RunId, of: &[GroupId]) -> Result<HashSet<GroupId>, StoreError>;

    /// Users that are confirmed as members of a listed group and were not noted for it, or the other way round, by id,
    /// after the given one.
    async fn membership_differences(
        &self,
        run: RunId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError>;

    /// Stores members of a group, for the duration of the run.
    async fn add_listed_members(
        &self,
        run: RunId,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<(), StoreError>;

    /// The groups that these users were noted for.
    async fn listed_groups_of(
        &self,
        run: RunId,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError>;

    /// The number of current objects of a kind that this run didn't list.
    async fn count_unlisted(&self, run: RunId, kind: ObjectKind) -> Result<u64, StoreError>;

    /// Live objects of a kind that this run has not seen, by id, after the given one.
    async fn unlisted(
        &self,
        run: RunId,
        kind: ObjectKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;
}
