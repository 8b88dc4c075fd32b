//! Fetches named objects, together with the objects that their references require.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use sync_model::{GroupId, ObjectKind, RecordKey, RetireReason, UserId};

use crate::domain::directory::DirectoryObject;
use crate::domain::error::EngineError;
use crate::domain::inbox::Subject;
use crate::domain::report::RunReport;
use crate::domain::unreadable_object::UnreadableObject;
use crate::engine::active::ActiveRun;
use crate::engine::basics::Basics;
use crate::engine::context::Context;
use crate::ports::progress::{Phase, ProgressSink};
use crate::ports::view::MappingView;
use crate::sync::fetched::{Fetch, FetchPlan, FetchRequest, FetchedObjects, ObjectVersions, SubjectSet};
use crate::sync::members::MemberLists;
use crate::sync::read::Reads;
use crate::sync::staging::Staging;
use crate::sync::wave::Wave;

/// The number of members on a page of a listing.
const MEMBERS_A_PAGE: u64 = 1000;

/// Fetches named objects.
pub(crate) struct Fetches {
    context: Arc<Context>,
    staging: Arc<Staging>,
    reads: Arc<Reads>,
    members: Arc<MemberLists>,
}

impl Fetches {
    pub(crate) fn new(basics: &Basics, reads: Arc<Reads>, members: Arc<MemberLists>) -> Self {
        Self { context: Arc::clone(&basics.context), staging: Arc::clone(&basics.staging), reads, members }
    }

    /// Fetches objects by ID, with the groups that must exist first and the former members of deleted groups; stages
    /// the differences.
    pub(crate) async fn fetch(
        &self,
        run: &ActiveRun,
        request: &FetchRequest,
        report: &mut RunReport,
        progress: &dyn ProgressSink,
    ) -> Result<FetchedObjects, EngineError> {
        progress.begin(Phase::Objects, None);
        let (reading, states) = (self.context.reading(run).await?, ObjectVersions::default());
        let fetch = &mut Fetch { run, request, reading, progress, report, states };
        let mut named = SubjectSet::by(&request.subjects);
        // Groups come first: a user must not be shown in a group that is retired.
        let Wave { mut found, mut gone } = self.read_groups_first(fetch, &mut named).await?;
        let mut retired_groups = group_ids(&gone);
        retired_groups.extend(group_ids(unselected(&found)));
        let fetches = self.plan_fetches(fetch, named).await?;
        self.retire_groups(fetch, &retired_groups, &fetches.users).await?;
        let left = self.list_for_events(fetch, &fetches).await?;
        found.retain(|group| !left.contains(&group.record.key));
        retired_groups.extend(group_ids(&left));
        gone.extend(left);

        let mut users = self.reads.read_wave(fetch, fetches.users.iter().cloned().collect()).await?;
        gone.extend(confirmed_missing(users.gone, &request.doubtful));

        let groups = self.read_referred_groups(fetch, &users.found).await?;
        let mut left = group_ids(&groups.gone);
        left.extend(group_ids(unselected(&groups.found)));
        found.extend(groups.found);
        self.retire_groups(fetch, &left, &fetches.users).await?;
        retired_groups.extend(left);
        gone.extend(groups.gone);
        let new_groups = self.new_groups(&run.view, &found, &fetches.listings).await?;

        remove_memberships(&run.view, &mut users.found, &retired_groups.into_iter().collect());
        found.extend(users.found);
        let unmapped = unmapped(&found);
        self.stage_fetched(fetch, found, &gone).await?;
        progress.end(Phase::Objects);
        let plan = self.staging.plan_of(run, fetch.report).await?;
        Ok(FetchedObjects { plan, states: std::mem::take(&mut fetch.states), new_groups, unmapped })
    }

    /// Reads the named groups, and the groups of named memberships that Assets doesn't hold yet. Memberships of deleted
    /// or out-of-scope groups are dropped, whatever the directory returns for them.
    async fn read_groups_first(
        &self,
        fetch: &mut Fetch<'_>,
        named: &mut SubjectSet,
    ) -> Result<Wave, EngineError> {
        let of_memberships: Vec<GroupId> = named.memberships.keys().chain(&named.members).cloned().collect();
        let mut groups = std::mem::take(&mut named.groups);
        groups.extend(self.staging.missing_groups(&of_memberships).await?);
        let Wave { found, gone } = self.reads.read_wave(fetch, groups.into_iter().collect()).await?;
        let gone = confirmed_missing(gone, &fetch.request.doubtful);
        let states = &mut fetch.states;
        states.closed = group_ids(gone.iter().chain(unselected(&found))).into_iter().collect();
        named.memberships.retain(|group, _| !states.closed.contains(group));
        named.members.retain(|group| !states.closed.contains(group));
        Ok(Wave { found, gone })
    }

    /// Reads the groups of users that Assets doesn't hold: a reference to one that isn't in Assets yet would stay empty.
    async fn read_referred_groups(
        &self,
        fetch: &mut Fetch<'_>,
        users: &[DirectoryObject],
    ) -> Result<Wave, EngineError> {
        let referred =
            users.iter().filter(|user| user.in_scope).flat_map(|observed| &observed.record.references);
        let referred: HashSet<GroupId> = referred
            .filter(|reference| reference.kind == ObjectKind::Group)
            .map(|reference| GroupId::new(reference.reference_key.clone()))
            .collect();
        let missing = self.staging.missing_groups(&referred.into_iter().collect::<Vec<_>>()).await?;
        let missing = missing.into_iter().filter(|key| !fetch.states.objects.contains_key(key)).collect();
        self.reads.read_wave(fetch, missing).await
    }

