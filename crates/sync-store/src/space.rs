//! Space of the file that nothing uses any more, which goes back to the file system.

use sqlx::SqlitePool;

/// Free pages that the file keeps for what comes next: 4 MiB.
const KEPT: i64 = 1024;

/// The most pages that one write moves, so that other writes get their turn: 8 MiB.
const STEP: i64 = 2048;

/// Has a file give its free pages back from now on. Files of earlier versions are written anew once.
pub(crate) async fn prepare(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let gives_back: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(writer).await?;
    if gives_back == 0 {
        tracing::info!("the store is written anew once, so that it gives its free space back");
        let mut connection = writer.acquire().await?;
        sqlx::query("PRAGMA auto_vacuum = INCREMENTAL").execute(&mut *connection).await?;
        sqlx::query("VACUUM").execute(&mut *connection).await?;
    }
    Ok(())
}

/// Gives back what the file does not keep.
pub(crate) async fn give_back(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut left = i64::MAX;
    loop {
        let free: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(writer).await?;
        // A file that cannot give anything back is left as it is.
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
