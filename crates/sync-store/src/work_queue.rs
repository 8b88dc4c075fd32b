//! Work items: subjects to read again, each claimed by one worker.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};
use sync_engine::{Finding, StoreError, Subject, WorkItem, WorkKind, WorkQueue};

use crate::connection::ConnectionStore;
use crate::convert::{attempts, in_row, millis, subject, subject_columns, timestamp, to_json};
use crate::sequence::next_change;
use crate::unread_objects;

/// Adds a work item, or another request to the one of the same subject, and returns its sequence.
pub(crate) async fn enqueue(
    connection: i64,
    tx: &mut Transaction<'_, Sqlite>,
    subject: &Subject,
    not_older_than: Option<Timestamp>,
    expect_deleted: bool,
    now: Timestamp,
) -> Result<i64, sqlx::Error> {
    let (kind, id) = subject_columns(subject);
    sqlx::query_scalar(
        "INSERT INTO work_queue (connection_id, kind, id, not_older_than, expect_deleted, attempts, sequence,
                                 next_attempt_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, ?6)
         ON CONFLICT (connection_id, kind, id) DO UPDATE SET
             not_older_than = max(coalesce(not_older_than, excluded.not_older_than),
                                  coalesce(excluded.not_older_than, not_older_than)),
             -- A membership may come and go: the newest event decides.
             expect_deleted = CASE WHEN kind <> 'membership' THEN expect_deleted OR excluded.expect_deleted
                                 WHEN coalesce(excluded.not_older_than, 0) >= coalesce(not_older_than, 0)
                                 THEN excluded.expect_deleted ELSE expect_deleted END,
             attempts = 0, sequence = sequence + 1, next_attempt_at = min(next_attempt_at, excluded.next_attempt_at)
         RETURNING sequence",
    )
    .bind(connection)
    .bind(kind)
    .bind(id)
    .bind(not_older_than.map(millis))
    .bind(expect_deleted)
    .bind(millis(now))
    .fetch_one(&mut **tx)
    .await
}

