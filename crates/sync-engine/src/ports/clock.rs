//! The time of day, which tests can set.

use jiff::Timestamp;

/// The clock.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the adapter of the port `Clock`")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
