//! Deliveries of the event hook. Queued ones are stored in one transaction, so that all of them wait for one disk
//! write.

use std::sync::Arc;

use jiff::Timestamp;
use sqlx::{Connection, SqliteConnection};
use sync_engine::{NewEvent, StoreError};
use tokio::sync::oneshot;

use crate::arrivals::insert;
use crate::connection::ConnectionStore;
use crate::convert::millis;
use crate::delivery_queue::Waiting;

const STORE: &str = "store a delivery";

/// Stores a delivery together with the queued ones, and returns the number of its new events.
pub(crate) async fn store(
    store: &ConnectionStore,
    id: Option<&str>,
    events: &[NewEvent],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let (answer, stored) = oneshot::channel();
    let id = id.map(ToOwned::to_owned);
    let delivery = Waiting { connection: store.id, id, events: events.to_vec(), now, answer };
    if !store.deliveries.push(delivery) {
        return Err(StoreError::new(STORE, "too many deliveries wait for the store"));
    }
    // A separate task: a canceled call doesn't cancel other deliveries.
    tokio::spawn(write(store.clone()));
    match stored.await {
        Ok(result) => result.map_err(|error| StoreError::new(STORE, error)),
        Err(ended) => Err(StoreError::new(STORE, ended)),
    }
}

/// Waits for the writer and stores all deliveries that are queued by then.
async fn write(store: ConnectionStore) {
    let writer = store.writer.acquire().await;
    let deliveries = store.deliveries.take();
    // An earlier call has stored all of them.
    if deliveries.is_empty() {
        return;
    }
    let stored = match writer {
        Ok(mut writer) => write_in(&mut writer, &deliveries).await,
        Err(error) => Err(StoreError::new(STORE, error)),
    };
    match stored {
        Ok(counts) => {
            for (delivery, new) in deliveries.into_iter().zip(counts) {
                // The caller may have stopped waiting.
                drop(delivery.answer.send(Ok(new)));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for delivery in deliveries {
                drop(delivery.answer.send(Err(Arc::clone(&error))));
            }
        }
    }
}

async fn write_in(writer: &mut SqliteConnection, deliveries: &[Waiting]) -> Result<Vec<u64>, StoreError> {
    let failed = |e| StoreError::new(STORE, e);
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let mut counts = Vec::with_capacity(deliveries.len());
    for Waiting { connection, id, events, now, .. } in deliveries {
        let known = match id {
            None => false,
            Some(id) => {
                let stored = sqlx::query(
                    "INSERT OR IGNORE INTO deliveries (connection_id, id, received_at) VALUES (?1, ?2, ?3)",
                )
                .bind(connection)
                .bind(id)
                .bind(millis(*now))
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
                stored.rows_affected() == 0
            }
        };
        counts.push(if known { 0 } else { insert(*connection, &mut tx, events, *now).await? });
    }
    tx.commit().await.map_err(failed)?;
    Ok(counts)
}