#[async_trait]
impl WorkQueue for ConnectionStore {
    async fn enqueue(&self, subject: &Subject, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "store events";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        enqueue(self.id, &mut tx, subject, None, false, now).await.map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn claim_work(
        &self,
        of: WorkKind,
        limit: u32,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<WorkItem>, StoreError> {
        type Row = (String, String, Option<i64>, bool, i64, i64, i64);
        let until = millis(now).saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
        let mut rows: Vec<Row> = sqlx::query_as(
            "UPDATE work_queue SET claimed_until = ?4
             WHERE connection_id = ?1 AND (kind, id) IN (
                 SELECT kind, id FROM work_queue WHERE connection_id = ?1 AND next_attempt_at <= ?2 AND claimed_until <= ?2
                   AND (kind IN ('recent_changes', 'entire_directory', 'schema')) = ?5
                 ORDER BY next_attempt_at LIMIT ?3)
             RETURNING kind, id, not_older_than, expect_deleted, attempts, sequence, next_attempt_at",
        )
        .bind(self.id)
        .bind(millis(now))
        .bind(limit)
        .bind(until)
        .bind(of == WorkKind::Sync)
        .fetch_all(&self.writer)
        .await
        .map_err(|e| StoreError::new("claim work", e))?;
        rows.sort_by_key(|row| row.6);
        rows.into_iter()
            .map(|(kind, id, not_older_than, expect_deleted, tries, sequence, _)| {
                let row = format!("the work item {kind} {id}");
                let read = || {
                    Ok(WorkItem {
                        subject: subject(&kind, id)?,
                        not_older_than: not_older_than.map(timestamp).transpose()?,
                        expect_deleted,
                        attempts: attempts(tries)?,
                        sequence,
                    })
                };
                in_row(|| row, read)
            })
            .collect()
    }

    async fn release_work(&self, items: &[WorkItem]) -> Result<(), StoreError> {
        let failed = |e| StoreError::new("release claims", e);
        let mut connection = self.writer.acquire().await.map_err(failed)?;
        unclaim(self, &mut connection, &items_json(items)).await.map_err(failed)
    }

    async fn release_all_claims(&self) -> Result<(), StoreError> {
        const ACTION: &str = "release claims";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        for statement in [
            "UPDATE work_queue SET claimed_until = 0 WHERE connection_id = ?1 AND claimed_until > 0",
            "UPDATE sync_requests SET accepted = 0 WHERE connection_id = ?1 AND accepted AND run_id IS NULL",
        ] {
            sqlx::query(statement).bind(self.id).execute(&mut *tx).await.map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }

    async fn complete_work(&self, items: &[WorkItem], now: Timestamp) -> Result<u64, StoreError> {
        close_alone(self, items, "done", None, now, "complete work").await
    }

    async fn postpone_work(&self, items: &[WorkItem], until: Timestamp) -> Result<(), StoreError> {
        delay(self, items, until, 0, "postpone work").await
    }

    async fn requeue_work(&self, items: &[WorkItem], until: Timestamp) -> Result<(), StoreError> {
        delay(self, items, until, 1, "requeue work").await
    }

    async fn fail_work(
        &self,
        items: &[WorkItem],
        failure: &Finding,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const ACTION: &str = "fail work";
        let failure = to_json(ACTION, failure)?;
        close_alone(self, items, "failed", Some(&failure), now, ACTION).await.map(drop)
    }
}

/// Work items of a JSON list that no newer event has requested.
const NOT_REQUESTED_AGAIN: &str = "
    SELECT k.kind, k.id, k.sequence FROM json_each(?2) l CROSS JOIN work_queue k
    ON k.connection_id = ?1 AND k.kind = l.value ->> 0 AND k.id = l.value ->> 1 AND k.sequence <= l.value ->> 2";

/// Releases claims until a later time.
async fn delay(
    store: &ConnectionStore,
    items: &[WorkItem],
    until: Timestamp,
    attempts: u32,
    action: &'static str,
) -> Result<(), StoreError> {
    let failed = |e| StoreError::new(action, e);
    let items = items_json(items);
    let mut tx = store.begin(action).await?;
    // A newer request keeps its due time.
    sqlx::query(AssertSqlSafe(format!(
        "UPDATE work_queue SET next_attempt_at = ?3, attempts = attempts + ?4
         WHERE connection_id = ?1 AND (kind, id, sequence) IN ({NOT_REQUESTED_AGAIN})"
    )))
    .bind(store.id)
    .bind(&items)
    .bind(millis(until))
    .bind(attempts)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    unclaim(store, &mut tx, &items).await.map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// Releases the claims of a JSON list of work items.
async fn unclaim(
    store: &ConnectionStore,
    connection: &mut SqliteConnection,
    items: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE work_queue SET claimed_until = 0
         WHERE connection_id = ?1 AND (kind, id) IN (SELECT l.value ->> 0, l.value ->> 1 FROM json_each(?2) l)",
    )
    .bind(store.id)
    .bind(items)
    .execute(connection)
    .await
    .map(drop)
}

async fn close_alone(
    store: &ConnectionStore,
    items: &[WorkItem],
    state: &'static str,
    failure: Option<&str>,
    now: Timestamp,
    action: &'static str,
) -> Result<u64, StoreError> {
    let failed = |e| StoreError::new(action, e);
    let mut tx = store.begin(action).await?;
    let closed = close(store, &mut tx, items, state, failure, now).await.map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(closed)
}

/// Removes work items that no newer event has requested, and closes the events that waited for them alone. Returns the
/// number of those events.
pub(crate) async fn close(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    items: &[WorkItem],
    state: &'static str,
    failure: Option<&str>,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    let items = items_json(items);
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM work_queue WHERE connection_id = ?1 AND (kind, id, sequence) IN ({NOT_REQUESTED_AGAIN})"
    )))
    .bind(store.id)
    .bind(&items)
    .execute(&mut **tx)
    .await?;
    if state == "done" {
        unread_objects::read_by_work(tx, store.id, &items).await?;
    }
    // A newer request can be claimed again.
    unclaim(store, tx, &items).await?;
    let events: Vec<String> = sqlx::query_scalar(
        "DELETE FROM event_work WHERE connection_id = ?1 AND (kind, id, event_id) IN (
             SELECT w.kind, w.id, w.event_id FROM json_each(?2) l CROSS JOIN event_work w
             ON w.connection_id = ?1 AND w.kind = l.value ->> 0 AND w.id = l.value ->> 1 AND w.sequence <= l.value ->> 2)
         RETURNING event_id",
    )
    .bind(store.id)
    .bind(&items)
    .fetch_all(&mut **tx)
    .await
    ?;
    let change_seq = if events.is_empty() { 0 } else { next_change(store.id, tx).await? };
    let closed = sqlx::query(
        "UPDATE events SET state = ?3, completed_at = ?4, failure = ?5, change_seq = ?6
         WHERE events.connection_id = ?1 AND events.id IN (SELECT value FROM json_each(?2)) AND events.state = 'pending'
           AND NOT EXISTS (SELECT 1 FROM event_work w WHERE w.connection_id = ?1 AND w.event_id = events.id)",
    )
    .bind(store.id)
    .bind(Value::from(events).to_string())
    .bind(state)
    .bind(millis(now))
    .bind(failure)
    .bind(change_seq)
    .execute(&mut **tx)
    .await
    ?;
    Ok(closed.rows_affected())
}

fn items_json(items: &[WorkItem]) -> String {
    let rows: Vec<Value> = items
        .iter()
        .map(|item| {
            let (kind, id) = subject_columns(&item.subject);
            json!([kind, id, item.sequence])
        })
        .collect();
    Value::Array(rows).to_string()
}
