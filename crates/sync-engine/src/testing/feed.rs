//! A log of the directory in memory.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::domain::error::PortError;
use crate::domain::feed::{FeedPage, FeedStart};
use crate::domain::inbox::NewEvent;
use crate::ports::clock::Clock;
use crate::ports::feed::EventFeed;
use crate::testing::clock::ManualClock;
use crate::testing::switches::Switches;

/// A log in memory. Its positions are numbers of events.
#[derive(Debug)]
pub struct FakeFeed {
    clock: Arc<ManualClock>,
    events: Mutex<Vec<NewEvent>>,
    /// The methods that fail.
    pub switches: Switches,
}

impl FakeFeed {
    /// An empty log.
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, events: Mutex::default(), switches: Switches::default() }
    }

    /// Adds an event to the end.
    pub fn push(&self, event: NewEvent) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

#[async_trait]
impl EventFeed for FakeFeed {
    async fn poll(&self, from: &FeedStart) -> Result<FeedPage, PortError> {
        self.switches.check("poll")?;
        let all = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let events: Vec<NewEvent> = match from {
            FeedStart::At(position) => {
                let read = position.parse().map_err(|_| PortError::new("unknown position").expired(true))?;
                all.iter().skip(read).cloned().collect()
            }
            FeedStart::Since(time) => {
                all.iter().filter(|event| event.published_at >= *time).cloned().collect()
            }
        };
        let caught_up = events.is_empty();
        Ok(FeedPage { events, checkpoint: all.len().to_string(), caught_up })
    }

    fn time(&self) -> Option<Timestamp> {
        Some(self.clock.now())
    }

    fn retention(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * 90)
    }
}
