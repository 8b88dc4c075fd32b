//! Queries of the events for display, and their replay.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{
    Event, EventCursor, EventFilter, EventHistory, EventState, PendingWork, Reading, ReplayTarget,
    StoreError, Subject,
};
use sync_model::{EventId, RunId};

use crate::arrivals::EventWork;
use crate::connection::ConnectionStore;
use crate::convert::{from_json, in_row, millis, subject, timestamp};
use crate::sequence::next_change;

/// The objects that the subjects of an event name: both sides of a membership, none for a subject without an object.
pub(crate) const AFFECTED: &str = "
    WITH affected (kind, id) AS (
        SELECT CASE value ->> 0 WHEN 'group_members' THEN 'group' WHEN 'membership' THEN 'group' ELSE value ->> 0 END,
               iif(value ->> 0 = 'membership', substr(value ->> 1, 1, instr(value ->> 1, '/') - 1), value ->> 1)
        FROM json_each(events.subjects)
        UNION ALL
        SELECT 'user', substr(value ->> 1, instr(value ->> 1, '/') + 1)
        FROM json_each(events.subjects) WHERE value ->> 0 = 'membership')";

/// Events that one statement of a replay reads.
const PAGE: u32 = 500;

type Row = (String, String, String, i64, i64, Option<i64>, Option<String>, String, String, i64, i64);

const COLUMNS: &str =
    "e.id, e.event_type, e.state, e.published_at, e.received_at, e.completed_at, e.failure, e.subjects,
    (SELECT json_group_array(json_array(l.kind, l.id, l.attempts, l.next_attempt_at, l.claimed_until > 0))
     FROM event_work w CROSS JOIN work_queue l ON l.connection_id = ?1 AND l.kind = w.kind AND l.id = w.id
     WHERE w.connection_id = ?1 AND w.event_id = e.id), e.change_seq, e.arrived_seq";

#[async_trait]
impl EventHistory for ConnectionStore {
    async fn find_events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM events e
             WHERE e.connection_id = ?1 AND (?2 IS NULL OR e.state = ?2)
               AND (?3 IS NULL OR instr(lower(e.id), lower(?3)) OR instr(lower(e.event_type), lower(?3))
                    OR NOT json_valid(e.subjects)
                    OR EXISTS (SELECT 1 FROM json_each(e.subjects) n WHERE instr(lower(n.value ->> 1), lower(?3))))
               AND (?5 IS NULL OR ?5 = EXISTS (SELECT 1
                    FROM event_work w CROSS JOIN work_queue l ON l.connection_id = ?1 AND l.kind = w.kind AND l.id = w.id
                    WHERE w.connection_id = ?1 AND w.event_id = e.id AND l.claimed_until > 0))
               AND (?6 IS NULL OR ?6 = (e.subjects = '[]'))
             ORDER BY e.published_at DESC, e.id LIMIT ?4"
        );
        let (state, is_claimed, is_ignored) = filter.state.map(condition).unwrap_or_default();
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(self.id)
            .bind(state)
            .bind(filter.search.as_deref())
            .bind(filter.limit)
            .bind(is_claimed)
            .bind(is_ignored)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the events", e))?;
        rows.into_iter().map(|row| Ok(entry(row)?.0)).collect()
    }

    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError> {
        let rows: Vec<String> = sqlx::query_scalar(
            "SELECT e.id FROM json_each(?2) i CROSS JOIN events e ON e.connection_id = ?1 AND e.id = i.value",
        )
        .bind(self.id)
        .bind(ids_json(ids))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("find events by ID", e))?;
        Ok(rows.into_iter().map(EventId::new).collect())
    }

    async fn event_cursor(&self) -> Result<EventCursor, StoreError> {
        let change_seq = sqlx::query_scalar("SELECT last_seq FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new("read the last change of events", e))?;
        Ok(EventCursor { write: change_seq, after: None })
    }

    async fn events_after(
        &self,
        cursor: &EventCursor,
        limit: u32,
    ) -> Result<(Vec<Event>, EventCursor), StoreError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM events e
             WHERE e.connection_id = ?1 AND e.change_seq >= ?2 AND (e.change_seq > ?2 OR e.id > ?3)
             ORDER BY e.change_seq, e.id LIMIT ?4"
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(self.id)
            .bind(cursor.write)
            .bind(cursor.after.as_ref().map(EventId::as_str))
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(|e| StoreError::new("follow the events", e))?;
        let mut cursor = cursor.clone();
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let (event, change_seq) = entry(row)?;
            cursor = EventCursor { write: change_seq, after: Some(event.id.clone()) };
            found.push(event);
        }
        Ok((found, cursor))
    }

    async fn replay(&self, which: ReplayTarget<'_>, now: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.begin(REPLAY).await?;
        let mut replayed = 0;
        match which {
            ReplayTarget::Ids(ids) => replayed += replay_page(self, &mut tx, Which::Ids(ids), now).await?,
            ReplayTarget::AllFailed => replayed += replay_all(self, &mut tx, Which::Failed, now).await?,
        }
        tx.commit().await.map_err(replaying)?;
        Ok(replayed)
    }

    async fn resolve_failed_events(
        &self,
        run: RunId,
        before: Reading,
        unnamed: bool,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        const ACTION: &str = "resolve failed events";
        let failed = |e| StoreError::new(ACTION, e);
        let mut tx = self.begin(ACTION).await?;
        let change_seq = next_change(self.id, &mut tx).await.map_err(failed)?;
        let resolved = sqlx::query(AssertSqlSafe(format!(
            "UPDATE events SET state = 'done', completed_at = ?4, failure = NULL, change_seq = ?5
             WHERE connection_id = ?1 AND state IN ('failed', 'blocked') AND arrived_seq < ?3 AND NOT EXISTS (
                 {AFFECTED}
                 SELECT 1 FROM affected n LEFT JOIN run_objects o ON o.run_id = ?2 AND o.kind = n.kind AND o.id = n.id
                 WHERE CASE WHEN n.kind IN ('user', 'group') THEN coalesce(o.unreadable, ?6)
                            ELSE ?6 OR EXISTS (SELECT 1 FROM run_objects WHERE run_id = ?2 AND unreadable) END)"
        )))
        .bind(self.id)
        .bind(run.get())
        .bind(before.number)
        .bind(millis(now))
        .bind(change_seq)
        .bind(unnamed)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(resolved.rows_affected())
    }
}

