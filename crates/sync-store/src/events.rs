//! The inbox as people look at it: which events there are, what became of them, and putting them back.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use sync_engine::{
    Event, EventCursor, EventFilter, EventState, PendingWork, ReplayTarget, StoreError, Subject,
};
use sync_model::EventId;

use crate::ConnectionStore;
use crate::convert::{from_json, in_row, subject, timestamp};
use crate::event_queue::{count_write, wait_for};

/// How many events are put back at once, in one transaction with the others.
const PAGE: u32 = 500;

type Row = (String, String, String, i64, i64, Option<i64>, Option<String>, String, String, i64, i64);

const COLUMNS: &str = "e.id, e.event_type, e.state, e.published, e.received, e.settled, e.reason, e.named,
    (SELECT json_group_array(json_array(l.kind, l.id, l.attempts, l.due, l.claimed_until > 0))
     FROM waiting w CROSS JOIN looks l ON l.connection = ?1 AND l.kind = w.kind AND l.id = w.id
     WHERE w.connection = ?1 AND w.event = e.id), e.written, e.arrived";

pub(crate) async fn find(store: &ConnectionStore, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM events e
         WHERE e.connection = ?1 AND (?2 IS NULL OR e.state = ?2)
           AND (?3 IS NULL OR instr(lower(e.id), lower(?3)) OR instr(lower(e.event_type), lower(?3))
                OR NOT json_valid(e.named)
                OR EXISTS (SELECT 1 FROM json_each(e.named) n WHERE instr(lower(n.value ->> 1), lower(?3))))
         ORDER BY e.published DESC, e.id LIMIT ?4"
    );
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(store.id)
        .bind(filter.state.map(word))
        .bind(filter.search.as_deref())
        .bind(filter.limit)
        .fetch_all(&store.pool)
        .await
        .map_err(|e| StoreError::new("read the events", e))?;
    rows.into_iter().map(|row| Ok(entry(row)?.0)).collect()
}

pub(crate) async fn known(store: &ConnectionStore, ids: &[EventId]) -> Result<Vec<EventId>, StoreError> {
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT e.id FROM json_each(?2) i CROSS JOIN events e ON e.connection = ?1 AND e.id = i.value",
    )
    .bind(store.id)
    .bind(ids_json(ids))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("look for events", e))?;
    Ok(rows.into_iter().map(EventId::new).collect())
}

pub(crate) async fn mark(store: &ConnectionStore) -> Result<EventCursor, StoreError> {
    let write = sqlx::query_scalar("SELECT sequence FROM connections WHERE id = ?1")
        .bind(store.id)
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("find the end of the inbox", e))?;
    Ok(EventCursor { write, after: None })
}

pub(crate) async fn after(
    store: &ConnectionStore,
    mark: &EventCursor,
    limit: u32,
) -> Result<(Vec<Event>, EventCursor), StoreError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM events e
         WHERE e.connection = ?1 AND e.written >= ?2 AND (e.written > ?2 OR e.id > ?3)
         ORDER BY e.written, e.id LIMIT ?4"
    );
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(store.id)
        .bind(mark.write)
        .bind(mark.after.as_ref().map(EventId::as_str))
        .bind(limit)
        .fetch_all(&store.pool)
        .await
        .map_err(|e| StoreError::new("follow the events", e))?;
    let mut mark = mark.clone();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (event, write) = entry(row)?;
        mark = EventCursor { write, after: Some(event.id.clone()) };
        found.push(event);
    }
    Ok((found, mark))
}

const REPLAY: &str = "put events back";

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn replaying(error: sqlx::Error) -> StoreError {
    StoreError::new(REPLAY, error)
}

pub(crate) async fn replay(
    store: &ConnectionStore,
    which: ReplayTarget<'_>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut tx = store.begin(REPLAY).await?;
    let write = count_write(store, &mut tx).await.map_err(replaying)?;
    let mut put_back = 0;
    match which {
        ReplayTarget::Ids(ids) => put_back += replay_page(store, &mut tx, Some(ids), write, now).await?,
        ReplayTarget::AllFailed => loop {
            let page = replay_page(store, &mut tx, None, write, now).await?;
            put_back += page;
            if page == 0 {
                break;
            }
        },
    }
    tx.commit().await.map_err(replaying)?;
    Ok(put_back)
}

