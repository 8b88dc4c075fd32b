//! Everything that grows ends some time, and its space goes back to the file system.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use sync_engine::{ChangeKind, Listings, RunKind, Runs, StagedChanges, SyncCheckpoint, SyncMode};
use sync_model::{GroupId, RunId, UserId};

use support::{TestEnv, at, reading, staged, test_env, user};

const DAY: i64 = 24 * 60 * 60;

/// A run that was cut off in the middle of its pass, with rows of every kind that a run leaves.
async fn cut_off(env: &TestEnv, kind: RunKind, second: i64) -> RunId {
    let run = env.store.begin_run(kind, at(second)).await.unwrap();
    env.store
        .save_checkpoint(run, &SyncCheckpoint::new(SyncMode::Full, reading(second), "m1"))
        .await
        .unwrap();
    let change = staged(ChangeKind::Create, user("u1", "a", &[]), second);
    env.store
        .stage(run, std::slice::from_ref(&change.record.key), std::slice::from_ref(&change))
        .await
        .unwrap();
    env.store.add_listed_groups(run, &[GroupId::new("g1")]).await.unwrap();
    env.store.add_listed_members(run, &GroupId::new("g1"), &[UserId::new("u1")]).await.unwrap();
    run
}

/// The runs with rows of their own, in order.
async fn runs_with_rows(env: &TestEnv) -> Vec<i64> {
    let mut file = connect(env).await;
    let rows = "SELECT run_id FROM staged_changes UNION SELECT run_id FROM listed_groups
                UNION SELECT run_id FROM listed_members UNION SELECT run_id FROM run_objects ORDER BY run_id";
    sqlx::query_scalar(rows).fetch_all(&mut file).await.unwrap()
}

async fn connect(env: &TestEnv) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", env.path().display())).await.unwrap()
}

#[tokio::test]
async fn interrupted_plans_are_deleted() {
    let env = test_env().await;
    let plan = cut_off(&env, RunKind::Plan, 0).await;
    env.store.mark_runs_interrupted(at(DAY / 2)).await.unwrap();
    assert_eq!(runs_with_rows(&env).await, [plan.get()], "its process may be at work");
    env.store.mark_runs_interrupted(at(2 * DAY)).await.unwrap();
    assert_eq!(runs_with_rows(&env).await, [0; 0]);

    // A daemon that is never started again goes by its housekeeping.
    cut_off(&env, RunKind::Plan, 0).await;
    env.store.delete_expired(at(DAY)).await.unwrap();
    assert_eq!(runs_with_rows(&env).await, [0; 0]);
}

#[tokio::test]
async fn newest_checkpoint_alone_is_resumable() {
    let env = test_env().await;
    cut_off(&env, RunKind::FullSync, 0).await;
    let newest = cut_off(&env, RunKind::FullSync, 1).await;
    env.store.mark_runs_interrupted(at(2)).await.unwrap();
    assert_eq!(runs_with_rows(&env).await, [newest.get()]);
    assert_eq!(env.store.resumable_checkpoint().await.unwrap().map(|(run, _)| run), Some(newest));
}

/// Two thousand users with a description of 10 KB.
async fn large_run(env: &TestEnv) -> RunId {
    let run = env.store.begin_run(RunKind::FullSync, at(0)).await.unwrap();
    for lot in 0..20 {
        let changes: Vec<_> = (0..100)
            .map(|n| {
                let mut record = user(&format!("u{lot}x{n}"), "a", &[]);
                record.fields.insert("description".into(), json!("x".repeat(10_000)));
                staged(ChangeKind::Create, record, 0)
            })
            .collect();
        env.store.stage(run, &[], &changes).await.unwrap();
    }
    run
}

#[tokio::test]
async fn space_of_a_run_goes_back() {
    let env = test_env().await;
    let run = large_run(&env).await;
    let mut file = connect(&env).await;
    let mut pages = async |which: &str| -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("PRAGMA {which}"))).fetch_one(&mut file).await.unwrap()
    };
    let full = pages("page_count").await;
    assert!(full > 5_000, "{full}");
    env.store.end_run(run, &sync_engine::RunReport::default(), at(1)).await.unwrap();
    let (left, free) = (pages("page_count").await, pages("freelist_count").await);
    assert!(left < full / 4 && free <= 1024, "{left} of {full} pages, {free} free");
}
