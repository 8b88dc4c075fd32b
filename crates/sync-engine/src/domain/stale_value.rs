//! Stale values, and requests to clear them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::RecordKey;

/// A value that was cleared in the directory and remains in Assets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaleValue {
    /// The object's key.
    pub key: RecordKey,
    /// The record's field.
    pub field: String,
    /// The attribute that it fills.
    pub attribute: String,
    /// The number of attempts to clear it.
    pub attempts: u32,
    /// The reason of the last failure; empty before the first attempt.
    pub reason: String,
    /// The start.
    pub became_stale_at: Timestamp,
}

/// Numbers of stale values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaleValueCounts {
    /// Values.
    pub values: u64,
    /// The number of objects with stale values.
    pub objects: u64,
    /// Values that couldn't be cleared.
    pub failed: u64,
    /// The time since which the oldest one is stale.
    pub oldest_at: Option<Timestamp>,
}

/// Fields of an object that should hold nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearRequest {
    /// The object's key.
    pub key: RecordKey,
    /// The record's fields.
    pub fields: Vec<String>,
}

/// The result of clearing values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClearResult {
    /// The object holds nothing there.
    Cleared,
    /// There is no such object.
    NoObject,
    /// It did not work, for a reason without values.
    Failed(String),
}
