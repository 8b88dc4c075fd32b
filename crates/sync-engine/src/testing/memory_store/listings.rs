//! The listings of a run in memory.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use sync_model::{GroupId, ObjectKind, Record, RecordKey, RunId, UserId};

use crate::domain::staged::ChangeKind;
use crate::domain::store_error::StoreError;
use crate::ports::state::listings::Listings;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::Tables;

#[async_trait]
impl Listings for MemoryStore {
    async fn add_listed_groups(&self, run: RunId, groups: &[GroupId]) -> Result<(), StoreError> {
        let mut tables = self.tables("add_listed_groups")?;
        let listed = tables.listed_groups.entry(run).or_default();
        for group in groups {
            listed.entry(group.clone()).or_insert(false);
        }
        Ok(())
    }

    async fn groups_to_list(&self, run: RunId, limit: u32) -> Result<Vec<GroupId>, StoreError> {
        let tables = self.tables("groups_to_list")?;
        let open = tables.groups(run).filter(|(_, done)| !*done).map(|(group, _)| group.clone());
        Ok(open.take(limit as usize).collect())
    }

    async fn count_listed_groups(&self, run: RunId) -> Result<u64, StoreError> {
        Ok(self.tables("count_listed_groups")?.groups(run).count() as u64)
    }

    async fn mark_group_listed(&self, run: RunId, group: &GroupId) -> Result<(), StoreError> {
        let mut tables = self.tables("mark_group_listed")?;
        if let Some(done) = tables.listed_groups.entry(run).or_default().get_mut(group) {
            *done = true;
        }
        Ok(())
    }

    async fn drop_listed_members(&self, run: RunId, group: &GroupId) -> Result<(), StoreError> {
        let mut tables = self.tables("drop_listed_members")?;
        tables.listed_members.entry(run).or_default().retain(|(_, of)| of != group);
        Ok(())
    }

    async fn drop_partial_listings(&self, run: RunId) -> Result<(), StoreError> {
        let mut tables = self.tables("drop_partial_listings")?;
        let open: BTreeSet<GroupId> =
            tables.groups(run).filter(|(_, done)| !*done).map(|(group, _)| group.clone()).collect();
        tables.listed_members.entry(run).or_default().retain(|(_, of)| !open.contains(of));
        Ok(())
    }

    async fn listed_groups(&self, run: RunId, of: &[GroupId]) -> Result<HashSet<GroupId>, StoreError> {
        let tables = self.tables("listed_groups")?;
        let done = tables.groups(run).filter(|(group, done)| **done && of.contains(group));
        Ok(done.map(|(group, _)| group.clone()).collect())
    }

    async fn membership_differences(
        &self,
        run: RunId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        let tables = self.tables("membership_differences")?;
        let members = tables.listed_members.get(&run).cloned().unwrap_or_default();
        let done: Vec<&GroupId> =
            tables.groups(run).filter(|(_, done)| **done).map(|(group, _)| group).collect();
        let mut users: BTreeSet<UserId> = BTreeSet::new();
        for (user, group) in &members {
            if !tables.refers(&RecordKey::user(user), ObjectKind::Group, group.as_str()) {
                users.insert(user.clone());
            }
        }
        for group in &done {
            let confirmed = tables.referrers(ObjectKind::Group, group.as_str());
            for key in confirmed.filter(|key| key.kind == ObjectKind::User) {
                let user = UserId::new(key.id.clone());
                if !members.contains(&(user.clone(), (*group).clone())) {
                    users.insert(user);
                }
            }
        }
        // The groups of an unconfirmed user in Assets are unknown.
        for (key, sent) in &tables.unconfirmed {
            if key.kind != ObjectKind::User || sent.change == ChangeKind::Retire {
                continue;
            }
            let user = UserId::new(key.id.clone());
            let is_listed = members.iter().any(|(member, _)| *member == user);
            let refers = sent.record.references.iter().any(|to| {
                to.kind == ObjectKind::Group && done.iter().any(|group| group.as_str() == to.reference_key)
            });
            if is_listed || refers {
                users.insert(user);
            }
        }
        let rest = users.into_iter().filter(|user| after.is_none_or(|after| user > after));
        Ok(rest.take(limit as usize).collect())
    }

    async fn add_listed_members(
        &self,
        run: RunId,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<(), StoreError> {
        let mut tables = self.tables("add_listed_members")?;
        let members = users.iter().map(|user| (user.clone(), group.clone()));
        tables.listed_members.entry(run).or_default().extend(members);
        Ok(())
    }

    async fn listed_groups_of(
        &self,
        run: RunId,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError> {
        let tables = self.tables("listed_groups_of")?;
        let mut groups: HashMap<UserId, Vec<GroupId>> = HashMap::new();
        for (user, group) in tables.listed_members.get(&run).into_iter().flatten() {
            if users.contains(user) {
                groups.entry(user.clone()).or_default().push(group.clone());
            }
        }
        Ok(groups)
    }

    async fn count_unlisted(&self, run: RunId, kind: ObjectKind) -> Result<u64, StoreError> {
        Ok(self.tables("count_unlisted")?.unlisted(run, kind).len() as u64)
    }

    async fn unlisted(
        &self,
        run: RunId,
        kind: ObjectKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let unlisted = self.tables("unlisted")?.unlisted(run, kind);
        let rest =
            unlisted.into_iter().filter(|record| after.is_none_or(|after| record.key.id.as_str() > after));
        Ok(rest.take(limit as usize).collect())
    }
}

impl Tables {
    fn groups(&self, run: RunId) -> impl Iterator<Item = (&GroupId, &bool)> {
        self.listed_groups.get(&run).into_iter().flatten()
    }

    /// Current objects that a run has not listed, including those that were never confirmed, by ID.
    fn unlisted(&self, run: RunId, kind: ObjectKind) -> Vec<Record> {
        let is_listed =
            |key: &RecordKey| self.listed.get(&run).is_some_and(|listed| listed.contains_key(key));
        let confirmed = self.confirmed.iter().filter(|(_, confirmed)| !confirmed.retired);
        let confirmed = confirmed.map(|(key, confirmed)| (key, &confirmed.record));
        let sent = self
            .unconfirmed
            .iter()
            .filter(|(key, sent)| sent.change != ChangeKind::Retire && !self.confirmed.contains_key(key));
        let mut records: Vec<Record> = confirmed
            .chain(sent.map(|(key, sent)| (key, &sent.record)))
            .filter(|(key, _)| key.kind == kind && !is_listed(key))
            .map(|(_, record)| record.clone())
            .collect();
        records.sort_by(|one, other| one.key.cmp(&other.key));
        records
    }
}
