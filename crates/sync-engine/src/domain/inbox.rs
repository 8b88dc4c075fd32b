//! Events, the work items that they fold into, and sync requests.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{EventId, GroupId, UserId};

use crate::domain::run::RunSummary;

/// The objects that an event names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// A user, with its groups.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// All members of a group that entered the scope, because no event names them.
    GroupMembers(GroupId),
    /// The membership of a user in a group.
    Membership {
        /// The group.
        group: GroupId,
        /// The user.
        user: UserId,
    },
    /// Recent changes, because the event names no object.
    RecentChanges,
    /// All users and groups, because an unnamed object may be deleted.
    EntireDirectory,
    /// The user and group schemas.
    Schema,
}

/// An event as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its ID, the same from both event sources.
    pub id: EventId,
    /// The event type in Okta.
    pub event_type: String,
    /// The time of the event in Okta.
    pub published_at: Timestamp,
    /// The object or objects to read.
    pub subjects: Vec<Subject>,
    /// True if an object read back must be at least as new as the event.
    pub requires_newer_object: bool,
    /// True if the object is expected to vanish.
    pub expect_deleted: bool,
    /// Set if it is about an event hook of the org.
    pub hook_notice: Option<HookNotice>,
}

/// A report of the directory's log about an event hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookNotice {
    /// The IDs that the event names.
    pub targets: Vec<String>,
    /// True if deliveries failed or ended.
    pub is_failure: bool,
}

/// The two kinds of work items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkKind {
    /// At single objects.
    Object,
    /// Work that requires a sync of the directory or a read of its schema.
    Sync,
}

/// An object to read, folded from any number of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkItem {
    /// The object or objects to read.
    pub subject: Subject,
    /// The newest event that requested it, if the object must be as new.
    pub not_older_than: Option<Timestamp>,
    /// True if the object is expected to be deleted; for a membership, according to the newest event.
    pub expect_deleted: bool,
    /// The number of attempts.
    pub attempts: u32,
    /// Grows with every event that requests the same subject; completing an older number leaves the newer request in
    /// the queue.
    pub sequence: i64,
}

/// A full sync that another process requested from the leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncRequest {
    /// The ID of the request.
    pub id: i64,
    /// True if an administrator overrides the safeguards.
    pub override_safeguards: bool,
    /// The time of the request.
    pub requested_at: Timestamp,
}

/// The progress of a [`SyncRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct SyncRequestProgress {
    /// True if the leader accepted it.
    pub accepted: bool,
    /// Its run; `None` until it starts.
    pub run: Option<RunSummary>,
}

/// Counts of pending work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventQueueCounts {
    /// Events with work to do that no worker has claimed.
    pub pending: u64,
    /// Events whose work a worker has claimed.
    pub in_progress: u64,
    /// Failed events.
    pub failed: u64,
    /// Time of the oldest failed event.
    pub oldest_failed_at: Option<Timestamp>,
    /// Objects whose changes are blocked by a safeguard.
    #[serde(default)]
    pub blocked: u64,
    /// Blocked events.
    #[serde(default)]
    pub blocked_events: u64,
    /// Time at which the first of them was blocked.
    #[serde(default)]
    pub oldest_blocked_at: Option<Timestamp>,
    /// Objects with an uncertain confirmation; they are resent when they are read again.
    #[serde(default)]
    pub doubted: u64,
    /// Fields whose values are withheld, because Assets would discard them.
    #[serde(default)]
    pub withheld: u64,
    /// Objects in the directory that can't be read.
    #[serde(default)]
    pub unreadable: u64,
    /// Objects to read.
    pub work_items: u64,
    /// Time of the oldest event that is pending or in progress.
    pub oldest_pending_at: Option<Timestamp>,
    /// Time of the oldest event that no worker has claimed, without events that require a sync.
    pub oldest_unclaimed_at: Option<Timestamp>,
    /// Unconfirmed records, which are resent.
    pub unconfirmed_records: u64,
    /// Rejected records among them: they fail even when they are sent alone.
    pub rejected_records: u64,
    /// Time at which the oldest of them was read from the directory.
    pub oldest_unconfirmed_at: Option<Timestamp>,
}

impl EventQueueCounts {
    /// Events that are neither completed nor failed.
    pub const fn unfinished(&self) -> u64 {
        self.pending + self.in_progress
    }
}
