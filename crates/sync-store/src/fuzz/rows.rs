//! Damaged rows and rows of another version: an error names the row, and none is misread.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::time::Duration;

use fuzz::fuzz;
use jiff::Timestamp;
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use sync_engine::{
    Aliases, ConfirmedRecords, EventCursor, EventFilter, EventHistory, EventInbox, EventState, LeaderState,
    Listings, MetricSamples, ObjectCatalog, PlaceState, ReplayTarget, RetiredObjects, RunFilter, RunKind,
    Runs, SiteFacts, StagedChanges, StaleValues, StoreError, TimeState, UnconfirmedRecords, WorkKind,
    WorkQueue, error_chain,
};
use sync_model::{ConnectionName, ObjectKind, RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::sqlite::Store;

/// Tables whose rows are read, in an order in which they can be filled.
const TABLES: [&str; 18] = [
    "runs",
    "run_executions",
    "open_executions",
    "confirmed_records",
    "unconfirmed_records",
    "staged_changes",
    "run_objects",
    "stale_values",
    "events",
    "work_queue",
    "event_work",
    "system_log_checkpoints",
    "pauses",
    "metric_samples",
    "blocked_objects",
    "recent_removals",
    "object_audit_log",
    "audit_log",
];

/// The text of an error that names a row.
const NAMED: &str = "is damaged, or another version wrote it";

/// The columns of each table that can be written, with their types.
type Columns = BTreeMap<String, Vec<(String, String)>>;

struct Target {
    runtime: tokio::runtime::Runtime,
    store: Store,
    connection: ConnectionStore,
    columns: Columns,
    _folder: tempfile::TempDir,
}

impl Target {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (store, connection, columns) = runtime.block_on(async {
            let store = Store::open(&folder.path().join("state.db")).await.unwrap();
            sqlx::query("PRAGMA synchronous = OFF").execute(&store.writer).await.unwrap();
            let name = ConnectionName::try_from("main".to_owned()).unwrap();
            let connection = store.connection(&name).await.unwrap();
            let mut columns = Columns::new();
            for table in TABLES.into_iter().chain(["connections"]) {
                let all: Vec<(String, String)> =
                    sqlx::query_as("SELECT name, type FROM pragma_table_info(?1)")
                        .bind(table)
                        .fetch_all(&store.pool)
                        .await
                        .unwrap();
                assert!(!all.is_empty(), "there is no table {table}");
                columns.insert(table.to_owned(), all);
            }
            (store, connection, columns)
        });
        Self { runtime, store, connection, columns, _folder: folder }
    }

    /// Replaces the rows of the store. Answers with what was left out: unknown columns, and rows that SQLite rejects.
    async fn fill(&self, input: &Map<String, Value>) -> Vec<String> {
        let mut left_out = Vec::new();
        let mut tx = self.store.writer.begin().await.unwrap();
        for table in TABLES.into_iter().rev() {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&mut *tx).await.unwrap();
        }
        for table in ["connections"].into_iter().chain(TABLES) {
            let rows = match input.get(table) {
                Some(Value::Array(rows)) => rows.as_slice(),
                Some(row) => std::slice::from_ref(row),
                None => &[],
            };
            for row in rows.iter().filter_map(Value::as_object).take(4) {
                let is_given = |(name, _): &&(String, String)| row.contains_key(name);
                let given: Vec<_> = self.columns[table].iter().filter(is_given).collect();
                let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
                let unknown = row.keys().filter(|name| !names.contains(&name.as_str()));
                left_out.extend(unknown.map(|name| format!("{table}.{name}")));
                let statement = if table == "connections" {
                    let sets: Vec<String> = names.iter().map(|name| format!("{name} = ?")).collect();
                    format!("UPDATE connections SET {} WHERE id = 1", sets.join(", "))
                } else {
                    let marks = vec!["?"; names.len()].join(", ");
                    format!("INSERT OR REPLACE INTO {table} ({}) VALUES ({marks})", names.join(", "))
                };
                if names.is_empty() || table == "connections" && names.contains(&"id") {
                    continue;
                }
                let mut query = sqlx::query(AssertSqlSafe(statement));
                for (name, kind) in given {
                    query = match (kind.as_str(), &row[name]) {
                        (_, Value::Null) => query.bind(None::<String>),
                        ("INTEGER", value) => query.bind(value.as_i64().unwrap_or(i64::MAX)),
                        ("BLOB", Value::String(text)) => query.bind(text.as_bytes()),
                        ("BLOB", value) => query.bind(value.to_string().into_bytes()),
                        (_, Value::String(text)) => query.bind(text.as_str()),
                        (_, value) => query.bind(value.to_string()),
                    };
                }
                if let Err(error) = query.execute(&mut *tx).await {
                    left_out.push(format!("{table}: {error}"));
                }
            }
        }
        if let Err(error) = tx.commit().await {
            left_out.push(error.to_string());
        }
        left_out
    }

    /// Reads everything, and reports the results.
    async fn read(&self, keys: &[RecordKey]) -> String {
        let store = &self.connection;
        let (now, run) = (Timestamp::UNIX_EPOCH, RunId::new(1));
        let mut told = Told::default();
        let events = store.find_events(&EventFilter { state: None, search: None, limit: 10 }).await;
        if let Ok(events) = &events {
            for event in events {
                self.is_told_truly(event.id.as_str(), event.state).await;
            }
        }
        told.note("events", events);
        let searched = EventFilter { state: Some(EventState::Failed), search: Some("a".into()), limit: 10 };
        told.note("searched", store.find_events(&searched).await);
        told.note("after", store.events_after(&EventCursor { write: -1, after: None }, 10).await);
        told.note("runs", store.runs(10).await);
        let failed = RunFilter { failed: true, limit: 10, ..RunFilter::default() };
        told.note("failed runs", store.find_runs(&failed).await);
        told.note("last run", store.last_run(RunKind::FullSync).await);
        told.note("run", store.run(run).await);
        told.note("pass", store.resumable_checkpoint().await);
        told.note("known", store.record_states(keys).await);
        let confirmed = store.confirmed_records(keys).await;
        if let Ok(confirmed) = &confirmed {
            self.has_all(keys, confirmed).await;
        }
        told.note("confirmed", confirmed);
        told.note("held", store.possible_records(keys).await);
        told.note("found", store.find_objects("a", None, 10).await);
        for key in keys.iter().take(2) {
            told.note("object", store.object(key).await);
        }
        for kind in ObjectKind::ALL {
            told.note("unseen", store.unlisted(run, kind, None, 10).await);
        }
        told.note("staged", store.staged(run, None, 10).await);
        told.note("counts", store.staged_counts(run).await);
        told.note("left", store.as_staged_by(run, keys).await);
        told.note("aliases", store.alias_uses(run, true, None, 10).await);
        told.note("unconfirmed", store.unconfirmed(10).await);
        told.note("next", store.next_retry().await);
        told.note("uncleared", store.stale_values(10).await);
        told.note("gone", store.retired_before(Timestamp::MAX, 10).await);
        told.note("audit", RetiredObjects::audit(store, 10).await);
        told.note("log", self.store.audit().entries(None, 10).await);
        told.note("samples", store.metric_samples(Timestamp::MIN).await);
        told.note("feed", store.feed_checkpoint().await);
        told.note("place", store.place().await);
        told.note("facts", store.site_facts().await);
        told.note("census", store.object_counts().await);
        told.note("inbox", store.event_queue_counts().await);
        told.note("asked", store.requested_objects(keys).await);
        told.note("pause", store.paused_until().await);
        told.note("rate limit", store.held_until().await);
        told.note("clock", store.clock_offset().await);
        told.note("bookmark", store.bookmark().await);
        told.note("new", store.count_new(run).await);
        let claimed = store.claim_work(WorkKind::Object, 10, Timestamp::MAX, Duration::from_secs(1)).await;
        told.note("claimed", claimed);
        told.note("replayed", store.replay(ReplayTarget::AllFailed, now).await);
        told.text
    }

    /// An event is shown in the state that it has.
    async fn is_told_truly(&self, id: &str, state: EventState) {
        let word: String = sqlx::query_scalar("SELECT state FROM events WHERE connection_id = 1 AND id = ?1")
            .bind(id)
            .fetch_one(&self.store.pool)
            .await
            .unwrap();
        let expected = match state {
            EventState::Pending | EventState::InProgress => "pending",
            EventState::Failed => "failed",
            EventState::Blocked => "blocked",
            EventState::Applied | EventState::Ignored => "done",
        };
        assert_eq!(word, expected, "event {id} is shown in another state");
    }

    /// Every object that has a row is found by its own key.
    async fn has_all(&self, keys: &[RecordKey], found: &HashMap<RecordKey, sync_model::Record>) {
        for key in keys {
            let rows: i64 = sqlx::query_scalar(
                "SELECT (SELECT count(*) FROM confirmed_records WHERE connection_id = 1 AND kind = ?1 AND id = ?2)
                      + (SELECT count(*) FROM unconfirmed_records WHERE connection_id = 1 AND kind = ?1 AND id = ?2)",
            )
            .bind(key.kind.as_str())
            .bind(&key.id)
            .fetch_one(&self.store.pool)
            .await
            .unwrap();
            let record = found.get(key);
            assert_eq!(rows > 0, record.is_some(), "{key} is in the store, and is not found");
            assert!(record.is_none_or(|record| record.key == *key), "{key} has the record of another object");
        }
    }
}

