//! Work items in memory.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::EventId;

use crate::domain::event::EventState;
use crate::domain::finding::Finding;
use crate::domain::inbox::{Subject, WorkItem, WorkKind};
use crate::domain::store_error::StoreError;
use crate::ports::state::work_queue::WorkQueue;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{Tables, Work, later, work_kind};

#[async_trait]
impl WorkQueue for MemoryStore {
    async fn enqueue(&self, subject: &Subject, now: Timestamp) -> Result<(), StoreError> {
        self.tables("enqueue")?.enqueue(subject, None, false, now);
        Ok(())
    }

    async fn claim_work(
        &self,
        sort: WorkKind,
        limit: u32,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<WorkItem>, StoreError> {
        let mut tables = self.tables("claim_work")?;
        let mut due: Vec<&mut Work> = tables
            .work
            .iter_mut()
            .filter(|work| work.next_attempt_at <= now && work_kind(&work.item.subject) == sort)
            .filter(|work| work.claimed_until.is_none_or(|until| until <= now))
            .collect();
        due.sort_by_key(|work| work.next_attempt_at);
        let claimed = due.into_iter().take(limit as usize).map(|work| {
            work.claimed_until = Some(later(now, lease));
            work.item.clone()
        });
        Ok(claimed.collect())
    }

    async fn release_work(&self, items: &[WorkItem]) -> Result<(), StoreError> {
        self.tables("release_work")?.unclaim(items);
        Ok(())
    }

    async fn release_all_claims(&self) -> Result<(), StoreError> {
        let mut tables = self.tables("release_all_claims")?;
        tables.work.iter_mut().for_each(|work| work.claimed_until = None);
        tables
            .requests
            .values_mut()
            .filter(|asked| asked.run.is_none())
            .for_each(|asked| asked.accepted = false);
        Ok(())
    }

    async fn complete_work(&self, items: &[WorkItem], now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.tables("complete_work")?.close_work(items, EventState::Applied, None, now))
    }

    async fn postpone_work(&self, items: &[WorkItem], until: Timestamp) -> Result<(), StoreError> {
        self.tables("postpone_work")?.delay(items, until, 0);
        Ok(())
    }

    async fn requeue_work(&self, items: &[WorkItem], until: Timestamp) -> Result<(), StoreError> {
        self.tables("requeue_work")?.delay(items, until, 1);
        Ok(())
    }

    async fn fail_work(
        &self,
        items: &[WorkItem],
        failure: &Finding,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.tables("fail_work")?.close_work(items, EventState::Failed, Some(failure), now);
        Ok(())
    }
}

/// True if a work item is among these, and no newer event has requested it.
fn is_among(items: &[WorkItem], item: &WorkItem) -> bool {
    items.iter().any(|known| known.subject == item.subject && item.sequence <= known.sequence)
}

impl Tables {
    /// Releases claims until a later time.
    fn delay(&mut self, items: &[WorkItem], until: Timestamp, attempts: u32) {
        for work in &mut self.work {
            // A newer request keeps its due time.
            if is_among(items, &work.item) {
                work.item.attempts += attempts;
                work.next_attempt_at = until;
            }
        }
        self.unclaim(items);
    }

    fn unclaim(&mut self, items: &[WorkItem]) {
        let is_meant = |work: &&mut Work| items.iter().any(|item| item.subject == work.item.subject);
        self.work.iter_mut().filter(is_meant).for_each(|work| work.claimed_until = None);
    }

    /// Removes work items that no newer event has requested, and closes the events that waited for them alone. Returns
    /// the number of those events.
    pub(super) fn close_work(
        &mut self,
        items: &[WorkItem],
        state: EventState,
        failure: Option<&Finding>,
        now: Timestamp,
    ) -> u64 {
        self.work.retain(|work| !is_among(items, &work.item));
        if state == EventState::Applied {
            self.read_by_work(items);
        }
        // A newer request can be claimed again.
        self.unclaim(items);
        let mut events: BTreeSet<EventId> = BTreeSet::new();
        self.event_work.retain(|(event, subject, sequence)| {
            let is_closed = items.iter().any(|item| item.subject == *subject && *sequence <= item.sequence);
            if is_closed {
                events.insert(event.clone());
            }
            !is_closed
        });
        let sequence = if events.is_empty() { 0 } else { self.next_seq() };
        let mut closed = 0;
        for id in events {
            let is_waiting = self.work_of(&id).next().is_some();
            let stored = self.events.get_mut(&id).filter(|stored| stored.state == EventState::Pending);
            if let Some(stored) = stored.filter(|_| !is_waiting) {
                stored.state = state;
                (stored.completed_at, stored.failure) = (Some(now), failure.cloned());
                stored.change_seq = sequence;
                closed += 1;
            }
        }
        closed
    }
}
