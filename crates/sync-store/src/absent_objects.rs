//! Objects that a reading proved to be absent, while another run may send an older reading.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{AbsentObjects, Reading, StoreError, Subject};
use sync_model::{GroupId, ObjectKind, RecordKey, RunId, UserId};

use crate::connection::ConnectionStore;
use crate::convert::{keys_json, kind};
use crate::work_queue;

/// True if another run than `?2` is open, and can send.
const OTHER_OPEN_RUN: &str = "EXISTS (SELECT 1 FROM runs WHERE connection_id = ?1 AND id <> ?2 AND ended_at IS NULL AND kind <> 'plan')";

#[async_trait]
impl AbsentObjects for ConnectionStore {
    async fn add_absent(
        &self,
        run: RunId,
        objects: &[RecordKey],
        reading: Reading,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "store absent objects";
        let failed = |e| StoreError::new(ACTION, e);
        let keys = keys_json(objects);
        let mut tx = self.begin(ACTION).await?;
        let sent: Vec<(String, String)> = sqlx::query_as(
            "SELECT k.value ->> 0, k.value ->> 1 FROM json_each(?2) k
             WHERE EXISTS (SELECT 1 FROM confirmed_records c WHERE c.connection_id = ?1
                             AND c.kind = k.value ->> 0 AND c.id = k.value ->> 1 AND NOT c.retired AND c.read_seq < ?3)
                OR EXISTS (SELECT 1 FROM unconfirmed_records u WHERE u.connection_id = ?1
                             AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1 AND u.change <> 'retire'
                             AND u.read_seq < ?3)",
        )
        .bind(self.id)
        .bind(&keys)
        .bind(reading.number)
        .fetch_all(&mut *tx)
        .await
        .map_err(failed)?;
        enqueue(self, &mut tx, sent, now).await?;
        sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO absent_objects (connection_id, kind, id, read_seq)
             SELECT ?1, k.value ->> 0, k.value ->> 1, ?4 FROM json_each(?3) k WHERE {OTHER_OPEN_RUN}
             ON CONFLICT (connection_id, kind, id) DO UPDATE SET read_seq = max(read_seq, excluded.read_seq)"
        )))
        .bind(self.id)
        .bind(run.get())
        .bind(&keys)
        .bind(reading.number)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }
}

/// Queues the objects that a run sends by an older reading than the one in which they are absent.
pub(crate) async fn enqueue_sent(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sent: Vec<(String, String)> = sqlx::query_as(
        "SELECT s.kind, s.id FROM absent_objects a
         CROSS JOIN staged_changes s ON s.run_id = ?2 AND s.kind = a.kind AND s.id = a.id
         WHERE a.connection_id = ?1 AND s.change <> 'retire' AND s.read_seq < a.read_seq",
    )
    .bind(store.id)
    .bind(run.get())
    .fetch_all(&mut **tx)
    .await
    .map_err(|e| StoreError::new("find absent objects", e))?;
    enqueue(store, tx, sent, now).await
}

/// Forgets absent objects if no other run is open than the one that ends. Those with an unconfirmed record of an older
/// reading are queued, because that record is sent again.
pub(crate) async fn remove(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    ending: RunId,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "delete absent objects";
    let resent: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT a.kind, a.id FROM absent_objects a
         CROSS JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = a.kind AND u.id = a.id
         WHERE a.connection_id = ?1 AND u.change <> 'retire' AND u.read_seq < a.read_seq AND NOT {OTHER_OPEN_RUN}"
    )))
    .bind(store.id)
    .bind(ending.get())
    .fetch_all(&mut **tx)
    .await
    .map_err(|e| StoreError::new(ACTION, e))?;
    enqueue(store, tx, resent, now).await?;
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM absent_objects WHERE connection_id = ?1 AND NOT {OTHER_OPEN_RUN}"
    )))
    .bind(store.id)
    .bind(ending.get())
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(|e| StoreError::new(ACTION, e))
}

async fn enqueue(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    keys: Vec<(String, String)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (word, id) in keys {
        let subject = match kind(&word)? {
            ObjectKind::User => Subject::User(UserId::new(id)),
            ObjectKind::Group => Subject::Group(GroupId::new(id)),
            ObjectKind::Membership => continue,
        };
        work_queue::enqueue(store.id, tx, &subject, None, false, now)
            .await
            .map_err(|e| StoreError::new("queue absent objects", e))?;
    }
    Ok(())
}
