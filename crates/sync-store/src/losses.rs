//! What staged records would take away, and taking those back that take too much.

use sqlx::{AssertSqlSafe, Sqlite, query::QueryAs, sqlite::SqliteArguments};
use sync_engine::{BlankedField, Handful, Losses, StoreError, Suspects};
use sync_model::{RecordKey, RunId};

use crate::ConnectionStore;
use crate::convert::{keys_json, kind};

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
                       WHERE r.value ->> 'kind' = 'group' AND r.value ->> 'value' = l.to_value)
       AND NOT EXISTS (SELECT 1 FROM staged g WHERE g.run = ?2 AND g.kind = 'group' AND g.id = l.to_value
                       AND g.change = 'retire')
       AND NOT EXISTS (SELECT 1 FROM objects g WHERE g.connection = ?1 AND g.kind = 'group'
                       AND g.id = l.to_value AND g.gone)";

pub(crate) async fn count(
    store: &ConnectionStore,
    run: RunId,
    handful: Handful,
) -> Result<Losses, StoreError> {
    let failed = |e| StoreError::new("count what would be lost", e);
    let natural = |n: i64| u64::try_from(n).unwrap_or_default();
    let blanked: Vec<(String, String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT s.kind, f.key, count(*) FROM {} GROUP BY s.kind, f.key ORDER BY s.kind, f.key",
        blanked()
    )))
    .bind(store.id)
    .bind(run.get())
    .fetch_all(&store.pool)
    .await
    .map_err(failed)?;
    let mut losses = Losses::default();
    for (word, field, lost) in blanked {
        if natural(lost) <= handful.values {
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
        losses.blanked.push(BlankedField {
            kind: kind(&word)?,
            field,
            lost: natural(lost),
            known: natural(known),
        });
    }
    let lost: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {ENDED}")))
        .bind(store.id)
        .bind(run.get())
        .fetch_one(&store.pool)
        .await
        .map_err(failed)?;
    if natural(lost) > handful.memberships {
        let known: i64 =
            sqlx::query_scalar("SELECT count(*) FROM links WHERE connection = ?1 AND to_kind = 'group'")
                .bind(store.id)
                .fetch_one(&store.pool)
                .await
                .map_err(failed)?;
        losses.memberships = (natural(lost), natural(known));
    }
    Ok(losses)
}

pub(crate) async fn take_back(
    store: &ConnectionStore,
    run: RunId,
    suspects: &Suspects,
) -> Result<Vec<RecordKey>, StoreError> {
    type Rows<'q> = QueryAs<'q, Sqlite, (String, String), SqliteArguments>;
    const ACTION: &str = "take staged records back";
    let failed = |e| StoreError::new(ACTION, e);
    let sql = match suspects {
        Suspects::Departures(_) => {
            "SELECT kind, id FROM staged WHERE ?1 = ?1 AND run = ?2 AND change = 'retire' AND kind = ?3"
                .to_owned()
        }
        Suspects::Memberships => format!("SELECT DISTINCT s.kind, s.id FROM {ENDED}"),
        Suspects::Blanked { .. } => {
            format!("SELECT s.kind, s.id FROM {} AND s.kind = ?3 AND f.key = ?4", blanked())
        }
    };
    let query: Rows<'_> = sqlx::query_as(AssertSqlSafe(sql)).bind(store.id).bind(run.get());
    let query = match suspects {
        Suspects::Departures(kind) => query.bind(kind.as_str()),
        Suspects::Memberships => query,
        Suspects::Blanked { kind, field } => query.bind(kind.as_str()).bind(field),
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
