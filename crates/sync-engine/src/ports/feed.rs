//! The directory's own log, read in addition to the hook's deliveries or instead of them.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::error::PortError;
use crate::domain::feed::{FeedPage, FeedStart};

/// The directory's log.
#[async_trait]
pub trait EventFeed: Send + Sync {
    /// A page of the log. An expired position returns an error that [is expired](PortError::is_expired).
    async fn poll(&self, from: &FeedStart) -> Result<FeedPage, PortError>;

    /// The directory's current time; `None` while it is unknown.
    fn time(&self) -> Option<Timestamp>;

    /// The directory's retention of its log.
    fn retention(&self) -> jiff::SignedDuration;
}