#[derive(Default)]
struct Told {
    text: String,
}

impl Told {
    fn note<T: Debug>(&mut self, what: &str, read: Result<T, StoreError>) {
        match read {
            Ok(read) => self.text.push_str(&format!("{} ", format!("{read:?}").len() / 40)),
            Err(error) => {
                let told = error_chain(&error);
                assert!(told.contains(NAMED), "{what}: no row is named: {told}");
                self.text.push_str(&format!("{what}: {} ", told.chars().take(60).collect::<String>()));
            }
        }
    }
}

/// The objects that rows of the input are about.
fn keys(input: &Map<String, Value>) -> Vec<RecordKey> {
    let rows = ["confirmed_records", "unconfirmed_records", "staged_changes"]
        .into_iter()
        .filter_map(|table| input.get(table));
    let rows = rows.flat_map(|rows| rows.as_array().cloned().unwrap_or_else(|| vec![rows.clone()]));
    let mut keys: Vec<RecordKey> = rows
        .filter_map(|row| {
            let kind = row["kind"].as_str()?.parse().ok()?;
            Some(RecordKey { kind, id: row["id"].as_str()?.to_owned() })
        })
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

#[test]
fn corpus_has_readable_rows() {
    let target = Target::new();
    for input in [
        include_str!("../../../../tests/fuzz/corpus/store_rows/events"),
        include_str!("../../../../tests/fuzz/corpus/store_rows/objects"),
        include_str!("../../../../tests/fuzz/corpus/store_rows/requested"),
        include_str!("../../../../tests/fuzz/corpus/store_rows/runs"),
    ] {
        let input: Map<String, Value> = serde_json::from_str(input).unwrap();
        let left_out = target.runtime.block_on(target.fill(&input));
        assert!(left_out.is_empty(), "{left_out:?}");
    }
}

#[test]
fn odd_rows_are_named() {
    let words = [
        "record",
        "key",
        "kind",
        "user",
        "group",
        "pending",
        "failed",
        "done",
        "report",
        "checkpoint",
        "full_sync",
        "id",
    ];
    let target = Target::new();
    fuzz("store_rows", &words, |input| {
        let Ok(Value::Object(input)) = serde_json::from_slice(input) else { return String::new() };
        target.runtime.block_on(async {
            target.fill(&input).await;
            target.read(&keys(&input)).await
        })
    });
}
