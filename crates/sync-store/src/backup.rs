//! A copy of the store, created while it is in use.

use std::io::ErrorKind;
use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sync_engine::StoreError;
use tempfile::NamedTempFile;

use crate::identity::quick_check;
use crate::sqlite::Store;

const ACTION: &str = "back the store up";

impl Store {
    /// Copies the store into a new file that only its owner can read, while processes work with it. Returns the size of
    /// the copy in bytes.
    ///
    /// The copy doesn't contain later confirmations: it marks all records for resend, so that a process that starts
    /// with it reads and resends everything.
    ///
    /// # Errors
    /// When the file exists already or can't be written, or the copy is damaged. The file exists only once the copy is
    /// complete.
    pub async fn back_up(&self, target: &Path) -> Result<u64, StoreError> {
        let failed =
            |error: &dyn std::fmt::Display| StoreError::new(ACTION, format!("{}: {error}", target.display()));
        let exists = || failed(&"the file exists already");
        if target.exists() {
            return Err(exists());
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Readable by its owner only, and deleted unless it is persisted.
        let copy = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(|e| failed(&e))?;
        let path = copy.path().to_str().ok_or_else(|| failed(&"the name of its folder is not UTF-8"))?;
        sqlx::query("VACUUM INTO ?1").bind(path).execute(&self.pool).await.map_err(|e| failed(&e))?;
        if let Some(problem) = finish_copy(copy.path()).await.map_err(|e| failed(&e))? {
            return Err(failed(&format_args!("the copy is damaged: {problem}")));
        }
        let kept = copy.persist_noclobber(target).map_err(|e| match e.error.kind() {
            ErrorKind::AlreadyExists => exists(),
            _ => failed(&e.error),
        })?;
        kept.sync_all().and_then(|()| kept.metadata()).map(|file| file.len()).map_err(|e| failed(&e))
    }
}

/// Marks the records of a copy for resend. Returns the first problem of the file, if it has one.
async fn finish_copy(copy: &Path) -> sqlx::Result<Option<String>> {
    let mut copy = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(copy)).await?;
    // Without a stored place, the confirmations may belong to any place.
    sqlx::query("UPDATE connections SET place = ''").execute(&mut copy).await?;
    let problem = quick_check(&mut copy).await?;
    copy.close().await?;
    Ok(problem)
}
