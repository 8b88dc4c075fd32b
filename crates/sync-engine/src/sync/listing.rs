//! Reading the directory in a sync: page by page, each staged with its checkpoint saved, so that any process can resume
//! there.
//!
//! A full sync lists groups, then the members of each, then the users, each joined with its listed groups. Only after
//! both listings ended does it read the unlisted objects. An incremental sync lists changed objects and copies the rest
//! from the confirmed records; a backfill lists everything except members.

use std::collections::HashSet;
use std::sync::Arc;

use sync_model::{GroupId, ObjectKind, RecordKey};

use crate::domain::checkpoint::{ReadPhase, SyncCheckpoint, SyncMode};
use crate::domain::directory::{Cursor, DirectoryObject, Page};
use crate::domain::error::{EngineError, PortError, error_chain};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::run_kind::RunKind;
use crate::domain::safeguards::SafeguardMinimums;
use crate::domain::trail::Trail;
use crate::domain::unreadable_object::UnreadableObject;
use crate::engine::active::ActiveRun;
use crate::engine::basics::Basics;
use crate::engine::context::Context;
use crate::plan::sync_plan::SyncPlan;
use crate::ports::progress::{Phase, ProgressSink};
use crate::sync::active_sync::ActiveSync;
use crate::sync::members::MemberLists;
use crate::sync::read::Reads;
use crate::sync::staging::Staging;

/// The number of restarted listings after which a sync fails.
const MOST_RESTARTS: u32 = 3;

/// A page of a listing whose differences are staged.
struct StagedPage {
    kind: ObjectKind,
    /// The number of listed items.
    items: u64,
    /// The cursor of the next page; `None` for the last one.
    next: Option<Cursor>,
}

/// Reads the directory in a sync.
pub(crate) struct Listings {
    pub(super) context: Arc<Context>,
    pub(super) staging: Arc<Staging>,
    pub(super) reads: Arc<Reads>,
    pub(super) members: Arc<MemberLists>,
}

impl Listings {
    pub(crate) fn new(basics: &Basics, reads: Arc<Reads>, members: Arc<MemberLists>) -> Self {
        Self { context: Arc::clone(&basics.context), staging: Arc::clone(&basics.staging), reads, members }
    }

    /// Continues a sync to its end, and returns its plan.
    pub(crate) async fn read_listings(
        &self,
        sync: &ActiveSync<'_>,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<SyncPlan, EngineError> {
        tokio::select! {
            biased;
            () = sync.stop.cancelled() => Err(EngineError::Interrupted),
            plan = self.read_stages(sync, checkpoint) => plan,
        }
    }

    async fn read_stages(
        &self,
        sync: &ActiveSync<'_>,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<SyncPlan, EngineError> {
        let run = sync.run;
        if checkpoint.mode == SyncMode::Full
            && checkpoint.phase == ReadPhase::Groups
            && checkpoint.cursor.is_none()
        {
            self.report_unknown_scope_values(run, checkpoint).await;
        }
        while checkpoint.phase != ReadPhase::Complete {
            match checkpoint.phase {
                ReadPhase::Groups => self.read_groups(sync, checkpoint).await?,
                ReadPhase::Members => self.read_members(sync, checkpoint).await?,
                ReadPhase::Users => self.read_users(sync, checkpoint).await?,
                ReadPhase::Unlisted => self.read_all_missing(sync, checkpoint).await?,
                ReadPhase::Complete => {}
            }
            self.context.store().save_checkpoint(run.id, checkpoint).await?;
        }
        // All users are listed by now.
        self.staging
            .resolve_staged(run.id, checkpoint.mode == SyncMode::Full, &mut checkpoint.value_problems)
            .await?;
        let staged = self.context.store().staged_counts(run.id).await?;
        let counts = self.context.store().object_counts().await?;
        let mut plan = SyncPlan::new(run.id, &checkpoint.read, &staged, &counts);
        if checkpoint.mode != SyncMode::Full {
            plan.only_some();
        }
        let since = self.context.window_begin(run, sync.limits).await?;
        plan.removals =
            self.context.store().planned_removals(run.id, SafeguardMinimums::default(), since).await?;
        plan.findings.clone_from(&checkpoint.findings);
        plan.unknown_choices.clone_from(&checkpoint.unknown_choices);
        plan.unreadable = self.unread(run, checkpoint).await?;
        plan.value_problems.clone_from(&checkpoint.value_problems);
        Ok(plan)
    }

