//! A store that another process writes to: reading goes on, writing waits and names the process.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor, SqliteConnection};
use sync_engine::ConfirmedRecords;
use sync_model::ConnectionName;
use sync_store::{OpenError, Store};

/// A connection of its own, as another process has.
async fn lock_for_writing(path: &Path) -> SqliteConnection {
    let mut other = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    other
}

#[tokio::test]
async fn reads_succeed_during_another_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let name = ConnectionName::try_from("main".to_owned()).unwrap();
    let store = Store::open(&path).await.unwrap();
    store.connection(&name).await.unwrap();
    store.close().await;

    let _other = lock_for_writing(&path).await;
    let reading = async {
        let store = Store::open(&path).await.unwrap();
        let connection = store.connection(&name).await.unwrap();
        assert_eq!(connection.object_counts().await.unwrap().len(), 0);
        assert_eq!(store.audit().entries(None, 1).await.unwrap(), []);
        store.back_up(&folder.path().join("copy.db")).await.unwrap();
    };
    // What waited for the other process would fail.
    reading.await;
}

#[tokio::test]
async fn busy_error_names_lock_holder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = Store::open(&path).await.unwrap();
    store.await_turn().await.unwrap();
    let mut other = lock_for_writing(&path).await;
    let turn = store.await_turn().await;
    let Err(OpenError::Busy(busy)) = turn else { panic!("{turn:?}") };
    assert_eq!(busy.path, path);
    if cfg!(target_os = "linux") {
        let holder = busy.holder.unwrap();
        assert_eq!((holder.pid, holder.is_stopped), (std::process::id(), false));
    }
    other.execute("ROLLBACK").await.unwrap();
    store.await_turn().await.unwrap();
}
