//! Staged changes and listed members of a run.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use sync_engine::{ChangeKind, StagedChange, StoreError};
use sync_model::{GroupId, ObjectKind, RecordKey, RunId, UserId};

use crate::ConnectionStore;
use crate::convert::{in_row, keys_json, kind, millis, reading, record};

pub(crate) async fn add_listed_members(
    store: &ConnectionStore,
    run: RunId,
    group: &GroupId,
    users: &[UserId],
) -> Result<(), StoreError> {
    let users = Value::from(users.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
    sqlx::query(
        "INSERT OR IGNORE INTO listed_members (run_id, user_id, group_id) SELECT ?1, value, ?2 FROM json_each(?3)",
    )
    .bind(run.get())
    .bind(group.as_str())
    .bind(users)
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("store listed members", e))
}

pub(crate) async fn listed_groups_of(
    store: &ConnectionStore,
    run: RunId,
    users: &[UserId],
) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError> {
    let users = Value::from(users.iter().map(UserId::as_str).collect::<Vec<_>>()).to_string();
    let rows: Vec<(String, String)> = sqlx::query_as(
        // CROSS JOIN fixes the order: each user is looked up by key. The reverse order scans the whole table.
        "SELECT m.user_id, m.group_id FROM json_each(?2) u
         CROSS JOIN listed_members m ON m.run_id = ?1 AND m.user_id = u.value",
    )
    .bind(run.get())
    .bind(users)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read listed members", e))?;
    let mut groups: HashMap<UserId, Vec<GroupId>> = HashMap::new();
    for (user, group) in rows {
        groups.entry(UserId::new(user)).or_default().push(GroupId::new(group));
    }
    Ok(groups)
}

pub(crate) async fn stage(
    store: &ConnectionStore,
    run: RunId,
    seen: &[RecordKey],
    changes: &[StagedChange],
) -> Result<(), StoreError> {
    const ACTION: &str = "stage changes";
    let failed = |e| StoreError::new(ACTION, e);
    let rows: Vec<Value> = changes
        .iter()
        .map(|staged| {
            json!({
                "kind": staged.record.key.kind,
                "id": staged.record.key.id,
                "change": staged.change,
                "fingerprint": format!("{:?}", staged.record.fingerprint()),
                "read_seq": staged.reading.number,
                "read_at": millis(staged.reading.at),
                "reference_key": staged.record.reference_key,
                "record": staged.record,
            })
        })
        .collect();
    let mut tx = store.begin(ACTION).await?;
    if !seen.is_empty() {
        sqlx::query(
            "INSERT OR IGNORE INTO run_objects (run_id, kind, id)
             SELECT ?1, s.value ->> 0, s.value ->> 1 FROM json_each(?2) s",
        )
        .bind(run.get())
        .bind(keys_json(seen))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        // A staged object that is unchanged by now needs no change.
        sqlx::query(
            "DELETE FROM staged_changes WHERE run_id = ?1
             AND (kind, id) IN (SELECT s.value ->> 0, s.value ->> 1 FROM json_each(?2) s)",
        )
        .bind(run.get())
        .bind(keys_json(seen))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    }
    sqlx::query(
        "INSERT OR REPLACE INTO staged_changes (run_id, kind, id, change, fingerprint, read_seq, read_at, reference_key, record)
         SELECT ?1, value ->> 'kind', value ->> 'id', value ->> 'change', unhex(value ->> 'fingerprint'),
                value ->> 'read_seq', value ->> 'read_at', value ->> 'reference_key', value -> 'record'
         FROM json_each(?2)",
    )
    .bind(run.get())
    .bind(Value::Array(rows).to_string())
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// Staged changes of a run, without those that a later reading replaced, and without rejected ones: these would fail
/// the others of their kind, and are sent alone.
pub(crate) const SENDABLE: &str = "
    FROM staged_changes s
    LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id
    LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = s.kind AND u.id = s.id
    WHERE s.run_id = ?2 AND (o.read_seq IS NULL OR o.read_seq <= s.read_seq)
      AND (u.id IS NULL OR u.read_seq <= s.read_seq
           AND (u.fingerprint <> s.fingerprint OR (SELECT kind FROM runs WHERE id = ?2) = 'retry'))";

pub(crate) async fn counts(
    store: &ConnectionStore,
    run: RunId,
) -> Result<BTreeMap<(ObjectKind, ChangeKind), u64>, StoreError> {
    const ACTION: &str = "count staged changes";
    let rows: Vec<(String, String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT s.kind, s.change, count(*) {SENDABLE} GROUP BY s.kind, s.change"
    )))
    .bind(store.id)
    .bind(run.get())
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new(ACTION, e))?;
    rows.into_iter()
        .map(|(kind_word, change_word, n)| {
            Ok(((kind(&kind_word)?, change(&change_word)?), u64::try_from(n).unwrap_or_default()))
        })
        .collect()
}

pub(crate) async fn page(
    store: &ConnectionStore,
    run: RunId,
    after: Option<&RecordKey>,
    limit: u32,
) -> Result<Vec<StagedChange>, StoreError> {
    const ACTION: &str = "read staged changes";
    let rows: Vec<StagedRow> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT s.kind, s.id, s.change, s.read_seq, s.read_at, s.record {SENDABLE}
             AND (s.kind, s.id) > (?3, ?4) ORDER BY s.kind, s.id LIMIT ?5"
    )))
    .bind(store.id)
    .bind(run.get())
    .bind(after.map_or("", |key| key.kind.as_str()))
    .bind(after.map_or("", |key| key.id.as_str()))
    .bind(limit)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new(ACTION, e))?;
    rows.into_iter().map(staged).collect()
}

/// Kind, ID, change, number and time of the reading, and record.
pub(crate) type StagedRow = (String, String, String, i64, i64, String);

pub(crate) fn staged((kind_word, id, word, number, at, text): StagedRow) -> Result<StagedChange, StoreError> {
    let record = record(&kind_word, &id, &text)?;
    let read = || Ok((change(&word)?, reading(number, at)?));
    let (change, reading) = in_row(|| format!("the staged change of {kind_word} {id}"), read)?;
    Ok(StagedChange { change, record, reading })
}

pub(crate) fn change(word: &str) -> Result<ChangeKind, StoreError> {
    let read = || serde_json::from_value(word.into()).map_err(|e| StoreError::new("read a change", e));
    in_row(|| format!("a change \"{word}\""), read)
}
