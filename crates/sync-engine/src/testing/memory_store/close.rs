//! The end of an execution in memory: its records become confirmed or unconfirmed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use crate::domain::aliases::Owner;
use crate::domain::inbox::Subject;
use crate::domain::staged::ChangeKind;
use crate::testing::memory_store::tables::{
    Confirmed, StagedRow, Stale, Tables, Unconfirmed, after_millis, is_filled, is_same,
};

impl Tables {
    /// Closes an execution: confirms these kinds and proven records, and keeps the others as unconfirmed. Without kinds,
    /// its outcome stays unknown.
    pub(super) fn close(
        &mut self,
        run: RunId,
        execution: &ExecutionId,
        kinds: Option<&[ObjectKind]>,
        reason: &str,
        now: Timestamp,
    ) {
        // Records that were not sent are not confirmed either.
        let unsent: Vec<RecordKey> = self
            .staged_by(run)
            .filter(|(key, staged)| !self.is_sendable(run, key, staged))
            .map(|(key, _)| key.clone())
            .collect();
        let staged = self.staged.entry(run).or_default();
        staged.retain(|key, _| !unsent.contains(key));
        for (key, staged) in staged.iter_mut() {
            staged.stored |= kinds.unwrap_or_default().contains(&key.kind);
        }
        self.record_removals(run);
        let keys: Vec<RecordKey> = self.staged_by(run).map(|(key, _)| key.clone()).collect();
        self.blocked.retain(|key, _| !keys.contains(key));
        let touched = self.touched(run);
        let referrers = self.referrers_of_new(run);
        self.store_confirmed(run, now);
        self.resend(&referrers, now);
        let doubts = self.place.as_ref().map_or(0, |place| place.doubts);
        let is_doubted =
            self.open_executions.iter().any(|open| open.id == *execution && open.doubts != doubts);
        self.open_executions.retain(|open| open.id != *execution);
        if kinds.is_some() {
            self.end_execution(run, execution, true, now);
        }
        self.store_stale(run, now);
        self.store_unconfirmed(run, reason, now);
        let misled = self.misled(run, &touched);
        self.resend(&misled, now);
        if is_doubted {
            self.resend_stored(run, now);
        }
        self.enqueue_absent(run, now);
        self.staged.remove(&run);
    }

    fn stored(&self, run: RunId) -> Vec<(RecordKey, StagedRow)> {
        let stored = self.staged_by(run).filter(|(_, staged)| staged.stored);
        stored.map(|(key, staged)| (key.clone(), staged.clone())).collect()
    }

    /// Records that refer to an object that is new, or has a new reference key, and that were not part of the run.
    fn referrers_of_new(&self, run: RunId) -> Vec<RecordKey> {
        let is_new = |(key, staged): &(RecordKey, StagedRow)| {
            let known = self.confirmed.get(key).map(|confirmed| confirmed.reference_key.as_str());
            known != Some(staged.record.reference_key.as_str())
        };
        let new = self.stored(run).into_iter().filter(is_new);
        let referrers: BTreeSet<RecordKey> = new
            .flat_map(|(key, staged)| {
                self.referrers(key.kind, &staged.record.reference_key).cloned().collect::<Vec<_>>()
            })
            .filter(|key| self.staged_by(run).all(|(staged, _)| staged != key))
            .collect();
        referrers.into_iter().collect()
    }

    fn store_confirmed(&mut self, run: RunId, now: Timestamp) {
        for (key, staged) in self.stored(run) {
            self.references.insert(key.clone(), staged.record.references.iter().cloned().collect());
            let known = self.confirmed.get(&key);
            if known.is_some_and(|known| known.reading.number > staged.reading.number) {
                continue;
            }
            let retired = staged.change == ChangeKind::Retire;
            let retired_at = retired.then(|| known.and_then(|known| known.retired_at).unwrap_or(now));
            let confirmed = Confirmed {
                reference_key: staged.record.reference_key.clone(),
                record: staged.record,
                reading: staged.reading,
                retired,
                retired_at,
                resend_pending: false,
                since: now,
                run,
            };
            self.confirmed.insert(key, confirmed);
        }
    }

    /// Deletes stale values that were set again, and stores those that the importer kept.
    fn store_stale(&mut self, run: RunId, now: Timestamp) {
        for (key, staged) in self.stored(run) {
            self.stale.retain(|(of, field), _| *of != key || !is_filled(&staged.record, field));
        }
        let staged: Vec<_> = self.staged_by(run).map(|(key, s)| (key.clone(), s.kept.clone())).collect();
        for (key, kept) in staged {
            for (field, attribute) in kept {
                let stale = self.stale.entry((key.clone(), field)).or_insert_with(|| Stale {
                    attribute: String::new(),
                    attempts: 0,
                    reason: String::new(),
                    became_stale_at: now,
                    next_attempt_at: now,
                });
                stale.attribute = attribute;
            }
        }
    }

