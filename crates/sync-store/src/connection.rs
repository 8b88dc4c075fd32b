//! The state of one connection. Each trait of the engine is implemented in the module with its SQL.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sqlx::{Sqlite, SqlitePool, Transaction};
use sync_engine::StoreError;

use crate::delivery_queue::Deliveries;

/// The state of one connection in a [`Store`](crate::Store).
#[derive(Debug, Clone)]
pub struct ConnectionStore {
    /// For reading.
    pub(crate) pool: SqlitePool,
    /// For writing: its one connection is waited for in turn.
    pub(crate) writer: SqlitePool,
    /// For all connections in the file, because they are stored together.
    pub(crate) deliveries: Arc<Deliveries>,
    /// True if an object may have been unblocked since [`SafeguardState::requeue_unblocked`] ran.
    ///
    /// [`SafeguardState::requeue_unblocked`]: sync_engine::SafeguardState::requeue_unblocked
    pub(crate) unblocked: Arc<AtomicBool>,
    pub(crate) id: i64,
}

impl ConnectionStore {
    pub(crate) fn new(pool: SqlitePool, writer: SqlitePool, deliveries: Arc<Deliveries>, id: i64) -> Self {
        Self { pool, writer, deliveries, unblocked: Arc::new(AtomicBool::new(true)), id }
    }

    /// A transaction that acquires the write lock immediately, so that it waits for other processes instead of failing
    /// halfway.
    pub(crate) async fn begin(
        &self,
        action: &'static str,
    ) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|e| StoreError::new(action, e))
    }
}
