//! Stored data about objects, for display.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{Record, RecordKey, RunId};

use crate::domain::finding::Finding;
use crate::domain::reading::Reading;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::ChangeKind;
use crate::domain::stale_value::StaleValue;

/// The run that sent a record or applied an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OriginRun {
    /// The ID.
    pub id: RunId,
    /// The kind of the run; `None` if the run has expired.
    pub kind: Option<RunKind>,
}

/// A matching object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchHit {
    /// The record that was sent last, accounted for or not.
    pub record: Record,
    /// True if the object is retired.
    pub retired: bool,
    /// The last time that Assets confirmed a record of it; `None` before the first time.
    pub confirmed_at: Option<Timestamp>,
    /// True if a record is unconfirmed.
    pub unconfirmed: bool,
}

/// Matching objects.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SearchHits {
    /// The objects, groups first, then by display name.
    pub objects: Vec<SearchHit>,
    /// True if there are more than the limit.
    pub has_more: bool,
}

/// The record of an object that Assets accounted for last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfirmedRecord {
    /// The record.
    pub record: Record,
    /// The reading that returned it.
    pub reading: Reading,
    /// The time at which Assets confirmed it.
    pub confirmed_at: Timestamp,
    /// The time of the object's retirement.
    pub retired_at: Option<Timestamp>,
    /// True if it is resent although it didn't change: an object that it refers to was created later.
    pub resend_pending: bool,
    /// The run that sent it; `None` for one from an earlier version.
    pub run: Option<OriginRun>,
}

/// The record of an object that Assets did not account for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnconfirmedRecordDetail {
    /// The record.
    pub record: Record,
    /// The change.
    pub change: ChangeKind,
    /// The reading that returned it.
    pub reading: Reading,
    /// The number of attempts.
    pub attempts: u32,
    /// The message from Assets; empty if there is none.
    pub reason: String,
    /// The next attempt.
    pub next_attempt_at: Timestamp,
    /// The last run that sent the record.
    pub origin: Option<OriginRun>,
}

/// The state of a requested object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedState {
    /// It was read, and Assets confirmed its record, including unchanged records.
    Applied,
    /// It was not read yet.
    Pending,
    /// It was tried to read it, and it could not be read.
    Unreadable,
    /// A record was sent, and Assets did not confirm it yet.
    Unconfirmed,
    /// Assets rejects its record even when it is sent alone.
    Rejected,
    /// A safeguard holds the change back.
    Blocked,
}

impl RequestedState {
    /// True if the leader won't process it again without a new request.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Applied | Self::Rejected | Self::Blocked)
    }
}

/// The state of a requested object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestedObject {
    /// The object.
    pub key: RecordKey,
    /// The state.
    pub state: RequestedState,
    /// The finding that explains why it isn't applied, if there is one.
    pub finding: Option<Finding>,
}

/// The stored history of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectHistory {
    /// The object.
    pub key: RecordKey,
    /// The last confirmed record; `None` if there is none.
    pub confirmed: Option<ConfirmedRecord>,
    /// The unconfirmed record.
    pub unconfirmed: Option<UnconfirmedRecordDetail>,
    /// Its values that were cleared in the directory and remain in Assets.
    pub stale_values: Vec<StaleValue>,
}
