//! State of a connection that survives a crash: the trait, and retired objects.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;

use sync_engine::{
    ClearRequest, DroppedValue, Event, EventCursor, EventFilter, LostValues, MetricSample, ObjectAuditEntry,
    ObjectHistory, Place, ReplayTarget, RequestedObject, RetiredObject, RunDetail, RunFilter, RunSummary,
    SearchHit, SearchHits, StaleValue, StaleValueCounts, StoreError, Subject, Upkeep,
};
use sync_model::{EventId, ObjectKind, Record, RecordKey, RunId};

use crate::convert::{in_row, kind, millis, timestamp};
use crate::{ConnectionStore, events, leader_state, metric_samples, place, runs, search, stale_values};

#[async_trait]
impl Upkeep for ConnectionStore {
    async fn possible_records(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Vec<Record>>, StoreError> {
        stale_values::possible_records(self, keys).await
    }

    async fn stage_stale_values(&self, run: RunId, values: &[DroppedValue]) -> Result<(), StoreError> {
        stale_values::stage(self, run, values).await
    }

    async fn due_stale_values(&self, limit: u32, now: Timestamp) -> Result<Vec<ClearRequest>, StoreError> {
        stale_values::due(self, limit, now).await
    }

    async fn remove_stale_values(&self, objects: &[ClearRequest]) -> Result<(), StoreError> {
        stale_values::remove(self, objects).await
    }

    async fn requeue_stale_values(
        &self,
        objects: Option<&[ClearRequest]>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        stale_values::requeue(self, objects, reason, now).await
    }

    async fn resend_stale_values(&self, now: Timestamp) -> Result<u64, StoreError> {
        stale_values::resend(self, now).await
    }

    async fn stale_values(&self, limit: u32) -> Result<Vec<StaleValue>, StoreError> {
        stale_values::list(self, limit).await
    }

    async fn stale_value_counts(&self) -> Result<StaleValueCounts, StoreError> {
        stale_values::count(self).await
    }

    async fn retired_before(&self, before: Timestamp, limit: u32) -> Result<Vec<RetiredObject>, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT kind, id, retired_at FROM confirmed_records WHERE connection_id = ?1 AND retired AND retired_at < ?2
             ORDER BY retired_at, kind, id LIMIT ?3",
        )
        .bind(self.id)
        .bind(millis(before))
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("find retired objects", e))?;
        rows.into_iter()
            .map(|(word, id, since)| {
                let read = || Ok((kind(&word)?, timestamp(since)?));
                let (kind, retired_at) = in_row(|| format!("the confirmed record of {word} {id}"), read)?;
                Ok(RetiredObject { key: RecordKey { kind, id }, retired_at })
            })
            .collect()
    }

    async fn count_retired_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM confirmed_records WHERE connection_id = ?1 AND retired AND retired_at < ?2",
        )
        .bind(self.id)
        .bind(millis(before))
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("count retired objects", e))?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    async fn delete_record(&self, key: &RecordKey, entry: &ObjectAuditEntry) -> Result<(), StoreError> {
        const ACTION: &str = "delete a record";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let deleted = sqlx::query(
            "DELETE FROM confirmed_records WHERE connection_id = ?1 AND kind = ?2 AND id = ?3 AND retired",
        )
        .bind(self.id)
        .bind(key.kind.as_str())
        .bind(&key.id)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        if deleted.rows_affected() > 0 {
            for statement in [
                "DELETE FROM record_references WHERE connection_id = ?1 AND kind = ?2 AND id = ?3",
                "DELETE FROM stale_values WHERE connection_id = ?1 AND kind = ?2 AND id = ?3",
                "DELETE FROM unconfirmed_records WHERE connection_id = ?1 AND kind = ?2 AND id = ?3",
            ] {
                sqlx::query(statement)
                    .bind(self.id)
                    .bind(key.kind.as_str())
                    .bind(&key.id)
                    .execute(&mut *tx)
                    .await
                    .map_err(failed)?;
            }
        }
        sqlx::query(
            "INSERT INTO object_audit_log (connection_id, occurred_at, action, object, detail)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(self.id)
        .bind(millis(entry.occurred_at))
        .bind(&entry.action)
        .bind(&entry.object)
        .bind(&entry.detail)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn audit(&self, limit: u32) -> Result<Vec<ObjectAuditEntry>, StoreError> {
        let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
            "SELECT occurred_at, action, object, detail FROM object_audit_log
             WHERE connection_id = ?1 ORDER BY id DESC LIMIT ?2",
        )
        .bind(self.id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read the audit log of objects", e))?;
        rows.into_iter()
            .map(|(at, action, object, detail)| {
                let occurred_at = in_row(|| format!("the audit entry of {object}"), || timestamp(at))?;
                Ok(ObjectAuditEntry { occurred_at, action, object, detail })
            })
            .collect()
    }

    async fn scope_version(&self) -> Result<String, StoreError> {
        sqlx::query_scalar("SELECT scope_version FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the scope version", e))
    }

    async fn set_scope_version(&self, version: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET scope_version = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(version)
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("store the scope version", e))
    }

    async fn mark_all_for_resend(&self) -> Result<(), StoreError> {
        crate::objects::mark_for_resend(self, None, Timestamp::UNIX_EPOCH).await
    }

    async fn place(&self) -> Result<Option<Place>, StoreError> {
        place::read(self).await
    }

    async fn save_place(
        &self,
        place: &Place,
        lost: Option<&LostValues>,
        enqueue: Option<&Subject>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        place::save(self, place, lost, enqueue, now).await
    }

    async fn mark_for_resend(&self, key: &RecordKey, now: Timestamp) -> Result<(), StoreError> {
        crate::objects::mark_for_resend(self, Some(key), now).await
    }

    async fn find_objects(
        &self,
        text: &str,
        kind: Option<ObjectKind>,
        limit: u32,
    ) -> Result<SearchHits, StoreError> {
        search::find(self, text, kind, limit).await
    }

    async fn known_objects(&self, keys: &[RecordKey]) -> Result<Vec<SearchHit>, StoreError> {
        search::known(self, keys).await
    }

    async fn requested_objects(&self, keys: &[RecordKey]) -> Result<Vec<RequestedObject>, StoreError> {
        leader_state::states(self, keys).await
    }

    async fn save_held_until(&self, until: Option<Timestamp>) -> Result<(), StoreError> {
        leader_state::save_held_until(self, until).await
    }

    async fn held_until(&self) -> Result<Option<Timestamp>, StoreError> {
        leader_state::held_until(self).await
    }

    async fn store_alerts(&self, alerts: &str) -> Result<(), StoreError> {
        leader_state::store_alerts(self, alerts).await
    }

    async fn stored_alerts(&self) -> Result<Option<String>, StoreError> {
        leader_state::stored_alerts(self).await
    }

    async fn object(&self, key: &RecordKey) -> Result<Option<ObjectHistory>, StoreError> {
        search::entry(self, key).await
    }

    async fn add_metric_sample(
        &self,
        sample: &MetricSample,
        expired_before: Timestamp,
    ) -> Result<(), StoreError> {
        metric_samples::add(self, sample, expired_before).await
    }

    async fn metric_samples(&self, since: Timestamp) -> Result<Vec<MetricSample>, StoreError> {
        metric_samples::since(self, since).await
    }

    async fn find_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        runs::find(self, filter).await
    }

    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        runs::detail(self, run).await
    }

    async fn find_events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        events::find(self, filter).await
    }

    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError> {
        events::known(self, ids).await
    }

    async fn replay(&self, which: ReplayTarget<'_>, now: Timestamp) -> Result<u64, StoreError> {
        events::replay(self, which, now).await
    }

    async fn event_cursor(&self) -> Result<EventCursor, StoreError> {
        events::cursor(self).await
    }

    async fn events_after(
        &self,
        cursor: &EventCursor,
        limit: u32,
    ) -> Result<(Vec<Event>, EventCursor), StoreError> {
        events::after(self, cursor, limit).await
    }
}
