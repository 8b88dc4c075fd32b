//! The rate-limit headers of responses.

use std::time::Duration;

use http::HeaderMap;

use crate::auth::ServerClock;

/// The rate-limit headers of a response.
#[derive(Debug, Clone, Copy)]
pub(super) struct RateHeaders {
    pub(super) limit: u64,
    pub(super) remaining: u64,
    /// The end of the window in the org's time; identifies the window.
    pub(super) epoch: u64,
    /// The time until the reset; `None` if it is past or doesn't fit a window.
    pub(super) left: Option<Duration>,
}

impl RateHeaders {
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |header: &str| headers.get(header)?.to_str().ok()?.parse::<u64>().ok();
        let epoch = number("x-rate-limit-reset")?;
        Some(Self {
            limit: number("x-rate-limit-limit")?,
            remaining: number("x-rate-limit-remaining")?,
            epoch,
            left: ServerClock::until(headers, epoch),
        })
    }
}
