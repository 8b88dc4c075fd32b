//! SQLite keeps the promises of the state store.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use sync_model::ConnectionName;
use sync_store::{ConnectionStore, Store};
use tempfile::TempDir;

async fn open() -> (ConnectionStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let name = ConnectionName::try_from("main".to_owned()).unwrap();
    (store.connection(&name).await.unwrap(), folder)
}

sync_engine::state_store_conformance!(open);
