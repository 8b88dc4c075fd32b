//! Unconfirmed records. They are sent again until the rejected ones among them are found.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use sqlx::{Sqlite, Transaction};
use sync_engine::lots::{self, Lot, REJECTED, Suspect, Test, pause};
use sync_engine::{RejectedRecord, StoreError, UnconfirmedRecord, UnconfirmedRecords};
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{attempts, in_row, kind, millis, time_of, timestamp};

/// Stores the records that a run sent without confirmation, and deletes those that are confirmed now.
pub(crate) async fn confirm(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for statement in [
        // CROSS JOIN fixes the order: each staged record is looked up by key.
        "DELETE FROM unconfirmed_records WHERE connection_id = ?1 AND (kind, id) IN (
             SELECT s.kind, s.id FROM staged_changes s CROSS JOIN unconfirmed_records u
             ON u.connection_id = ?1 AND u.kind = s.kind AND u.id = s.id AND u.read_seq <= s.read_seq
             WHERE s.run_id = ?2 AND s.stored)",
        // Failures of another version of the record do not count for this one.
        "INSERT INTO unconfirmed_records (connection_id, kind, id, change, fingerprint, read_seq, read_at, reference_key,
                                          record, attempts, reason, next_attempt_at, run_id)
         SELECT ?1, s.kind, s.id, s.change, s.fingerprint, s.read_seq, s.read_at, s.reference_key, s.record,
                1, ?3, ?4 + 1000, ?2
         FROM staged_changes s
         LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id
         WHERE s.run_id = ?2 AND NOT s.stored
           AND (o.read_seq IS NULL OR o.read_seq <= s.read_seq)
         ON CONFLICT (connection_id, kind, id) DO UPDATE SET
             change = excluded.change, fingerprint = excluded.fingerprint, read_seq = excluded.read_seq,
             read_at = excluded.read_at,
             reference_key = excluded.reference_key, record = excluded.record,
             attempts = iif(fingerprint = excluded.fingerprint, attempts + 1, 1),
             lot = iif(fingerprint = excluded.fingerprint, lot, 0),
             bad_in_lot = iif(fingerprint = excluded.fingerprint, bad_in_lot, 0),
             single_failures = iif(fingerprint = excluded.fingerprint, single_failures, 0),
             reason = excluded.reason, run_id = excluded.run_id, next_attempt_at = excluded.next_attempt_at",
    ] {
        sqlx::query(statement)
            .bind(store.id)
            .bind(run.get())
            .bind(reason)
            .bind(millis(now))
            .execute(&mut **tx)
            .await
            .map_err(|e| StoreError::new("store unconfirmed records", e))?;
    }
    Ok(())
}

