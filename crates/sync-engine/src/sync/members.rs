//! Members of groups: listing them, and comparing the listings with confirmed memberships.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use sync_model::{GroupId, ObjectKind, Record, RecordKey, RetireReason, UserId};

use crate::domain::checkpoint::{SyncCheckpoint, SyncMode};
use crate::domain::directory::DirectoryObject;
use crate::domain::error::EngineError;
use crate::domain::reading::Reading;
use crate::domain::unreadable_object::UnreadableObject;
use crate::domain::values::ValueProblems;
use crate::engine::active::ActiveRun;
use crate::engine::basics::Basics;
use crate::engine::context::Context;
use crate::ports::progress::{Phase, ProgressSink};
use crate::sync::fetched::Failure;
use crate::sync::read::{Read, Reads};
use crate::sync::single_reads::SingleReads;
use crate::sync::staging::Staging;

/// A page of member ids.
const MEMBER_PAGE: usize = 1000;
/// The number of groups that are read from the list at once.
const GROUP_PAGE: u32 = 500;
/// The most groups whose members may not be listed in a run; with more it is not the groups that are at fault.
const MOST_UNLISTED: usize = 50;

/// Groups whose members could not be listed.
#[derive(Default)]
pub(crate) struct Listed {
    /// Unreadable groups, with the problem of each: their memberships are unknown.
    pub(crate) unlisted: HashMap<GroupId, Failure>,
    /// Groups whose deletion is proven.
    pub(crate) gone: Vec<GroupId>,
}

/// Lists the members of groups, and compares the listings with confirmed memberships.
pub(crate) struct MemberLists {
    context: Arc<Context>,
    staging: Arc<Staging>,
    reads: Arc<Reads>,
}

impl MemberLists {
    pub(crate) fn new(basics: &Basics, reads: Arc<Reads>) -> Self {
        Self { context: Arc::clone(&basics.context), staging: Arc::clone(&basics.staging), reads }
    }

    /// Adds groups with an empty list of members.
    pub(crate) async fn record_as_empty(
        &self,
        run: &ActiveRun,
        groups: &[GroupId],
    ) -> Result<(), EngineError> {
        self.context.store().add_listed_groups(run.id, groups).await?;
        for group in groups {
            self.context.store().mark_group_listed(run.id, group).await?;
        }
        Ok(())
    }

    /// Adds the members of every group on the run's list. A group that turns out to be deleted is marked.
    pub(crate) async fn list_members(
        &self,
        run: &ActiveRun,
        reading: Reading,
        progress: &dyn ProgressSink,
    ) -> Result<Listed, EngineError> {
        self.context.store().drop_partial_listings(run.id).await?;
        let Listed { mut unlisted, mut gone } = Listed::default();
        let mut singles = SingleReads::default();
        loop {
            let mut groups = self.context.store().groups_to_list(run.id, GROUP_PAGE).await?;
            groups.retain(|group| !unlisted.contains_key(group));
            if groups.is_empty() {
                self.reads.prove_answers(&run.view, singles).await?;
                return Ok(Listed { unlisted, gone });
            }
            let mut listings: BoxStream<'_, (GroupId, Result<bool, EngineError>)> = stream::iter(groups)
                .map(|group| async move {
                    let listed = self.list_members_of(run, &group, reading).await;
                    progress.advance(Phase::Members, 1);
                    (group, listed)
                })
                .buffer_unordered(self.context.options.concurrency)
                .boxed();
            while let Some((group, listed)) = listings.next().await {
                match listed {
                    Ok(listed) => {
                        singles.answered();
                        if !listed {
                            gone.push(group);
                        }
                    }
                    Err(error) if unlisted.len() >= MOST_UNLISTED => return Err(error),
                    Err(error) => {
                        let failure = singles.defer(error)?;
                        tracing::warn!(%group, error = failure.reason, "could not list the members of a group");
                        unlisted.insert(group, failure);
                    }
                }
            }
        }
    }

    /// Marks a group that went while its members were listed, and notes it as empty.
    async fn retire_deleted_group(
        &self,
        run: &ActiveRun,
        group: &GroupId,
        reading: Reading,
    ) -> Result<(), EngineError> {
        let (store, keys) = (self.context.store(), [RecordKey::group(group)]);
        let marks = self.staging.departures(run, &keys, RetireReason::Deleted, reading).await?;
        store.stage(run.id, &keys, &marks).await?;
        store.drop_listed_members(run.id, group).await?;
        Ok(store.mark_group_listed(run.id, group).await?)
    }

