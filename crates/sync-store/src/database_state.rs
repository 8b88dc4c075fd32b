//! The state of the file before it is opened: nothing is created, migrated, or written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::holder::{Holder, is_busy};
use crate::identity::is_corrupt;
use crate::sqlite::MIGRATOR;

/// The state of a state store's file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseState {
    /// There is no file, and its folder is writable.
    Missing,
    /// Current, and writable.
    Current {
        /// The migrations that were applied.
        migrations: usize,
    },
    /// It lacks migrations, and is writable.
    Outdated {
        /// The number of missing migrations.
        lacking: usize,
    },
    /// A newer version, or another program, has changed it.
    Foreign,
    /// Another process locks it.
    Locked {
        /// The process, if the system names it.
        holder: Option<Holder>,
        /// True if the file can be read, and is current.
        is_readable: bool,
    },
    /// Its content is damaged.
    Damaged {
        /// The first problem that SQLite found.
        problem: String,
    },
    /// It cannot be read or written, or is no SQLite file.
    Unusable(String),
}

impl DatabaseState {
    /// The time that another process may hold the file: its transactions are short.
    pub const PATIENCE: Duration = Duration::from_secs(3);

    /// Reads the state of the file.
    pub async fn of(path: &Path) -> Self {
        match tokio::fs::metadata(path).await {
            Ok(_) => match read_state(path).await {
                Ok(condition) => condition,
                Err(error) => failed_state(path, &error),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => missing(path).await,
            Err(error) => Self::Unusable(error.to_string()),
        }
    }

    /// True if the store can be opened without any change.
    pub const fn is_current(&self) -> bool {
        matches!(self, Self::Current { .. })
    }
}

/// SQLite creates files next to the store, so the folder must be writable in any case.
async fn missing(path: &Path) -> DatabaseState {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match tokio::fs::metadata(folder).await {
        Ok(folder) if folder.is_dir() && !folder.permissions().readonly() => DatabaseState::Missing,
        Ok(_) => DatabaseState::Unusable(format!("{} is not a writable folder", folder.display())),
        Err(error) => DatabaseState::Unusable(format!("{}: {error}", folder.display())),
    }
}

async fn read_state(path: &Path) -> sqlx::Result<DatabaseState> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(DatabaseState::PATIENCE);
    let mut connection = options.connect().await?;
    let condition = judge(&mut connection, path).await;
    connection.close().await?;
    condition
}

async fn judge(connection: &mut SqliteConnection, path: &Path) -> sqlx::Result<DatabaseState> {
    let condition = judge_tables(connection).await?;
    // Acquires the write lock and writes nothing.
    match connection.execute("BEGIN IMMEDIATE").await {
        Ok(_) => {}
        Err(error) if is_busy(&error) => return Ok(locked(path, condition.is_current())),
        Err(error) => return Err(error),
    }
    connection.execute("ROLLBACK").await?;
    Ok(condition)
}

async fn judge_tables(connection: &mut SqliteConnection) -> sqlx::Result<DatabaseState> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(&mut *connection)
        .await?;
    let known: BTreeMap<i64, &[u8]> = MIGRATOR.iter().map(|m| (m.version, m.checksum.as_ref())).collect();
    if !tables.iter().any(|table| table == "_sqlx_migrations") {
        let condition = if tables.is_empty() {
            DatabaseState::Outdated { lacking: known.len() }
        } else {
            DatabaseState::Foreign
        };
        return Ok(condition);
    }
    let applied: Vec<(i64, Vec<u8>, bool)> =
        sqlx::query_as("SELECT version, checksum, success FROM _sqlx_migrations")
            .fetch_all(connection)
            .await?;
    let ours = applied.iter().all(|(version, checksum, success)| {
        *success && known.get(version).is_some_and(|known| *known == checksum.as_slice())
    });
    Ok(match known.len().saturating_sub(applied.len()) {
        _ if !ours => DatabaseState::Foreign,
        0 => DatabaseState::Current { migrations: applied.len() },
        lacking => DatabaseState::Outdated { lacking },
    })
}

fn locked(path: &Path, is_readable: bool) -> DatabaseState {
    DatabaseState::Locked { holder: Holder::of(path), is_readable }
}

fn failed_state(path: &Path, error: &sqlx::Error) -> DatabaseState {
    if is_busy(error) {
        return locked(path, false);
    }
    if is_corrupt(error) {
        return DatabaseState::Damaged { problem: error.to_string() };
    }
    match error.as_database_error() {
        Some(error) => DatabaseState::Unusable(error.message().to_owned()),
        None => DatabaseState::Unusable(error.to_string()),
    }
}
