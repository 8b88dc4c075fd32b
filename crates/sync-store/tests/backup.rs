//! Backups: made beside a process that writes, private, and in doubt about what was confirmed.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use sync_engine::{Place, PlaceState};
use sync_model::ConnectionName;
use sync_store::Store;

fn main_connection() -> ConnectionName {
    ConnectionName::try_from("main".to_owned()).unwrap()
}

#[tokio::test]
async fn backup_doubts_every_confirmation() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let connection = store.connection(&main_connection()).await.unwrap();
    connection.save_place(&Place::default(), None, None, Timestamp::UNIX_EPOCH).await.unwrap();
    let copy = folder.path().join("copy.db");
    let size = store.back_up(&copy).await.unwrap();
    let metadata = std::fs::metadata(&copy).unwrap();
    assert_eq!(metadata.len(), size);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777, 0o600);

    let copy = Store::open(&copy).await.unwrap();
    assert_eq!(copy.connection(&main_connection()).await.unwrap().place().await.unwrap(), None);
    assert!(connection.place().await.unwrap().is_some(), "the store itself stays as it was");
    copy.quick_check().await.unwrap();
}

#[tokio::test]
async fn backup_overwrites_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::write(&copy, "precious").unwrap();
    let error = store.back_up(&copy).await.unwrap_err();
    assert!(with_causes(&error).contains("exists already"), "{error:?}");
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "precious");
    let nowhere = folder.path().join("nowhere/copy.db");
    assert!(store.back_up(&nowhere).await.is_err());
}

/// An error with its causes.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
