//! Events as they arrive, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::EventId;

use crate::domain::event::EventState;
use crate::domain::feed::FeedCheckpoint;
use crate::domain::inbox::{EventQueueCounts, NewEvent, Subject, WorkKind};
use crate::domain::lots::REJECTED;
use crate::domain::store_error::StoreError;
use crate::ports::state::event_inbox::EventInbox;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{StoredEvent, Tables, work_kind};

#[async_trait]
impl EventInbox for MemoryStore {
    async fn store_events(&self, events: &[NewEvent], now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.tables("store_events")?.insert_events(events, now))
    }

    async fn store_delivery(
        &self,
        delivery: &str,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables("store_delivery")?;
        if tables.deliveries.contains_key(delivery) {
            return Ok(0);
        }
        tables.deliveries.insert(delivery.to_owned(), now);
        Ok(tables.insert_events(events, now))
    }

    async fn feed_checkpoint(&self) -> Result<Option<FeedCheckpoint>, StoreError> {
        Ok(self.tables("feed_checkpoint")?.feed.clone())
    }

    async fn store_feed_page(
        &self,
        events: &[NewEvent],
        state: &FeedCheckpoint,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables("store_feed_page")?;
        tables.feed = Some(state.clone());
        Ok(tables.insert_events(events, now))
    }

    async fn event_queue_counts(&self) -> Result<EventQueueCounts, StoreError> {
        let tables = self.tables("event_queue_counts")?;
        let in_state = |state| tables.events.values().filter(move |event| event.state == state);
        let count = |state| in_state(state).count() as u64;
        let oldest = |state| in_state(state).map(|event| event.event.published_at).min();
        let claimed: BTreeSet<&EventId> =
            tables.event_work.iter().filter(|(_, of, _)| tables.is_claimed(of)).map(|(id, ..)| id).collect();
        let in_progress = claimed.len() as u64;
        let is_unclaimed = |event: &&StoredEvent| {
            tables.work_of(&event.event.id).any(|subject| {
                let is_new = |subject: &Subject| {
                    tables.work.iter().any(|work| work.item.subject == *subject && work.item.attempts == 0)
                };
                work_kind(subject) == WorkKind::Object && is_new(subject)
            })
        };
        let oldest_unclaimed = in_state(EventState::Pending).filter(is_unclaimed);
        let sent = || tables.unconfirmed.values();
        let is_doubted =
            |confirmed: &&super::tables::Confirmed| confirmed.resend_pending && !confirmed.retired;
        Ok(EventQueueCounts {
            pending: count(EventState::Pending).saturating_sub(in_progress),
            in_progress,
            failed: count(EventState::Failed),
            oldest_failed_at: oldest(EventState::Failed),
            blocked: tables.blocked.len() as u64,
            blocked_events: count(EventState::Blocked),
            oldest_blocked_at: tables.blocked.values().map(|(_, at)| *at).min(),
            doubted: tables.confirmed.values().filter(is_doubted).count() as u64,
            withheld: tables.place.as_ref().map_or(0, |place| place.withheld().len() as u64),
            unreadable: tables.unreadable.len() as u64,
            work_items: tables.work.len() as u64,
            oldest_pending_at: oldest(EventState::Pending),
            oldest_unclaimed_at: oldest_unclaimed
                .min_by_key(|event| event.event.published_at)
                .map(|event| event.received_at),
            unconfirmed_records: sent().count() as u64,
            rejected_records: sent().filter(|sent| sent.single_failures >= REJECTED).count() as u64,
            oldest_unconfirmed_at: sent().map(|sent| sent.read_at).min(),
        })
    }
}

impl Tables {
    /// Inserts new events with their work items, and returns the number of new events.
    fn insert_events(&mut self, events: &[NewEvent], now: Timestamp) -> u64 {
        if events.is_empty() {
            return 0;
        }
        let sequence = self.next_seq();
        let mut new = 0;
        for event in events {
            if self.events.contains_key(&event.id) {
                continue;
            }
            new += 1;
            let is_ignored = event.subjects.is_empty();
            let stored = StoredEvent {
                event: event.clone(),
                received_at: now,
                state: if is_ignored { EventState::Ignored } else { EventState::Pending },
                completed_at: is_ignored.then_some(now),
                failure: None,
                change_seq: sequence,
                arrived: sequence,
            };
            self.events.insert(event.id.clone(), stored);
            self.add_work(event, now);
        }
        new
    }

    /// Enqueues the subjects of an event, which waits for them.
    pub(super) fn add_work(&mut self, event: &NewEvent, now: Timestamp) {
        let not_older_than = event.requires_newer_object.then_some(event.published_at);
        for subject in &event.subjects {
            let sequence = self.enqueue(subject, not_older_than, event.expect_deleted, now);
            self.event_work.retain(|(id, of, _)| *id != event.id || of != subject);
            self.event_work.push((event.id.clone(), subject.clone(), sequence));
        }
    }

    /// The subjects that an event waits for.
    pub(super) fn work_of(&self, event: &EventId) -> impl Iterator<Item = &Subject> {
        self.event_work.iter().filter(move |(id, ..)| id == event).map(|(_, subject, _)| subject)
    }

    /// True if a worker holds a claim on a subject.
    pub(super) fn is_claimed(&self, subject: &Subject) -> bool {
        self.work.iter().any(|work| work.item.subject == *subject && work.claimed_until.is_some())
    }
}
