//! Deliveries that wait for the writer.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use sync_engine::{NewEvent, StoreError};
use tokio::sync::oneshot;

/// Deliveries that wait for the writer.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<Vec<Waiting>>);

#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) connection: i64,
    /// Its ID; `None` if Okta sent none, so that only the events identify a repeat.
    pub(crate) id: Option<String>,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) now: Timestamp,
    pub(crate) answer: oneshot::Sender<Result<u64, Arc<StoreError>>>,
}

impl Deliveries {
    /// Queues a delivery. False if too many wait.
    pub(crate) fn push(&self, delivery: Waiting) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = waiting.len() < WAITING;
        if fits {
            waiting.push(delivery);
        }
        fits
    }

    /// Removes the next deliveries from the queue, for one transaction.
    pub(crate) fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = waiting.len().min(TOGETHER);
        waiting.drain(..n).collect()
    }
}

/// The maximum number of queued deliveries; more are rejected at once.
const WAITING: usize = 1024;

/// The maximum number of deliveries in one transaction.
const TOGETHER: usize = 256;