    /// Reports scope values that match nothing. They narrow the scope unintentionally, and stop no run.
    async fn report_unknown_scope_values(&self, run: &ActiveRun, checkpoint: &mut SyncCheckpoint) {
        match run.view.directory.unknown_choices().await {
            Ok(unknown) => checkpoint.unknown_choices = unknown,
            Err(error) => {
                checkpoint.add(Finding::warning(Fact::ScopeUnchecked { error: error_chain(&error) }));
            }
        }
    }

    /// Reports the expected number of items of a listing: the number of confirmed objects, if it lists them all.
    async fn begin_listing(
        &self,
        phase: Phase,
        kind: ObjectKind,
        checkpoint: &SyncCheckpoint,
        progress: &dyn ProgressSink,
    ) -> Result<(), EngineError> {
        let known = self.context.store().object_counts().await?.get(&kind).map(|counts| counts.current);
        // Before the first full sync, the count covers only recent changes.
        let read_once = self.context.store().last_run(RunKind::FullSync).await?.succeeded.is_some();
        progress.begin(phase, known.filter(|&n| n > 0 && read_once && checkpoint.mode.since().is_none()));
        progress.resume(phase, checkpoint.read.get(&kind).copied().unwrap_or_default());
        Ok(())
    }

    async fn read_groups(
        &self,
        sync: &ActiveSync<'_>,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        let &ActiveSync { run, progress, .. } = sync;
        self.begin_listing(Phase::Groups, ObjectKind::Group, checkpoint, progress).await?;
        let since = checkpoint.mode.since();
        loop {
            let page = run.view.directory.groups(since, checkpoint.cursor.as_ref()).await;
            let Some(page) = from_the_beginning(page, checkpoint, ObjectKind::Group)? else { continue };
            self.add_listed_groups_of(run, checkpoint.mode, &page.items).await?;
            let unread = self.defer_unreadable(run, ObjectKind::Group, &page.unreadable, checkpoint).await?;
            self.members.keep_members_of(run, checkpoint.mode, &unread).await?;
            let count = (page.items.len() + page.unreadable.len()) as u64;
            self.stage_page(run, page.items.into_iter(), checkpoint).await?;
            progress.advance(Phase::Groups, count);
            let staged = StagedPage { kind: ObjectKind::Group, items: count, next: page.next };
            if self.save_page(run, checkpoint, staged, ReadPhase::Members).await? {
                break;
            }
        }
        progress.end(Phase::Groups);
        Ok(())
    }

    /// Adds the groups of a page whose members must be listed, and as empty those that are out of scope: they lose
    /// their members in Assets.
    async fn add_listed_groups_of(
        &self,
        run: &ActiveRun,
        scope: SyncMode,
        groups: &[DirectoryObject],
    ) -> Result<(), EngineError> {
        let id = |group: &DirectoryObject| GroupId::new(group.record.key.id.clone());
        let (selected, unselected): (Vec<&DirectoryObject>, Vec<&DirectoryObject>) =
            groups.iter().partition(|group| group.in_scope);
        // No event or time reports the members of a group that enters the scope.
        let ids: Vec<GroupId> = selected.iter().map(|group| id(group)).collect();
        let new: HashSet<RecordKey> = match scope {
            SyncMode::Full => HashSet::new(),
            SyncMode::Incremental(_) | SyncMode::Backfill => {
                self.staging.missing_groups(&ids).await?.into_iter().collect()
            }
        };
        let changed = |group: &DirectoryObject| match scope {
            SyncMode::Full => true,
            SyncMode::Incremental(since) => group.members_changed.is_none_or(|at| at >= since),
            SyncMode::Backfill => false,
        };
        let to_list: Vec<GroupId> = selected
            .into_iter()
            .filter(|group| !run.view.rules.is_implied(&id(group)))
            .filter(|group| changed(group) || new.contains(&group.record.key))
            .map(id)
            .collect();
        self.context.store().add_listed_groups(run.id, &to_list).await?;
        if scope != SyncMode::Full {
            let empty: Vec<GroupId> = unselected.into_iter().map(id).collect();
            self.members.record_as_empty(run, &empty).await?;
        }
        Ok(())
    }

