//! Losses: what staged records would take away and what was taken away lately; taking back those that take too much.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite, Transaction, query::QueryAs, sqlite::SqliteArguments};
use sync_engine::{
    ClearedField, PlannedRemovals, RemovedMemberships, SafeguardMinimums, StoreError, ViolatingChanges,
};
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::ConnectionStore;
use crate::convert::{keys_json, kind, millis};

/// Whether a JSON value of the given type holds anything.
const FILLED: &str = "NOT (f.type = 'null' OR (f.type = 'text' AND f.value = '')
                      OR (f.type = 'array' AND json_array_length(f.value) = 0))";

/// Staged changes of live objects, with each field that they blank.
fn blanked() -> String {
    format!(
        "staged s
         JOIN objects o ON o.connection = ?1 AND o.kind = s.kind AND o.id = s.id AND NOT o.gone
         CROSS JOIN json_each(o.record, '$.fields') f
         WHERE s.run = ?2 AND s.change = 'update' AND {FILLED}
           AND coalesce(s.record -> ('$.fields.\"' || f.key || '\"'), 'null') IN ('null', '\"\"', '[]')"
    )
}

/// Staged changes, with each membership that they end although its group lives on.
const ENDED: &str = "staged s CROSS JOIN links l
         ON l.connection = ?1 AND l.kind = s.kind AND l.id = s.id AND l.to_kind = 'group'
     WHERE s.run = ?2 AND s.change = 'update'
       AND NOT EXISTS (SELECT 1 FROM json_each(s.record, '$.references') r
                       WHERE r.value ->> 'kind' = 'group' AND r.value ->> 'reference_key' = l.to_value)
       AND NOT EXISTS (SELECT 1 FROM staged g WHERE g.run = ?2 AND g.kind = 'group' AND g.id = l.to_value
                       AND g.change = 'retire')
       AND NOT EXISTS (SELECT 1 FROM objects g WHERE g.connection = ?1 AND g.kind = 'group'
                       AND g.id = l.to_value AND g.gone)";

/// Losses since a time (?3), or at an unknown one, that the staged records would not cause once more: those that Assets did not account for are
/// staged again.
const RECENT_MEMBERSHIPS: &str = "SELECT count(*) FROM recent_losses r
     WHERE r.connection = ?1 AND r.loss = 'membership' AND (r.lost_at IS NULL OR r.lost_at > ?3)
       AND NOT (EXISTS (SELECT 1 FROM staged s WHERE s.run = ?2 AND s.kind = r.kind AND s.id = r.id)
                AND EXISTS (SELECT 1 FROM links l WHERE l.connection = ?1 AND l.kind = r.kind AND l.id = r.id
                            AND l.to_kind = 'group' AND l.to_value = r.detail))";

fn recent_values() -> String {
    format!(
        "SELECT r.kind, r.detail, count(*) FROM recent_losses r
         WHERE r.connection = ?1 AND r.loss = 'value' AND (r.lost_at IS NULL OR r.lost_at > ?3)
           AND NOT EXISTS (SELECT 1 FROM staged s
                           JOIN objects o ON o.connection = ?1 AND o.kind = s.kind AND o.id = s.id
                           CROSS JOIN json_each(o.record, '$.fields') f
                           WHERE s.run = ?2 AND s.kind = r.kind AND s.id = r.id AND f.key = r.detail AND {FILLED})
         GROUP BY r.kind, r.detail"
    )
}

/// Without the marks that the run sends once more. What is staged as it was refused is not among them: it is not sent.
const RECENT_OBJECTS: &str = "SELECT r.kind, count(*) FROM recent_losses r
     WHERE r.connection = ?1 AND r.loss = 'object' AND (r.lost_at IS NULL OR r.lost_at > ?3)
       AND NOT EXISTS (SELECT 1 FROM staged s
                       LEFT JOIN unconfirmed u ON u.connection = ?1 AND u.kind = s.kind AND u.id = s.id
                       WHERE s.run = ?2 AND s.kind = r.kind AND s.id = r.id AND s.change = 'retire'
                         AND (u.id IS NULL OR u.fingerprint <> s.fingerprint
                              OR (SELECT kind FROM runs WHERE id = ?2) = 'retry'))
     GROUP BY r.kind";

pub(crate) async fn count(
    store: &ConnectionStore,
    run: RunId,
    handful: SafeguardMinimums,
    since: Timestamp,
) -> Result<PlannedRemovals, StoreError> {
    let failed = |e| StoreError::new("count what would be lost", e);
    let mut losses = PlannedRemovals {
        recently_retired: gone(store, Some(run), since).await?,
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
    let blanked: Vec<(String, String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT s.kind, f.key, count(*) FROM {} GROUP BY s.kind, f.key ORDER BY s.kind, f.key",
        blanked()
    )))
    .bind(store.id)
    .bind(run.get())
    .fetch_all(&store.pool)
    .await
    .map_err(failed)?;
    for (word, field, lost) in blanked {
        let place = (word, field);
        let recent = recent.get(&place).copied().unwrap_or_default();
        let (word, field) = place;
        if natural(lost) + recent <= handful.values {
            continue;
        }
        let known: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT count(*) FROM objects o CROSS JOIN json_each(o.record, '$.fields') f
             WHERE o.connection = ?1 AND o.kind = ?2 AND NOT o.gone AND f.key = ?3 AND {FILLED}"
        )))
        .bind(store.id)
        .bind(&word)
        .bind(&field)
        .fetch_one(&store.pool)
        .await
        .map_err(failed)?;
        let (kind, lost, known) = (kind(&word)?, natural(lost), natural(known));
        losses.cleared_values.push(ClearedField { kind, field, cleared: lost, recent, total: known });
    }
    losses.memberships = memberships(store, run, handful, since).await.map_err(failed)?;
    Ok(losses)
}

