//! A store that is no longer what its path names, or that is damaged, is noticed.

#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::ConnectOptions;
use sync_engine::{Listings, RunKind, Runs};
use sync_model::GroupId;
use sync_store::{DatabaseState, Soundness, Store, StoreLoss};

struct Place {
    folder: tempfile::TempDir,
    path: PathBuf,
}

async fn opened() -> (Place, Store) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("state")).unwrap();
    let path = folder.path().join("state/state.db");
    let store = Store::open(&path).await.unwrap();
    (Place { folder, path }, store)
}

#[tokio::test]
async fn intact_store_passes_both_checks() {
    let (_place, store) = opened().await;
    assert_eq!(store.check_identity().await, Ok(()));
    assert_eq!(store.quick_check().await, Ok(()));
}

#[tokio::test]
async fn deleted_or_moved_store_is_detected() {
    let (place, store) = opened().await;
    std::fs::rename(place.folder.path().join("state"), place.folder.path().join("moved")).unwrap();
    assert!(matches!(store.check_identity().await, Err(StoreLoss::Missing(_))));
    std::fs::rename(place.folder.path().join("moved"), place.folder.path().join("state")).unwrap();
    assert_eq!(store.check_identity().await, Ok(()));
    std::fs::remove_file(&place.path).unwrap();
    assert!(matches!(store.check_identity().await, Err(StoreLoss::Missing(_))));
}

#[tokio::test]
async fn replaced_store_is_noticed() {
    let (place, store) = opened().await;
    let other = place.folder.path().join("other.db");
    Store::open(&other).await.unwrap().close().await;
    std::fs::rename(&other, &place.path).unwrap();
    assert!(matches!(store.check_identity().await, Err(StoreLoss::Replaced(_))));
}

fn log_of(path: &std::path::Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

#[tokio::test]
async fn deleted_write_ahead_log_is_noticed() {
    let (place, store) = opened().await;
    std::fs::remove_file(log_of(&place.path)).unwrap();
    let lost = store.check_identity().await.unwrap_err();
    assert!(matches!(&lost, StoreLoss::LogLost(log) if log.ends_with("state.db-wal")), "{lost:?}");
}

#[tokio::test]
async fn another_write_ahead_log_is_noticed() {
    let (place, store) = opened().await;
    std::fs::rename(log_of(&place.path), place.folder.path().join("moved")).unwrap();
    std::fs::copy(place.folder.path().join("moved"), log_of(&place.path)).unwrap();
    assert!(matches!(store.check_identity().await, Err(StoreLoss::LogLost(_))));
}

#[tokio::test]
async fn other_process_leaves_write_ahead_log() {
    let (place, store) = opened().await;
    for _ in 0..3 {
        // As another process, which has connections of its own.
        let other = Store::open(&place.path).await.unwrap();
        other.connection(&"main".to_owned().try_into().unwrap()).await.unwrap();
        other.close().await;
        assert_eq!(store.check_identity().await, Ok(()));
    }
    store.close().await;
    assert!(!log_of(&place.path).exists());
    assert_eq!(store.check_identity().await, Ok(()), "a closed store has no log");
}

#[cfg(unix)]
#[tokio::test]
async fn linked_store_has_its_log() {
    let (place, store) = opened().await;
    store.close().await;
    let link = place.folder.path().join("link.db");
    std::os::unix::fs::symlink(&place.path, &link).unwrap();
    let store = Store::open(&link).await.unwrap();
    assert_eq!(store.check_identity().await, Ok(()));
    std::fs::remove_file(log_of(&place.path)).unwrap();
    assert!(matches!(store.check_identity().await, Err(StoreLoss::LogLost(_))));
}

#[tokio::test]
async fn damaged_store_is_noticed() {
    let (place, store) = opened().await;
    store.close().await;
    let mut bytes = std::fs::read(&place.path).unwrap();
    let page = 4096;
    let last = bytes.len() - page;
    bytes[page * 3..last].fill(0xa5);
    std::fs::write(&place.path, bytes).unwrap();
    // Where it still opens, the check finds it; otherwise opening says so.
    if let Ok(store) = Store::open(&place.path).await {
        assert!(matches!(store.quick_check().await, Err(StoreLoss::Damaged { .. })));
    }
}

#[tokio::test]
async fn newer_version_is_noticed() {
    let (place, store) = opened().await;
    let mut other = sqlx::sqlite::SqliteConnectOptions::new().filename(&place.path).connect().await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'newer', 1, x'00', 0)",
    )
    .execute(&mut other)
    .await
    .unwrap();
    assert!(matches!(store.check_identity().await, Err(StoreLoss::Migrated(_))));
}

/// Flips the first half of a table's first page, as a bad disk may. Nothing reads it when a store opens.
async fn damage(path: &std::path::Path, table: &str) {
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
    let root: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_master WHERE name = ?1")
        .bind(table)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let page = 4096;
    let start = usize::try_from(root - 1).unwrap() * page;
    for byte in &mut bytes[start..start + page / 2] {
        *byte ^= 0xff;
    }
    std::fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn soundness_of_a_file_is_checked() {
    let (place, store) = opened().await;
    // Enough for a check to take some time.
    let connection = store.connection(&"main".to_owned().try_into().unwrap()).await.unwrap();
    let run = connection.begin_run(RunKind::FullSync, Timestamp::UNIX_EPOCH).await.unwrap();
    let groups: Vec<GroupId> = (0..2000).map(|n| GroupId::new(format!("00g{n}"))).collect();
    connection.add_listed_groups(run, &groups).await.unwrap();
    store.close().await;
    let limit = Duration::from_mins(1);
    assert_eq!(Soundness::of(&place.path, limit).await, Soundness::Sound);
    assert_eq!(Soundness::of(&place.path, Duration::ZERO).await, Soundness::Unfinished);
    let missing = Soundness::of(&place.folder.path().join("none.db"), limit).await;
    assert!(matches!(missing, Soundness::Unread(_)), "{missing:?}");
    damage(&place.path, "audit_log").await;
    assert!(DatabaseState::of(&place.path).await.is_current(), "what is looked at first is sound");
    let damaged = Soundness::of(&place.path, limit).await;
    assert!(matches!(damaged, Soundness::Damaged { .. }), "{damaged:?}");
}
