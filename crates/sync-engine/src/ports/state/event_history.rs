//! Stored events.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{EventId, RunId};

use crate::domain::event::{Event, EventCursor, EventFilter, ReplayTarget};
use crate::domain::reading::Reading;
use crate::domain::store_error::StoreError;

/// Stored events: their states, and their replay.
#[async_trait]
pub trait EventHistory: Send + Sync {
    /// Events, those first that happened last.
    async fn find_events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError>;

    /// The stored events among these.
    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError>;

    /// The place after everything that happened to events so far.
    async fn event_cursor(&self) -> Result<EventCursor, StoreError>;

    /// Events that were received or changed their state after a position, in order, each in its current state; and the
    /// next position.
    async fn events_after(
        &self,
        mark: &EventCursor,
        limit: u32,
    ) -> Result<(Vec<Event>, EventCursor), StoreError>;

    /// Replays events: their subjects are queued immediately. Unknown events are left out. Returns the number of
    /// events.
    async fn replay(&self, which: ReplayTarget<'_>, now: Timestamp) -> Result<u64, StoreError>;

    /// Completes the failed and blocked events that arrived before the reading of a run that read everything, except
    /// those about an object that the run could not read. With `unnamed` items, which may be any object, only events
    /// about objects that were read are completed. Returns their number.
    async fn resolve_failed_events(
        &self,
        run: RunId,
        before: Reading,
        unnamed: bool,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
}
