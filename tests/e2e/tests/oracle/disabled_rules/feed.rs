//! A log of which some events are lost.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sync_engine::{EventFeed, FeedPage, FeedStart, NewEvent, PortError};

/// A log of which the events are lost that `loses` names.
pub(super) fn lossy(feed: Arc<dyn EventFeed>, loses: fn(&NewEvent) -> bool) -> Arc<dyn EventFeed> {
    Arc::new(LossyEventFeed { feed, loses })
}

/// True if a deletion is told.
pub(super) fn is_deletion(event: &NewEvent) -> bool {
    event.event_type.starts_with("user.lifecycle.delete")
}

/// True if the event could not be read as a whole.
pub(super) fn is_odd(event: &NewEvent) -> bool {
    event.event_type == "unreadable"
}

struct LossyEventFeed {
    feed: Arc<dyn EventFeed>,
    loses: fn(&NewEvent) -> bool,
}

#[async_trait]
impl EventFeed for LossyEventFeed {
    async fn poll(&self, from: &FeedStart) -> Result<FeedPage, PortError> {
        let mut page = self.feed.poll(from).await?;
        page.events.retain(|event| !(self.loses)(event));
        Ok(page)
    }

    fn time(&self) -> Option<Timestamp> {
        self.feed.time()
    }

    fn retention(&self) -> SignedDuration {
        self.feed.retention()
    }
}
