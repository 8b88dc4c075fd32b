//! Events as they arrive.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{Sqlite, Transaction};
use sync_engine::{NewEvent, StoreError, Subject};

use crate::convert::{millis, subject_columns};
use crate::sequence::next_change;
use crate::work_queue;

pub(crate) const STORE: &str = "store events";

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
pub(crate) fn storing(error: sqlx::Error) -> StoreError {
    StoreError::new(STORE, error)
}

/// Inserts new events with their work items and returns the number of new events.
pub(crate) async fn insert(
    connection: i64,
    tx: &mut Transaction<'_, Sqlite>,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<u64, StoreError> {
    if events.is_empty() {
        return Ok(0);
    }
    let change_seq = next_change(connection, tx).await.map_err(storing)?;
    let mut new = 0;
    for event in events {
        // An event without subjects requests no work.
        let (state, completed_at) =
            if event.subjects.is_empty() { ("done", Some(millis(now))) } else { ("pending", None) };
        let stored = sqlx::query(
            "INSERT OR IGNORE INTO events (connection_id, id, event_type, published_at, received_at, state, completed_at,
                                           subjects, requires_newer_object, expect_deleted, change_seq, arrived_seq)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)",
        )
        .bind(connection)
        .bind(event.id.as_str())
        .bind(&event.event_type)
        .bind(millis(event.published_at))
        .bind(millis(now))
        .bind(state)
        .bind(completed_at)
        .bind(subjects_json(&event.subjects))
        .bind(event.requires_newer_object)
        .bind(event.expect_deleted)
        .bind(change_seq)
        .execute(&mut **tx)
        .await
        .map_err(storing)?;
        if stored.rows_affected() == 0 {
            continue;
        }
        new += 1;
        let work = EventWork {
            event: event.id.as_str(),
            subjects: &event.subjects,
            not_older_than: event.requires_newer_object.then_some(event.published_at),
            expect_deleted: event.expect_deleted,
        };
        work.add(connection, tx, now).await.map_err(storing)?;
    }
    Ok(new)
}

/// The work that an event requests.
pub(crate) struct EventWork<'e> {
    pub(crate) event: &'e str,
    pub(crate) subjects: &'e [Subject],
    /// The time of the change that the objects must contain.
    pub(crate) not_older_than: Option<Timestamp>,
    pub(crate) expect_deleted: bool,
}

impl EventWork<'_> {
    /// Enqueues the subjects of the event, which waits for them.
    pub(crate) async fn add(
        &self,
        connection: i64,
        tx: &mut Transaction<'_, Sqlite>,
        now: Timestamp,
    ) -> Result<(), sqlx::Error> {
        for subject in self.subjects {
            let (not_older_than, expect_deleted) = (self.not_older_than, self.expect_deleted);
            let sequence =
                work_queue::enqueue(connection, tx, subject, not_older_than, expect_deleted, now).await?;
            let (kind, id) = subject_columns(subject);
            sqlx::query(
                "INSERT OR REPLACE INTO event_work (connection_id, kind, id, event_id, sequence) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .bind(connection)
            .bind(kind)
            .bind(id)
            .bind(self.event)
            .bind(sequence)
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }
}

fn subjects_json(subjects: &[Subject]) -> String {
    let columns = subjects.iter().map(|subject| {
        let (kind, id) = subject_columns(subject);
        json!([kind, id])
    });
    columns.collect::<Value>().to_string()
}