    async fn read_members(
        &self,
        sync: &ActiveSync<'_>,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        let &ActiveSync { run, progress, .. } = sync;
        if checkpoint.mode == SyncMode::Full {
            self.members.record_unlisted_groups(run).await?;
        }
        progress.begin(Phase::Members, Some(self.context.store().count_listed_groups(run.id).await?));
        for (group, failure) in self.members.list_members(run, checkpoint.reading, progress).await?.unlisted {
            let object =
                UnreadableObject::new(&RecordKey::group(&group), UnreadableObject::MEMBERS, failure.reason);
            self.defer_one(run, object, checkpoint).await?;
            checkpoint.unlisted.insert(group);
        }
        if checkpoint.mode != SyncMode::Full {
            // Other changed users are listed later; their later staging counts.
            let none = HashSet::new();
            let left = self
                .members
                .stage_membership_differences(run, checkpoint.reading, &none, &mut checkpoint.value_problems)
                .await?;
            for object in left {
                self.defer_one(run, object, checkpoint).await?;
            }
        }
        checkpoint.enter(ReadPhase::Users);
        progress.end(Phase::Members);
        Ok(())
    }

    async fn read_users(
        &self,
        sync: &ActiveSync<'_>,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        let &ActiveSync { run, progress, .. } = sync;
        self.begin_listing(Phase::Users, ObjectKind::User, checkpoint, progress).await?;
        let next = if checkpoint.mode == SyncMode::Full { ReadPhase::Unlisted } else { ReadPhase::Complete };
        loop {
            let page = run.view.directory.users(checkpoint.mode.since(), checkpoint.cursor.as_ref()).await;
            let Some(page) = from_the_beginning(page, checkpoint, ObjectKind::User)? else { continue };
            self.defer_unreadable(run, ObjectKind::User, &page.unreadable, checkpoint).await?;
            let count = (page.items.len() + page.unreadable.len()) as u64;
            let joined = self.join(run, checkpoint, page.items).await?;
            self.stage_page(run, joined.into_iter(), checkpoint).await?;
            progress.advance(Phase::Users, count);
            let staged = StagedPage { kind: ObjectKind::User, items: count, next: page.next };
            if self.save_page(run, checkpoint, staged, next).await? {
                break;
            }
        }
        progress.end(Phase::Users);
        Ok(())
    }

    async fn read_all_missing(
        &self,
        sync: &ActiveSync<'_>,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        sync.progress.begin(Phase::Unlisted, None);
        for kind in [ObjectKind::Group, ObjectKind::User] {
            self.stage_missing(sync, kind, checkpoint).await?;
        }
        checkpoint.enter(ReadPhase::Complete);
        sync.progress.end(Phase::Unlisted);
        Ok(())
    }

    async fn stage_page(
        &self,
        run: &ActiveRun,
        page: impl Iterator<Item = DirectoryObject>,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        self.staging.stage_observed(run, page, checkpoint.reading, &mut checkpoint.value_problems).await
    }

    /// Saves the place after a page. `true` when it was the last one of its stage.
    async fn save_page(
        &self,
        run: &ActiveRun,
        checkpoint: &mut SyncCheckpoint,
        page: StagedPage,
        then: ReadPhase,
    ) -> Result<bool, EngineError> {
        let StagedPage { kind, items, next } = page;
        *checkpoint.read.entry(kind).or_default() += items;
        if let Some(next) = &next
            && (checkpoint.cursor.as_ref() == Some(next) || checkpoint.trail.leads_back(next.as_str()))
        {
            let error = PortError::new(format!("the `next` links in the listing of {kind}s form a loop"));
            return Err(EngineError::Directory(error));
        }
        if checkpoint.trail.is_endless(items) && next.is_some() {
            let error = PortError::new(format!("the listing of {kind}s doesn't end: its pages are empty"));
            return Err(EngineError::Directory(error));
        }
        let last = next.is_none();
        if last {
            checkpoint.enter(then);
        } else {
            checkpoint.cursor = next;
        }
        self.context.store().save_checkpoint(run.id, checkpoint).await?;
        Ok(last)
    }
}

/// The page; `None` if the position expired and the listing has to restart. Objects listed until then stay listed.
fn from_the_beginning<T>(
    page: Result<Page<T>, PortError>,
    checkpoint: &mut SyncCheckpoint,
    kind: ObjectKind,
) -> Result<Option<Page<T>>, EngineError> {
    match page {
        Ok(page) => Ok(Some(page)),
        Err(error) if error.is_expired() && checkpoint.cursor.is_some() => {
            if checkpoint.restarts >= MOST_RESTARTS {
                return Err(EngineError::Directory(error));
            }
            let error = error_chain(&error);
            tracing::warn!(%kind, error, "page cursor expired; restarting the listing");
            checkpoint.add(Finding::warning(Fact::ListingRestarted { kind, error }));
            checkpoint.restarts += 1;
            checkpoint.cursor = None;
            checkpoint.trail = Trail::default();
            checkpoint.read.remove(&kind);
            checkpoint.value_problems.clear(kind);
            Ok(None)
        }
        Err(error) => Err(EngineError::Directory(error)),
    }
}
