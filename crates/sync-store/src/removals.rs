//! Removals that staged changes would cause, recent ones, and unstaging of those that exceed a safeguard.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite, Transaction, query::QueryAs, sqlite::SqliteArguments};
use sync_engine::{
    ClearedField, PlannedRemovals, RemovedMemberships, SafeguardMinimums, StoreError, ViolatingChanges,
};
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{keys_json, kind, millis};

/// True if a JSON value is not empty.
const FILLED: &str = "NOT (f.type = 'null' OR (f.type = 'text' AND f.value = '')
                      OR (f.type = 'array' AND json_array_length(f.value) = 0))";

/// Staged changes of current objects, with each field that they clear. A change that a later reading replaced isn't sent.
fn cleared() -> String {
    format!(
        "staged_changes s
         JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id AND NOT o.retired
         CROSS JOIN json_each(o.record, '$.fields') f
         WHERE s.run_id = ?2 AND s.change = 'update' AND o.read_seq <= s.read_seq AND {FILLED}
           AND coalesce(s.record -> ('$.fields.\"' || f.key || '\"'), 'null') IN ('null', '\"\"', '[]')"
    )
}

/// Staged changes, with each membership that they remove from a current group. As above.
const REMOVED_MEMBERSHIPS: &str = "staged_changes s CROSS JOIN record_references l
         ON l.connection_id = ?1 AND l.kind = s.kind AND l.id = s.id AND l.target_kind = 'group'
     WHERE s.run_id = ?2 AND s.change = 'update'
       AND NOT EXISTS (SELECT 1 FROM confirmed_records o WHERE o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id
                       AND o.read_seq > s.read_seq)
       AND NOT EXISTS (SELECT 1 FROM json_each(s.record, '$.references') r
                       WHERE r.value ->> 'kind' = 'group' AND r.value ->> 'reference_key' = l.target_key)
       AND NOT EXISTS (SELECT 1 FROM staged_changes g WHERE g.run_id = ?2 AND g.kind = 'group' AND g.id = l.target_key
                       AND g.change = 'retire')
       AND NOT EXISTS (SELECT 1 FROM confirmed_records g WHERE g.connection_id = ?1 AND g.kind = 'group'
                       AND g.id = l.target_key AND g.retired)";

/// Memberships removed after a time (?3), or at an unknown one, other than those that the staged changes remove again:
/// unconfirmed ones are staged again.
const RECENT_MEMBERSHIPS: &str = "SELECT count(*) FROM recent_removals r
     WHERE r.connection_id = ?1 AND r.removal = 'membership' AND (r.removed_at IS NULL OR r.removed_at > ?3)
       AND NOT (EXISTS (SELECT 1 FROM staged_changes s WHERE s.run_id = ?2 AND s.kind = r.kind AND s.id = r.id)
                AND EXISTS (SELECT 1 FROM record_references l WHERE l.connection_id = ?1 AND l.kind = r.kind AND l.id = r.id
                            AND l.target_kind = 'group' AND l.target_key = r.detail))";

fn recent_values() -> String {
    format!(
        "SELECT r.kind, r.detail, count(*) FROM recent_removals r
         WHERE r.connection_id = ?1 AND r.removal = 'value' AND (r.removed_at IS NULL OR r.removed_at > ?3)
           AND NOT EXISTS (SELECT 1 FROM staged_changes s
                           JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id
                           CROSS JOIN json_each(o.record, '$.fields') f
                           WHERE s.run_id = ?2 AND s.kind = r.kind AND s.id = r.id AND f.key = r.detail AND {FILLED})
         GROUP BY r.kind, r.detail"
    )
}

/// Retired objects, without those that the run retires again. A rejected or replaced change counts, because it isn't
/// sent.
const RECENT_OBJECTS: &str = "SELECT r.kind, count(*) FROM recent_removals r
     WHERE r.connection_id = ?1 AND r.removal = 'object' AND (r.removed_at IS NULL OR r.removed_at > ?3)
       AND NOT EXISTS (SELECT 1 FROM staged_changes s
                       LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id
                       LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = s.kind AND u.id = s.id
                       WHERE s.run_id = ?2 AND s.kind = r.kind AND s.id = r.id AND s.change = 'retire'
                         AND (o.read_seq IS NULL OR o.read_seq <= s.read_seq)
                         AND (u.id IS NULL OR u.fingerprint <> s.fingerprint
                              OR (SELECT kind FROM runs WHERE id = ?2) = 'retry'))
     GROUP BY r.kind";