const REPLAY: &str = "replay events";

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn replaying(error: sqlx::Error) -> StoreError {
    StoreError::new(REPLAY, error)
}

pub(crate) async fn requeue_blocked(store: &ConnectionStore, now: Timestamp) -> Result<u64, StoreError> {
    let mut tx = store.begin(REPLAY).await?;
    let replayed = replay_all(store, &mut tx, Which::Blocked, now).await?;
    tx.commit().await.map_err(replaying)?;
    Ok(replayed)
}

pub(crate) async fn requeue_unblocked(store: &ConnectionStore, now: Timestamp) -> Result<u64, StoreError> {
    if !store.unblocked.load(Ordering::SeqCst) {
        return Ok(0);
    }
    let mut tx = store.begin(REPLAY).await?;
    // In the transaction, so that one that unblocks has ended before, or sets it again.
    store.unblocked.store(false, Ordering::SeqCst);
    let replayed = replay_all(store, &mut tx, Which::Unblocked, now).await;
    let done = match replayed {
        Ok(replayed) => tx.commit().await.map_err(replaying).map(|()| replayed),
        Err(error) => Err(error),
    };
    if done.is_err() {
        store.unblocked.store(true, Ordering::SeqCst);
    }
    done
}

/// The events that are replayed.
#[derive(Debug, Clone, Copy)]
enum Which<'a> {
    Ids(&'a [EventId]),
    Failed,
    Blocked,
    /// Blocked events none of whose objects is blocked.
    Unblocked,
}

async fn replay_all(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    which: Which<'_>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut replayed = 0;
    loop {
        let page = replay_page(store, tx, which, now).await?;
        if page == 0 {
            return Ok(replayed);
        }
        replayed += page;
    }
}

