//! From read objects to staged changes.

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use sync_model::{GroupId, ObjectKind, Record, RecordKey, RetireReason, UserId};

use crate::domain::checkpoint::SyncCheckpoint;
use crate::domain::directory::DirectoryObject;
use crate::domain::error::EngineError;
use crate::domain::reading::Reading;
use crate::domain::record_state::RecordState;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::domain::unreadable_object::UnreadableObject;
use crate::domain::values::ValueProblems;
use crate::domain::violation::SafeguardViolation;
use crate::engine::Engine;
use crate::engine::active::ActiveRun;
use crate::ports::progress::Phase;
use crate::ports::view::MappingView;
use crate::sync::active_sync::ActiveSync;
use crate::sync::unreadable::SingleReads;

/// The change of a record compared with its object's current state; `None` without one.
pub(crate) fn classify(record: &Record, known: Option<&RecordState>) -> Option<ChangeKind> {
    match known {
        None => Some(ChangeKind::Create),
        Some(known) if known.resend_pending || known.fingerprint != record.fingerprint() => {
            Some(ChangeKind::Update)
        }
        Some(_) => None,
    }
}

/// An object that was read by id.
pub(crate) struct Read {
    pub(crate) observed: DirectoryObject,
    /// The groups of a user; not read if the user is out of scope in any case.
    pub(crate) groups: Option<Vec<GroupId>>,
}

impl Engine {
    /// Compares a page with the confirmed records, and stages the differences. Out-of-scope objects are retired if
    /// Assets has them, and skipped otherwise.
    pub(crate) async fn stage_observed(
        &self,
        run: &ActiveRun,
        page: impl Iterator<Item = DirectoryObject>,
        reading: Reading,
        problems: &mut ValueProblems,
    ) -> Result<(), EngineError> {
        let (mut records, mut unselected, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for observed in page {
            keys.push(observed.record.key.clone());
            if !observed.in_scope {
                unselected.push(observed.record.key);
                continue;
            }
            for problem in observed.problems {
                problems.add(problem, &observed.record.key);
            }
            records.push(observed.record);
        }
        self.resolve(run.id, &mut records).await?;
        let known = self.context.store().record_states(&keys).await?;
        let mut changes: Vec<StagedChange> = records
            .into_iter()
            .filter_map(|record| {
                let change = classify(&record, known.get(&record.key))?;
                Some(StagedChange { change, record, reading })
            })
            .collect();
        // Of an org with a narrow scope, most of a page is irrelevant to Assets.
        unselected.retain(|key| known.contains_key(key));
        changes.extend(self.departures(&run.view, &unselected, RetireReason::OutOfScope, reading).await?);
        self.context.store().stage(run.id, &keys, &changes).await?;
        Ok(())
    }

    /// The retirement marks for objects that are no longer synced; unknown and already retired objects need none.
    pub(crate) async fn departures(
        &self,
        view: &MappingView,
        keys: &[RecordKey],
        departure: RetireReason,
        reading: Reading,
    ) -> Result<Vec<StagedChange>, EngineError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.context.store().record_states(keys).await?;
        let confirmed = self.context.store().confirmed_records(keys).await?;
        let marks = keys.iter().filter_map(|key| {
            let record = view.directory.retire(confirmed.get(key)?, departure);
            classify(&record, Some(known.get(key)?))?;
            Some(StagedChange { change: ChangeKind::Retire, record, reading })
        });
        Ok(marks.collect())
    }

