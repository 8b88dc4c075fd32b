//! Safeguards over time: recent removals and blocked objects.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Sqlite, Transaction};
use sync_engine::{
    Finding, PlannedRemovals, SafeguardMinimums, SafeguardState, StoreError, ViolatingChanges, WorkItem,
};
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{keys_json, millis, to_json};
use crate::{events, removals, work_queue};

#[async_trait]
impl SafeguardState for ConnectionStore {
    async fn planned_removals(
        &self,
        run: RunId,
        handful: SafeguardMinimums,
        since: Timestamp,
    ) -> Result<PlannedRemovals, StoreError> {
        removals::count(self, run, handful, since).await
    }

    async fn date_losses(&self, now: Timestamp) -> Result<(), StoreError> {
        removals::date(self, now).await
    }

    async fn recently_retired_objects(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<ObjectKind, u64>, StoreError> {
        removals::recently_retired(self, None, since).await
    }

    async fn unstage(&self, run: RunId, changes: &ViolatingChanges) -> Result<Vec<RecordKey>, StoreError> {
        removals::unstage(self, run, changes).await
    }

    async fn block(
        &self,
        objects: &[RecordKey],
        work: &[WorkItem],
        finding: &Finding,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "block objects";
        let failed = |e| StoreError::new(ACTION, e);
        let finding = to_json(ACTION, finding)?;
        let mut tx = self.begin(ACTION).await?;
        sqlx::query(
            "INSERT INTO blocked_objects (connection_id, kind, id, finding, blocked_at)
             SELECT ?1, k.value ->> 0, k.value ->> 1, ?3, ?4 FROM json_each(?2) k WHERE true
             ON CONFLICT (connection_id, kind, id) DO UPDATE SET finding = excluded.finding",
        )
        .bind(self.id)
        .bind(keys_json(objects))
        .bind(&finding)
        .bind(millis(now))
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        work_queue::close(self, &mut tx, work, "blocked", Some(&finding), now).await.map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn requeue_blocked(&self, now: Timestamp) -> Result<u64, StoreError> {
        events::requeue_blocked(self, now).await
    }

    async fn requeue_unblocked(&self, now: Timestamp) -> Result<u64, StoreError> {
        events::requeue_unblocked(self, now).await
    }

    async fn release_blocked(&self) -> Result<(), StoreError> {
        const ACTION: &str = "release blocked objects";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        for statement in [
            "DELETE FROM recent_removals WHERE connection_id = ?1",
            "DELETE FROM blocked_objects WHERE connection_id = ?1",
        ] {
            sqlx::query(statement).bind(self.id).execute(&mut *tx).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)?;
        self.unblocked.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn unblock(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM blocked_objects WHERE connection_id = ?1")
            .bind(self.id)
            .execute(&self.writer)
            .await
            .map_err(|e| StoreError::new("release blocked objects", e))?;
        self.unblocked.store(true, Ordering::SeqCst);
        Ok(())
    }
}

/// Unblocks the objects of a run's staged changes: changes that are sent are within the limits.
pub(crate) async fn sent(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
) -> Result<(), sqlx::Error> {
    let unblocked = sqlx::query(
        "DELETE FROM blocked_objects WHERE connection_id = ?1
         AND (kind, id) IN (SELECT s.kind, s.id FROM staged_changes s WHERE s.run_id = ?2)",
    )
    .bind(store.id)
    .bind(run.get())
    .execute(&mut **tx)
    .await?;
    if unblocked.rows_affected() > 0 {
        store.unblocked.store(true, Ordering::SeqCst);
    }
    Ok(())
}