#[async_trait]
impl UnconfirmedRecords for ConnectionStore {
    async fn reject(&self, run: RunId, records: &[RejectedRecord], now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "store rejected records";
        let failed = |e| StoreError::new(ACTION, e);
        let rows: Vec<_> = records.iter().map(|r| json!([r.key.kind, r.key.id, r.reason])).collect();
        let rows = serde_json::Value::from(rows).to_string();
        let mut tx = self.begin(ACTION).await?;
        sqlx::query(
            "INSERT INTO unconfirmed_records (connection_id, kind, id, change, fingerprint, read_seq, read_at, reference_key,
                                          record, attempts, reason, next_attempt_at, run_id, lot, bad_in_lot,
                                          single_failures)
         SELECT ?1, s.kind, s.id, s.change, s.fingerprint, s.read_seq, s.read_at, s.reference_key, s.record,
                1, r.value ->> 2, ?4, ?2, ?2, ?6, ?5
         FROM json_each(?3) r CROSS JOIN staged_changes s ON s.run_id = ?2 AND s.kind = r.value ->> 0 AND s.id = r.value ->> 1
         WHERE true
         ON CONFLICT (connection_id, kind, id) DO UPDATE SET
             change = excluded.change, fingerprint = excluded.fingerprint, read_seq = excluded.read_seq,
             read_at = excluded.read_at,
             reference_key = excluded.reference_key, record = excluded.record,
             attempts = iif(fingerprint = excluded.fingerprint, attempts + 1, 1),
             single_failures = iif(fingerprint = excluded.fingerprint,
                                   max(single_failures + 1, excluded.single_failures), excluded.single_failures),
             lot = excluded.lot, bad_in_lot = excluded.bad_in_lot, reason = excluded.reason, run_id = excluded.run_id",
        )
        .bind(self.id)
        .bind(run.get())
        .bind(&rows)
        .bind(millis(now))
        .bind(REJECTED)
        .bind(lots::ALL)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        sqlx::query(
            "DELETE FROM staged_changes WHERE run_id = ?1 AND (kind, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))",
        )
        .bind(run.get())
        .bind(&rows)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        let rejected: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT u.kind, u.id, u.single_failures, u.attempts FROM json_each(?2) r
             CROSS JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = r.value ->> 0 AND u.id = r.value ->> 1",
        )
        .bind(self.id)
        .bind(&rows)
        .fetch_all(&mut *tx)
        .await
        .map_err(failed)?;
        let rows = rejected.into_iter().map(|(kind, id, failures, attempts)| {
            let next = millis(now) + pause(failures, attempts);
            json!({ "kind": kind, "id": id, "next_attempt_at": next })
        });
        put(self, &mut tx, rows.collect()).await.map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn isolate(
        &self,
        run: RunId,
        dropped: &BTreeMap<ObjectKind, Option<u64>>,
        said: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "isolate rejected records";
        type Row = (String, i64, i64, bool, bool, i64, i64);
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        for (kind, dropped) in dropped {
            let rows: Vec<Row> = sqlx::query_as(
                "SELECT id, lot, bad_in_lot, run_id IS ?3,
                    run_id IS ?3 AND ?4 <> '' AND (instr(?4, id) > 0 OR length(name) > 3 AND instr(?4, name) > 0),
                    single_failures, attempts
             FROM (SELECT *, coalesce(record ->> '$.fields.profile_login', record ->> '$.fields.profile_name', '') AS name
                   FROM unconfirmed_records)
             WHERE connection_id = ?1 AND kind = ?2
               AND (run_id IS ?3 OR lot <> 0 AND lot IN (
                   SELECT lot FROM unconfirmed_records WHERE connection_id = ?1 AND kind = ?2 AND run_id IS ?3))
             ORDER BY id",
            )
            .bind(self.id)
            .bind(kind.as_str())
            .bind(run.get())
            .bind(said)
            .fetch_all(&mut *tx)
            .await
            .map_err(failed)?;
            let suspects: Vec<Suspect> = rows
                .iter()
                .map(|(id, lot, bad, tested, named, ..)| Suspect {
                    id: id.clone(),
                    lot: *lot,
                    bad: *bad,
                    tested: *tested,
                    named: *named,
                })
                .collect();
            let dropped = dropped.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
            let judged = lots::judge(&suspects, dropped, run.get());
            let verdicts =
                rows.iter().zip(judged).map(|((id, _, _, tested, _, failures, attempts), verdict)| {
                    let failures = if verdict.alone { failures.saturating_add(1) } else { *failures };
                    let next = tested.then(|| millis(now) + pause(failures, *attempts));
                    json!({
                        "kind": kind, "id": id, "lot": verdict.lot, "bad_in_lot": verdict.bad,
                        "single_failures": failures, "next_attempt_at": next,
                    })
                });
            put(self, &mut tx, verdicts.collect()).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    async fn stage_retries(&self, run: RunId, now: Timestamp) -> Result<u64, StoreError> {
        const ACTION: &str = "stage retries";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let lots: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT kind, lot, max(bad_in_lot), count(*), sum(next_attempt_at <= ?2) FROM unconfirmed_records
             WHERE connection_id = ?1 GROUP BY kind, lot ORDER BY kind, lot",
        )
        .bind(self.id)
        .bind(millis(now))
        .fetch_all(&mut *tx)
        .await
        .map_err(failed)?;
        let mut by_kind: BTreeMap<String, Vec<Lot>> = BTreeMap::new();
        for (kind, number, bad, size, due) in lots {
            by_kind.entry(kind).or_default().push(Lot { number, bad, size, due });
        }
        let mut staged = 0;
        for (kind, lots) in by_kind {
            let Some(test) = lots::next(&lots) else { continue };
            let (with_good, lot, suspects) = match test {
                Test::Good { lot, suspects } => (true, lot, suspects),
                Test::Half { lot, suspects } => (false, lot, suspects),
                Test::Bad { lot } => (false, lot, i64::MAX),
            };
            let done = sqlx::query(
                "INSERT OR REPLACE INTO staged_changes (run_id, kind, id, change, fingerprint, read_seq, read_at, reference_key,
                                                        record)
                 SELECT ?2, kind, id, change, fingerprint, read_seq, read_at, reference_key, record FROM unconfirmed_records
                 WHERE connection_id = ?1 AND kind = ?4 AND next_attempt_at <= ?3 AND (?5 AND lot = 0 OR id IN (
                     SELECT id FROM unconfirmed_records
                     WHERE connection_id = ?1 AND kind = ?4 AND lot = ?6 AND next_attempt_at <= ?3 ORDER BY id LIMIT ?7))",
            )
            .bind(self.id)
            .bind(run.get())
            .bind(millis(now))
            .bind(kind)
            .bind(with_good)
            .bind(lot)
            .bind(suspects)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
            staged += done.rows_affected();
        }
        tx.commit().await.map_err(failed)?;
        Ok(staged)
    }

    async fn next_retry(&self) -> Result<Option<Timestamp>, StoreError> {
        let next_attempt_at: Option<i64> = sqlx::query_scalar(
            "SELECT min(next_attempt_at) FROM unconfirmed_records WHERE connection_id = ?1",
        )
        .bind(self.id)
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("find the next retry", e))?;
        time_of("an unconfirmed record", next_attempt_at)
    }

    async fn unconfirmed(&self, limit: u32) -> Result<Vec<UnconfirmedRecord>, StoreError> {
        list(self, None, limit).await
    }
}

