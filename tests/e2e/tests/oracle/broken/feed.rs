//! A log of which some events are lost.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sync_service::engine::{EventFeed, FeedPage, FeedPosition, PortError};

pub(super) fn lossy(feed: Arc<dyn EventFeed>) -> Arc<dyn EventFeed> {
    Arc::new(Lossy(feed))
}

struct Lossy(Arc<dyn EventFeed>);

#[async_trait]
impl EventFeed for Lossy {
    async fn poll(&self, from: &FeedPosition) -> Result<FeedPage, PortError> {
        let mut page = self.0.poll(from).await?;
        page.events.retain(|event| !event.event_type.starts_with("user.lifecycle.delete"));
        Ok(page)
    }

    fn time(&self) -> Option<Timestamp> {
        self.0.time()
    }

    fn retention(&self) -> SignedDuration {
        self.0.retention()
    }
}
