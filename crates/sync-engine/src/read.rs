//! Reading the whole directory into staged changes.
//!
//! Groups come first, then the members of each, then the users page by page, each joined with the groups noted for it.
//! Only when both listings have reached their end are the objects looked for that they no longer held; each is read by
//! id before it is marked, because pages may shift while objects change.

use std::collections::BTreeMap;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use sync_model::{GroupId, ObjectKind, Record, RecordKey, RunId, UserId};
use tokio_util::sync::CancellationToken;

use crate::{
    Change, EngineError, Known, Limits, Members, Observed, ObservedUser, Phase, PortError, Progress, Refusal,
    RunReport, Staged, SyncPlan, engine::Engine,
};

/// How many items of a listing are handled at once: a page of users or groups.
const PAGE: usize = 200;
/// A page of member ids.
const MEMBER_PAGE: usize = 1000;

/// What a record would do, given what is known of its object; `None` when nothing.
pub(crate) fn classify(record: &Record, known: Option<&Known>) -> Option<Change> {
    match known {
        None => Some(Change::Create),
        Some(known) if known.dirty || known.fingerprint != record.fingerprint() => Some(Change::Update),
        Some(_) => None,
    }
}

impl Engine {
    pub(crate) async fn read_all(
        &self,
        run: RunId,
        limits: &Limits,
        progress: &dyn Progress,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(EngineError::Stopped),
            plan = self.read_directory(run, limits, progress) => plan,
        }
    }

    async fn read_directory(
        &self,
        run: RunId,
        limits: &Limits,
        progress: &dyn Progress,
    ) -> Result<SyncPlan, EngineError> {
        // Every record of this run counts as read when the run began: what an event brought meanwhile is newer than a
        // membership that was listed at the beginning.
        let read_at = self.now();
        let mut notes = RunReport::default();
        let mut read = BTreeMap::new();

        let (groups, to_list) = self.read_groups(run, read_at, &mut notes, progress).await?;
        read.insert(ObjectKind::Group, groups);
        self.read_members(run, to_list, progress).await?;
        let users = self.read_users(run, read_at, &mut notes, progress).await?;
        read.insert(ObjectKind::User, users);

        progress.begin(Phase::Missing, None);
        for (kind, listed) in [(ObjectKind::Group, groups), (ObjectKind::User, users)] {
            self.stage_missing(run, kind, listed, limits, progress).await?;
        }
        progress.end(Phase::Missing);

        let staged = self.ports.store.staged_counts(run).await?;
        let census = self.ports.store.census().await?;
        let mut plan = SyncPlan::new(run, &read, &staged, &census);
        plan.problems = notes.messages;
        Ok(plan)
    }

    async fn read_groups(
        &self,
        run: RunId,
        read_at: Timestamp,
        notes: &mut RunReport,
        progress: &dyn Progress,
    ) -> Result<(u64, Vec<GroupId>), EngineError> {
        progress.begin(Phase::Groups, None);
        let mut count = 0;
        let mut to_list = Vec::new();
        let mut pages = self.ports.directory.groups().try_chunks(PAGE);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| EngineError::Directory(e.1))?;
            to_list.extend(
                page.iter()
                    .filter(|group| group.members == Members::Listed)
                    .map(|group| GroupId::new(group.observed.record.key.id.clone())),
            );
            count += page.len() as u64;
            progress.advance(Phase::Groups, page.len() as u64);
            self.stage_observed(run, page.into_iter().map(|g| g.observed), read_at, notes).await?;
        }
        progress.end(Phase::Groups);
        Ok((count, to_list))
    }

    async fn read_members(
        &self,
        run: RunId,
        groups: Vec<GroupId>,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        progress.begin(Phase::Members, Some(groups.len() as u64));
        let listings: BoxStream<'_, Result<(), EngineError>> = stream::iter(groups)
            .map(|group| async move {
                let mut pages = self.ports.directory.members(&group).try_chunks(MEMBER_PAGE);
                while let Some(page) = pages.next().await {
                    let page: Vec<UserId> = page.map_err(|e| EngineError::Directory(e.1))?;
                    self.ports.store.note_members(run, &group, &page).await?;
                }
                progress.advance(Phase::Members, 1);
                Ok(())
            })
            .buffer_unordered(self.options.concurrency)
            .boxed();
        listings.try_collect::<()>().await?;
        progress.end(Phase::Members);
        Ok(())
    }

    async fn read_users(
        &self,
        run: RunId,
        read_at: Timestamp,
        notes: &mut RunReport,
        progress: &dyn Progress,
    ) -> Result<u64, EngineError> {
        let known = self.ports.store.census().await?.get(&ObjectKind::User).map(|census| census.live);
        progress.begin(Phase::Users, known.filter(|&n| n > 0));
        let mut count = 0;
        let mut pages = self.ports.directory.users().try_chunks(PAGE);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e: futures::stream::TryChunksError<ObservedUser, PortError>| {
                EngineError::Directory(e.1)
            })?;
            let ids: Vec<UserId> =
                page.iter().map(|u| UserId::new(u.observed.record.key.id.clone())).collect();
            let mut noted = self.ports.store.noted_groups(run, &ids).await?;
            count += page.len() as u64;
            progress.advance(Phase::Users, page.len() as u64);
            let joined = page.into_iter().zip(ids).map(|(user, id)| {
                let mut groups = noted.remove(&id).unwrap_or_default();
                groups.extend(user.implied_groups);
                Observed {
                    record: self.ports.directory.with_groups(user.observed.record, &groups),
                    ..user.observed
                }
            });
            self.stage_observed(run, joined, read_at, notes).await?;
        }
        progress.end(Phase::Users);
        Ok(count)
    }

    /// Compares a page with what is confirmed, and stages what differs.
    pub(crate) async fn stage_observed(
        &self,
        run: RunId,
        page: impl Iterator<Item = Observed>,
        read_at: Timestamp,
        notes: &mut RunReport,
    ) -> Result<(), EngineError> {
        let mut records = Vec::new();
        for observed in page {
            observed.problems.into_iter().for_each(|problem| notes.note(problem));
            records.push(observed.record);
        }
        let keys: Vec<RecordKey> = records.iter().map(|record| record.key.clone()).collect();
        let known = self.ports.store.known(&keys).await?;
        let changes: Vec<Staged> = records
            .into_iter()
            .filter_map(|record| {
                let change = classify(&record, known.get(&record.key))?;
                Some(Staged { change, record, read_at })
            })
            .collect();
        self.ports.store.stage(run, &keys, &changes).await?;
        Ok(())
    }

    /// Marks what is known, live, and not listed any more, after reading each object by id.
    async fn stage_missing(
        &self,
        run: RunId,
        kind: ObjectKind,
        listed: u64,
        limits: &Limits,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        let missing = self.ports.store.count_unseen(run, kind).await?;
        if missing == 0 {
            return Ok(());
        }
        let known = self.ports.store.census().await?.get(&kind).map_or(0, |census| census.live);
        if listed == 0 && !limits.accept_shrink {
            return Err(Refusal::EmptyListing { kind, known }.into());
        }
        // Before thousands of objects are asked for one by one.
        limits.check(kind, missing, known)?;

        let mut after: Option<String> = None;
        loop {
            let page = self.ports.store.unseen(run, kind, after.as_deref(), self.options.page).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.id.clone());
            let read: Vec<Staged> = stream::iter(page)
                .map(|record| self.read_missing(record))
                .buffer_unordered(self.options.concurrency)
                .try_filter_map(|staged| async { Ok(staged) })
                .try_collect()
                .await?;
            progress.advance(Phase::Missing, read.len() as u64);
            self.ports.store.stage(run, &[], &read).await?;
        }
    }

    /// What to do about an object that a listing did not hold.
    async fn read_missing(&self, last: Record) -> Result<Option<Staged>, EngineError> {
        let read_at = self.now();
        let found = match last.key.kind {
            ObjectKind::User => self.read_user(&UserId::new(last.key.id.clone())).await?,
            ObjectKind::Group => self
                .ports
                .directory
                .group(&GroupId::new(last.key.id.clone()))
                .await
                .map_err(EngineError::Directory)?
                .map(|group| group.observed),
            // A membership object has no life of its own; it ends with the listing.
            ObjectKind::Membership => None,
        };
        Ok(match found {
            None => {
                let record = self.ports.directory.retire(&last);
                Some(Staged { change: Change::Retire, record, read_at })
            }
            Some(observed) if observed.record.fingerprint() != last.fingerprint() => {
                Some(Staged { change: Change::Update, record: observed.record, read_at })
            }
            Some(_) => None,
        })
    }

    /// One user with its groups, read by id.
    pub(crate) async fn read_user(&self, id: &UserId) -> Result<Option<Observed>, EngineError> {
        let directory = &self.ports.directory;
        let Some(user) = directory.user(id).await.map_err(EngineError::Directory)? else { return Ok(None) };
        let mut groups = directory.groups_of(id).await.map_err(EngineError::Directory)?;
        groups.extend(user.implied_groups);
        Ok(Some(Observed { record: directory.with_groups(user.observed.record, &groups), ..user.observed }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sync_model::RecordKey;

    use super::*;

    #[test]
    fn only_what_is_new_changed_or_dirty_is_sent() {
        let key = RecordKey { kind: ObjectKind::User, id: "u1".into() };
        let record = Record { key, fields: BTreeMap::new(), answers_to: "u1".into(), references: Vec::new() };
        let mut other = record.clone();
        other.fields.insert("login".into(), "ada".into());
        let known = Known { fingerprint: record.fingerprint(), gone: false, dirty: false };
        assert_eq!(classify(&record, None), Some(Change::Create));
        assert_eq!(classify(&record, Some(&known)), None);
        assert_eq!(classify(&other, Some(&known)), Some(Change::Update));
        assert_eq!(classify(&record, Some(&Known { dirty: true, ..known })), Some(Change::Update));
    }
}
