//! Removals that staged changes would cause, in memory, and recent ones.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::domain::staged::ChangeKind;
use crate::testing::memory_store::tables::{Removal, StagedRow, Tables, is_filled};

impl Tables {
    /// Each field that the staged changes of a run clear in a current object.
    pub(super) fn cleared(&self, run: RunId) -> Vec<(RecordKey, String)> {
        let mut cleared = Vec::new();
        for (key, staged) in self.staged_by(run).filter(|(_, staged)| staged.change == ChangeKind::Update) {
            let known = self.confirmed.get(key).filter(|confirmed| !confirmed.retired);
            let Some(known) = known.filter(|known| known.reading.number <= staged.reading.number) else {
                continue;
            };
            let fields = known.record.fields.keys().filter(|field| is_filled(&known.record, field));
            cleared.extend(
                fields.filter(|field| !is_filled(&staged.record, field)).map(|f| (key.clone(), f.clone())),
            );
        }
        cleared
    }

    /// Each membership that the staged changes of a run remove from a current group.
    pub(super) fn removed_memberships(&self, run: RunId) -> Vec<(RecordKey, String)> {
        let is_retired = |group: &str| {
            let key = RecordKey { kind: ObjectKind::Group, id: group.to_owned() };
            let is_staged =
                self.staged_by(run).any(|(staged, s)| *staged == key && s.change == ChangeKind::Retire);
            is_staged || self.confirmed.get(&key).is_some_and(|confirmed| confirmed.retired)
        };
        let keeps = |staged: &StagedRow, group: &str| {
            let mut references = staged.record.references.iter();
            references.any(|to| to.kind == ObjectKind::Group && to.reference_key == group)
        };
        let mut removed = Vec::new();
        for (key, staged) in self.staged_by(run) {
            if staged.change != ChangeKind::Update || self.is_overtaken(key, staged.reading) {
                continue;
            }
            let groups = self.references.get(key).into_iter().flatten();
            let groups = groups.filter(|to| to.kind == ObjectKind::Group).map(|to| &to.reference_key);
            let lost = groups.filter(|group| !keeps(staged, group) && !is_retired(group));
            removed.extend(lost.map(|group| (key.clone(), group.clone())));
        }
        removed
    }

    /// Stores the removals of the staged changes of a run, and deletes those that they undo.
    pub(super) fn record_removals(&mut self, run: RunId) {
        let staged: BTreeMap<RecordKey, StagedRow> = self.staged.get(&run).cloned().unwrap_or_default();
        self.removals.retain(|(removal, key, detail), _| {
            let Some(staged) = staged.get(key) else { return true };
            match removal {
                Removal::Object => staged.change == ChangeKind::Retire,
                Removal::Membership => {
                    let mut references = staged.record.references.iter();
                    !references.any(|to| to.kind == ObjectKind::Group && to.reference_key == *detail)
                }
                Removal::Value => !is_filled(&staged.record, detail),
            }
        });
        let may_be_current = |key: &RecordKey| {
            // An unconfirmed object may have been in Assets.
            self.confirmed.get(key).is_some_and(|confirmed| !confirmed.retired)
                || self.unconfirmed.get(key).is_some_and(|sent| sent.change != ChangeKind::Retire)
        };
        let objects = staged
            .iter()
            .filter(|(key, staged)| staged.change == ChangeKind::Retire && may_be_current(key))
            .map(|(key, _)| (Removal::Object, key.clone(), String::new()));
        let memberships = self.removed_memberships(run).into_iter();
        let memberships = memberships.map(|(key, group)| (Removal::Membership, key, group));
        let values = self.cleared(run).into_iter().map(|(key, field)| (Removal::Value, key, field));
        let new: Vec<_> = objects.chain(memberships).chain(values).collect();
        for removal in new {
            self.removals.entry(removal).or_insert(None);
        }
    }

    /// Removals after a time, or at an unknown one.
    fn recent(&self, of: Removal, since: Timestamp) -> impl Iterator<Item = (&RecordKey, &String)> {
        let is_recent = move |at: &Option<Timestamp>| at.is_none_or(|at| at > since);
        self.removals
            .iter()
            .filter(move |((removal, ..), at)| *removal == of && is_recent(at))
            .map(|((_, key, detail), _)| (key, detail))
    }

    /// Memberships removed after a time, other than those that the staged changes remove again.
    pub(super) fn recent_memberships(&self, run: RunId, since: Timestamp) -> u64 {
        let is_staged = |key: &RecordKey| self.staged_by(run).any(|(staged, _)| staged == key);
        let recent = self.recent(Removal::Membership, since);
        let others =
            recent.filter(|(key, group)| !(is_staged(key) && self.refers(key, ObjectKind::Group, group)));
        others.count() as u64
    }

    /// Values of a field cleared after a time, other than those that the staged changes clear again.
    pub(super) fn recent_values(&self, run: RunId, kind: ObjectKind, field: &str, since: Timestamp) -> u64 {
        let is_again = |key: &RecordKey| {
            self.staged_by(run).any(|(staged, _)| staged == key)
                && self.confirmed.get(key).is_some_and(|confirmed| is_filled(&confirmed.record, field))
        };
        let recent = self.recent(Removal::Value, since);
        let others = recent.filter(|(key, of)| key.kind == kind && *of == field && !is_again(key));
        others.count() as u64
    }

    /// Objects retired after a time, without those that a run retires again.
    pub(super) fn recently_retired(&self, run: Option<RunId>, since: Timestamp) -> BTreeMap<ObjectKind, u64> {
        let again: BTreeSet<&RecordKey> = run
            .into_iter()
            .flat_map(|run| self.staged_by(run).map(move |staged| (run, staged)))
            .filter(|(run, (key, staged))| {
                staged.change == ChangeKind::Retire && self.is_sendable(*run, key, staged)
            })
            .map(|(_, (key, _))| key)
            .collect();
        let mut counts = BTreeMap::new();
        for (key, _) in self.recent(Removal::Object, since).filter(|(key, _)| !again.contains(key)) {
            *counts.entry(key.kind).or_default() += 1;
        }
        counts
    }
}
