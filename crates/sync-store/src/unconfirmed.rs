//! Records that Assets did not account for. They are sent again until the ones that it refuses are found.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;
use sqlx::{Sqlite, Transaction};
use sync_engine::{RejectedRecord, StoreError, UnconfirmedRecord};
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::ConnectionStore;
use crate::convert::{attempts, in_row, kind, millis, time_of, timestamp};
use crate::lots::{self, Lot, Suspect, Test};

/// The longest pause before a rejected record is sent again, in milliseconds: an hour.
const LONGEST_PAUSE: i64 = 3_600_000;
/// The same of a record that is not found out yet: five minutes.
const LONGEST_SEARCH_PAUSE: i64 = 300_000;
/// So many attempts follow each other without a pause: enough to find one record among a thousand.
const WITHOUT_PAUSE: i64 = 14;
/// A record that failed alone this often counts as rejected.
pub(crate) const REJECTED: i64 = 2;

/// The pause of a record that failed alone so often, and after so many attempts, in milliseconds.
fn pause(alone: i64, attempts: i64) -> i64 {
    match alone {
        ..=0 => match attempts.saturating_sub(WITHOUT_PAUSE) {
            ..=0 => 0,
            more => (1000 << more.min(20)).min(LONGEST_SEARCH_PAUSE),
        },
        // Once may be chance.
        1 => 1000,
        more => (10_000 << more.saturating_sub(REJECTED).clamp(0, 20)).min(LONGEST_PAUSE),
    }
}

/// Takes over what a run sent and what was not accounted for, and drops what is confirmed now.
pub(crate) async fn settle(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for statement in [
        // CROSS JOIN fixes the order: each staged record is looked up.
        "DELETE FROM unconfirmed WHERE connection = ?1 AND (kind, id) IN (
             SELECT s.kind, s.id FROM staged s CROSS JOIN unconfirmed u
             ON u.connection = ?1 AND u.kind = s.kind AND u.id = s.id AND u.reading <= s.reading
             WHERE s.run = ?2 AND s.stored)",
        // What was found out of another version of the record does not hold for this one.
        "INSERT INTO unconfirmed (connection, kind, id, change, fingerprint, reading, read_at, answers_to, record,
                                  attempts, reason, due, run)
         SELECT ?1, s.kind, s.id, s.change, s.fingerprint, s.reading, s.read_at, s.answers_to, s.record, 1, ?3, ?4 + 1000, ?2
         FROM staged s
         LEFT JOIN objects o ON o.connection = ?1 AND o.kind = s.kind AND o.id = s.id
         WHERE s.run = ?2 AND NOT s.stored
           AND (o.reading IS NULL OR o.reading <= s.reading)
         ON CONFLICT (connection, kind, id) DO UPDATE SET
             change = excluded.change, fingerprint = excluded.fingerprint, reading = excluded.reading,
             read_at = excluded.read_at,
             answers_to = excluded.answers_to, record = excluded.record,
             attempts = iif(fingerprint = excluded.fingerprint, attempts + 1, 1),
             lot = iif(fingerprint = excluded.fingerprint, lot, 0),
             bad = iif(fingerprint = excluded.fingerprint, bad, 0),
             alone = iif(fingerprint = excluded.fingerprint, alone, 0),
             reason = excluded.reason, run = excluded.run, due = excluded.due",
    ] {
        sqlx::query(statement)
            .bind(store.id)
            .bind(run.get())
            .bind(reason)
            .bind(millis(now))
            .execute(&mut **tx)
            .await
            .map_err(|e| StoreError::new("remember what was not accounted for", e))?;
    }
    Ok(())
}

/// Moves staged records that were refused alone to the unconfirmed ones.
pub(crate) async fn reject(
    store: &ConnectionStore,
    run: RunId,
    records: &[RejectedRecord],
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "set rejected records aside";
    let failed = |e| StoreError::new(ACTION, e);
    let rows: Vec<_> = records.iter().map(|r| json!([r.key.kind, r.key.id, r.reason])).collect();
    let rows = serde_json::Value::from(rows).to_string();
    let mut tx = store.begin(ACTION).await?;
    sqlx::query(
        "INSERT INTO unconfirmed (connection, kind, id, change, fingerprint, reading, read_at, answers_to, record,
                                  attempts, reason, due, run, lot, bad, alone)
         SELECT ?1, s.kind, s.id, s.change, s.fingerprint, s.reading, s.read_at, s.answers_to, s.record, 1, r.value ->> 2, ?4, ?2,
                ?2, ?6, ?5
         FROM json_each(?3) r CROSS JOIN staged s ON s.run = ?2 AND s.kind = r.value ->> 0 AND s.id = r.value ->> 1
         WHERE true
         ON CONFLICT (connection, kind, id) DO UPDATE SET
             change = excluded.change, fingerprint = excluded.fingerprint, reading = excluded.reading,
             read_at = excluded.read_at,
             answers_to = excluded.answers_to, record = excluded.record,
             attempts = iif(fingerprint = excluded.fingerprint, attempts + 1, 1),
             alone = iif(fingerprint = excluded.fingerprint, max(alone + 1, excluded.alone), excluded.alone),
             lot = excluded.lot, bad = excluded.bad, reason = excluded.reason, run = excluded.run",
    )
    .bind(store.id)
    .bind(run.get())
    .bind(&rows)
    .bind(millis(now))
    .bind(REJECTED)
    .bind(lots::ALL)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    sqlx::query(
        "DELETE FROM staged WHERE run = ?1 AND (kind, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))",
    )
    .bind(run.get())
    .bind(&rows)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    let set_aside: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "SELECT u.kind, u.id, u.alone, u.attempts FROM json_each(?2) r
         CROSS JOIN unconfirmed u ON u.connection = ?1 AND u.kind = r.value ->> 0 AND u.id = r.value ->> 1",
    )
    .bind(store.id)
    .bind(&rows)
    .fetch_all(&mut *tx)
    .await
    .map_err(failed)?;
    let due = set_aside
        .into_iter()
        .map(|(kind, id, alone, attempts)| json!({ "kind": kind, "id": id, "due": millis(now) + pause(alone, attempts) }))
        .collect();
    put(store, &mut tx, due).await.map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// Sets what the rows have of lot, bad, alone, and due.
