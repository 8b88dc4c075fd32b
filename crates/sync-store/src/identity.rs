//! The file that is open against the file that the path names, and its soundness.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use sync_engine::StoreError;
use tokio::sync::Mutex;

/// A store that must no longer be written: writes are lost, or damage another store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreLoss {
    /// The path no longer names a file.
    #[error("the state store {} was deleted or moved while it was open", .0.display())]
    Missing(PathBuf),
    /// The path names another file, or another store was copied into the file.
    #[error("the state store {} was replaced by another file while it was open", .0.display())]
    Replaced(PathBuf),
    /// The write-ahead log, which contains pages that aren't in the file yet, was deleted or replaced.
    #[error("the write-ahead log {} of the state store was deleted or replaced while it was open", .0.display())]
    LogLost(PathBuf),
    /// Another version of the program changed the tables.
    #[error("the tables of the state store {} were changed by another version while it was open", .0.display())]
    Migrated(PathBuf),
    /// The content is damaged.
    #[error("the state store {} is damaged: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first problem that SQLite found.
        problem: String,
    },
}

/// The file and the store in it, as they were when it was opened.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) path: PathBuf,
    pub(crate) file: Option<FileId>,
    pub(crate) id: String,
    pub(crate) log: WriteAheadLog,
}

/// The write-ahead log next to the file. The last connection that closes removes it, and the next one creates another:
/// one connection stays open as long as the store, and so does the log.
#[derive(Debug)]
pub(crate) struct WriteAheadLog {
    pub(crate) path: PathBuf,
    pub(crate) file: Option<FileId>,
    anchor: Mutex<Option<SqliteConnection>>,
}

/// The store is closed.
#[derive(Debug)]
pub(crate) struct Closed;

/// Device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId(u64, u64);

impl FileId {
    /// The file of these metadata; `None` where the system has no such numbers.
    #[cfg(unix)]
    pub fn of(metadata: &std::fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self(metadata.dev(), metadata.ino()))
    }

    /// The file of these metadata; `None` where the system has no such numbers.
    #[cfg(not(unix))]
    pub const fn of(_: &std::fs::Metadata) -> Option<Self> {
        None
    }
}

impl Identity {
    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) async fn of(path: &Path, options: &SqliteConnectOptions) -> Result<Self, StoreError> {
        let failed = |error: &dyn std::fmt::Display| {
            StoreError::new("open its file", format!("{}: {error}", path.display()))
        };
        let path_now = std::path::absolute(path).map_err(|e| failed(&e))?;
        let metadata = tokio::fs::metadata(&path_now).await.map_err(|e| failed(&e))?;
        let mut anchor = options.connect().await.map_err(|e| failed(&e))?;
        // Reading opens the log.
        let id = read_id(&mut anchor).await.map_err(|e| failed(&e))?;
        let log = WriteAheadLog::of(&path_now, anchor).await.map_err(|e| failed(&e))?;
        Ok(Self { path: path_now, file: FileId::of(&metadata), id: id.unwrap_or_default(), log })
    }

    /// Uses the connection that keeps the write-ahead log.
    ///
    /// # Errors
    /// When the store is closed.
    pub(crate) async fn on_anchor<T>(
        &self,
        work: impl AsyncFnOnce(&mut SqliteConnection) -> T,
    ) -> Result<T, Closed> {
        match &mut *self.log.anchor.lock().await {
            Some(anchor) => Ok(work(anchor).await),
            None => Err(Closed),
        }
    }

    /// Closes the connection that keeps the write-ahead log.
    pub(crate) async fn close(&self) {
        if let Some(anchor) = self.log.anchor.lock().await.take()
            && let Err(error) = anchor.close().await
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "the store did not close cleanly");
        }
    }
}

impl WriteAheadLog {
    async fn of(store: &Path, anchor: SqliteConnection) -> std::io::Result<Self> {
        // SQLite creates it next to the target of a link.
        let mut path = tokio::fs::canonicalize(store).await?.into_os_string();
        path.push("-wal");
        let path = PathBuf::from(path);
        let file = tokio::fs::metadata(&path).await.ok().as_ref().and_then(FileId::of);
        Ok(Self { path, file, anchor: Mutex::new(Some(anchor)) })
    }

    /// True if the open log is no longer the file at its path. A log that was missing at first is never lost.
    pub(crate) async fn is_lost(&self) -> bool {
        if self.file.is_none() {
            return false;
        }
        match tokio::fs::metadata(&self.path).await {
            Ok(metadata) => FileId::of(&metadata) != self.file,
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        }
    }
}

pub(crate) async fn read_id<'e>(
    executor: impl sqlx::Executor<'e, Database = sqlx::Sqlite>,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT id FROM store_identity LIMIT 1").fetch_optional(executor).await
}

/// The first problem that SQLite finds in the file.
pub(crate) async fn quick_check<'e>(
    executor: impl sqlx::Executor<'e, Database = sqlx::Sqlite>,
) -> sqlx::Result<Option<String>> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(executor).await?;
    Ok((found != "ok").then_some(found))
}

/// True for an error of SQLite about a damaged store: `SQLITE_CORRUPT` and `SQLITE_NOTADB`.
pub(crate) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error), Some(11 | 26))
}

/// True of an error whose cause is a damaged store.
pub fn is_damaged(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.filter_map(|cause| cause.downcast_ref()).any(is_damage)
}

/// True of `SQLITE_CORRUPT` alone: a file that is no database may never have been a store.
pub(crate) fn is_corrupt(error: &sqlx::Error) -> bool {
    code(error) == Some(11)
}

/// SQLite's primary result code.
pub(crate) fn code(error: &sqlx::Error) -> Option<i64> {
    error.as_database_error().and_then(|e| e.code()?.parse::<i64>().ok()).map(|code| code & 0xff)
}
