//! What a file is like before it is opened.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor, SqliteConnection};
use sync_store::{DatabaseState, Store};

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

#[tokio::test]
async fn looking_creates_nothing_and_opening_makes_it_current() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    assert_eq!(DatabaseState::of(&path).await, DatabaseState::Missing);
    assert!(!path.exists());
    Store::open(&path).await.unwrap().close().await;
    assert!(DatabaseState::of(&path).await.is_current());
    let nowhere = DatabaseState::of(&folder.path().join("none/state.db")).await;
    assert!(matches!(&nowhere, DatabaseState::Unusable(why) if why.contains("none")), "{nowhere:?}");
}

#[tokio::test]
async fn a_file_that_is_locked_old_new_or_something_else_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    Store::open(&path).await.unwrap().close().await;
    let mut other = connect(&path).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let locked = DatabaseState::of(&path).await;
    let DatabaseState::Locked { holder, is_readable: true } = locked else { panic!("{locked:?}") };
    if cfg!(target_os = "linux") {
        assert_eq!(holder.unwrap().pid, std::process::id());
    }
    other.execute("ROLLBACK").await.unwrap();

    other.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1").await.unwrap();
    assert_eq!(DatabaseState::of(&path).await, DatabaseState::Foreign, "a migration that is not known");
    other.execute("DELETE FROM _sqlx_migrations").await.unwrap();
    assert!(matches!(DatabaseState::of(&path).await, DatabaseState::Outdated { .. }));

    let text = folder.path().join("text.db");
    std::fs::write(&text, "no database, and long enough to be none: ".repeat(200)).unwrap();
    assert!(matches!(DatabaseState::of(&text).await, DatabaseState::Unusable(_)));
    let foreign = folder.path().join("foreign.db");
    connect(&foreign).await.execute("CREATE TABLE things (id INTEGER)").await.unwrap();
    assert_eq!(DatabaseState::of(&foreign).await, DatabaseState::Foreign);
}