/// Sets the columns of isolation that the rows have.
async fn put(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    rows: Vec<serde_json::Value>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE unconfirmed_records SET
             lot = coalesce(r.value ->> 'lot', lot),
             bad_in_lot = coalesce(r.value ->> 'bad_in_lot', bad_in_lot),
             single_failures = coalesce(r.value ->> 'single_failures', single_failures),
             next_attempt_at = coalesce(r.value ->> 'next_attempt_at', next_attempt_at)
         FROM json_each(?2) r
         WHERE connection_id = ?1 AND kind = r.value ->> 'kind' AND unconfirmed_records.id = r.value ->> 'id'",
    )
    .bind(store.id)
    .bind(serde_json::Value::from(rows).to_string())
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Rejected records first, then those with the most attempts: all, or those that one run was the last to send.
pub(crate) async fn list(
    store: &ConnectionStore,
    run: Option<RunId>,
    limit: u32,
) -> Result<Vec<UnconfirmedRecord>, StoreError> {
    type Row = (String, String, i64, String, i64, Option<String>, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT kind, id, attempts, reason, next_attempt_at,
                CAST(coalesce(record ->> '$.fields.profile_login', record ->> '$.fields.profile_name') AS TEXT),
                single_failures >= ?4
         FROM unconfirmed_records
         WHERE connection_id = ?1 AND (?3 IS NULL OR run_id = ?3)
         ORDER BY single_failures DESC, attempts DESC, kind, id LIMIT ?2",
    )
    .bind(store.id)
    .bind(limit)
    .bind(run.map(RunId::get))
    .bind(REJECTED)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("list unconfirmed records", e))?;
    rows.into_iter()
        .map(|(word, id, tries, reason, next_attempt_at, name, rejected)| {
            let read = || Ok((kind(&word)?, attempts(tries)?, timestamp(next_attempt_at)?));
            let (kind, attempts, next_attempt_at) =
                in_row(|| format!("the unconfirmed record of {word} {id}"), read)?;
            Ok(UnconfirmedRecord {
                key: RecordKey { kind, id },
                attempts,
                reason,
                next_attempt_at,
                name,
                rejected,
            })
        })
        .collect()
}

/// The number of unconfirmed records that a run was the last to send.
pub(crate) async fn count_of(store: &ConnectionStore, run: RunId) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM unconfirmed_records WHERE connection_id = ?1 AND run_id = ?2",
    )
    .bind(store.id)
    .bind(run.get())
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("count unconfirmed records", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}
