//! Unconfirmed records in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::domain::import::RejectedRecord;
use crate::domain::lots::{self, Lot, REJECTED, Suspect, Test, pause};
use crate::domain::record_state::UnconfirmedRecord;
use crate::domain::store_error::StoreError;
use crate::ports::state::unconfirmed_records::UnconfirmedRecords;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{StagedRow, Tables, Unconfirmed, after_millis, name_of};

#[async_trait]
impl UnconfirmedRecords for MemoryStore {
    async fn reject(&self, run: RunId, records: &[RejectedRecord], now: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables("reject")?;
        for rejected in records {
            let staged = tables.staged.entry(run).or_default().remove(&rejected.key);
            let Some(staged) = staged else { continue };
            let key = rejected.key.clone();
            let sent = tables.put_unconfirmed(key, &staged, run, &rejected.reason, now);
            let failed_before = sent.single_failures;
            sent.single_failures = REJECTED.max(failed_before + i64::from(failed_before > 0));
            (sent.lot, sent.bad_in_lot) = (run.get(), lots::ALL);
            sent.next_attempt_at = after_millis(now, pause(sent.single_failures, sent.attempts.into()));
        }
        Ok(())
    }

    async fn isolate(
        &self,
        run: RunId,
        dropped: &BTreeMap<ObjectKind, Option<u64>>,
        said: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables("isolate")?;
        for (kind, dropped) in dropped {
            let is_tested = |sent: &Unconfirmed| sent.run == Some(run);
            let of_kind = || tables.unconfirmed.iter().filter(|(key, _)| key.kind == *kind);
            let numbers: BTreeSet<i64> =
                of_kind().filter(|(_, sent)| is_tested(sent)).map(|(_, sent)| sent.lot).collect();
            let suspects: Vec<Suspect> = of_kind()
                .filter(|(_, sent)| is_tested(sent) || sent.lot != 0 && numbers.contains(&sent.lot))
                .map(|(key, sent)| Suspect {
                    id: key.id.clone(),
                    lot: sent.lot,
                    bad: sent.bad_in_lot,
                    tested: is_tested(sent),
                    named: is_tested(sent) && is_named(key, sent, said),
                })
                .collect();
            let dropped = dropped.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
            for (suspect, verdict) in suspects.iter().zip(lots::judge(&suspects, dropped, run.get())) {
                let key = RecordKey { kind: *kind, id: suspect.id.clone() };
                let Some(sent) = tables.unconfirmed.get_mut(&key) else { continue };
                (sent.lot, sent.bad_in_lot) = (verdict.lot, verdict.bad);
                sent.single_failures += i64::from(verdict.alone);
                if suspect.tested {
                    sent.next_attempt_at =
                        after_millis(now, pause(sent.single_failures, sent.attempts.into()));
                }
            }
        }
        Ok(())
    }

    async fn stage_retries(&self, run: RunId, now: Timestamp) -> Result<u64, StoreError> {
        let mut tables = self.tables("stage_retries")?;
        let mut retried: Vec<RecordKey> = Vec::new();
        for kind in ObjectKind::ALL {
            let of_kind = || tables.unconfirmed.iter().filter(|(key, _)| key.kind == kind);
            let Some(test) = lots::next(&lots_of(of_kind().map(|(_, sent)| sent), now)) else { continue };
            let (with_good, lot, suspects) = match test {
                Test::Good { lot, suspects } => (true, lot, suspects),
                Test::Half { lot, suspects } => (false, lot, suspects),
                Test::Bad { lot } => (false, lot, i64::MAX),
            };
            let due = || of_kind().filter(|(_, sent)| sent.next_attempt_at <= now);
            let good = due().filter(|(_, sent)| with_good && sent.lot == 0);
            let tested = due().filter(|(_, sent)| sent.lot == lot);
            let tested = tested.take(usize::try_from(suspects).unwrap_or(usize::MAX));
            let keys: BTreeSet<RecordKey> = good.chain(tested).map(|(key, _)| key.clone()).collect();
            retried.extend(keys);
        }
        let mut count = 0;
        for key in retried {
            let Some(sent) = tables.unconfirmed.get(&key) else { continue };
            let Unconfirmed { change, record, reading, .. } = sent.clone();
            let staged = StagedRow { change, record, reading, stored: false, kept: Vec::new() };
            tables.staged.entry(run).or_default().insert(key, staged);
            count += 1;
        }
        Ok(count)
    }

    async fn next_retry(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables("next_retry")?.unconfirmed.values().map(|sent| sent.next_attempt_at).min())
    }

    async fn unconfirmed(&self, limit: u32) -> Result<Vec<UnconfirmedRecord>, StoreError> {
        let tables = self.tables("unconfirmed")?;
        Ok(listed(&tables, None).into_iter().take(limit as usize).collect())
    }
}

/// True if a message names a record.
fn is_named(key: &RecordKey, sent: &Unconfirmed, said: &str) -> bool {
    let name = name_of(&sent.record).unwrap_or_default();
    !said.is_empty() && (said.contains(&key.id) || name.chars().count() > 3 && said.contains(&name))
}

/// The lots of unconfirmed records.
fn lots_of<'u>(records: impl Iterator<Item = &'u Unconfirmed>, now: Timestamp) -> Vec<Lot> {
    let mut lots: BTreeMap<i64, Lot> = BTreeMap::new();
    for sent in records {
        let lot = lots.entry(sent.lot).or_insert(Lot { number: sent.lot, bad: 0, size: 0, due: 0 });
        lot.bad = lot.bad.max(sent.bad_in_lot);
        lot.size += 1;
        lot.due += i64::from(sent.next_attempt_at <= now);
    }
    lots.into_values().collect()
}

/// Rejected records first, then those with the most attempts: all, or those that one run was the last to send.
pub(super) fn listed(tables: &Tables, run: Option<RunId>) -> Vec<UnconfirmedRecord> {
    let mut found: Vec<(&RecordKey, &Unconfirmed)> =
        tables.unconfirmed.iter().filter(|(_, sent)| run.is_none() || sent.run == run).collect();
    found.sort_by_key(|(key, sent)| (Reverse(sent.single_failures), Reverse(sent.attempts), (*key).clone()));
    found
        .into_iter()
        .map(|(key, sent)| UnconfirmedRecord {
            key: key.clone(),
            attempts: sent.attempts,
            reason: sent.reason.clone(),
            next_attempt_at: sent.next_attempt_at,
            name: name_of(&sent.record),
            rejected: sent.single_failures >= REJECTED,
        })
        .collect()
}