pub(crate) async fn count(
    store: &ConnectionStore,
    run: RunId,
    handful: SafeguardMinimums,
    since: Timestamp,
) -> Result<PlannedRemovals, StoreError> {
    let failed = |e| StoreError::new("count planned removals", e);
    let mut removals = PlannedRemovals {
        recently_retired: recently_retired(store, Some(run), since).await?,
        ..PlannedRemovals::default()
    };
    let recent: Vec<(String, String, i64)> = sqlx::query_as(AssertSqlSafe(recent_values()))
        .bind(store.id)
        .bind(run.get())
        .bind(millis(since))
        .fetch_all(&store.pool)
        .await
        .map_err(failed)?;
    let recent: HashMap<(String, String), u64> =
        recent.into_iter().map(|(kind, field, n)| ((kind, field), natural(n))).collect();
    let cleared: Vec<(String, String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT s.kind, f.key, count(*) FROM {} GROUP BY s.kind, f.key ORDER BY s.kind, f.key",
        cleared()
    )))
    .bind(store.id)
    .bind(run.get())
    .fetch_all(&store.pool)
    .await
    .map_err(failed)?;
    for (word, field, lost) in cleared {
        let place = (word, field);
        let recent = recent.get(&place).copied().unwrap_or_default();
        let (word, field) = place;
        if natural(lost) + recent <= handful.values {
            continue;
        }
        let total: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT count(*) FROM confirmed_records o CROSS JOIN json_each(o.record, '$.fields') f
             WHERE o.connection_id = ?1 AND o.kind = ?2 AND NOT o.retired AND f.key = ?3 AND {FILLED}"
        )))
        .bind(store.id)
        .bind(&word)
        .bind(&field)
        .fetch_one(&store.pool)
        .await
        .map_err(failed)?;
        let (kind, lost, total) = (kind(&word)?, natural(lost), natural(total));
        removals.cleared_values.push(ClearedField { kind, field, cleared: lost, recent, total });
    }
    removals.memberships = memberships(store, run, handful, since).await.map_err(failed)?;
    Ok(removals)
}

async fn memberships(
    store: &ConnectionStore,
    run: RunId,
    handful: SafeguardMinimums,
    since: Timestamp,
) -> Result<RemovedMemberships, sqlx::Error> {
    let removed: i64 =
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {REMOVED_MEMBERSHIPS}")))
            .bind(store.id)
            .bind(run.get())
            .fetch_one(&store.pool)
            .await?;
    let recent: i64 = sqlx::query_scalar(RECENT_MEMBERSHIPS)
        .bind(store.id)
        .bind(run.get())
        .bind(millis(since))
        .fetch_one(&store.pool)
        .await?;
    if removed == 0 || natural(removed) + natural(recent) <= handful.memberships {
        return Ok(RemovedMemberships::default());
    }
    let total: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM record_references WHERE connection_id = ?1 AND target_kind = 'group'",
    )
    .bind(store.id)
    .fetch_one(&store.pool)
    .await?;
    Ok(RemovedMemberships { removed: natural(removed), recent: natural(recent), total: natural(total) })
}

/// Objects retired after a time, without those that a run retires again.
pub(crate) async fn recently_retired(
    store: &ConnectionStore,
    run: Option<RunId>,
    since: Timestamp,
) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(RECENT_OBJECTS)
        .bind(store.id)
        .bind(run.map(RunId::get))
        .bind(millis(since))
        .fetch_all(&store.pool)
        .await
        .map_err(|e| StoreError::new("count recent removals", e))?;
    rows.into_iter().map(|(word, n)| Ok((kind(&word)?, natural(n)))).collect()
}

