//! Stored events and runs, for display.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::EventId;

use crate::domain::finding::Finding;
use crate::domain::inbox::Subject;

/// The state of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// Stored, with work to do.
    Pending,
    /// A worker holds a claim on its work.
    InProgress,
    /// Assets confirmed the result.
    Applied,
    /// Out of attempts; kept until it is replayed.
    Failed,
    /// A safeguard blocks one of its objects; requeued when none of them is blocked.
    Blocked,
    /// It affects no synced object.
    Ignored,
}

impl EventState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::InProgress, Self::Applied, Self::Failed, Self::Blocked, Self::Ignored];

    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Applied => "applied",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Ignored => "ignored",
        }
    }

    /// True if the event has work to do.
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }
}

/// Pending work of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingWork {
    /// The subject to read.
    pub subject: Subject,
    /// The number of attempts.
    pub attempts: u32,
    /// The next attempt.
    pub next_attempt_at: Timestamp,
    /// True if a worker holds the claim.
    pub claimed: bool,
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// The ID.
    pub id: EventId,
    /// The event type in Okta.
    pub event_type: String,
    /// The state.
    pub state: EventState,
    /// The time of the event in Okta.
    pub published_at: Timestamp,
    /// The time at which the event was received.
    pub received_at: Timestamp,
    /// The number of its receipt, in one sequence with [readings](crate::Reading). Not part of the output.
    #[serde(skip)]
    pub arrived: i64,
    /// The completion; `None` while the event is pending.
    pub completed_at: Option<Timestamp>,
    /// The finding of a failed or blocked event.
    pub failure: Option<Finding>,
    /// The subjects that it names.
    pub subjects: Vec<Subject>,
    /// The pending work.
    pub pending_work: Vec<PendingWork>,
}

/// A filter of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those in such a state.
    pub state: Option<EventState>,
    /// Only those with this in their id, their type, or the id of what they named; case does not matter.
    pub search: Option<String>,
    /// The maximum number of entries.
    pub limit: u32,
}

/// A position in the event queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventCursor {
    /// The last write that was seen.
    pub write: i64,
    /// The last event that was seen of that write; `None` when all were.
    pub after: Option<EventId>,
}

/// The events to replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayTarget<'a> {
    /// These, regardless of their state.
    Ids(&'a [EventId]),
    /// All failed events.
    AllFailed,
}
