//! Pages of the directory's log, and positions in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::inbox::NewEvent;

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
    /// The start of the last request that read the System Log to its end.
    pub caught_up_at: Option<Timestamp>,
}
