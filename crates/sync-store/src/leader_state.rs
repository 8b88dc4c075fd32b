//! Facts about the leader for other processes: the states of requested objects, its rate limit, and its alerts.

use jiff::Timestamp;
use sync_engine::{RequestedObject, RequestedState, StoreError};
use sync_model::RecordKey;

use crate::ConnectionStore;
use crate::convert::{keys_json, kind, millis, time_of};
use crate::unconfirmed::REJECTED;

pub(crate) async fn states(
    store: &ConnectionStore,
    keys: &[RecordKey],
) -> Result<Vec<RequestedObject>, StoreError> {
    type Row = (String, String, Option<i64>, Option<String>, Option<i64>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT k.value ->> 0, k.value ->> 1, l.attempts, b.reason, u.single_failures, u.reason
         FROM json_each(?2) k
         LEFT JOIN work_queue l ON l.connection_id = ?1 AND l.kind = k.value ->> 0 AND l.id = k.value ->> 1
         LEFT JOIN blocked_objects b ON b.connection_id = ?1 AND b.kind = k.value ->> 0 AND b.id = k.value ->> 1
         LEFT JOIN unconfirmed_records u ON u.connection_id = ?1 AND u.kind = k.value ->> 0 AND u.id = k.value ->> 1
         ORDER BY k.key",
    )
    .bind(store.id)
    .bind(keys_json(keys))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read the states of requested objects", e))?;
    rows.into_iter()
        .map(|(word, id, attempts, blocked, failures, unconfirmed)| {
            let (state, reason) = match (attempts, blocked, failures) {
                (Some(0), ..) => (RequestedState::Pending, None),
                (Some(attempts), ..) => {
                    (RequestedState::Unreadable, Some(format!("reading it failed {attempts} times")))
                }
                (None, Some(reason), _) => (RequestedState::Blocked, Some(reason)),
                (None, None, Some(failures)) if failures >= REJECTED => {
                    (RequestedState::Rejected, unconfirmed)
                }
                (None, None, Some(_)) => (RequestedState::Unconfirmed, unconfirmed),
                (None, None, None) => (RequestedState::Applied, None),
            };
            Ok(RequestedObject { key: RecordKey { kind: kind(&word)?, id }, state, reason })
        })
        .collect()
}

pub(crate) async fn save_held_until(
    store: &ConnectionStore,
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE connections SET throttled_until = ?2 WHERE id = ?1")
        .bind(store.id)
        .bind(until.map(millis))
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("store the rate limit", e))
}

pub(crate) async fn held_until(store: &ConnectionStore) -> Result<Option<Timestamp>, StoreError> {
    let until: Option<i64> = sqlx::query_scalar("SELECT throttled_until FROM connections WHERE id = ?1")
        .bind(store.id)
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("read the rate limit", e))?;
    time_of("the rate limit", until)
}

pub(crate) async fn store_alerts(store: &ConnectionStore, alerts: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE connections SET alerts = ?2 WHERE id = ?1")
        .bind(store.id)
        .bind(alerts)
        .execute(&store.writer)
        .await
        .map(drop)
        .map_err(|e| StoreError::new("store alerts", e))
}

pub(crate) async fn stored_alerts(store: &ConnectionStore) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar("SELECT alerts FROM connections WHERE id = ?1")
        .bind(store.id)
        .fetch_one(&store.pool)
        .await
        .map_err(|e| StoreError::new("read alerts", e))
}