    /// Adds the members of a group; `false` if it is deleted.
    async fn list_members_of(
        &self,
        run: &ActiveRun,
        group: &GroupId,
        reading: Reading,
    ) -> Result<bool, EngineError> {
        let (mut pages, mut listed) = (run.view.directory.members(group).try_chunks(MEMBER_PAGE), 0);
        while let Some(page) = pages.next().await {
            let page: Vec<UserId> = match page.map_err(|e| e.1) {
                Ok(page) => page,
                Err(error) if error.is_deleted() => {
                    self.retire_deleted_group(run, group, reading).await?;
                    return Ok(false);
                }
                Err(error) => return Err(EngineError::Directory(error)),
            };
            listed += page.len();
            self.context.store().add_listed_members(run.id, group, &page).await?;
        }
        if listed == 0 {
            self.reads.prove_empty(run, group).await?;
        }
        self.context.store().mark_group_listed(run.id, group).await?;
        Ok(true)
    }

    /// Stages the users whose confirmed memberships differ from the listed ones: their confirmed values with other
    /// groups. Unknown users are fetched by ID, unless none of their groups can bring them in scope; users in `read`
    /// are left out. Returns the users that could not be read, each with its problem.
    pub(crate) async fn stage_membership_differences(
        &self,
        run: &ActiveRun,
        reading: Reading,
        read: &HashSet<RecordKey>,
        problems: &mut ValueProblems,
    ) -> Result<Vec<UnreadableObject>, EngineError> {
        let (mut after, mut left): (Option<UserId>, _) = (None, Vec::new());
        loop {
            let page = self
                .context
                .store()
                .membership_differences(run.id, after.as_ref(), self.context.options.page)
                .await?;
            let Some(last) = page.last() else { return Ok(left) };
            after = Some(last.clone());
            let page: Vec<UserId> =
                page.into_iter().filter(|id| !read.contains(&RecordKey::user(id))).collect();
            let keys: Vec<RecordKey> = page.iter().map(RecordKey::user).collect();
            let known = self.context.store().record_states(&keys).await?;
            let mut records = self.context.store().confirmed_records(&keys).await?;
            records.retain(|key, _| known.get(key).is_some_and(|known| !known.retired));
            let (confirmed, unknown): (Vec<UserId>, Vec<UserId>) =
                page.into_iter().partition(|id| records.contains_key(&RecordKey::user(id)));
            let mut observed =
                self.read_unknown(run, self.brought_into_scope(run, unknown).await?, &mut left).await?;
            let mut groups = self.groups_by_listing(run, &confirmed, &records).await?;
            observed.extend(confirmed.into_iter().filter_map(|id| {
                let record = records.remove(&RecordKey::user(&id))?;
                let groups = groups.remove(&id).unwrap_or_default();
                let last = DirectoryObject {
                    record,
                    in_scope: true,
                    last_updated: None,
                    members_changed: None,
                    unmapped: Vec::new(),
                    problems: Vec::new(),
                    implied_groups: Vec::new(),
                };
                Some(run.view.rules.join(last, &groups))
            }));
            self.staging.stage_observed(run, observed.into_iter(), reading, problems).await?;
        }
    }

    /// The unknown users that one of their listed groups may bring in scope.
    async fn brought_into_scope(
        &self,
        run: &ActiveRun,
        unknown: Vec<UserId>,
    ) -> Result<Vec<UserId>, EngineError> {
        let noted = self.context.store().listed_groups_of(run.id, &unknown).await?;
        let may = |user: &UserId| {
            noted.get(user).into_iter().flatten().any(|group| run.view.rules.may_include(group))
        };
        Ok(unknown.into_iter().filter(may).collect())
    }