    /// Stages the differences of present objects, and retires the deleted ones.
    async fn stage_fetched(
        &self,
        fetch: &mut Fetch<'_>,
        found: Vec<DirectoryObject>,
        gone: &[RecordKey],
    ) -> Result<(), EngineError> {
        let (run, reading) = (fetch.run, fetch.reading);
        let problems = &mut fetch.report.value_problems;
        self.staging.stage_observed(run, found.into_iter(), reading, problems).await?;
        let marks = self.staging.departures(run, gone, RetireReason::Deleted, reading).await?;
        self.context.store().stage(run.id, gone, &marks).await?;
        self.staging.resolve_staged(run.id, false, problems).await
    }

    /// Lists the members of groups for which that needs fewer requests than reading each user. Returns deleted groups.
    async fn list_for_events(
        &self,
        fetch: &mut Fetch<'_>,
        fetches: &FetchPlan,
    ) -> Result<Vec<RecordKey>, EngineError> {
        if fetches.listings.is_empty() {
            return Ok(Vec::new());
        }
        let run = fetch.run;
        let listings: Vec<GroupId> = fetches.listings.iter().cloned().collect();
        self.context.store().add_listed_groups(run.id, &listings).await?;
        let listed = self.members.list_members(run, fetch.reading, fetch.progress).await?;
        for (group, failure) in listed.unlisted {
            let key = RecordKey::group(&group);
            fetch.report.unreadable.add(UnreadableObject::new(
                &key,
                UnreadableObject::MEMBERS,
                failure.reason.clone(),
            ));
            fetch.states.failed.insert(key, failure);
        }
        fetch.states.closed.extend(listed.gone.iter().cloned());
        let gone: Vec<RecordKey> = listed.gone.iter().map(RecordKey::group).collect();
        self.stage_differences_of_events(fetch, &fetches.users).await?;
        let states = &mut fetch.states;
        let listed =
            fetches.listed.iter().filter(|(group, _)| !states.failed.contains_key(&RecordKey::group(group)));
        let users: Vec<UserId> = listed.map(|(_, user)| user.clone()).collect();
        let noted = self.context.store().listed_groups_of(run.id, &users).await?;
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
        fetch: &mut Fetch<'_>,
        groups: &[GroupId],
        read: &HashSet<RecordKey>,
    ) -> Result<(), EngineError> {
        if groups.is_empty() {
            return Ok(());
        }
        if fetch.request.alone {
            self.members.record_as_empty(fetch.run, groups).await?;
            return self.stage_differences_of_events(fetch, read).await;
        }
        for group in groups {
            for member in self.context.store().referrers(ObjectKind::Group, group.as_str()).await? {
                if member.kind == ObjectKind::User && !read.contains(&member) {
                    let subject = Subject::User(UserId::new(member.id));
                    self.context.store().enqueue(&subject, self.context.now()).await?;
                }
            }
        }
        Ok(())
    }

    async fn stage_differences_of_events(
        &self,
        fetch: &mut Fetch<'_>,
        read: &HashSet<RecordKey>,
    ) -> Result<(), EngineError> {
        let (run, reading, report) = (fetch.run, fetch.reading, &mut *fetch.report);
        let left =
            self.members.stage_membership_differences(run, reading, read, &mut report.value_problems).await?;
        for object in left {
            self.context.store().add_unread(run.id, object.key().as_slice()).await?;
            report.unreadable.add(object);
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
        let missing = self.staging.missing_groups(&selected).await?;
        let missing = missing.into_iter().map(|key| GroupId::new(key.id));
        Ok(missing.filter(|id| !listed.contains(id) && !view.rules.is_implied(id)).collect())
    }

    /// Queues the members of groups that are new to Assets: they may have been members before the group was in scope,
    /// which no event reports.
    pub(crate) async fn enqueue_new_groups(&self, fetched: &FetchedObjects) -> Result<(), EngineError> {
        for group in &fetched.new_groups {
            self.context.store().enqueue(&Subject::GroupMembers(group.clone()), self.context.now()).await?;
        }
        Ok(())
    }

    /// Decides if a group's memberships are read by user or by listing, by the number of requests.
    async fn plan_fetches(&self, fetch: &mut Fetch<'_>, named: SubjectSet) -> Result<FetchPlan, EngineError> {
        let (alone, states) = (fetch.request.alone, &mut fetch.states);
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
            let known = self.context.store().count_referrers(ObjectKind::Group, group.as_str()).await?;
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
}

/// The attributes of objects that the mapping doesn't contain yet.
fn unmapped(found: &[DirectoryObject]) -> BTreeSet<(ObjectKind, String)> {
    let selected = found.iter().filter(|observed| observed.in_scope);
    selected
        .flat_map(|observed| observed.unmapped.iter().map(|name| (observed.record.key.kind, name.clone())))
        .collect()
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
            *user = view.rules.join(user.clone(), &left);
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
