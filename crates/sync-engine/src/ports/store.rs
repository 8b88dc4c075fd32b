//! State that survives a crash.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{ExecutionId, Fingerprint, GroupId, ObjectKind, Record, RecordKey, RunId, UserId};

use super::{
    AliasUse, ChangeKind, EventQueueCounts, EvidenceState, FeedCheckpoint, NewEvent, Owner, RejectedRecord,
    SafeguardState, StagedChange, Subject, SyncRequest, SyncRequestProgress, TimeState, Upkeep, WorkItem,
    WorkKind,
};
use crate::{RunKind, RunReport, SyncCheckpoint};

/// The store could not complete the operation; nothing was stored in part.
#[derive(Debug, thiserror::Error)]
#[error("the state store could not {action}")]
pub struct StoreError {
    action: &'static str,
    #[source]
    source: Box<dyn StdError + Send + Sync>,
}

impl StoreError {
    /// An error with the failed action and its cause.
    pub fn new(action: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { action, source: source.into() }
    }
}

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
    /// The message from Assets.
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

/// An execution that was started and whose end was not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenExecution {
    /// The ID in Assets.
    pub id: ExecutionId,
    /// The run whose staged records it carries.
    pub run: RunId,
}

/// The starts of runs of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LastRun {
    /// The last one that ended, however it did.
    pub ended: Option<Timestamp>,
    /// The last one that ended well.
    pub succeeded: Option<Timestamp>,
}

/// A run in the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// The ID.
    pub id: RunId,
    /// The kind of the run.
    pub kind: RunKind,
    /// When.
    pub started_at: Timestamp,
    /// The end; `None` while the run is active, and if it was interrupted.
    pub ended_at: Option<Timestamp>,
    /// The report; `None` while the run is active.
    pub report: Option<RunReport>,
}

/// The memory of one connection. Every method does all of its work or nothing.
#[async_trait]
pub trait StateStore: Upkeep + SafeguardState + TimeState + EvidenceState + Send + Sync {
    /// Opens a run and returns its ID.
    async fn begin_run(&self, kind: RunKind, now: Timestamp) -> Result<RunId, StoreError>;

    /// Closes a run and drops its unsent staged changes.
    async fn end_run(&self, run: RunId, report: &RunReport, now: Timestamp) -> Result<(), StoreError>;

    /// Saves the progress of a sync.
    async fn save_checkpoint(&self, run: RunId, checkpoint: &SyncCheckpoint) -> Result<(), StoreError>;

    /// The newest pass that was not ended, with its run.
    async fn resumable_checkpoint(&self) -> Result<Option<(RunId, SyncCheckpoint)>, StoreError>;

    /// Ends runs that can't be resumed, and drops their staged changes: their process ended first. Runs with an open
    /// execution are left to recovery, and resumable syncs to the process that resumes them. Only the leader calls it.
    async fn mark_runs_interrupted(&self, now: Timestamp) -> Result<(), StoreError>;

    /// The newest runs first.
    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError>;

    /// The start of the last run of a kind, and of the last one that succeeded.
    async fn last_run(&self, kind: RunKind) -> Result<LastRun, StoreError>;

