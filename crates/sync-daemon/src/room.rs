//! The free space of the file system that holds the state store.

use admin_api::AlertEntry;
use jiff::Timestamp;
use sync_engine::{AlertKind, Fact, Finding};
use sync_store::Store;

/// Free space below which any write may fail: the write-ahead log alone can need as much.
const LEAST: u64 = 16 << 20;

/// The free space, if it is too small; `None` if there is enough, or the system reports none.
pub(crate) fn low(free: Option<u64>) -> Option<u64> {
    free.filter(|free| *free < LEAST)
}

/// The finding about too little space; `None` if there is enough, or the system reports none.
pub(crate) fn shortage(free: Option<u64>) -> Option<Finding> {
    let free_bytes = low(free)?;
    Some(Finding::error(Fact::StoreSpaceLow { free_bytes }))
}

/// The shortage of this moment as an alert, for a process that does not watch.
pub(crate) async fn alert(store: &Store, now: Timestamp) -> Option<AlertEntry> {
    let finding = shortage(store.free_space().await)?;
    Some(AlertEntry {
        kind: AlertKind::StoreSpace,
        task: None,
        finding,
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
        let low = Finding::error(Fact::StoreSpaceLow { free_bytes: 3 << 20 });
        assert_eq!(shortage(Some(3 << 20)), Some(low));
        assert!(shortage(Some(LEAST)).is_none() && shortage(None).is_none());
    }
}
