//! The state of a file before it is opened.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor, SqliteConnection};
use sync_engine::PlaceState;
use sync_store::{DatabaseState, OpenError, Store};

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

#[tokio::test]
async fn check_creates_nothing() {
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
async fn database_states_are_told_apart() {
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
    assert_eq!(DatabaseState::of(&path).await, DatabaseState::Foreign, "an unknown migration");
    other.execute("DELETE FROM _sqlx_migrations").await.unwrap();
    assert!(matches!(DatabaseState::of(&path).await, DatabaseState::Outdated { lacking: 1 }));

    let text = folder.path().join("text.db");
    std::fs::write(&text, "no database, and long enough to be none: ".repeat(200)).unwrap();
    assert!(matches!(DatabaseState::of(&text).await, DatabaseState::Unusable(_)));
    let foreign = folder.path().join("foreign.db");
    connect(&foreign).await.execute("CREATE TABLE things (id INTEGER)").await.unwrap();
    assert_eq!(DatabaseState::of(&foreign).await, DatabaseState::Foreign);
}

/// Adds a migration of a newer version.
const NEWER: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
    VALUES (9999, 'newer', 1, x'00', 0)";

#[tokio::test]
async fn newer_store_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let name = "main".to_owned().try_into().unwrap();
    let store = Store::open(&path).await.unwrap();
    store.connection(&name).await.unwrap().set_scope_version("v1").await.unwrap();
    store.close().await;
    let mut other = connect(&path).await;
    other.execute(NEWER).await.unwrap();

    assert_eq!(DatabaseState::of(&path).await, DatabaseState::Foreign);
    assert!(matches!(Store::open(&path).await, Err(OpenError::Store(_))));

    other.execute("DELETE FROM _sqlx_migrations WHERE version = 9999").await.unwrap();
    assert!(DatabaseState::of(&path).await.is_current());
    let store = Store::open(&path).await.unwrap();
    let connection = store.known_connection(&name).await.unwrap().unwrap();
    assert_eq!(connection.scope_version().await.unwrap(), "v1");
}
