//! The last reading of the clock.

use jiff::Timestamp;
use tokio::time::Instant;

/// The last reading of the clock, with a monotonic time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tick {
    pub(crate) clock: Timestamp,
    pub(crate) steady: Instant,
}
