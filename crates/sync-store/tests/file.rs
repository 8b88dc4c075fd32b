//! The file of the store, and the connections in it.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use sync_engine::testing::samples::{ada, at, event};
use sync_engine::{
    EventFilter, EventHistory, EventInbox, ObjectAuditEntry, RetiredObjects, RunKind, RunReport, Runs,
};
use sync_model::{ConnectionName, EventId, RecordKey, UserId};
use sync_store::Store;

fn name(name: &str) -> ConnectionName {
    ConnectionName::try_from(name.to_owned()).unwrap()
}

#[tokio::test]
async fn content_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let name = name("main");
    let store = Store::open(&path).await.unwrap();
    store.connection(&name).await.unwrap().store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    store.close().await;
    let store = Store::open(&path).await.unwrap().connection(&name).await.unwrap();
    assert_eq!(store.event_queue_counts().await.unwrap().pending, 1);
}

#[tokio::test]
async fn other_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, only some text that is long enough to be looked at as a header")
        .unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert_eq!(error.to_string(), "the state store could not open its file");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("notes.txt"));
}

#[cfg(unix)]
#[tokio::test]
async fn store_file_is_private_to_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let _store = Store::open(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn connections_see_only_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let (main, other) =
        (store.connection(&name("main")).await.unwrap(), store.connection(&name("other")).await.unwrap());
    main.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let run = main.begin_run(RunKind::FullSync, at(0)).await.unwrap();
    main.end_run(run, &RunReport::default(), at(1)).await.unwrap();
    let entry = ObjectAuditEntry {
        occurred_at: at(2),
        action: "delete".into(),
        object: "user u1".into(),
        detail: String::new(),
    };
    main.delete_record(&RecordKey::user(&UserId::new("u1")), &entry).await.unwrap();
    let filter = EventFilter { limit: 100, ..EventFilter::default() };
    assert_eq!(main.find_events(&filter).await.unwrap().len(), 1);
    assert!(other.find_events(&filter).await.unwrap().is_empty());
    assert!(other.known_events(&[EventId::new("e1")]).await.unwrap().is_empty());
    assert!(main.run(run).await.unwrap().is_some() && other.run(run).await.unwrap().is_none());
    assert_eq!(main.audit(10).await.unwrap(), [entry]);
    assert!(other.audit(10).await.unwrap().is_empty());
}