    /// Reads users that are not in Assets. Unreadable ones are added to `left`, because they can be read later.
    async fn read_unknown(
        &self,
        run: &ActiveRun,
        ids: Vec<UserId>,
        left: &mut Vec<UnreadableObject>,
    ) -> Result<Vec<DirectoryObject>, EngineError> {
        let mut reads: BoxStream<'_, (UserId, Result<Option<Read>, EngineError>)> = stream::iter(ids)
            .map(|id| async move {
                let read = self.reads.read_user(&run.view, &id).await;
                (id, read)
            })
            .buffer_unordered(self.context.options.concurrency)
            .boxed();
        let (mut found, mut singles) = (Vec::new(), SingleReads::default());
        while let Some((id, read)) = reads.next().await {
            match read {
                Ok(read) => {
                    singles.answered();
                    found.extend(read.map(|user| user.observed));
                }
                Err(error) => {
                    let key = RecordKey::user(&id);
                    left.push(UnreadableObject::new(&key, "", singles.defer(error)?.reason));
                }
            }
        }
        drop(reads);
        self.reads.prove_answers(&run.view, singles).await?;
        Ok(found)
    }

    /// The groups of users: the listed ones, and the confirmed ones of groups that the run didn't list.
    pub(crate) async fn groups_by_listing(
        &self,
        run: &ActiveRun,
        users: &[UserId],
        confirmed: &HashMap<RecordKey, Record>,
    ) -> Result<HashMap<UserId, Vec<GroupId>>, EngineError> {
        let mut groups = self.context.store().listed_groups_of(run.id, users).await?;
        let mut before: HashMap<UserId, Vec<GroupId>> = HashMap::new();
        for id in users {
            if let Some(record) = confirmed.get(&RecordKey::user(id)) {
                let of = record.references.iter().filter(|r| r.kind == ObjectKind::Group);
                before.insert(id.clone(), of.map(|r| GroupId::new(r.reference_key.clone())).collect());
            }
        }
        let mentioned: Vec<GroupId> = before.values().flatten().cloned().collect();
        let listed = self.context.store().listed_groups(run.id, &mentioned).await?;
        for (id, before) in before {
            let kept = before.into_iter().filter(|group| !listed.contains(group));
            groups.entry(id).or_default().extend(kept);
        }
        Ok(groups)
    }

    /// Adds the confirmed memberships of groups whose members could not be listed.
    pub(crate) async fn keep_unlisted(
        &self,
        checkpoint: &SyncCheckpoint,
        users: &[UserId],
        groups: &mut HashMap<UserId, Vec<GroupId>>,
    ) -> Result<(), EngineError> {
        if checkpoint.unlisted.is_empty() {
            return Ok(());
        }
        let keys: Vec<RecordKey> = users.iter().map(RecordKey::user).collect();
        for (key, record) in self.context.store().confirmed_records(&keys).await? {
            let of = groups.entry(UserId::new(key.id)).or_default();
            let kept = record.references.iter().filter(|r| r.kind == ObjectKind::Group);
            let kept = kept
                .map(|r| GroupId::new(r.reference_key.clone()))
                .filter(|group| checkpoint.unlisted.contains(group));
            for group in kept {
                if !of.contains(&group) {
                    of.push(group);
                }
            }
        }
        Ok(())
    }

    /// Queues a member listing for groups that Assets has and the listing of groups didn't contain: only their own
    /// listing has their members.
    pub(crate) async fn record_unlisted_groups(&self, run: &ActiveRun) -> Result<(), EngineError> {
        let mut after: Option<String> = None;
        loop {
            let store = self.context.store();
            let page = store
                .unlisted(run.id, ObjectKind::Group, after.as_deref(), self.context.options.page)
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.id.clone());
            let groups = page.into_iter().map(|group| GroupId::new(group.key.id));
            let groups: Vec<GroupId> = groups.filter(|group| !run.view.rules.is_implied(group)).collect();
            store.add_listed_groups(run.id, &groups).await?;
        }
    }

    /// Adds the members of unreadable groups that Assets has to the listing: the groups still exist.
    pub(crate) async fn keep_members_of(
        &self,
        run: &ActiveRun,
        scope: SyncMode,
        unread: &[RecordKey],
    ) -> Result<(), EngineError> {
        if scope != SyncMode::Full || unread.is_empty() {
            return Ok(());
        }
        let known = self.context.store().record_states(unread).await?;
        let live = unread.iter().filter(|key| known.get(key).is_some_and(|known| !known.retired));
        let groups: Vec<GroupId> = live
            .map(|key| GroupId::new(key.id.clone()))
            .filter(|id| !run.view.rules.is_implied(id))
            .collect();
        Ok(self.context.store().add_listed_groups(run.id, &groups).await?)
    }
}
