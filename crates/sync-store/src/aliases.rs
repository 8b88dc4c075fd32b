//! References by values other than ids.
//!
//! An object counts as a run would leave it: its staged, unconfirmed, or confirmed record, whichever was read last.

use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::Value;
use sqlx::{AssertSqlSafe, SqliteConnection};
use sync_engine::{AliasUse, Aliases, Owner, StagedChange, StoreError};
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{from_json, in_row, keys_json, kind};
use crate::staging::{StagedRow, staged};

/// References that are checked at once.
const PAGE: u32 = 1000;

/// Current objects as a run would leave them: staged, then unconfirmed, then confirmed. The placeholders are conditions on
/// the row.
fn current(columns: &str, staged: &str, unconfirmed: &str, confirmed: &str) -> String {
    let (s, u, o) = (columns.replace("ROW", "s"), columns.replace("ROW", "u"), columns.replace("ROW", "o"));
    format!(
        "SELECT {s} FROM staged_changes s
         LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id
         WHERE s.run_id = ?2 AND s.change <> 'retire' AND (o.read_seq IS NULL OR o.read_seq <= s.read_seq) AND {staged}
         UNION ALL
         SELECT {u} FROM unconfirmed_records u
         LEFT JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = u.kind AND o.id = u.id
         LEFT JOIN staged_changes s ON s.run_id = ?2 AND s.kind = u.kind AND s.id = u.id
         WHERE u.connection_id = ?1 AND u.change <> 'retire' AND (o.read_seq IS NULL OR o.read_seq <= u.read_seq)
           AND (s.id IS NULL OR s.read_seq < o.read_seq) AND {unconfirmed}
         UNION ALL
         SELECT {o} FROM confirmed_records o
         LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = o.kind AND u.id = o.id
         LEFT JOIN staged_changes s ON s.run_id = ?2 AND s.kind = o.kind AND s.id = o.id
         WHERE o.connection_id = ?1 AND NOT o.retired AND (u.id IS NULL OR u.read_seq < o.read_seq)
           AND (s.id IS NULL OR s.read_seq < o.read_seq) AND {confirmed}"
    )
}

/// Aliases that objects of a run have or had.
const TOUCHED: &str = "
    SELECT t.alias FROM staged_changes t WHERE t.run_id = ?2 AND t.alias IS NOT NULL
    UNION SELECT c.alias FROM staged_changes t
    CROSS JOIN confirmed_records c ON c.connection_id = ?1 AND c.kind = t.kind AND c.id = t.id
    WHERE t.run_id = ?2 AND c.alias IS NOT NULL
    UNION SELECT c.alias FROM staged_changes t
    CROSS JOIN unconfirmed_records c ON c.connection_id = ?1 AND c.kind = t.kind AND c.id = t.id
    WHERE t.run_id = ?2 AND c.alias IS NOT NULL";

#[async_trait]
impl Aliases for ConnectionStore {
    async fn alias_owners(
        &self,
        run: RunId,
        of: ObjectKind,
        aliases: &[String],
    ) -> Result<HashMap<String, Vec<Owner>>, StoreError> {
        let failed = |e| StoreError::new("find owners of an alias", e);
        let mut connection = self.pool.acquire().await.map_err(failed)?;
        owners_in(self, &mut connection, run, of, aliases).await
    }

    async fn alias_uses(
        &self,
        run: RunId,
        everything: bool,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<AliasUse>, StoreError> {
        const ACTION: &str = "find references by alias";
        let matter = |row: &str| {
            if everything {
                format!("{row}.referenced_alias IS NOT NULL")
            } else {
                format!("{row}.referenced_alias IN ({TOUCHED})")
            }
        };
        // References of the run itself are always resolved.
        let own = "s.referenced_alias IS NOT NULL";
        let columns = "ROW.kind AS kind, ROW.id AS id, ROW.record -> '$.alias_reference' AS reference";
        let statement = format!(
            "SELECT kind, id, reference FROM ({}) WHERE (kind, id) > (?3, ?4) ORDER BY kind, id LIMIT ?5",
            current(columns, own, &matter("u"), &matter("o"))
        );
        let rows: Vec<(String, String, String)> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(self.id)
            .bind(run.get())
            .bind(after.map_or("", |key| key.kind.as_str()))
            .bind(after.map_or("", |key| key.id.as_str()))
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| StoreError::new(ACTION, e))?;
        rows.into_iter().map(|(word, id, reference)| alias_use(&word, id, &reference)).collect()
    }