async fn memberships(
    store: &ConnectionStore,
    run: RunId,
    handful: SafeguardMinimums,
    since: Timestamp,
) -> Result<RemovedMemberships, sqlx::Error> {
    let ended: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {ENDED}")))
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
    if ended == 0 || natural(ended) + natural(recent) <= handful.memberships {
        return Ok(RemovedMemberships::default());
    }
    let known: i64 =
        sqlx::query_scalar("SELECT count(*) FROM links WHERE connection = ?1 AND to_kind = 'group'")
            .bind(store.id)
            .fetch_one(&store.pool)
            .await?;
    Ok(RemovedMemberships { removed: natural(ended), recent: natural(recent), total: natural(known) })
}

/// Objects that were marked as gone since a time, those apart that a run marks once more.
pub(crate) async fn gone(
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
        .map_err(|e| StoreError::new("count recent losses", e))?;
    rows.into_iter().map(|(word, n)| Ok((kind(&word)?, natural(n)))).collect()
}

/// Records what the staged records of a run take away, and strikes off what they give back. When it was lost is not known
/// until the [directory's time](date) is. To be called while
/// `objects` and `links` still hold what was confirmed before.
pub(crate) async fn record(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
) -> Result<(), sqlx::Error> {
    const INSERT: &str =
        "INSERT OR IGNORE INTO recent_losses (connection, loss, kind, id, detail) SELECT ?1,";
    let statements = [
        "DELETE FROM recent_losses WHERE connection = ?1 AND loss = 'object' AND (kind, id) IN (
             SELECT s.kind, s.id FROM staged s WHERE s.run = ?2 AND s.change <> 'retire')"
            .to_owned(),
        "DELETE FROM recent_losses WHERE connection = ?1 AND loss = 'membership'
             AND (kind, id, detail) IN (
                 SELECT s.kind, s.id, r.value ->> 'reference_key' FROM staged s CROSS JOIN json_each(s.record, '$.references') r
                 WHERE s.run = ?2 AND r.value ->> 'kind' = 'group' AND EXISTS (
                     SELECT 1 FROM recent_losses l
                     WHERE l.connection = ?1 AND l.loss = 'membership' AND l.kind = s.kind AND l.id = s.id))"
            .to_owned(),
        format!(
            "DELETE FROM recent_losses WHERE connection = ?1 AND loss = 'value' AND (kind, id, detail) IN (
                 SELECT s.kind, s.id, f.key FROM staged s CROSS JOIN json_each(s.record, '$.fields') f
                 WHERE s.run = ?2 AND {FILLED} AND EXISTS (
                     SELECT 1 FROM recent_losses l
                     WHERE l.connection = ?1 AND l.loss = 'value' AND l.kind = s.kind AND l.id = s.id))"
        ),
        format!(
            // What was sent and not accounted for may have been there.
            "{INSERT} 'object', s.kind, s.id, '' FROM staged s
             WHERE s.run = ?2 AND s.change = 'retire' AND (
                 EXISTS (SELECT 1 FROM objects o
                         WHERE o.connection = ?1 AND o.kind = s.kind AND o.id = s.id AND NOT o.gone)
                 OR EXISTS (SELECT 1 FROM unconfirmed u
                            WHERE u.connection = ?1 AND u.kind = s.kind AND u.id = s.id AND u.change <> 'retire'))"
        ),
        format!("{INSERT} 'membership', s.kind, s.id, l.to_value FROM {ENDED}"),
        format!("{INSERT} 'value', s.kind, s.id, f.key FROM {}", blanked()),
    ];
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement)).bind(store.id).bind(run.get()).execute(&mut **tx).await?;
    }
    Ok(())
}

/// Gives the directory's present time to losses without a time, and to those that seem to be later.
pub(crate) async fn date(store: &ConnectionStore, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE recent_losses SET lost_at = ?2 WHERE connection = ?1 AND (lost_at IS NULL OR lost_at > ?2)",
    )
    .bind(store.id)
    .bind(millis(now))
    .execute(&store.writer)
    .await
    .map(drop)
    .map_err(|e| StoreError::new("date recent losses", e))
}

pub(crate) async fn take_back(
    store: &ConnectionStore,
    run: RunId,
    suspects: &ViolatingChanges,
) -> Result<Vec<RecordKey>, StoreError> {
    type Rows<'q> = QueryAs<'q, Sqlite, (String, String), SqliteArguments>;
    const ACTION: &str = "take staged records back";
    let failed = |e| StoreError::new(ACTION, e);
    let sql = match suspects {
        ViolatingChanges::Retired(_) => {
            "SELECT kind, id FROM staged WHERE ?1 = ?1 AND run = ?2 AND change = 'retire' AND kind = ?3"
                .to_owned()
        }
        ViolatingChanges::MembershipsRemoved => format!("SELECT DISTINCT s.kind, s.id FROM {ENDED}"),
        ViolatingChanges::ValuesCleared { .. } => {
            format!("SELECT s.kind, s.id FROM {} AND s.kind = ?3 AND f.key = ?4", blanked())
        }
    };
    let query: Rows<'_> = sqlx::query_as(AssertSqlSafe(sql)).bind(store.id).bind(run.get());
    let query = match suspects {
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
        "DELETE FROM staged WHERE run = ?1
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
