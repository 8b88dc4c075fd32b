//! Unused space of the file, which is returned to the file system.

use sqlx::SqlitePool;

/// Free pages that the file keeps for reuse: 4 MiB.
const KEPT: i64 = 1024;

/// The most pages that one write moves, so that other writes get their turn: 8 MiB.
const STEP: i64 = 2048;

/// Returns the other free pages.
pub(crate) async fn give_back(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut left = i64::MAX;
    loop {
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(writer).await?;
        // If the file can't shrink, it stays unchanged.
        if free <= KEPT || free >= left {
            return Ok(());
        }
        left = free;
        let step = (free - KEPT).min(STEP);
        sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA incremental_vacuum({step})")))
            .execute(writer)
            .await?;
    }
}