/// Stores the removals of the staged changes of a run, and deletes those that they undo. Their time is unknown until the
/// [directory's time](date) is. Call this while `confirmed_records` and `record_references` are still those from before.
pub(crate) async fn record(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
) -> Result<(), sqlx::Error> {
    const INSERT: &str =
        "INSERT OR IGNORE INTO recent_removals (connection_id, removal, kind, id, detail) SELECT ?1,";
    let statements = [
        "DELETE FROM recent_removals WHERE connection_id = ?1 AND removal = 'object' AND (kind, id) IN (
             SELECT s.kind, s.id FROM staged_changes s WHERE s.run_id = ?2 AND s.change <> 'retire')"
            .to_owned(),
        "DELETE FROM recent_removals WHERE connection_id = ?1 AND removal = 'membership'
             AND (kind, id, detail) IN (
                 SELECT s.kind, s.id, r.value ->> 'reference_key'
                 FROM staged_changes s CROSS JOIN json_each(s.record, '$.references') r
                 WHERE s.run_id = ?2 AND r.value ->> 'kind' = 'group' AND EXISTS (
                     SELECT 1 FROM recent_removals l
                     WHERE l.connection_id = ?1 AND l.removal = 'membership' AND l.kind = s.kind AND l.id = s.id))"
            .to_owned(),
        format!(
            "DELETE FROM recent_removals WHERE connection_id = ?1 AND removal = 'value' AND (kind, id, detail) IN (
                 SELECT s.kind, s.id, f.key FROM staged_changes s CROSS JOIN json_each(s.record, '$.fields') f
                 WHERE s.run_id = ?2 AND {FILLED} AND EXISTS (
                     SELECT 1 FROM recent_removals l
                     WHERE l.connection_id = ?1 AND l.removal = 'value' AND l.kind = s.kind AND l.id = s.id))"
        ),
        format!(
            // An unconfirmed object may have been in Assets.
            "{INSERT} 'object', s.kind, s.id, '' FROM staged_changes s
             WHERE s.run_id = ?2 AND s.change = 'retire' AND (
                 EXISTS (SELECT 1 FROM confirmed_records o
                         WHERE o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id AND NOT o.retired)
                 OR EXISTS (SELECT 1 FROM unconfirmed_records u
                            WHERE u.connection_id = ?1 AND u.kind = s.kind AND u.id = s.id AND u.change <> 'retire'))"
        ),
        format!("{INSERT} 'membership', s.kind, s.id, l.target_key FROM {REMOVED_MEMBERSHIPS}"),
        format!("{INSERT} 'value', s.kind, s.id, f.key FROM {}", cleared()),
    ];
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement)).bind(store.id).bind(run.get()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Sets the directory's present time for removals without a time, and for those with a later one.
pub(crate) async fn date(store: &ConnectionStore, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE recent_removals SET removed_at = ?2 WHERE connection_id = ?1 AND (removed_at IS NULL OR removed_at > ?2)",
    )
    .bind(store.id)
    .bind(millis(now))
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("set the time of recent removals", e))
}

pub(crate) async fn unstage(
    store: &ConnectionStore,
    run: RunId,
    changes: &ViolatingChanges,
) -> Result<Vec<RecordKey>, StoreError> {
    type Rows<'q> = QueryAs<'q, Sqlite, (String, String), SqliteArguments>;
    const ACTION: &str = "unstage changes";
    let failed = |e| StoreError::new(ACTION, e);
    let sql = match changes {
        ViolatingChanges::Retired(_) => {
            "SELECT kind, id FROM staged_changes WHERE ?1 = ?1 AND run_id = ?2 AND change = 'retire' AND kind = ?3"
                .to_owned()
        }
        ViolatingChanges::MembershipsRemoved => format!("SELECT DISTINCT s.kind, s.id FROM {REMOVED_MEMBERSHIPS}"),
        ViolatingChanges::ValuesCleared { .. } => {
            format!("SELECT s.kind, s.id FROM {} AND s.kind = ?3 AND f.key = ?4", cleared())
        }
    };
    let query: Rows<'_> = sqlx::query_as(AssertSqlSafe(sql)).bind(store.id).bind(run.get());
    let query = match changes {
        ViolatingChanges::Retired(kind) => query.bind(kind.as_str()),
        ViolatingChanges::MembershipsRemoved => query,
        ViolatingChanges::ValuesCleared { kind, field } => query.bind(kind.as_str()).bind(field),
    };
    let mut tx = store.begin(ACTION).await?;
    let found = query.fetch_all(&mut *tx).await.map_err(failed)?;
    let keys: Vec<RecordKey> = found
        .into_iter()
        .map(|(word, id)| Ok(RecordKey { kind: kind(&word)?, id }))
        .collect::<Result<_, StoreError>>()?;
    sqlx::query(
        "DELETE FROM staged_changes WHERE run_id = ?1
         AND (kind, id) IN (SELECT s.value ->> 0, s.value ->> 1 FROM json_each(?2) s)",
    )
    .bind(run.get())
    .bind(keys_json(&keys))
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(keys)
}

fn natural(n: i64) -> u64 {
    u64::try_from(n).unwrap_or_default()
}