async fn put(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    rows: Vec<serde_json::Value>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE unconfirmed SET lot = coalesce(r.value ->> 'lot', lot), bad = coalesce(r.value ->> 'bad', bad),
                                alone = coalesce(r.value ->> 'alone', alone), due = coalesce(r.value ->> 'due', due)
         FROM json_each(?2) r
         WHERE connection = ?1 AND kind = r.value ->> 'kind' AND unconfirmed.id = r.value ->> 'id'",
    )
    .bind(store.id)
    .bind(serde_json::Value::from(rows).to_string())
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// Judges what the execution of a run did not account for.
pub(crate) async fn isolate(
    store: &ConnectionStore,
    run: RunId,
    dropped: &BTreeMap<ObjectKind, Option<u64>>,
    said: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "find the records that are not accounted for";
    type Row = (String, i64, i64, bool, bool, i64, i64);
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    for (kind, dropped) in dropped {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, lot, bad, run IS ?3,
                    run IS ?3 AND ?4 <> '' AND (instr(?4, id) > 0 OR length(name) > 3 AND instr(?4, name) > 0),
                    alone, attempts
             FROM (SELECT *, coalesce(record ->> '$.fields.profile_login', record ->> '$.fields.profile_name', '') AS name
                   FROM unconfirmed)
             WHERE connection = ?1 AND kind = ?2
               AND (run IS ?3 OR lot <> 0 AND lot IN (
                   SELECT lot FROM unconfirmed WHERE connection = ?1 AND kind = ?2 AND run IS ?3))
             ORDER BY id",
        )
        .bind(store.id)
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
        let verdicts = rows.iter().zip(judged).map(|((id, _, _, tested, _, alone, attempts), verdict)| {
            let alone = if verdict.alone { alone.saturating_add(1) } else { *alone };
            let due = tested.then(|| millis(now) + pause(alone, *attempts));
            json!({ "kind": kind, "id": id, "lot": verdict.lot, "bad": verdict.bad, "alone": alone, "due": due })
        });
        put(store, &mut tx, verdicts.collect()).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

pub(crate) async fn stage(store: &ConnectionStore, run: RunId, now: Timestamp) -> Result<u64, StoreError> {
    const ACTION: &str = "stage records again";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    let lots: Vec<(String, i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT kind, lot, max(bad), count(*), sum(due <= ?2) FROM unconfirmed WHERE connection = ?1
         GROUP BY kind, lot ORDER BY kind, lot",
    )
    .bind(store.id)
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
            "INSERT OR REPLACE INTO staged (run, kind, id, change, fingerprint, reading, read_at, answers_to, record)
             SELECT ?2, kind, id, change, fingerprint, reading, read_at, answers_to, record FROM unconfirmed
             WHERE connection = ?1 AND kind = ?4 AND due <= ?3 AND (?5 AND lot = 0 OR id IN (
                 SELECT id FROM unconfirmed WHERE connection = ?1 AND kind = ?4 AND lot = ?6 AND due <= ?3
                 ORDER BY id LIMIT ?7))",
        )
        .bind(store.id)
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

pub(crate) async fn next(store: &ConnectionStore) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar("SELECT min(due) FROM unconfirmed WHERE connection = ?1")
        .bind(store.id)
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("find what is to be sent again", e))?;
    time_of("an unconfirmed record", due)
}

/// Rejected ones first, then those that were sent most often: of all, or of those that one run was the last to send.
pub(crate) async fn list(
    store: &ConnectionStore,
    run: Option<RunId>,
    limit: u32,
) -> Result<Vec<UnconfirmedRecord>, StoreError> {
    type Row = (String, String, i64, String, i64, Option<String>, bool);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT kind, id, attempts, reason, due,
                coalesce(record ->> '$.fields.profile_login', record ->> '$.fields.profile_name'), alone >= ?4
         FROM unconfirmed
         WHERE connection = ?1 AND (?3 IS NULL OR run = ?3)
         ORDER BY alone DESC, attempts DESC, kind, id LIMIT ?2",
    )
    .bind(store.id)
    .bind(limit)
    .bind(run.map(RunId::get))
    .bind(REJECTED)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("list what was not accounted for", e))?;
    rows.into_iter()
        .map(|(word, id, tries, reason, due, name, rejected)| {
            let read = || Ok((kind(&word)?, attempts(tries)?, timestamp(due)?));
            let (kind, attempts, due) = in_row(|| format!("the unconfirmed record of {word} {id}"), read)?;
            Ok(UnconfirmedRecord {
                key: RecordKey { kind, id },
                attempts,
                reason,
                next_attempt_at: due,
                name,
                rejected,
            })
        })
        .collect()
}

/// How many there are that a run was the last to send.
pub(crate) async fn count_of(store: &ConnectionStore, run: RunId) -> Result<u64, StoreError> {
    let n: i64 = sqlx::query_scalar("SELECT count(*) FROM unconfirmed WHERE connection = ?1 AND run = ?2")
        .bind(store.id)
        .bind(run.get())
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("count what was not accounted for", e))?;
    Ok(u64::try_from(n).unwrap_or_default())
}