    /// The states of these objects; unknown ones are absent.
    async fn record_states(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, RecordState>, StoreError>;

    /// The same of one object as [`Self::confirmed_records`].
    async fn confirmed_record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError>;

    /// The latest records: confirmed, or read later and sent without confirmation; unknown objects are absent.
    async fn confirmed_records(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Record>, StoreError>;

    /// Confirmed objects by kind.
    async fn object_counts(&self) -> Result<BTreeMap<ObjectKind, ObjectCounts>, StoreError>;

    /// The objects whose confirmed records refer to this value.
    async fn referrers(&self, kind: ObjectKind, value: &str) -> Result<Vec<RecordKey>, StoreError>;

    /// The number of objects whose confirmed records refer to this value.
    async fn count_referrers(&self, kind: ObjectKind, value: &str) -> Result<u64, StoreError>;

    /// Stores groups whose members are to be listed.
    async fn add_listed_groups(&self, run: RunId, groups: &[GroupId]) -> Result<(), StoreError>;

    /// Groups noted and not listed yet.
    async fn groups_to_list(&self, run: RunId, limit: u32) -> Result<Vec<GroupId>, StoreError>;

    /// The number of groups on the list.
    async fn count_listed_groups(&self, run: RunId) -> Result<u64, StoreError>;

    /// Marks the members of a group as completely listed.
    async fn mark_group_listed(&self, run: RunId, group: &GroupId) -> Result<(), StoreError>;

    /// Drops the listed members of a group whose deletion is proven.
    async fn drop_listed_members(&self, run: RunId, group: &GroupId) -> Result<(), StoreError>;

    /// Deletes members of groups that were not completely listed.
    async fn drop_partial_listings(&self, run: RunId) -> Result<(), StoreError>;

    /// The groups among these that the run listed.
    async fn listed_groups(&self, run: RunId, of: &[GroupId]) -> Result<HashSet<GroupId>, StoreError>;

    /// Users that are confirmed as members of a listed group and were not noted for it, or the other way round, by id,
    /// after the given one.
    async fn membership_differences(
        &self,
        run: RunId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError>;

    /// Stores members of a group, for the duration of the run.
    async fn add_listed_members(
        &self,
        run: RunId,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<(), StoreError>;

    /// The groups that these users were noted for.
    async fn listed_groups_of(
        &self,
        run: RunId,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError>;

    /// Marks objects as listed, and stages the changed ones. Repeats replace.
    async fn stage(&self, run: RunId, seen: &[RecordKey], changes: &[StagedChange])
    -> Result<(), StoreError>;

    /// The current objects of a kind with these aliases, by alias, as the run would leave them.
    async fn alias_owners(
        &self,
        run: RunId,
        kind: ObjectKind,
        aliases: &[String],
    ) -> Result<HashMap<String, Vec<Owner>>, StoreError>;

    /// References by alias of living objects as the run would leave them, by key, after the given one: `everything`, or
    /// those of staged records and those to an alias that a staged object has or had before.
    async fn alias_uses(
        &self,
        run: RunId,
        everything: bool,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<AliasUse>, StoreError>;

    /// Living objects as the run would leave them, each with its reading: staged ones with their change, others as
    /// updates.
    async fn as_staged_by(&self, run: RunId, keys: &[RecordKey]) -> Result<Vec<StagedChange>, StoreError>;

    /// The number of current objects of a kind that this run didn't list.
    async fn count_unlisted(&self, run: RunId, kind: ObjectKind) -> Result<u64, StoreError>;

    /// Live objects of a kind that this run has not seen, by id, after the given one.
    async fn unlisted(
        &self,
        run: RunId,
        kind: ObjectKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// The number of staged records by kind and change. Records that another run has overtaken don't count, nor do
    /// unchanged rejected records: they are retried separately.
    async fn staged_counts(&self, run: RunId) -> Result<BTreeMap<(ObjectKind, ChangeKind), u64>, StoreError>;

    /// Staged records by key, after the given one. Those that [do not count](Self::staged_counts) are left out.
    async fn staged(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<StagedChange>, StoreError>;

    /// Stores an execution before the first record is sent.
    async fn open_execution(&self, run: RunId, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError>;

    /// Executions whose end was not recorded.
    async fn open_executions(&self) -> Result<Vec<OpenExecution>, StoreError>;

    /// Confirms the staged records of these kinds and the [proven](Self::prove) ones, stores their references, and
    /// closes the execution. Objects that refer to a new one and were not part of the run are marked for resend and
    /// queued. Sent records of other kinds stay [unconfirmed](Self::unconfirmed), with the reason.
    async fn confirm(
        &self,
        run: RunId,
        execution: &ExecutionId,
        kinds: &[ObjectKind],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Marks staged records of a run, whose execution has ended, that the target was found to contain unchanged. They
    /// are confirmed with the execution, regardless of its counters.
    ///
    /// # Errors
    /// When the store fails.
    async fn prove(&self, run: RunId, keys: &[RecordKey]) -> Result<(), StoreError>;

    /// Removes staged records that the importer rejects from a run: they are unconfirmed, rejected, and resent alone.
    async fn reject(&self, run: RunId, records: &[RejectedRecord], now: Timestamp) -> Result<(), StoreError>;

    /// Separates suspects from good records among the records that a run sent last and that were not
    /// [confirmed](Self::confirm). `dropped` has, for each kind, the number of dropped records, or `None` if it is
    /// unknown; records that `said` names are suspects.
    async fn isolate(
        &self,
        run: RunId,
        dropped: &BTreeMap<ObjectKind, Option<u64>>,
        said: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Stages unconfirmed records that are due, unchanged: for each kind, those that are assumed to be good, together
    /// with half of the suspects; suspects alone once nothing else is due. Returns the number.
    async fn stage_retries(&self, run: RunId, now: Timestamp) -> Result<u64, StoreError>;

    /// When the next of them is due.
    async fn next_retry(&self) -> Result<Option<Timestamp>, StoreError>;

    /// The records that Assets did not account for, those that failed most often first.
    async fn unconfirmed(&self, limit: u32) -> Result<Vec<UnconfirmedRecord>, StoreError>;

    /// Closes an execution that changed nothing.
    async fn close_execution(&self, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError>;

    /// Closes an execution whose end is unknown. Its records, which the target may have, stay
    /// [unconfirmed](Self::unconfirmed), with the reason.
    async fn close_execution_as_unknown(
        &self,
        run: RunId,
        id: &ExecutionId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Stores new events durably, and queues their subjects. Returns the number of new ones.
    async fn store_events(&self, events: &[NewEvent], now: Timestamp) -> Result<u64, StoreError>;

    /// Stores the events of a delivery, unless a delivery with that ID was stored before. Returns the number of new
    /// ones.
    async fn store_delivery(
        &self,
        delivery: &str,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// The position in the log.
    async fn feed_checkpoint(&self) -> Result<Option<FeedCheckpoint>, StoreError>;

    /// Stores the events of a page of the log and the next position, both or neither. Returns the number of new ones.
    async fn store_feed_page(
        &self,
        events: &[NewEvent],
        state: &FeedCheckpoint,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Queues a subject, as an event would.
    async fn enqueue(&self, subject: &Subject, now: Timestamp) -> Result<(), StoreError>;

    /// Claims due work items of a kind, oldest first. Other workers can't claim them before `now + lease`, unless they
    /// are completed, requeued, or failed first.
    async fn claim_work(
        &self,
        sort: WorkKind,
        limit: u32,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<WorkItem>, StoreError>;

    /// Releases claims without counting an attempt.
    async fn release_work(&self, items: &[WorkItem]) -> Result<(), StoreError>;

    /// Releases the claims of a process that ended: work items, and requests without a run.
    async fn release_all_claims(&self) -> Result<(), StoreError>;

    /// Removes work items, unless newer events requeued them, and completes events without pending work. Returns the
    /// number of completed events.
    async fn complete_work(&self, items: &[WorkItem], now: Timestamp) -> Result<u64, StoreError>;

    /// Requeues work items for a later time, and counts the attempt.
    async fn requeue_work(&self, items: &[WorkItem], until: Timestamp) -> Result<(), StoreError>;

    /// Fails work items: their events fail with the reason.
    async fn fail_work(&self, items: &[WorkItem], reason: &str, now: Timestamp) -> Result<(), StoreError>;

    /// The numbers of pending events and records.
    async fn event_queue_counts(&self) -> Result<EventQueueCounts, StoreError>;

    /// Deletes events and deliveries that completed before a time, and runs that ended before it, except for the last
    /// full sync.
    async fn delete_expired(&self, before: Timestamp) -> Result<(), StoreError>;

    /// Requests a full sync from the leader.
    async fn request_sync(
        &self,
        override_safeguards: bool,
        now: Timestamp,
    ) -> Result<SyncRequest, StoreError>;

    /// The time of the newest request for a full sync that has not started. Accepted requests count only since a time:
    /// their process may have ended.
    async fn pending_request_at(&self, since: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Cancels a request unless it was accepted. True if it was canceled.
    async fn cancel_request(&self, request: i64) -> Result<bool, StoreError>;

    /// Accepts the oldest open request.
    async fn accept_request(&self) -> Result<Option<SyncRequest>, StoreError>;

    /// Sets the run of a request.
    async fn attach_run(&self, request: i64, run: RunId) -> Result<(), StoreError>;

    /// The progress of a sync request; `None` if it was canceled, or never existed.
    async fn sync_request(&self, request: i64) -> Result<Option<SyncRequestProgress>, StoreError>;

    /// Stops sending until a time: events are stored meanwhile. `None` ends the pause.
    async fn pause(&self, until: Option<Timestamp>) -> Result<(), StoreError>;

    /// Until when nothing is sent.
    async fn paused_until(&self) -> Result<Option<Timestamp>, StoreError>;
}