/// Replays the first of these events.
async fn replay_page(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    which: Which<'_>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let change_seq = next_change(store.id, tx).await.map_err(replaying)?;
    let (ids, condition) = match which {
        Which::Ids(ids) => (Some(ids), "id IN (SELECT value FROM json_each(?2)) AND ?3 = ?3".to_owned()),
        Which::Failed => (None, "state = 'failed' AND ?2 IS NULL LIMIT ?3".to_owned()),
        Which::Blocked => (None, "state = 'blocked' AND ?2 IS NULL LIMIT ?3".to_owned()),
        Which::Unblocked => (
            None,
            format!(
                "state = 'blocked' AND NOT EXISTS ({AFFECTED}
                     SELECT 1 FROM affected n CROSS JOIN blocked_objects b
                     ON b.connection_id = ?1 AND b.kind = n.kind AND b.id = n.id)
                 AND ?2 IS NULL LIMIT ?3"
            ),
        ),
    };
    let rows: Vec<(String, i64, String, bool, bool)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT id, published_at, subjects, requires_newer_object, expect_deleted FROM events
         WHERE connection_id = ?1 AND {condition}"
    )))
    .bind(store.id)
    .bind(ids.map(ids_json))
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .map_err(replaying)?;
    let mut replayed = 0;
    for (id, published, subjects_text, requires_newer_object, expect_deleted) in rows {
        let subjects = in_row(|| format!("the event {id}"), || subjects(&subjects_text))?;
        if subjects.is_empty() {
            continue;
        }
        let not_older_than = requires_newer_object.then_some(published);
        let not_older_than =
            in_row(|| format!("the event {id}"), || not_older_than.map(timestamp).transpose())?;
        let work = EventWork { event: &id, subjects: &subjects, not_older_than, expect_deleted };
        work.add(store.id, tx, now).await.map_err(replaying)?;
        sqlx::query(
            "UPDATE events SET state = 'pending', completed_at = NULL, failure = NULL, change_seq = ?3
             WHERE connection_id = ?1 AND id = ?2",
        )
        .bind(store.id)
        .bind(id)
        .bind(change_seq)
        .execute(&mut **tx)
        .await
        .map_err(replaying)?;
        replayed += 1;
    }
    Ok(replayed)
}

fn ids_json(ids: &[EventId]) -> String {
    Value::from(ids.iter().map(EventId::as_str).collect::<Vec<_>>()).to_string()
}

/// The stored state of events in a state, whether a worker holds a claim on their work, and whether they have no subject.
const fn condition(state: EventState) -> (Option<&'static str>, Option<bool>, Option<bool>) {
    match state {
        EventState::Pending => (Some("pending"), Some(false), None),
        EventState::InProgress => (Some("pending"), Some(true), None),
        EventState::Applied => (Some("done"), None, Some(false)),
        EventState::Failed => (Some("failed"), None, None),
        EventState::Blocked => (Some("blocked"), None, None),
        EventState::Ignored => (Some("done"), None, Some(true)),
    }
}

/// The state of an event by its stored state, its subjects, and its work.
fn state(stored: &str, subjects: &[Subject], work: &[PendingWork]) -> Result<EventState, StoreError> {
    match stored {
        "pending" if work.iter().any(|work| work.claimed) => Ok(EventState::InProgress),
        "pending" => Ok(EventState::Pending),
        "failed" => Ok(EventState::Failed),
        "blocked" => Ok(EventState::Blocked),
        "done" if subjects.is_empty() => Ok(EventState::Ignored),
        "done" => Ok(EventState::Applied),
        unknown => Err(StoreError::new("read an event", format!("unknown state \"{unknown}\""))),
    }
}

fn subjects(text: &str) -> Result<Vec<Subject>, StoreError> {
    let columns: Vec<(String, String)> = from_json("read the subjects of an event", text)?;
    columns.into_iter().map(|(kind, id)| subject(&kind, id)).collect()
}

fn entry(row: Row) -> Result<(Event, i64), StoreError> {
    let id = row.0.clone();
    in_row(|| format!("the event {id}"), || read(row))
}

fn read(row: Row) -> Result<(Event, i64), StoreError> {
    let (
        id,
        event_type,
        stored,
        published,
        received,
        completed_at,
        failure,
        subjects_text,
        pending_work,
        change_seq,
        arrived_seq,
    ) = row;
    let pending_work: Vec<(String, String, u32, i64, i64)> =
        from_json("read the pending work of an event", &pending_work)?;
    let pending_work = pending_work.into_iter().map(|(kind, id, attempts, next_attempt_at, claimed)| {
        Ok(PendingWork {
            subject: subject(&kind, id)?,
            attempts,
            next_attempt_at: timestamp(next_attempt_at)?,
            claimed: claimed != 0,
        })
    });
    let pending_work = pending_work.collect::<Result<Vec<_>, StoreError>>()?;
    let subjects = subjects(&subjects_text)?;
    let event = Event {
        id: EventId::new(id),
        event_type,
        state: state(&stored, &subjects, &pending_work)?,
        published_at: timestamp(published)?,
        received_at: timestamp(received)?,
        arrived: arrived_seq,
        completed_at: completed_at.map(timestamp).transpose()?,
        failure: failure.map(|text| from_json("read the failure of an event", &text)).transpose()?,
        subjects,
        pending_work,
    };
    Ok((event, change_seq))
}
