//! The state of a connection in memory, with switches for failures.

mod absent_objects;
mod aliases;
mod close;
mod confirmed_records;
mod event_history;
mod event_inbox;
mod executions;
mod leader_state;
mod listings;
mod metric_samples;
mod object_catalog;
mod place;
mod removals;
mod retired_objects;
mod runs;
mod safeguards;
mod site_facts;
mod staged_changes;
mod stale_values;
mod sync_requests;
mod tables;
mod time;
mod unconfirmed_records;
mod unread_objects;
mod work_queue;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::store_error::StoreError;

use tables::Tables;

/// A state store in memory, for tests. Clones share their state, as connections to one file do.
///
/// A method fails while it is [switched off](Self::fail), and then does nothing.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    failing: Arc<Mutex<BTreeMap<&'static str, Option<u64>>>>,
}

impl MemoryStore {
    /// Makes every call of a method fail from now on.
    pub fn fail(&self, method: &'static str) {
        self.failing().insert(method, None);
    }

    /// Makes the next calls of a method fail, this many.
    pub fn fail_times(&self, method: &'static str, times: u64) {
        self.failing().insert(method, Some(times));
    }

    /// Lets a method succeed again.
    pub fn restore(&self, method: &'static str) {
        self.failing().remove(method);
    }

    fn failing(&self) -> MutexGuard<'_, BTreeMap<&'static str, Option<u64>>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for a method.
    ///
    /// # Errors
    /// When the method is switched off.
    fn tables(&self, method: &'static str) -> Result<MutexGuard<'_, Tables>, StoreError> {
        match self.failing().get_mut(method) {
            None | Some(Some(0)) => Ok(self.tables.lock().unwrap_or_else(PoisonError::into_inner)),
            Some(None) => Err(StoreError::new(method, "a test switched it off")),
            Some(Some(left)) => {
                *left -= 1;
                Err(StoreError::new(method, "a test switched it off"))
            }
        }
    }
}
