//! The free space of the file system that holds the state store.

use jiff::Timestamp;
use sync_engine::{AlertKind, Clock, SystemClock};
use sync_store::Store;

use crate::alerts::AlertEntry;

/// Free space below which a write may fail at any moment: the write-ahead log alone may take as much.
const LEAST: u64 = 16 << 20;

/// The remedy.
pub(crate) const HINT: &str =
    "free space there; or stop what works on the store, move it, and set store.path to its new place";

/// The free space, if it is too small; `None` where there is enough, or the system doesn't report it.
pub(crate) fn low(free: Option<u64>) -> Option<u64> {
    free.filter(|free| *free < LEAST)
}

/// Says how little space is left; `None` where there is enough, or the system does not tell.
pub(crate) fn shortage(free: Option<u64>) -> Option<String> {
    let free = low(free)?;
    Some(format!("the file system of the state store has {} KiB left", free >> 10))
}

/// The shortage of this moment as a trouble, for a process that does not watch.
pub(crate) async fn trouble(store: &Store) -> Option<AlertEntry> {
    let message = shortage(store.free_space().await)?;
    let now: Timestamp = SystemClock.now();
    Some(AlertEntry {
        kind: AlertKind::StoreSpace,
        task: None,
        reason: message.clone(),
        message,
        hint: Some(HINT.to_owned()),
        severity: sync_engine::Severity::Error,
        started_at: now,
        last_occurred_at: now,
        occurrences: 1,
        resolved_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_space_is_a_shortage() {
        assert_eq!(
            shortage(Some(3 << 20)).as_deref(),
            Some("the file system of the state store has 3072 KiB left")
        );
        assert!(shortage(Some(LEAST)).is_none() && shortage(None).is_none());
    }
}
