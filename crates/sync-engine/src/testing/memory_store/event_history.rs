//! Stored events in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{EventId, ObjectKind, RecordKey, RunId};

use crate::domain::event::{Event, EventCursor, EventFilter, EventState, PendingWork, ReplayTarget};
use crate::domain::inbox::Subject;
use crate::domain::reading::Reading;
use crate::domain::store_error::StoreError;
use crate::ports::state::event_history::EventHistory;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{StoredEvent, Tables};

#[async_trait]
impl EventHistory for MemoryStore {
    async fn find_events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError> {
        let tables = self.tables("find_events")?;
        let mut found: Vec<Event> = tables
            .events
            .values()
            .filter(|stored| filter.search.as_deref().is_none_or(|text| contains(stored, text)))
            .map(|stored| tables.event(stored))
            .filter(|event| filter.state.is_none_or(|state| event.state == state))
            .collect();
        found.sort_by_key(|event| (Reverse(event.published_at), event.id.clone()));
        found.truncate(filter.limit as usize);
        Ok(found)
    }

    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError> {
        let tables = self.tables("known_events")?;
        Ok(ids.iter().filter(|id| tables.events.contains_key(*id)).cloned().collect())
    }

    async fn event_cursor(&self) -> Result<EventCursor, StoreError> {
        Ok(EventCursor { write: self.tables("event_cursor")?.last_seq, after: None })
    }

    async fn events_after(
        &self,
        mark: &EventCursor,
        limit: u32,
    ) -> Result<(Vec<Event>, EventCursor), StoreError> {
        let tables = self.tables("events_after")?;
        let is_after = |stored: &&StoredEvent| {
            stored.change_seq > mark.write
                || stored.change_seq == mark.write
                    && mark.after.as_ref().is_some_and(|after| stored.event.id > *after)
        };
        let mut found: Vec<&StoredEvent> = tables.events.values().filter(is_after).collect();
        found.sort_by_key(|stored| (stored.change_seq, stored.event.id.clone()));
        found.truncate(limit as usize);
        let cursor = found.last().map_or_else(
            || mark.clone(),
            |last| EventCursor { write: last.change_seq, after: Some(last.event.id.clone()) },
        );
        Ok((found.into_iter().map(|stored| tables.event(stored)).collect(), cursor))
    }

    async fn replay(&self, which: ReplayTarget<'_>, now: Timestamp) -> Result<u64, StoreError> {
        let mut tables = self.tables("replay")?;
        let ids = match which {
            ReplayTarget::Ids(ids) => ids.to_vec(),
            ReplayTarget::AllFailed => tables.in_state(EventState::Failed),
        };
        Ok(tables.replay(&ids, now))
    }

    async fn resolve_failed_events(
        &self,
        run: RunId,
        before: Reading,
        unnamed: bool,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tables = self.tables("resolve_failed_events")?;
        let sequence = tables.next_seq();
        let has_unread = tables.unread(run).next().is_some();
        let is_unread = |key: &RecordKey| {
            let listed = tables.listed.get(&run).and_then(|listed| listed.get(key));
            listed.copied().unwrap_or(unnamed)
        };
        let is_read = |subject: &Subject| match objects_of(subject) {
            objects if objects.is_empty() => !unnamed && !has_unread,
            objects => !objects.iter().any(is_unread),
        };
        let resolved: Vec<EventId> = tables
            .events
            .values()
            .filter(|stored| matches!(stored.state, EventState::Failed | EventState::Blocked))
            .filter(|stored| stored.arrived < before.number && stored.event.subjects.iter().all(is_read))
            .map(|stored| stored.event.id.clone())
            .collect();
        for id in &resolved {
            if let Some(stored) = tables.events.get_mut(id) {
                stored.state = EventState::Applied;
                (stored.completed_at, stored.failure) = (Some(now), None);
                stored.change_seq = sequence;
            }
        }
        Ok(resolved.len() as u64)
    }
}

/// The users and groups that a subject names.
pub(super) fn objects_of(subject: &Subject) -> Vec<RecordKey> {
    match subject {
        Subject::User(id) => vec![RecordKey::user(id)],
        Subject::Group(id) | Subject::GroupMembers(id) => vec![RecordKey::group(id)],
        Subject::Membership { group, user } => vec![RecordKey::group(group), RecordKey::user(user)],
        Subject::RecentChanges | Subject::EntireDirectory | Subject::Schema => Vec::new(),
    }
}

/// True if the ID, the type, or the ID of a subject contains a text, ignoring case.
fn contains(stored: &StoredEvent, text: &str) -> bool {
    let text = text.to_lowercase();
    let has = |value: &str| value.to_lowercase().contains(&text);
    let subject = |subject: &Subject| match subject {
        Subject::Membership { group, user } => has(&format!("{}/{}", group.as_str(), user.as_str())),
        subject => objects_of(subject).iter().any(|key| has(&key.id)),
    };
    has(stored.event.id.as_str())
        || has(&stored.event.event_type)
        || stored.event.subjects.iter().any(subject)
}

impl Tables {
    /// An event, as the history shows it.
    fn event(&self, stored: &StoredEvent) -> Event {
        let id = &stored.event.id;
        let pending_work: Vec<PendingWork> = self
            .work_of(id)
            .filter_map(|subject| self.work.iter().find(|work| work.item.subject == *subject))
            .map(|work| PendingWork {
                subject: work.item.subject.clone(),
                attempts: work.item.attempts,
                next_attempt_at: work.next_attempt_at,
                claimed: work.claimed_until.is_some(),
            })
            .collect();
        let is_claimed = pending_work.iter().any(|work| work.claimed);
        let state = match stored.state {
            EventState::Pending if is_claimed => EventState::InProgress,
            state => state,
        };
        Event {
            id: id.clone(),
            event_type: stored.event.event_type.clone(),
            state,
            published_at: stored.event.published_at,
            received_at: stored.received_at,
            arrived: stored.arrived,
            completed_at: stored.completed_at,
            failure: stored.failure.clone(),
            subjects: stored.event.subjects.clone(),
            pending_work,
        }
    }

    /// The events in a stored state.
    pub(super) fn in_state(&self, state: EventState) -> Vec<EventId> {
        let events = self.events.values().filter(|stored| stored.state == state);
        events.map(|stored| stored.event.id.clone()).collect()
    }

    /// Replays events that name an object, and returns their number.
    pub(super) fn replay(&mut self, ids: &[EventId], now: Timestamp) -> u64 {
        let sequence = self.next_seq();
        let mut replayed = 0;
        for id in ids {
            let Some(stored) = self.events.get_mut(id).filter(|stored| !stored.event.subjects.is_empty())
            else {
                continue;
            };
            stored.state = EventState::Pending;
            (stored.completed_at, stored.failure) = (None, None);
            stored.change_seq = sequence;
            let event = stored.event.clone();
            self.add_work(&event, now);
            replayed += 1;
        }
        replayed
    }

    /// True if an event names a blocked object.
    pub(super) fn names_blocked(&self, id: &EventId) -> bool {
        let subjects = self.events.get(id).into_iter().flat_map(|stored| &stored.event.subjects);
        let mut objects = subjects.flat_map(objects_of);
        objects.any(|key| key.kind != ObjectKind::Membership && self.blocked.contains_key(&key))
    }
}
