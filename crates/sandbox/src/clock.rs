//! The clock of the simulated services.

use jiff::Timestamp;

/// The present moment.
#[allow(clippy::disallowed_methods)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
