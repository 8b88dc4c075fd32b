//! Retired objects, and the audit log of their deletion.

use jiff::Timestamp;
use serde::Serialize;
use sync_model::RecordKey;

/// A retired object in Assets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetiredObject {
    /// The object's key.
    pub key: RecordKey,
    /// The time of its first confirmation as retired.
    pub retired_at: Timestamp,
}

/// A line about something that cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectAuditEntry {
    /// When.
    pub occurred_at: Timestamp,
    /// The action.
    pub action: String,
    /// To which object.
    pub object: String,
    /// More about it, without values.
    pub detail: String,
}