    /// Retires current objects that are no longer listed, after reading each object by ID.
    pub(crate) async fn stage_missing(
        &self,
        sync: &ActiveSync<'_>,
        kind: ObjectKind,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        let &ActiveSync { run, limits, progress, .. } = sync;
        let missing = self.context.store().count_unlisted(run.id, kind).await?;
        if missing == 0 {
            return Ok(());
        }
        let known = self.context.store().object_counts().await?.get(&kind).map_or(0, |counts| counts.current);
        let listed = checkpoint.read.get(&kind).copied().unwrap_or_default();
        if listed == 0 && !limits.override_safeguards {
            return Err(SafeguardViolation::EmptyListing { kind, total: known }.into());
        }
        // Checked before thousands of objects are read one by one.
        let since = self.context.window_begin(run, limits).await?;
        let recent = self.context.store().recently_retired_objects(since).await?;
        limits.check(kind, missing, recent.get(&kind).copied().unwrap_or_default(), known)?;

        let (mut after, mut singles): (Option<String>, _) = (None, SingleReads::default());
        loop {
            let page = self
                .context
                .store()
                .unlisted(run.id, kind, after.as_deref(), self.context.options.page)
                .await?;
            let Some(last) = page.last() else { return self.prove_answers(&run.view, singles).await };
            after = Some(last.key.id.clone());
            let reading = self.context.reading(run).await?;
            let mut reads: BoxStream<'_, (RecordKey, Result<Option<StagedChange>, EngineError>)> =
                stream::iter(page)
                    .map(|record| async move {
                        let key = record.key.clone();
                        (key, self.read_missing(&run.view, record, reading).await)
                    })
                    .buffer_unordered(self.context.options.concurrency)
                    .boxed();
            let mut staged = Vec::new();
            while let Some((key, read)) = reads.next().await {
                match read {
                    Ok(read) => {
                        singles.answered();
                        staged.extend(read);
                    }
                    // Without proof of deletion, the object stays unchanged.
                    Err(error) => {
                        let object = UnreadableObject::new(&key, "", singles.defer(error)?.reason);
                        self.defer_one(run, object, checkpoint).await?;
                    }
                }
            }
            progress.advance(Phase::Unlisted, staged.len() as u64);
            self.context.store().stage(run.id, &[], &staged).await?;
        }
    }

    /// Reads an object that a listing didn't contain.
    async fn read_missing(
        &self,
        view: &MappingView,
        last: Record,
        reading: Reading,
    ) -> Result<Option<StagedChange>, EngineError> {
        let found = match last.key.kind {
            ObjectKind::User => {
                let user = self.read_user(view, &UserId::new(last.key.id.clone())).await?;
                user.map(|user| user.observed)
            }
            ObjectKind::Group => view
                .directory
                .group(&GroupId::new(last.key.id.clone()))
                .await
                .map_err(EngineError::Directory)?
                .map(|group| group.observed),
            // A membership has no lifecycle; it ends with the listing.
            ObjectKind::Membership => None,
        };
        let departure = match &found {
            None => Some(RetireReason::Deleted),
            Some(observed) => (!observed.in_scope).then_some(RetireReason::OutOfScope),
        };
        if let Some(departure) = departure {
            let record = view.directory.retire(&last, departure);
            return Ok(Some(StagedChange { change: ChangeKind::Retire, record, reading }));
        }
        Ok(match found {
            Some(observed) if observed.record.fingerprint() != last.fingerprint() => {
                Some(StagedChange { change: ChangeKind::Update, record: observed.record, reading })
            }
            _ => None,
        })
    }

    /// One user with its groups, read by id.
    pub(crate) async fn read_user(
        &self,
        view: &MappingView,
        id: &UserId,
    ) -> Result<Option<Read>, EngineError> {
        let directory = &view.directory;
        let Some(user) = directory.user(id).await.map_err(EngineError::Directory)? else { return Ok(None) };
        if !user.observed.in_scope {
            return Ok(Some(Read { observed: user.observed, groups: None }));
        }
        let groups = self.groups_of(view, id).await?;
        // Deleted between the two requests.
        let Some(mut groups) = groups else { return Ok(None) };
        groups.extend(user.implied_groups);
        Ok(Some(Read { observed: directory.join(user.observed, &groups), groups: Some(groups) }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sync_model::RecordKey;

    use super::*;

    #[test]
    fn records_are_classified_by_change() {
        let key = RecordKey { kind: ObjectKind::User, id: "u1".into() };
        let record = Record {
            key,
            fields: BTreeMap::new(),
            reference_key: "u1".into(),
            references: Vec::new(),
            alias: None,
            alias_reference: None,
        };
        let mut other = record.clone();
        other.fields.insert("login".into(), "ada".into());
        let known = RecordState { fingerprint: record.fingerprint(), retired: false, resend_pending: false };
        assert_eq!(classify(&record, None), Some(ChangeKind::Create));
        assert_eq!(classify(&record, Some(&known)), None);
        assert_eq!(classify(&other, Some(&known)), Some(ChangeKind::Update));
        assert_eq!(
            classify(&record, Some(&RecordState { resend_pending: true, ..known })),
            Some(ChangeKind::Update)
        );
    }
}
