//! Fetches named objects, together with the objects that their references require.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;
use sync_model::{GroupId, ObjectKind, RecordKey, RetireReason, UserId};

use crate::fetched::{Failure, FetchPlan, FetchedObjects, ObjectVersions, SubjectSet};
use crate::read::Read;
use crate::{
    ActiveRun, DirectoryObject, EngineError, Fact, Finding, MappingView, Phase, PortError, ProgressSink,
    Reading, RunReport, SafeguardMinimums, Subject, SyncPlan, Task, TaskFailure, engine::Engine,
};

/// The number of members on a page of a listing.
const MEMBERS_A_PAGE: u64 = 1000;
/// The number of consecutive unanswered objects that is reported while the others are still read.
const OUTAGE: usize = 10;

impl Engine {
    /// Fetches objects by ID, with the groups that must exist first and the former members of deleted groups; stages
    /// the differences. `alone` means that no sync reads, and none starts before the staged changes are sent.
    pub(crate) async fn fetch(
        &self,
        run: &ActiveRun,
        subjects: impl Iterator<Item = Subject>,
        doubtful: &HashSet<RecordKey>,
        alone: bool,
        report: &mut RunReport,
        progress: &dyn ProgressSink,
    ) -> Result<FetchedObjects, EngineError> {
        progress.begin(Phase::Objects, None);
        let reading = self.reading(run).await?;
        let mut states = ObjectVersions::default();
        let mut named = SubjectSet::by(subjects);
        // Groups come first: a user must not be shown in a group that is retired.
        let (mut found, mut gone) =
            self.read_groups_first(run, &mut named, doubtful, &mut states, report, progress).await?;
        let mut retired_groups = group_ids(&gone);
        retired_groups.extend(group_ids(unselected(&found)));
        let fetches = self.plan_fetches(named, alone, &mut states).await?;
        let users = &fetches.users;
        self.retire_groups(run, &retired_groups, users, alone, reading, report).await?;
        let left = self.list_for_events(run, &fetches, reading, &mut states, report, progress).await?;
        found.retain(|group| !left.contains(&group.record.key));
        retired_groups.extend(group_ids(&left));
        gone.extend(left);

        let (mut found_users, gone_users) =
            self.read_wave(run, users.iter().cloned().collect(), &mut states, report, progress).await?;
        gone.extend(confirmed_missing(gone_users, doubtful));

        // A reference to a group that isn't in Assets yet would stay empty.
        let referred =
            found_users.iter().filter(|user| user.in_scope).flat_map(|observed| &observed.record.references);
        let referred: HashSet<GroupId> = referred
            .filter(|reference| reference.kind == ObjectKind::Group)
            .map(|reference| GroupId::new(reference.reference_key.clone()))
            .collect();
        let missing = self.missing_groups(&referred.into_iter().collect::<Vec<_>>()).await?;
        let missing = missing.into_iter().filter(|key| !states.objects.contains_key(key)).collect();
        let (found_groups, gone_groups) = self.read_wave(run, missing, &mut states, report, progress).await?;
        let mut left = group_ids(&gone_groups);
        left.extend(group_ids(unselected(&found_groups)));
        found.extend(found_groups);
        self.retire_groups(run, &left, users, alone, reading, report).await?;
        retired_groups.extend(left);
        gone.extend(gone_groups);
        let new_groups = self.new_groups(&run.view, &found, &fetches.listings).await?;

        remove_memberships(&run.view, &mut found_users, &retired_groups.into_iter().collect());
        found.extend(found_users);
        let unmapped = found.iter().filter(|observed| observed.in_scope).flat_map(|observed| {
            observed.unmapped.iter().map(|name| (observed.record.key.kind, name.clone()))
        });
        let unmapped: BTreeSet<(ObjectKind, String)> = unmapped.collect();
        self.stage_observed(run, found.into_iter(), reading, &mut report.value_problems).await?;
        let marks = self.departures(&run.view, &gone, RetireReason::Deleted, reading).await?;
        self.ports.store.stage(run.id, &gone, &marks).await?;
        self.resolve_staged(run.id, false, &mut report.value_problems).await?;
        progress.end(Phase::Objects);
        Ok(FetchedObjects { plan: self.plan_of(run, report).await?, states, new_groups, unmapped })
    }

