//! Absent objects in memory.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{RecordKey, RunId};

use crate::domain::reading::Reading;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::ChangeKind;
use crate::domain::store_error::StoreError;
use crate::ports::state::absent_objects::AbsentObjects;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{Tables, Unconfirmed};

#[async_trait]
impl AbsentObjects for MemoryStore {
    async fn add_absent(
        &self,
        run: RunId,
        objects: &[RecordKey],
        reading: Reading,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables("add_absent")?;
        let is_open = tables.has_other_open_run(run);
        for key in objects {
            if tables.was_sent_before(key, reading) {
                tables.enqueue_object(key, now);
            } else if is_open {
                let known = tables.absent.entry(key.clone()).or_default();
                *known = reading.number.max(*known);
            }
        }
        Ok(())
    }
}

impl Tables {
    /// True if another run than this one is open, and can send.
    fn has_other_open_run(&self, run: RunId) -> bool {
        self.runs
            .iter()
            .any(|(id, other)| *id != run && other.ended_at.is_none() && other.kind != RunKind::Plan)
    }

    /// True if Assets may have an object by an older reading.
    fn was_sent_before(&self, key: &RecordKey, reading: Reading) -> bool {
        let confirmed = self.confirmed.get(key).filter(|confirmed| !confirmed.retired);
        let confirmed = confirmed.map(|confirmed| confirmed.reading.number);
        let sent = self.unconfirmed.get(key).filter(|sent| sent.change != ChangeKind::Retire);
        confirmed.max(sent.map(|sent| sent.reading.number)).is_some_and(|number| number < reading.number)
    }

    /// Queues the objects that a run sends by an older reading than the one in which they are absent.
    pub(super) fn enqueue_absent(&mut self, run: RunId, now: Timestamp) {
        let is_absent = |key: &RecordKey, number: i64| self.absent.get(key).is_some_and(|n| *n > number);
        let sent: Vec<RecordKey> = self
            .staged_by(run)
            .filter(|(key, staged)| {
                staged.change != ChangeKind::Retire && is_absent(key, staged.reading.number)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in &sent {
            self.enqueue_object(key, now);
        }
    }

    /// Forgets absent objects once no other run is open. Those with an unconfirmed record of an older reading are queued,
    /// because that record is sent again.
    pub(super) fn remove_absent(&mut self, ending: RunId, now: Timestamp) {
        if self.has_other_open_run(ending) {
            return;
        }
        for (key, number) in std::mem::take(&mut self.absent) {
            let is_older =
                |sent: &Unconfirmed| sent.change != ChangeKind::Retire && sent.reading.number < number;
            if self.unconfirmed.get(&key).is_some_and(is_older) {
                self.enqueue_object(&key, now);
            }
        }
    }
}