    async fn as_staged_by(&self, run: RunId, keys: &[RecordKey]) -> Result<Vec<StagedChange>, StoreError> {
        const ACTION: &str = "read records as a run leaves them";
        let named = |row: &str| {
            format!("({row}.kind, {row}.id) IN (SELECT k.value ->> 0, k.value ->> 1 FROM json_each(?3) k)")
        };
        // A confirmed record has no change; sent again it is an update.
        let statement = current(
            "ROW.kind, ROW.id, ROW.change, ROW.read_seq, ROW.read_at, ROW.fingerprint, ROW.record",
            &named("s"),
            &named("u"),
            &named("o"),
        )
        .replace("o.change", "'update'");
        let rows: Vec<StagedRow> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(self.id)
            .bind(run.get())
            .bind(keys_json(keys))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| StoreError::new(ACTION, e))?;
        rows.into_iter().map(staged).collect()
    }
}

async fn owners_in(
    store: &ConnectionStore,
    connection: &mut SqliteConnection,
    run: RunId,
    of: ObjectKind,
    aliases: &[String],
) -> Result<HashMap<String, Vec<Owner>>, StoreError> {
    let named = |row: &str| format!("{row}.kind = ?3 AND {row}.alias IN (SELECT value FROM json_each(?4))");
    let columns = "ROW.alias, ROW.id, coalesce(ROW.record ->> '$.alias.yields', 0)";
    let statement = current(columns, &named("s"), &named("u"), &named("o"));
    let rows: Vec<(String, String, bool)> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(store.id)
        .bind(run.get())
        .bind(of.as_str())
        .bind(Value::from(aliases).to_string())
        .fetch_all(connection)
        .await
        .map_err(|e| StoreError::new("find owners of an alias", e))?;
    let mut owners: HashMap<String, Vec<Owner>> = HashMap::new();
    for (alias, id, yields) in rows {
        owners.entry(alias).or_default().push(Owner { id, yields });
    }
    for of in owners.values_mut() {
        of.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    }
    Ok(owners)
}

fn alias_use(word: &str, id: String, reference: &str) -> Result<AliasUse, StoreError> {
    let read = || from_json("read a reference by alias", reference);
    let reference = in_row(|| format!("the record of {word} {id}"), read)?;
    Ok(AliasUse { key: RecordKey { kind: kind(word)?, id }, reference })
}

/// The aliases of a run's objects, as a JSON list. Must be read before its records replace the confirmed ones.
pub(crate) async fn touched(
    store: &ConnectionStore,
    connection: &mut SqliteConnection,
    run: RunId,
) -> Result<String, StoreError> {
    let aliases: Vec<String> = sqlx::query_scalar(TOUCHED)
        .bind(store.id)
        .bind(run.get())
        .fetch_all(connection)
        .await
        .map_err(|e| StoreError::new("find the aliases of a run", e))?;
    Ok(Value::from(aliases).to_string())
}

/// Confirmed objects that refer to one of these aliases, or were part of the run, and whose reference has another
/// target now: the confirmations of a concurrent run were unknown when the reference was resolved.
pub(crate) async fn misled(
    store: &ConnectionStore,
    connection: &mut SqliteConnection,
    run: RunId,
    touched: &str,
) -> Result<Vec<RecordKey>, StoreError> {
    let (mut misled, mut after) = (Vec::new(), (String::new(), String::new()));
    loop {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT kind, id, record -> '$.alias_reference' FROM (
                 SELECT o.kind, o.id, o.record FROM json_each(?3) t
                 CROSS JOIN confirmed_records o ON o.connection_id = ?1 AND o.referenced_alias = t.value AND NOT o.retired
                 UNION
                 SELECT o.kind, o.id, o.record FROM staged_changes s
                 CROSS JOIN confirmed_records o ON o.connection_id = ?1 AND o.kind = s.kind AND o.id = s.id AND NOT o.retired
                 WHERE s.run_id = ?2 AND s.referenced_alias IS NOT NULL AND o.referenced_alias IS NOT NULL)
             WHERE (kind, id) > (?4, ?5) ORDER BY kind, id LIMIT ?6",
        )
        .bind(store.id)
        .bind(run.get())
        .bind(touched)
        .bind(&after.0)
        .bind(&after.1)
        .bind(PAGE)
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| StoreError::new("check references by alias", e))?;
        let Some((word, id, _)) = rows.last() else { return Ok(misled) };
        after = (word.clone(), id.clone());
        let uses: Vec<AliasUse> = rows
            .into_iter()
            .map(|(word, id, reference)| alias_use(&word, id, &reference))
            .collect::<Result<_, _>>()?;
        for of in ObjectKind::ALL {
            let uses = || uses.iter().filter(|used| used.reference.kind == of);
            let aliases: Vec<String> = uses().map(|used| used.reference.alias.clone()).collect();
            if aliases.is_empty() {
                continue;
            }
            // Every staged record of the run is confirmed or unconfirmed by now.
            let owners = owners_in(store, &mut *connection, RunId::new(0), of, &aliases).await?;
            let is_misled = |used: &&AliasUse| {
                let owner = owners.get(&used.reference.alias).and_then(|owners| Owner::of(owners));
                owner != used.reference.id.as_deref()
            };
            misled.extend(uses().filter(is_misled).map(|used| used.key.clone()));
        }
    }
}
