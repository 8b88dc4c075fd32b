//! Events, the looks that they fold into, and requests.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{EventId, GroupId, UserId};

/// The objects that an event names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// A user, with its groups.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// All members of a group: it has come to be selected, and no event names them.
    GroupMembers(GroupId),
    /// The membership of a user in a group; neither changes otherwise.
    Membership {
        /// The group.
        group: GroupId,
        /// The user.
        user: UserId,
    },
    /// It names no object, but what it is about has changed just now: read what changed lately.
    RecentChanges,
    /// It names no object, and what it is about may be gone: read everything.
    EntireDirectory,
    /// The directory's schema changed.
    Schema,
}

/// An event as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id, the same on every road.
    pub id: EventId,
    /// The directory's name for what happened.
    pub event_type: String,
    /// When it happened.
    pub published_at: Timestamp,
    /// The object or objects to read.
    pub subjects: Vec<Subject>,
    /// True if an object read back must be at least as new as the event.
    pub requires_newer_object: bool,
    /// True if the object is expected to vanish.
    pub expect_deleted: bool,
    /// True if it reports a failure of the event hook.
    pub is_hook_failure: bool,
}

/// The two sorts of looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// At single objects.
    Object,
    /// At so many that it takes a pass over the directory, or at its schema.
    Sync,
}

/// An object to read, folded from any number of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// The object or objects to read.
    pub subject: Subject,
    /// The newest event that asked for it, when the object must be as new.
    pub not_older_than: Option<Timestamp>,
    /// True if it is expected to vanish; of a membership, as the newest event says.
    pub expect_deleted: bool,
    /// The number of attempts.
    pub attempts: u32,
    /// Grows with every event that asks for the same; settling an older number leaves the newer wish alone.
    pub sequence: i64,
}

/// A full run that another process asked the sending process for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncRequest {
    /// Its number.
    pub id: i64,
    /// True if an operator accepts that much disappears.
    pub override_safeguards: bool,
    /// When it was asked for.
    pub requested_at: Timestamp,
}

/// Counts of pending work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventQueueCounts {
    /// Events with something still to look at.
    pub pending: u64,
    /// Of those, events whose objects are being looked at.
    pub in_progress: u64,
    /// Events given up.
    pub failed: u64,
    /// When the oldest of them happened.
    pub oldest_failed_at: Option<Timestamp>,
    /// Objects whose changes a safeguard holds back until an administrator overrides it.
    #[serde(default)]
    pub blocked: u64,
    /// Since when the first of them is held back.
    #[serde(default)]
    pub oldest_blocked_at: Option<Timestamp>,
    /// Objects whose confirmation is in doubt: they are sent again when they are next read.
    #[serde(default)]
    pub doubted: u64,
    /// Fields whose values are not sent, because Assets would drop them.
    #[serde(default)]
    pub withheld: u64,
    /// Objects that a run could not read in the directory, until they are read.
    #[serde(default)]
    pub unreadable: u64,
    /// Distinct objects to look at.
    pub work_items: u64,
    /// When the oldest pending event happened.
    pub oldest_pending_at: Option<Timestamp>,
    /// The time since which the oldest event waits that no worker has looked at, apart from those that take a pass.
    pub oldest_unclaimed_at: Option<Timestamp>,
    /// Records that Assets did not account for and that are sent again.
    pub unconfirmed_records: u64,
    /// Of those, rejected records: they fail even when they are sent alone.
    pub rejected_records: u64,
    /// When the directory was read for the oldest of those records.
    pub oldest_unconfirmed_at: Option<Timestamp>,
}