/// Puts these events back, or without any named the next ones that were given up.
async fn replay_page(
    store: &ConnectionStore,
    tx: &mut Transaction<'static, Sqlite>,
    ids: Option<&[EventId]>,
    write: i64,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let which = match ids {
        Some(_) => "id IN (SELECT value FROM json_each(?2)) AND ?3 = ?3",
        None => "state = 'failed' AND ?2 IS NULL LIMIT ?3",
    };
    let rows: Vec<(String, String, i64, String, bool, bool)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT id, state, published, named, changes_object, expects_gone FROM events
         WHERE connection = ?1 AND {which}"
    )))
    .bind(store.id)
    .bind(ids.map(ids_json))
    .bind(PAGE)
    .fetch_all(&mut **tx)
    .await
    .map_err(replaying)?;
    let mut put_back = 0;
    for (id, state, published, named, changes_object, expects_gone) in rows {
        let mut subjects = in_row(|| format!("the event {id}"), || subjects(&named))?;
        if subjects.is_empty() && state != "failed" {
            continue;
        }
        if subjects.is_empty() {
            // It was given up by a version that did not keep what it named; reading everything answers it.
            subjects.push(Subject::EntireDirectory);
        }
        let at_least = changes_object.then_some(published);
        let at_least = in_row(|| format!("the event {id}"), || at_least.map(timestamp).transpose())?;
        wait_for(store, tx, &id, &subjects, at_least, expects_gone, now).await.map_err(replaying)?;
        sqlx::query(
            "UPDATE events SET state = 'pending', settled = NULL, reason = NULL, written = ?3
             WHERE connection = ?1 AND id = ?2",
        )
        .bind(store.id)
        .bind(id)
        .bind(write)
        .execute(&mut **tx)
        .await
        .map_err(replaying)?;
        put_back += 1;
    }
    Ok(put_back)
}

fn ids_json(ids: &[EventId]) -> String {
    Value::from(ids.iter().map(EventId::as_str).collect::<Vec<_>>()).to_string()
}

/// The word for a state in the column.
const fn word(state: EventState) -> &'static str {
    match state {
        EventState::Pending => "pending",
        EventState::Failed => "failed",
        EventState::Done => "done",
    }
}

fn subjects(named: &str) -> Result<Vec<Subject>, StoreError> {
    let named: Vec<(String, String)> = from_json("read what an event named", named)?;
    named.into_iter().map(|(kind, id)| subject(&kind, id)).collect()
}

fn entry(row: Row) -> Result<(Event, i64), StoreError> {
    let id = row.0.clone();
    in_row(|| format!("the event {id}"), || read(row))
}

fn read(row: Row) -> Result<(Event, i64), StoreError> {
    let (id, event_type, state, published, received, settled, reason, named, waits_for, written, arrived) =
        row;
    let waits_for: Vec<(String, String, u32, i64, i64)> =
        from_json("read what an event waits for", &waits_for)?;
    let waits_for = waits_for.into_iter().map(|(kind, id, attempts, due, claimed)| {
        Ok(PendingWork {
            subject: subject(&kind, id)?,
            attempts,
            next_attempt_at: timestamp(due)?,
            claimed: claimed != 0,
        })
    });
    let event = Event {
        id: EventId::new(id),
        event_type,
        state: [EventState::Pending, EventState::Failed, EventState::Done]
            .into_iter()
            .find(|known| word(*known) == state)
            .ok_or_else(|| StoreError::new("read an event", format!("unknown state \"{state}\"")))?,
        published_at: timestamp(published)?,
        received_at: timestamp(received)?,
        arrived,
        completed_at: settled.map(timestamp).transpose()?,
        reason,
        subjects: subjects(&named)?,
        pending_work: waits_for.collect::<Result<_, StoreError>>()?,
    };
    Ok((event, written))
}
