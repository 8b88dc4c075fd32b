//! The directory's own log, read in addition to the hook's deliveries or instead of them.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::NewEvent;
use crate::PortError;

/// The position to read the log from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedStart {
    /// The end of an earlier page, in the directory's format.
    At(String),
    /// From the events that the log received since a time.
    Since(Timestamp),
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage {
    /// Its events, in the order in which the log received them.
    pub events: Vec<NewEvent>,
    /// The place after them.
    pub checkpoint: String,
    /// True if the page had no new events.
    pub caught_up: bool,
}

/// The position in the log. Stored in one transaction with the events before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedCheckpoint {
    /// The place after the last page.
    pub checkpoint: String,
    /// The time of the newest event read so far: the start of the next read if the position is rejected.
    pub newest_event_at: Timestamp,
    /// The last time at which the System Log was read to its end.
    pub caught_up_at: Option<Timestamp>,
}

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
