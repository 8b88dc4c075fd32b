//! Readings of the directory, in order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A reading of the directory. The store numbers readings before they start: of two records of an object, the one with
/// the larger number is newer, regardless of clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The number: larger than that of every earlier reading and of every event that was received before, and smaller
    /// than that of every later one. A record from a version that did not number its readings has 0.
    pub number: i64,
    /// The time of its start, for display.
    pub at: Timestamp,
}

impl Reading {
    /// The reading that is older than all others.
    pub const FIRST: Self = Self { number: 0, at: Timestamp::UNIX_EPOCH };
}

impl Default for Reading {
    fn default() -> Self {
        Self::FIRST
    }
}