    fn store_unconfirmed(&mut self, run: RunId, reason: &str, now: Timestamp) {
        let staged: Vec<_> = self.staged_by(run).map(|(key, staged)| (key.clone(), staged.clone())).collect();
        for (key, staged) in staged {
            if staged.stored {
                let is_over = |sent: &Unconfirmed| sent.reading.number <= staged.reading.number;
                if self.unconfirmed.get(&key).is_some_and(is_over) {
                    self.unconfirmed.remove(&key);
                }
            } else if !self.is_overtaken(&key, staged.reading) {
                let next = after_millis(now, 1000);
                self.put_unconfirmed(key, &staged, run, reason, next);
            }
        }
    }

    /// Stores an unconfirmed record, or one more attempt of it. Failures of another version don't count.
    pub(super) fn put_unconfirmed(
        &mut self,
        key: RecordKey,
        staged: &StagedRow,
        run: RunId,
        reason: &str,
        next_attempt_at: Timestamp,
    ) -> &mut Unconfirmed {
        let known = self.unconfirmed.remove(&key);
        let known = known.filter(|known| is_same(known, staged.record.fingerprint()));
        let sent = Unconfirmed {
            change: staged.change,
            record: staged.record.clone(),
            reading: staged.reading,
            read_at: staged.reading.at,
            attempts: known.as_ref().map_or(1, |known| known.attempts + 1),
            reason: reason.to_owned(),
            next_attempt_at,
            run: Some(run),
            lot: known.as_ref().map_or(0, |known| known.lot),
            bad_in_lot: known.as_ref().map_or(0, |known| known.bad_in_lot),
            single_failures: known.as_ref().map_or(0, |known| known.single_failures),
        };
        self.unconfirmed.entry(key).or_insert(sent)
    }

    /// Confirmed objects whose reference by alias has another target now.
    fn misled(&self, run: RunId, touched: &BTreeSet<String>) -> Vec<RecordKey> {
        let is_own = |key: &RecordKey| {
            self.staged_by(run).any(|(staged, s)| staged == key && s.record.alias_reference.is_some())
        };
        let is_misled = |key: &RecordKey, confirmed: &Confirmed| {
            let Some(reference) = &confirmed.record.alias_reference else { return false };
            if confirmed.retired || !(touched.contains(&reference.alias) || is_own(key)) {
                return false;
            }
            // Every staged record of the run is confirmed or unconfirmed by now.
            let owners = self.owners(RunId::new(0), reference.kind, &reference.alias);
            Owner::of(&owners) != reference.id.as_deref()
        };
        self.confirmed.iter().filter(|(key, c)| is_misled(key, c)).map(|(key, _)| key.clone()).collect()
    }

    /// Marks the records that a run stored for resend: they may have arrived before confirmations were invalidated.
    fn resend_stored(&mut self, run: RunId, now: Timestamp) {
        let keys: BTreeSet<RecordKey> = self.stored(run).into_iter().map(|(key, _)| key).collect();
        for (key, confirmed) in &mut self.confirmed {
            if keys.contains(key) && !confirmed.retired {
                confirmed.resend_pending = true;
                confirmed.reference_key.clear();
            }
        }
        self.resend_retired(now, |key, _| keys.contains(key), true);
        self.enqueue(&Subject::EntireDirectory, None, false, now);
    }

    /// Resends retired objects: at another place they may be current, or missing for their referrers.
    pub(super) fn resend_retired(
        &mut self,
        now: Timestamp,
        which: impl Fn(&RecordKey, &Confirmed) -> bool,
        everything: bool,
    ) {
        for (key, confirmed) in &mut self.confirmed {
            if !confirmed.retired || !which(key, confirmed) {
                continue;
            }
            self.unconfirmed.entry(key.clone()).or_insert_with(|| Unconfirmed {
                change: ChangeKind::Retire,
                record: confirmed.record.clone(),
                reading: confirmed.reading,
                read_at: confirmed.reading.at,
                attempts: 0,
                reason: String::new(),
                next_attempt_at: now,
                run: Some(confirmed.run),
                lot: 0,
                bad_in_lot: 0,
                single_failures: 0,
            });
            if everything {
                confirmed.reference_key.clear();
            }
        }
    }
}
