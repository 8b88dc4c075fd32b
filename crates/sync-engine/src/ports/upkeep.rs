//! State of a connection that survives a crash: stale values, retired objects, and deletions.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{EventId, ObjectKind, Record, RecordKey, RunId};

use super::{
    ClearRequest, DroppedValue, Event, EventCursor, EventFilter, LostValues, MetricSample, ObjectHistory,
    Place, ReplayTarget, RequestedObject, RunDetail, RunFilter, RunSummary, SearchHit, SearchHits,
    StoreError, Subject,
};

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

/// State of a connection that survives a crash. Every method is atomic.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// The records that Assets may hold of these objects: the one confirmed last, and one that was sent since and not
    /// accounted for.
    async fn possible_records(
        &self,
        keys: &[RecordKey],
    ) -> Result<HashMap<RecordKey, Vec<Record>>, StoreError>;

    /// Stages the values that the importer will keep from replaced records. They become stale when the execution is
    /// [confirmed](crate::StateStore::confirm); a value in a confirmed record is removed there.
    async fn stage_stale_values(&self, run: RunId, kept: &[DroppedValue]) -> Result<(), StoreError>;

    /// Values that are due to be cleared, by object. Objects with a record that Assets did not account for wait until
    /// it does.
    async fn due_stale_values(&self, limit: u32, now: Timestamp) -> Result<Vec<ClearRequest>, StoreError>;

    /// Strikes off values that were cleared.
    async fn remove_stale_values(&self, objects: &[ClearRequest]) -> Result<(), StoreError>;

    /// Requeues values that could not be cleared, with a growing delay; all due ones if none are named.
    async fn requeue_stale_values(
        &self,
        objects: Option<&[ClearRequest]>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Marks the records for resend whose values are still in Assets, and deletes the values: the importer clears empty
    /// values by now. Returns the number of records.
    async fn resend_stale_values(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Values that were cleared in the directory and remain in Assets, the oldest first.
    async fn stale_values(&self, limit: u32) -> Result<Vec<StaleValue>, StoreError>;

    /// Their numbers.
    async fn stale_value_counts(&self) -> Result<StaleValueCounts, StoreError>;

    /// Objects that were retired before a time, the oldest first.
    async fn retired_before(&self, before: Timestamp, limit: u32) -> Result<Vec<RetiredObject>, StoreError>;

    /// The number.
    async fn count_retired_before(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Deletes the record of an object that was deleted from Assets, and stores the audit entry. An object that isn't
    /// retired stays.
    async fn delete_record(&self, key: &RecordKey, line: &ObjectAuditEntry) -> Result<(), StoreError>;

    /// Irreversible actions, the newest first.
    async fn audit(&self, limit: u32) -> Result<Vec<ObjectAuditEntry>, StoreError>;

    /// The scope of the last full sync; empty if it included everything.
    async fn scope_version(&self) -> Result<String, StoreError>;

    /// Stores the scope version.
    async fn set_scope_version(&self, version: &str) -> Result<(), StoreError>;

    /// The place of the confirmations; `None` before the first comparison.
    async fn place(&self) -> Result<Option<Place>, StoreError>;

    /// Stores the place, and in the same transaction marks lost values for resend and queues a subject.
    async fn save_place(
        &self,
        place: &Place,
        lost: Option<&LostValues>,
        enqueue: Option<&Subject>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Marks all confirmed records for resend: every current object is resent when it is next read, and its referrers
    /// as well, once it is confirmed.
    async fn mark_all_for_resend(&self) -> Result<(), StoreError>;

    /// Marks one object for resend, and queues it. An unknown or retired object stays unchanged.
    async fn mark_for_resend(&self, key: &RecordKey, now: Timestamp) -> Result<(), StoreError>;

    /// Objects with this ID, or with this text in their display name, ignoring case: confirmed and unconfirmed records.
    async fn find_objects(
        &self,
        text: &str,
        kind: Option<ObjectKind>,
        limit: u32,
    ) -> Result<SearchHits, StoreError>;

    /// Those of these objects that the store contains, in no order.
    async fn known_objects(&self, keys: &[RecordKey]) -> Result<Vec<SearchHit>, StoreError>;

    /// The stored history of an object; `None` without one.
    async fn object(&self, key: &RecordKey) -> Result<Option<ObjectHistory>, StoreError>;

    /// The states of objects that were [queued](crate::StateStore::enqueue), in the order of the keys.
    async fn requested_objects(&self, keys: &[RecordKey]) -> Result<Vec<RequestedObject>, StoreError>;

    /// Stores the end of the delay by a rate limit in the leader; `None` without one.
    async fn save_held_until(&self, until: Option<Timestamp>) -> Result<(), StoreError>;

    /// The time that was [stored](Self::save_held_until), even if it is past.
    async fn held_until(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Stores the current problems for the next process, as text in its own format.
    async fn store_alerts(&self, alerts: &str) -> Result<(), StoreError>;

    /// The text that was [stored](Self::store_alerts).
    async fn stored_alerts(&self) -> Result<Option<String>, StoreError>;

    /// Stores a sample, and deletes those from before a time.
    async fn add_metric_sample(
        &self,
        sample: &MetricSample,
        expired_before: Timestamp,
    ) -> Result<(), StoreError>;

    /// The samples since a time, the oldest first.
    async fn metric_samples(&self, since: Timestamp) -> Result<Vec<MetricSample>, StoreError>;

    /// Runs, the newest first.
    async fn find_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError>;

    /// The stored data of a run; `None` without it.
    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError>;

    /// Events, those first that happened last.
    async fn find_events(&self, filter: &EventFilter) -> Result<Vec<Event>, StoreError>;

    /// The stored events among these.
    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, StoreError>;

    /// Replays events: their subjects are queued immediately. Unknown events are left out. Returns the number of
    /// events.
    async fn replay(&self, which: ReplayTarget<'_>, now: Timestamp) -> Result<u64, StoreError>;

    /// The place after everything that happened to events so far.
    async fn event_cursor(&self) -> Result<EventCursor, StoreError>;

    /// Events that were received or changed their state after a position, in order, each in its current state; and the
    /// next position.
    async fn events_after(
        &self,
        mark: &EventCursor,
        limit: u32,
    ) -> Result<(Vec<Event>, EventCursor), StoreError>;
}
