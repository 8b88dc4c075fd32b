//! What is kept beside the sync itself: the trait, and objects that are gone.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;

use sync_engine::{
    AskedObject, AuditLine, Doubt, EventEntry, EventFilter, EventMark, FoundObject, FoundObjects, GoneObject,
    KeptValue, ObjectEntry, Place, Replay, RunDetail, RunFilter, RunSummary, Sample, StoreError, Subject,
    ToClear, Uncleared, UnclearedCounts, Upkeep,
};
use sync_model::{EventId, ObjectKind, Record, RecordKey, RunId};

use crate::convert::{in_row, kind, millis, timestamp};
use crate::{ConnectionStore, asked, events, find, place, runs, samples, uncleared};

#[async_trait]
impl Upkeep for ConnectionStore {
    async fn held(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Vec<Record>>, StoreError> {
        uncleared::held(self, keys).await
    }

    async fn note_kept(&self, run: RunId, kept: &[KeptValue]) -> Result<(), StoreError> {
        uncleared::note(self, run, kept).await
    }

    async fn to_clear(&self, limit: u32, now: Timestamp) -> Result<Vec<ToClear>, StoreError> {
        uncleared::due(self, limit, now).await
    }

    async fn cleared(&self, objects: &[ToClear]) -> Result<(), StoreError> {
        uncleared::strike_off(self, objects).await
    }

    async fn put_off_clearing(
        &self,
        objects: Option<&[ToClear]>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        uncleared::put_off(self, objects, reason, now).await
    }

    async fn resend_uncleared(&self, now: Timestamp) -> Result<u64, StoreError> {
        uncleared::resend(self, now).await
    }

    async fn uncleared(&self, limit: u32) -> Result<Vec<Uncleared>, StoreError> {
        uncleared::list(self, limit).await
    }

    async fn count_uncleared(&self) -> Result<UnclearedCounts, StoreError> {
        uncleared::count(self).await
    }

    async fn gone_before(&self, before: Timestamp, limit: u32) -> Result<Vec<GoneObject>, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT kind, id, gone_since FROM objects WHERE connection = ?1 AND gone AND gone_since < ?2
             ORDER BY gone_since, kind, id LIMIT ?3",
        )
        .bind(self.id)
        .bind(millis(before))
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("find objects that are gone", e))?;
        rows.into_iter()
            .map(|(word, id, since)| {
                let read = || Ok((kind(&word)?, timestamp(since)?));
                let (kind, since) = in_row(|| format!("the confirmed record of {word} {id}"), read)?;
                Ok(GoneObject { key: RecordKey { kind, id }, since })
            })
            .collect()
    }

    async fn count_gone_before(&self, before: Timestamp) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM objects WHERE connection = ?1 AND gone AND gone_since < ?2",
        )
        .bind(self.id)
        .bind(millis(before))
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("count objects that are gone", e))?;
        Ok(u64::try_from(n).unwrap_or_default())
    }

    async fn forget_object(&self, key: &RecordKey, line: &AuditLine) -> Result<(), StoreError> {
        const ACTION: &str = "forget an object";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let forgotten =
            sqlx::query("DELETE FROM objects WHERE connection = ?1 AND kind = ?2 AND id = ?3 AND gone")
                .bind(self.id)
                .bind(key.kind.as_str())
                .bind(&key.id)
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        if forgotten.rows_affected() > 0 {
            for statement in [
                "DELETE FROM links WHERE connection = ?1 AND kind = ?2 AND id = ?3",
                "DELETE FROM uncleared WHERE connection = ?1 AND kind = ?2 AND id = ?3",
                "DELETE FROM unconfirmed WHERE connection = ?1 AND kind = ?2 AND id = ?3",
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
        sqlx::query("INSERT INTO audit (connection, at, what, key, detail) VALUES (?1, ?2, ?3, ?4, ?5)")
            .bind(self.id)
            .bind(millis(line.at))
            .bind(&line.what)
            .bind(&line.key)
            .bind(&line.detail)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        tx.commit().await.map_err(failed)
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
            "SELECT at, what, key, detail FROM audit WHERE connection = ?1 ORDER BY number DESC LIMIT ?2",
        )
        .bind(self.id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read the audit", e))?;
        rows.into_iter()
            .map(|(at, what, key, detail)| {
                let at = in_row(|| format!("the line about {key}"), || timestamp(at))?;
                Ok(AuditLine { at, what, key, detail })
            })
            .collect()
    }

    async fn selection(&self) -> Result<String, StoreError> {
        sqlx::query_scalar("SELECT selection FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read what was chosen last", e))
    }

    async fn remember_selection(&self, selection: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE connections SET selection = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(selection)
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new("remember what is chosen", e))
    }

    async fn distrust(&self) -> Result<(), StoreError> {
        crate::objects::distrust(self, None, Timestamp::UNIX_EPOCH).await
    }

    async fn place(&self) -> Result<Option<Place>, StoreError> {
        place::read(self).await
    }

    async fn remember_place(
        &self,
        place: &Place,
        doubt: Option<&Doubt>,
        ask: Option<&Subject>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        place::remember(self, place, doubt, ask, now).await
    }

    async fn distrust_object(&self, key: &RecordKey, now: Timestamp) -> Result<(), StoreError> {
        crate::objects::distrust(self, Some(key), now).await
    }

    async fn find_objects(
        &self,
        text: &str,
        kind: Option<ObjectKind>,
        limit: u32,
    ) -> Result<FoundObjects, StoreError> {
        find::find(self, text, kind, limit).await
    }

    async fn known_objects(&self, keys: &[RecordKey]) -> Result<Vec<FoundObject>, StoreError> {
        find::known(self, keys).await
    }

    async fn asked(&self, keys: &[RecordKey]) -> Result<Vec<AskedObject>, StoreError> {
        asked::states(self, keys).await
    }

    async fn remember_held(&self, until: Option<Timestamp>) -> Result<(), StoreError> {
        asked::remember_held(self, until).await
    }

    async fn held_until(&self) -> Result<Option<Timestamp>, StoreError> {
        asked::held_until(self).await
    }

    async fn remember_troubles(&self, troubles: &str) -> Result<(), StoreError> {
        asked::remember_troubles(self, troubles).await
    }

    async fn troubles(&self) -> Result<Option<String>, StoreError> {
        asked::troubles(self).await
    }

    async fn object(&self, key: &RecordKey) -> Result<Option<ObjectEntry>, StoreError> {
        find::entry(self, key).await
    }

    async fn record_sample(&self, sample: &Sample, forget: Timestamp) -> Result<(), StoreError> {
        samples::record(self, sample, forget).await
    }

    async fn samples(&self, since: Timestamp) -> Result<Vec<Sample>, StoreError> {
        samples::since(self, since).await
    }

    async fn find_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        runs::find(self, filter).await
    }

    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        runs::detail(self, run).await
    }

    async fn find_events(&self, filter: &EventFilter) -> Result<Vec<EventEntry>, StoreError> {
        events::find(self, filter).await
    }

    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError> {
        events::known(self, ids).await
    }

    async fn replay(&self, which: Replay<'_>, now: Timestamp) -> Result<u64, StoreError> {
        events::replay(self, which, now).await
    }

    async fn event_mark(&self) -> Result<EventMark, StoreError> {
        events::mark(self).await
    }

    async fn events_after(
        &self,
        mark: &EventMark,
        limit: u32,
    ) -> Result<(Vec<EventEntry>, EventMark), StoreError> {
        events::after(self, mark, limit).await
    }
}
