//! The state of rate limiting, for metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// The state of one bucket according to its last responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BucketState {
    /// Requests that one window allows.
    pub limit: u64,
    /// Remaining requests in this window, if known.
    pub remaining: u64,
    /// Requests in this window that were not ours.
    pub others: u64,
    /// Until the window ends.
    pub resets_in: Duration,
}

/// The state of a pacer, for metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PacerState {
    /// Every bucket with a window that has not ended.
    pub buckets: BTreeMap<&'static str, BucketState>,
    /// Requests sent so far, retries included.
    pub requests: u64,
    /// Requests that were answered with 429, including those for a token.
    pub refused: u64,
    /// Active requests.
    pub in_flight: u64,
    /// Requests that wait for their turn.
    pub queued: usize,
    /// The limit of active requests; lower than configured after Okta reported too many.
    pub concurrency: u64,
    /// The time until all queued requests can be sent, including those to the token endpoint; zero if none is queued.
    pub held_for: Duration,
    /// The offset of the org's clock to the clock of this host at the last response with a `Date`, in seconds; negative if
    /// it was behind.
    pub clock_skew_seconds: Option<i64>,
}
