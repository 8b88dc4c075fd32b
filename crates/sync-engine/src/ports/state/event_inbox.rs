//! Events as they arrive.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::feed::FeedCheckpoint;
use crate::domain::inbox::{EventQueueCounts, NewEvent};
use crate::domain::store_error::StoreError;

/// Events as they arrive from both event sources.
#[async_trait]
pub trait EventInbox: Send + Sync {
    /// Stores new events durably, and queues their subjects. Returns the number of new ones.
    async fn store_events(&self, events: &[NewEvent], now: Timestamp) -> Result<u64, StoreError>;

    /// Stores the events of a delivery, unless a delivery with that ID was stored before. Returns the number of new
    /// ones.
    async fn store_delivery(
        &self,
        delivery: &str,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// The position in the log.
    async fn feed_checkpoint(&self) -> Result<Option<FeedCheckpoint>, StoreError>;

    /// Stores the events of a page of the log and the next position, both or neither. Returns the number of new ones.
    async fn store_feed_page(
        &self,
        events: &[NewEvent],
        state: &FeedCheckpoint,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// The numbers of pending events and records.
    async fn event_queue_counts(&self) -> Result<EventQueueCounts, StoreError>;
}
