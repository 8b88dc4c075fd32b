//! One sending process per connection.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sync_engine::StoreError;
use sync_model::ConnectionName;

use crate::identity::FileId;

/// The error of acquiring a lock.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process sends for this connection.
    #[error("another process runs connection `{0}`")]
    AnotherLeader(String),
    /// The file can't be locked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Held while a process sends; the operating system releases it when the process ends in any way.
#[derive(Debug)]
pub struct LeaderLock {
    file: File,
    path: PathBuf,
}

/// The number of attempts to acquire a lock that another process holds, with a pause between them: a process that only
/// checks for a leader holds it briefly.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

impl LeaderLock {
    /// As [`Self::acquire`], but waits for another process that releases it soon.
    ///
    /// # Errors
    /// As [`Self::acquire`].
    pub async fn acquire_with_retries(store: &Path, connection: &ConnectionName) -> Result<Self, LockError> {
        for _ in 1..TRIES {
            match Self::acquire(store, connection) {
                Err(LockError::AnotherLeader(_)) => tokio::time::sleep(PAUSE).await,
                result => return result,
            }
        }
        Self::acquire(store, connection)
    }

    /// Acquires the right to send for a connection. The lock is a file next to the store.
    ///
    /// # Errors
    /// When another process has it, or the file can't be locked.
    pub fn acquire(store: &Path, connection: &ConnectionName) -> Result<Self, LockError> {
        let path = beside(store, connection, "lock");
        let failed =
            |e: std::io::Error| StoreError::new("lock the connection", format!("{}: {e}", path.display()));
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file, path }),
            Err(TryLockError::WouldBlock) => Err(LockError::AnotherLeader(connection.to_string())),
            Err(TryLockError::Error(error)) => Err(failed(error).into()),
        }
    }

    /// True if the locked file is still at its path. If that can't be determined, true as well.
    pub fn is_in_place(&self) -> bool {
        match (std::fs::metadata(&self.path), self.file.metadata()) {
            (Ok(there), Ok(held)) => FileId::of(&there) == FileId::of(&held),
            (Err(error), _) => error.kind() != std::io::ErrorKind::NotFound,
            _ => true,
        }
    }
}

/// The socket at which the leader of a connection serves the admin API to this host: a file next to the store. Only the
/// process that holds the [`LeaderLock`] of the connection may create or replace it.
pub fn socket_path(store: &Path, connection: &ConnectionName) -> PathBuf {
    beside(store, connection, "sock")
}

/// A file of a connection, next to the store. A link to the store has the files of its target.
fn beside(store: &Path, connection: &ConnectionName, extension: &str) -> PathBuf {
    let target = store.is_symlink().then(|| store.canonicalize().ok()).flatten();
    let store = target.as_deref().unwrap_or(store);
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{connection}.{extension}"));
    store.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn linked_store_has_one_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (store, link) = (folder.path().join("c.db"), folder.path().join("link.db"));
        std::fs::write(&store, "").unwrap();
        std::os::unix::fs::symlink(&store, &link).unwrap();
        let main = ConnectionName::try_from("main".to_owned()).unwrap();
        let _held = LeaderLock::acquire(&link, &main).unwrap();
        assert!(matches!(LeaderLock::acquire(&store, &main), Err(LockError::AnotherLeader(_))));
    }
}
