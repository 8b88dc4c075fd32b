//! A check of a store's whole content, within a time limit.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::time::Instant;

use crate::identity::{code, is_damage, quick_check};

/// The steps of SQLite between two readings of the clock.
const STEPS: i32 = 1000;

/// The time beyond its limit after which a check is abandoned: a file system that doesn't respond can't be interrupted.
const GRACE: Duration = Duration::from_secs(2);

/// The outcome of a check of a store's whole content.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Soundness {
    /// SQLite finds no damage.
    Sound,
    /// The content is damaged.
    Damaged {
        /// The first problem that SQLite found.
        problem: String,
    },
    /// The time did not suffice.
    Unfinished,
    /// The file cannot be read.
    Unread(String),
}

impl Soundness {
    /// Runs SQLite's check of a file's content, which changes nothing, with a time limit.
    pub async fn of(path: &Path, limit: Duration) -> Self {
        match tokio::time::timeout(limit + GRACE, check(path, limit)).await {
            Err(_) => Self::Unfinished,
            Ok(Ok(None)) => Self::Sound,
            Ok(Ok(Some(problem))) => Self::Damaged { problem },
            Ok(Err(error)) if is_damage(&error) => Self::Damaged { problem: error.to_string() },
            // SQLITE_BUSY and SQLITE_INTERRUPT.
            Ok(Err(error)) if matches!(code(&error), Some(5 | 9)) => Self::Unfinished,
            Ok(Err(error)) => Self::Unread(error.to_string()),
        }
    }
}

async fn check(path: &Path, limit: Duration) -> sqlx::Result<Option<String>> {
    let end = Instant::now() + limit;
    let mut connection: SqliteConnection =
        SqliteConnectOptions::new().filename(path).busy_timeout(limit).connect().await?;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < end);
    let found = quick_check(&mut connection).await;
    // A check that was interrupted leaves nothing to close but the file.
    let closed = connection.close().await;
    let found = found?;
    closed.map(|()| found)
}
