//! The states of records in the store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{Fingerprint, RecordKey};

/// The state of a confirmed object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordState {
    /// Of the record that was confirmed last.
    pub fingerprint: Fingerprint,
    /// True if the object is retired.
    pub retired: bool,
    /// True if it must be resent although it didn't change: an object that it refers to was created later.
    pub resend_pending: bool,
}

/// Numbers of confirmed objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectCounts {
    /// Current objects.
    pub current: u64,
    /// Retired objects.
    pub retired: u64,
}

/// An unconfirmed record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnconfirmedRecord {
    /// The object's key.
    pub key: RecordKey,
    /// The number of attempts.
    pub attempts: u32,
    /// The message from Assets; empty if there is none.
    pub reason: String,
    /// The next attempt.
    pub next_attempt_at: Timestamp,
    /// The name of the object, if the record has one.
    #[serde(default)]
    pub name: Option<String>,
    /// True if it fails even when it is sent alone.
    #[serde(default)]
    pub rejected: bool,
}
