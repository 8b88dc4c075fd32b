//! Plans of SQLite for the statements of the hot paths, as those paths run them.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

use sqlx::{AssertSqlSafe, Row, SqlitePool};
use sync_engine::{
    Aliases, ChangeKind, ConfirmedRecords, EventHistory, EventInbox, FeedCheckpoint, Listings, ObjectCatalog,
    ReplayTarget, StagedChanges, Subject, WorkQueue,
};
use sync_model::{EventId, GroupId, ObjectKind, UserId};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use support::{TestEnv, ada, at, event, failure, group, staged, test_env, user};

/// Every statement that sqlx reports.
#[derive(Debug, Clone, Default)]
struct Statements(Arc<Mutex<BTreeSet<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut texts = Texts::default();
            event.record(&mut texts);
            let statement = if texts.statement.is_empty() { texts.summary } else { texts.statement };
            self.0.lock().unwrap().insert(statement.trim().to_owned());
        }
    }
}

#[derive(Default)]
struct Texts {
    summary: String,
    statement: String,
}

impl Visit for Texts {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The steps of a statement that read a table whole, or all rows of the connection in it.
async fn scans(pool: &SqlitePool, statement: &str) -> Vec<String> {
    let plan =
        sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"))).fetch_all(pool).await.unwrap();
    plan.iter()
        .map(|row| row.get::<String, _>("detail"))
        .filter(|step| {
            let whole = step.starts_with("SCAN ")
                && !step.contains("VIRTUAL TABLE")
                && !step.contains("CONSTANT ROW")
                && !step.starts_with("SCAN (");
            whole || step.ends_with("(connection_id=?)")
        })
        .collect()
}

/// The calls of a daemon for every event and every record.
async fn work(env: &TestEnv) {
    let store = &env.store;
    let membership = Subject::User(UserId::new("u2"));
    store.store_delivery("d1", &[event("e1", &[ada()])], at(11)).await.unwrap();
    let feed = FeedCheckpoint { checkpoint: "c".into(), newest_event_at: at(10), caught_up_at: None };
    store.store_feed_page(&[event("e2", &[ada(), membership.clone()])], &feed, at(11)).await.unwrap();
    store.enqueue(&membership, at(11)).await.unwrap();
    let items = env.claim(12).await.unwrap();
    store.release_work(&items).await.unwrap();
    let items = env.claim(12).await.unwrap();
    store.requeue_work(&items, at(13)).await.unwrap();
    let items = env.claim(14).await.unwrap();
    store.complete_work(&items[..1], at(15)).await.unwrap();
    store.fail_work(&items[1..], &failure("unreadable"), at(15)).await.unwrap();
    store.replay(ReplayTarget::Ids(&[EventId::new("e2")]), at(16)).await.unwrap();

    let keys = [user("u1", "", &[]).key, group("g1").key];
    store.record_states(&keys).await.unwrap();
    store.confirmed_records(&keys).await.unwrap();
    store.known_objects(&keys).await.unwrap();
    store.referrers(ObjectKind::Group, "g1").await.unwrap();
    store.count_referrers(ObjectKind::Group, "g1").await.unwrap();
    let changes = [
        staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 20),
        staged(ChangeKind::Create, group("g1"), 20),
    ];
    let run = env.run(&changes).await;
    store.add_listed_members(run, &GroupId::new("g1"), &[UserId::new("u1")]).await.unwrap();
    store.listed_groups_of(run, &[UserId::new("u1")]).await.unwrap();
    store.alias_owners(run, ObjectKind::User, &["ada".into()]).await.unwrap();
    store.as_staged_by(run, &keys).await.unwrap();
    store.staged(run, None, 10).await.unwrap();
    env.confirm(run).await;
    store.mark_for_resend(&keys[0], at(30)).await.unwrap();
}

#[tokio::test]
async fn hot_statements_use_indexes() {
    let statements = Statements::default();
    tracing::subscriber::set_global_default(Registry::default().with(statements.clone())).unwrap();
    let env = test_env().await;
    statements.0.lock().unwrap().clear();
    work(&env).await;
    let seen = statements.0.lock().unwrap().clone();
    let seen: Vec<_> = seen.into_iter().filter(|text| text.starts_with(['S', 'I', 'U', 'D', 'W'])).collect();
    assert!(seen.len() > 40, "only {} statements were seen", seen.len());

    let pool = SqlitePool::connect(&format!("sqlite://{}", env.path().display())).await.unwrap();
    let mut found = BTreeMap::new();
    for statement in &seen {
        // Recent removals, unreadable objects, and absent objects are few.
        let few = ["recent_removals SET", "FROM unreadable_objects", "absent_objects"];
        if few.iter().any(|few| statement.contains(few)) {
            continue;
        }
        let scans = scans(&pool, statement).await;
        if !scans.is_empty() {
            found.insert(statement, scans);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
