//! The numbers that order readings and writes.

use sqlx::{Sqlite, Transaction};

/// The statement for the next number. Readings and writes have one sequence.
pub(crate) const NEXT: &str =
    "UPDATE connections SET last_seq = last_seq + 1 WHERE id = ?1 RETURNING last_seq";

/// The number of a write that changes events. Numbers grow in the order in which writes become visible.
pub(crate) async fn next_change(
    connection: i64,
    tx: &mut Transaction<'_, Sqlite>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(NEXT).bind(connection).fetch_one(&mut **tx).await
}
