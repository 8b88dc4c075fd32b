//! Numbers of readings that do not grow.

use std::path::Path;

use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// One number in ten is followed by smaller ones, as times are when a clock is set back.
const SETS_BACK: &str = "CREATE TRIGGER IF NOT EXISTS sets_back AFTER UPDATE OF last_seq ON connections
     WHEN abs(random()) % 10 = 0
     BEGIN UPDATE connections SET last_seq = max(0, last_seq - 100) WHERE id = new.id; END";

/// Has a store number its readings so.
pub(super) async fn disturb(store: &Path) {
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(store)).await.unwrap();
    sqlx::query(SETS_BACK).execute(&mut connection).await.unwrap();
}
