//! Options of the background tasks.

use std::time::Duration;

use crate::domain::schedule::Schedule;

/// Options of the background tasks.
#[derive(Debug, Clone)]
pub struct TaskOptions {
    /// The time to wait after an event for others of the same change.
    pub debounce: Duration,
    /// The interval of checks for due work: requeued work items and requests of other processes.
    pub poll: Duration,
    /// The interval of log requests after its end was reached.
    pub feed_poll: Duration,
    /// The interval of schema and event hook checks.
    pub schema_interval: Duration,
    /// True if the connection has an event hook.
    pub hook: bool,
    /// The schedule of full syncs.
    pub full: Schedule,
    /// The schedule of incremental syncs.
    pub delta: Schedule,
    /// The maximum random delay, so that many connections don't start at once.
    pub jitter: Duration,
    /// The retention of history.
    pub retention: Duration,
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(30),
            poll: Duration::from_millis(500),
            feed_poll: Duration::from_secs(5),
            schema_interval: Duration::from_mins(15),
            hook: false,
            full: Schedule::Every(Duration::from_hours(24)),
            delta: Schedule::Every(Duration::from_mins(30)),
            jitter: Duration::ZERO,
            retention: Duration::from_hours(24 * 14),
        }
    }
}