    /// Reads the named groups, and the groups of named memberships that Assets doesn't hold yet. Memberships of deleted
    /// or out-of-scope groups are dropped, whatever the directory returns for them.
    async fn read_groups_first(
        &self,
        run: &ActiveRun,
        named: &mut SubjectSet,
        doubtful: &HashSet<RecordKey>,
        states: &mut ObjectVersions,
        report: &mut RunReport,
        progress: &dyn ProgressSink,
    ) -> Result<(Vec<DirectoryObject>, Vec<RecordKey>), EngineError> {
        let of_memberships: Vec<GroupId> = named.memberships.keys().chain(&named.members).cloned().collect();
        let mut groups = std::mem::take(&mut named.groups);
        groups.extend(self.missing_groups(&of_memberships).await?);
        let (found, gone) =
            self.read_wave(run, groups.into_iter().collect(), states, report, progress).await?;
        let gone = confirmed_missing(gone, doubtful);
        states.closed = group_ids(gone.iter().chain(unselected(&found))).into_iter().collect();
        named.memberships.retain(|group, _| !states.closed.contains(group));
        named.members.retain(|group| !states.closed.contains(group));
        Ok((found, gone))
    }

    /// Lists the members of groups for which that needs fewer requests than reading each user. Returns deleted groups.
    async fn list_for_events(
        &self,
        run: &ActiveRun,
        fetches: &FetchPlan,
        reading: Reading,
        states: &mut ObjectVersions,
        report: &mut RunReport,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<RecordKey>, EngineError> {
        if fetches.listings.is_empty() {
            return Ok(Vec::new());
        }
        let listings: Vec<GroupId> = fetches.listings.iter().cloned().collect();
        self.ports.store.add_listed_groups(run.id, &listings).await?;
        let listed = self.list_members(run, reading, progress).await?;
        for (group, failure) in listed.unlisted {
            let key = RecordKey::group(&group);
            report.add_unread(&key, "members", failure.reason.clone());
            states.failed.insert(key, failure);
        }
        states.closed.extend(listed.gone.iter().cloned());
        let gone: Vec<RecordKey> = listed.gone.iter().map(RecordKey::group).collect();
        self.stage_differences_of_events(run, reading, &fetches.users, report).await?;
        let listed =
            fetches.listed.iter().filter(|(group, _)| !states.failed.contains_key(&RecordKey::group(group)));
        let users: Vec<UserId> = listed.map(|(_, user)| user.clone()).collect();
        let noted = self.ports.store.listed_groups_of(run.id, &users).await?;
        for user in users {
            let groups = noted.get(&user).into_iter().flatten().cloned();
            states.groups.entry(user).or_default().extend(groups);
        }
        Ok(gone)
    }

    /// Removes all memberships of retired groups. If no sync reads, the directory needn't be read; otherwise the former
    /// members are queued. Users that are read anyway are left out.
    async fn retire_groups(
        &self,
        run: &ActiveRun,
        groups: &[GroupId],
        read: &HashSet<RecordKey>,
        alone: bool,
        reading: Reading,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        if groups.is_empty() {
            return Ok(());
        }
        if alone {
            self.record_as_empty(run, groups).await?;
            return self.stage_differences_of_events(run, reading, read, report).await;
        }
        for group in groups {
            for member in self.ports.store.referrers(ObjectKind::Group, group.as_str()).await? {
                if member.kind == ObjectKind::User && !read.contains(&member) {
                    let subject = Subject::User(UserId::new(member.id));
                    self.ports.store.enqueue(&subject, self.now()).await?;
                }
            }
        }
        Ok(())
    }

    async fn stage_differences_of_events(
        &self,
        run: &ActiveRun,
        reading: Reading,
        read: &HashSet<RecordKey>,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let left = self.stage_membership_differences(run, reading, read, &mut report.value_problems).await?;
        for (user, problem) in left {
            report.add_unread(&user, "", problem);
            self.ports.store.add_unread(run.id, &[user]).await?;
        }
        Ok(())
    }

    async fn new_groups(
        &self,
        view: &MappingView,
        groups: &[DirectoryObject],
        listed: &BTreeSet<GroupId>,
    ) -> Result<Vec<GroupId>, EngineError> {
        let selected: Vec<GroupId> = group_ids(groups.iter().filter(|g| g.in_scope).map(|g| &g.record.key));
        let missing = self.missing_groups(&selected).await?;
        let missing = missing.into_iter().map(|key| GroupId::new(key.id));
        Ok(missing.filter(|id| !listed.contains(id) && !view.directory.is_implied(id)).collect())
    }

    /// Queues the members of groups that are new to Assets: they may have been members before the group was in scope,
    /// which no event reports.
    pub(crate) async fn enqueue_new_groups(&self, fetched: &FetchedObjects) -> Result<(), EngineError> {
        for group in &fetched.new_groups {
            self.ports.store.enqueue(&Subject::GroupMembers(group.clone()), self.now()).await?;
        }
        Ok(())
    }

    pub(crate) async fn plan_of(&self, run: &ActiveRun, report: &RunReport) -> Result<SyncPlan, EngineError> {
        let staged = self.ports.store.staged_counts(run.id).await?;
        let counts = self.ports.store.object_counts().await?;
        let read: BTreeMap<ObjectKind, u64> =
            report.records.iter().map(|(&kind, counts)| (kind, counts.read)).collect();
        let mut plan = SyncPlan::new(run.id, &read, &staged, &counts);
        plan.only_some();
        let limits = &self.options.safeguards;
        let since = self.window_begin(run, limits).await?;
        plan.removals =
            self.ports.store.planned_removals(run.id, SafeguardMinimums::of(limits), since).await?;
        Ok(plan)
    }

    /// Decides if a group's memberships are read by user or by listing, by the number of requests.
    async fn plan_fetches(
        &self,
        named: SubjectSet,
        alone: bool,
        states: &mut ObjectVersions,
    ) -> Result<FetchPlan, EngineError> {
        let mut fetches = FetchPlan { users: named.users, ..FetchPlan::default() };
        // The members of a group that may only be late can't be listed yet.
        let may_list = |group: &GroupId, states: &ObjectVersions| {
            alone && states.objects.get(&RecordKey::group(group)) != Some(&None)
        };
        for group in named.members {
            let lists = if may_list(&group, states) { &mut fetches.listings } else { &mut states.unlisted };
            lists.insert(group);
        }
        for (group, mut users) in named.memberships {
            users.retain(|user| !fetches.users.contains(&RecordKey::user(user)));
            let by_user = 2 * users.len() as u64;
            let known = self.ports.store.count_referrers(ObjectKind::Group, group.as_str()).await?;
            let by_list = (known + users.len() as u64) / MEMBERS_A_PAGE + 1;
            if by_list < by_user && may_list(&group, states) {
                fetches.listed.extend(users.into_iter().map(|user| (group.clone(), user)));
                fetches.listings.insert(group);
            } else {
                fetches.users.extend(users.iter().map(RecordKey::user));
            }
        }
        Ok(fetches)
    }

    /// The present objects and the deleted ones.
    async fn read_wave(
        &self,
        run: &ActiveRun,
        wave: Vec<RecordKey>,
        states: &mut ObjectVersions,
        report: &mut RunReport,
        progress: &dyn ProgressSink,
    ) -> Result<(Vec<DirectoryObject>, Vec<RecordKey>), EngineError> {
        let mut reads: BoxStream<'_, (RecordKey, Result<Option<Read>, EngineError>)> = stream::iter(wave)
            .map(|key| async move {
                let read = self.read_object(&run.view, &key).await;
                (key, read)
            })
            .buffer_unordered(self.options.concurrency)
            .boxed();
        let (mut found, mut gone) = (Vec::new(), Vec::new());
        let (mut answered, mut outage) = (false, None::<PortError>);
        let (mut refused, mut silent) = (0, 0);
        while let Some((key, read)) = reads.next().await {
            progress.advance(Phase::Objects, 1);
            let read = match read {
                Ok(read) => read,
                // One unreadable object must not delay the others.
                Err(EngineError::Directory(error))
                    if error.is_single_record() || error.is_transient() || error.is_refused() =>
                {
                    let transient = error.is_transient() || error.is_refused();
                    let failure = Failure { reason: crate::error_chain(&error), transient };
                    report.add_unread(&key, "", format!("could not read {key}: {}", failure.reason));
                    states.failed.insert(key, failure);
                    refused += usize::from(error.is_refused());
                    silent += usize::from(error.is_transient() && !error.is_single_record());
                    if silent == OUTAGE {
                        // A large batch would take minutes.
                        let (task, reason, at) = (Task::Events, crate::error_chain(&error), self.now());
                        let fact = Fact::TaskFailing { task, error: reason, occurrences: 1 };
                        let finding = Finding { remedy: error.remedy().cloned(), ..Finding::warning(fact) };
                        self.ports.alerts.task_failed(TaskFailure { task, kind: task.kind(), finding, at });
                    }
                    outage = outage.or((!error.is_single_record()).then_some(error));
                    continue;
                }
                Err(error) => return Err(error),
            };
            (answered, silent) = (true, 0);
            report.counts(key.kind).read += 1;
            let last_updated = read.as_ref().map(|read| read.observed.last_updated.unwrap_or(Timestamp::MAX));
            states.objects.insert(key.clone(), last_updated);
            let Some(Read { observed, groups }) = read else {
                gone.push(key);
                continue;
            };
            found.push(observed);
            if key.kind == ObjectKind::User {
                let id = UserId::new(key.id);
                match groups {
                    Some(groups) => drop(states.groups.insert(id, groups.into_iter().collect())),
                    None => drop(states.unselected.insert(id)),
                }
            }
        }
        // A single object may be out of the app's reach.
        let alone = refused == 1 && outage.as_ref().is_some_and(PortError::is_refused);
        match outage {
            // No request succeeds: the objects aren't at fault.
            Some(error) if !answered && !alone => Err(EngineError::Directory(error)),
            _ => Ok((found, gone)),
        }
    }

    async fn read_object(&self, view: &MappingView, key: &RecordKey) -> Result<Option<Read>, EngineError> {
        match key.kind {
            ObjectKind::User => self.read_user(view, &UserId::new(key.id.clone())).await,
            ObjectKind::Group => {
                let group = view.directory.group(&GroupId::new(key.id.clone())).await;
                let group = group.map_err(EngineError::Directory)?;
                Ok(group.map(|group| Read { observed: group.observed, groups: None }))
            }
            ObjectKind::Membership => Ok(None),
        }
    }

    /// Groups that Assets doesn't hold, or holds as retired.
    pub(crate) async fn missing_groups(&self, groups: &[GroupId]) -> Result<Vec<RecordKey>, EngineError> {
        let keys: Vec<RecordKey> = groups.iter().map(RecordKey::group).collect();
        let known = self.ports.store.record_states(&keys).await?;
        Ok(keys.into_iter().filter(|key| known.get(key).is_none_or(|known| known.retired)).collect())
    }
}

/// The missing objects that an event deleted, or whose retries are used up.
fn confirmed_missing(gone: Vec<RecordKey>, doubtful: &HashSet<RecordKey>) -> Vec<RecordKey> {
    gone.into_iter().filter(|key| !doubtful.contains(key)).collect()
}

/// Removes users from deleted groups, regardless of replicas that lag.
fn remove_memberships(view: &MappingView, users: &mut [DirectoryObject], retired_groups: &HashSet<GroupId>) {
    for user in users {
        let groups: Vec<GroupId> = user
            .record
            .references
            .iter()
            .filter(|reference| reference.kind == ObjectKind::Group)
            .map(|reference| GroupId::new(reference.reference_key.clone()))
            .collect();
        if groups.iter().any(|group| retired_groups.contains(group)) {
            let left: Vec<GroupId> = groups.into_iter().filter(|g| !retired_groups.contains(g)).collect();
            *user = view.directory.join(user.clone(), &left);
        }
    }
}

fn unselected(observed: &[DirectoryObject]) -> impl Iterator<Item = &RecordKey> {
    observed.iter().filter(|observed| !observed.in_scope).map(|observed| &observed.record.key)
}

fn group_ids<'k>(keys: impl IntoIterator<Item = &'k RecordKey>) -> Vec<GroupId> {
    let groups = keys.into_iter().filter(|key| key.kind == ObjectKind::Group);
    groups.map(|key| GroupId::new(key.id.clone())).collect()
}
