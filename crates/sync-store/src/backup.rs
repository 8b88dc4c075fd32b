//! A copy of the store, made while it is in use.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sync_engine::StoreError;

use crate::Store;
use crate::identity::quick_check;

const ACTION: &str = "back the store up";

impl Store {
    /// Copies the store into a new file that its owner alone may read, while processes work with it. Gives the size of the
    /// copy in bytes.
    ///
    /// The copy does not know what reached Assets after it was made: in it, every confirmation is in doubt, so that a
    /// process that begins with it reads everything and sends it again.
    ///
    /// # Errors
    /// When the file exists already, cannot be written, or the copy turns out to be damaged. No file is left then, except
    /// one that existed.
    pub async fn back_up(&self, target: &Path) -> Result<u64, StoreError> {
        let failed =
            |error: &dyn std::fmt::Display| StoreError::new(ACTION, format!("{}: {error}", target.display()));
        let file = target.to_str().ok_or_else(|| failed(&"the file name is not UTF-8"))?;
        create_new(target).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => failed(&"the file exists already"),
            _ => failed(&error),
        })?;
        let copied = async {
            sqlx::query("VACUUM INTO ?1").bind(file).execute(&self.pool).await?;
            settle(target).await
        };
        let size = async {
            if let Some(problem) = copied.await.map_err(|e| failed(&e))? {
                return Err(failed(&format_args!("the copy is damaged: {problem}")));
            }
            tokio::fs::metadata(target).await.map(|metadata| metadata.len()).map_err(|e| failed(&e))
        };
        let size = size.await;
        if size.is_err() {
            // The first error tells more than a second one.
            let _ = tokio::fs::remove_file(target).await;
        }
        size
    }
}

/// Doubts the confirmations of a copy. Gives the first problem of the file, if it has one.
async fn settle(copy: &Path) -> sqlx::Result<Option<String>> {
    let mut copy = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(copy)).await?;
    // Without a place, what was confirmed was confirmed anywhere.
    sqlx::query("UPDATE connections SET place = ''").execute(&mut copy).await?;
    let problem = quick_check(&mut copy).await?;
    copy.close().await?;
    Ok(problem)
}

fn create_new(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
