//! The file.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqlitePool};
use sync_engine::StoreError;
use sync_model::ConnectionName;
use tokio::sync::Notify;

use crate::access::AccessStore;
use crate::audit::AuditLog;
use crate::changes::{ChangeSignal, CommitWatch};
use crate::connection::ConnectionStore;
use crate::delivery_queue::Deliveries;
use crate::holder::{Holder, StoreBusy, is_busy};
use crate::identity::{Identity, StoreLoss, is_corrupt};

/// The migrations to this version.
pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// The time that a write waits for another process.
const BUSY: Duration = Duration::from_secs(20);

/// Bytes of the file system that the write-ahead log may keep after a checkpoint.
const JOURNAL: u32 = 16 << 20;

/// The time that closing waits for active statements.
const CLOSE: Duration = Duration::from_secs(1);

/// A store that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be read or written, or comes from a newer version.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The content of the file is lost.
    #[error(transparent)]
    Lost(#[from] StoreLoss),
    /// Another process holds the file locked.
    #[error(transparent)]
    Busy(#[from] StoreBusy),
}

/// The state store of any number of connections, in one SQLite file.
#[derive(Debug, Clone)]
pub struct Store {
    /// For reading.
    pub(crate) pool: SqlitePool,
    /// For writing. SQLite permits one write at a time and makes others retry; here they queue.
    pub(crate) writer: SqlitePool,
    pub(crate) deliveries: Arc<Deliveries>,
    pub(crate) identity: Arc<Identity>,
    changes: ChangeSignal,
    _watch: Arc<CommitWatch>,
}

impl Store {
    /// Opens the file, creating and migrating it as needed. A file that needs neither is not written: it opens while
    /// another process writes.
    ///
    /// # Errors
    /// When the file is damaged or no SQLite file, cannot be written, or comes from a newer version.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        create_private(path).map_err(|error| opening(path, error))?;
        let is_new = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
        let failed = |error: sqlx::Error| {
            if is_corrupt(&error) {
                return StoreLoss::Damaged { path: path.to_owned(), problem: error.to_string() }.into();
            }
            if is_busy(&error) {
                return busy(path).into();
            }
            OpenError::Store(opening(path, error))
        };
        let mut options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("journal_size_limit", JOURNAL.to_string())
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        if is_new {
            // Writes, also where nothing changes.
            options = options.auto_vacuum(SqliteAutoVacuum::Incremental);
        }
        let written = Arc::new(Notify::new());
        let pool = async |connections, released: Option<Arc<Notify>>| {
            let pool = SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(BUSY)
                // On a full disk or I/O error, SQLite ends the transaction; sqlx still counts it as open.
                .before_acquire(|connection, _| {
                    let clean = !connection.is_in_transaction();
                    Box::pin(async move { Ok(clean) })
                })
                .after_release(move |_, _| {
                    if let Some(released) = &released {
                        released.notify_one();
                    }
                    Box::pin(async { Ok(true) })
                });
            pool.connect_with(options.clone()).await.map_err(failed)
        };
        let writer = pool(1, Some(Arc::clone(&written))).await?;
        MIGRATOR.run(&writer).await.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
                if is_corrupt(&error) || is_busy(&error) =>
            {
                failed(error)
            }
            error => StoreError::new("bring its file up to date", error).into(),
        })?;
        let pool = pool(4, None).await?;
        let identity = Arc::new(Identity::of(path, &options).await?);
        let changes = ChangeSignal::default();
        let watch = CommitWatch::start(Arc::clone(&identity), written, changes.clone()).await;
        Ok(Self { pool, writer, deliveries: Arc::default(), identity, changes, _watch: Arc::new(watch) })
    }

    /// The signal for changes: commits of any process, and what this process signals beside them.
    pub const fn changes(&self) -> &ChangeSignal {
        &self.changes
    }

    /// The state of one connection; it is created at the first call.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub async fn connection(&self, name: &ConnectionName) -> Result<ConnectionStore, StoreError> {
        if let Some(known) = self.known_connection(name).await? {
            return Ok(known);
        }
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO connections (name) VALUES (?1) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id",
        )
        .bind(name.as_str())
        .fetch_one(&self.writer)
        .await
        .map_err(|e| StoreError::new("register the connection", e))?;
        Ok(self.connection_by_id(id))
    }

    /// The state of a connection that was registered before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn known_connection(
        &self,
        name: &ConnectionName,
    ) -> Result<Option<ConnectionStore>, StoreError> {
        let id: Option<i64> = sqlx::query_scalar("SELECT id FROM connections WHERE name = ?1")
            .bind(name.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| StoreError::new("look up the connection", e))?;
        Ok(id.map(|id| self.connection_by_id(id)))
    }

    fn connection_by_id(&self, id: i64) -> ConnectionStore {
        ConnectionStore::new(self.pool.clone(), self.writer.clone(), Arc::clone(&self.deliveries), id)
    }

    /// Waits until no other process writes. Nothing is written.
    ///
    /// # Errors
    /// When another process locks the file for the whole time that a write waits, or the store fails.
    pub async fn await_turn(&self) -> Result<(), OpenError> {
        let failed = |error| {
            if is_busy(&error) {
                return OpenError::Busy(busy(self.identity.path()));
            }
            StoreError::new("lock its file", error).into()
        };
        let turn = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        turn.rollback().await.map_err(failed)
    }

    /// Access to the console.
    pub fn access(&self) -> AccessStore {
        AccessStore::new(self.pool.clone(), self.writer.clone())
    }

    /// The audit log.
    pub fn audit(&self) -> AuditLog {
        AuditLog::new(self.pool.clone(), self.writer.clone())
    }

    /// Waits briefly for active statements and closes the file. A statement that waits for another process is
    /// abandoned: its transaction was not committed.
    pub async fn close(&self) {
        let closed = async {
            self.pool.close().await;
            self.writer.close().await;
            self.identity.close().await;
        };
        // Nothing is left to do, whether or not the time sufficed.
        let _ = tokio::time::timeout(CLOSE, closed).await;
    }
}

fn busy(path: &Path) -> StoreBusy {
    StoreBusy { path: path.to_owned(), holder: Holder::of(path), waited: BUSY }
}

fn opening(path: &Path, error: impl std::fmt::Display) -> StoreError {
    StoreError::new("open its file", format!("{}: {error}", path.display()))
}

/// Creates the file for its owner only; SQLite uses the same permissions for its side files.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn log_outlives_pooled_connections() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.db")).await.unwrap();
        // Like pools do with idle or old connections.
        store.pool.close().await;
        store.writer.close().await;
        let log = folder.path().join("state.db-wal");
        assert!(log.exists());
        store.close().await;
        assert!(!log.exists());
    }

    #[tokio::test]
    async fn full_disk_breaks_no_later_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.db")).await.unwrap();
        let name = ConnectionName::try_from("main".to_owned()).unwrap();
        let connection = store.connection(&name).await.unwrap();
        // While this connection is open, the file must not grow.
        sqlx::query("PRAGMA max_page_count = 1").execute(&store.writer).await.unwrap();
        let write = async || {
            let mut tx = connection.begin("fill").await?;
            let filled = sqlx::query(
                "INSERT INTO object_audit_log (connection_id, occurred_at, action, object, detail) VALUES (1, 0, '', '', ?1)",
            )
            .bind("x".repeat(1 << 20))
            .execute(&mut *tx)
            .await;
            filled.map_err(|e| StoreError::new("fill", e))?;
            tx.commit().await.map_err(|e| StoreError::new("fill", e))
        };
        write().await.unwrap_err();
        write().await.unwrap();
    }
}
