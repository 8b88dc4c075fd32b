//! The clock of the simulated services.

use jiff::Timestamp;

/// The present moment.
#[expect(
    clippy::disallowed_methods,
    reason = "the only place of this crate that reads the clock of the host"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
