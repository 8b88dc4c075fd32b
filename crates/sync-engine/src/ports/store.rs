//! What must survive a crash.

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

/// The store could not do what was asked; nothing was half done.
#[derive(Debug, thiserror::Error)]
#[error("the state store could not {action}")]
pub struct StoreError {
    action: &'static str,
    #[source]
    source: Box<dyn StdError + Send + Sync>,
}

impl StoreError {
    /// What failed, and why.
    pub fn new(action: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { action, source: source.into() }
    }
}

/// What the store knows of an object that was confirmed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordState {
    /// Of the record that was confirmed last.
    pub fingerprint: Fingerprint,
    /// Whether that record marks the object as gone.
    pub retired: bool,
    /// Whether it has to be sent again although it did not change: something it refers to came later.
    pub resend_pending: bool,
}

/// How many objects were confirmed, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectCounts {
    /// Objects that exist in the directory.
    pub current: u64,
    /// Objects that are marked as gone.
    pub retired: u64,
}

/// A record that Assets did not account for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnconfirmedRecord {
    /// Which object.
    pub key: RecordKey,
    /// How often it was sent.
    pub attempts: u32,
    /// What the importer said.
    pub reason: String,
    /// When it is sent again.
    pub next_attempt_at: Timestamp,
    /// The name of the object, where the record has one.
    #[serde(default)]
    pub name: Option<String>,
    /// True if it fails even when it is sent alone.
    #[serde(default)]
    pub rejected: bool,
}

/// An execution that was started and whose end was not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenExecution {
    /// The importer's id.
    pub id: ExecutionId,
    /// The run whose staged records it carries.
    pub run: RunId,
}

/// When runs of a kind began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LastRun {
    /// The last one that ended, however it did.
    pub ended: Option<Timestamp>,
    /// The last one that ended well.
    pub succeeded: Option<Timestamp>,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// Its number.
    pub id: RunId,
    /// What started it.
    pub kind: RunKind,
    /// When.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs, or when it was cut off.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub report: Option<RunReport>,
}

/// The memory of one connection. Every method does all of its work or nothing.
#[async_trait]
pub trait StateStore: Upkeep + SafeguardState + TimeState + EvidenceState + Send + Sync {
    /// Opens a run and gives its number.
    async fn begin_run(&self, kind: RunKind, now: Timestamp) -> Result<RunId, StoreError>;

    /// Closes a run and drops what it staged and did not send.
    async fn end_run(&self, run: RunId, report: &RunReport, now: Timestamp) -> Result<(), StoreError>;

    /// Saves how far a pass has come.
    async fn save_checkpoint(&self, run: RunId, pass: &SyncCheckpoint) -> Result<(), StoreError>;

    /// The newest pass that was not ended, with its run.
    async fn resumable_checkpoint(&self) -> Result<Option<(RunId, SyncCheckpoint)>, StoreError>;

    /// Closes runs that nobody will go on with, and drops what they staged: their process ended before they did. Runs
    /// with an open execution are left to recovery, passes to whoever goes on with them. To be called by the one process
    /// that sends.
    async fn mark_runs_interrupted(&self, now: Timestamp) -> Result<(), StoreError>;

    /// The newest runs first.
    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError>;

    /// When the last run of a kind began, and the last that ended well.
    async fn last_run(&self, kind: RunKind) -> Result<LastRun, StoreError>;

    /// What is known of these objects; unknown ones are absent.
    async fn record_states(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, RecordState>, StoreError>;

    /// The same of one object as [`Self::confirmed_records`].
    async fn confirmed_record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError>;

    /// The records that were confirmed last, or were read later and sent without being accounted for; objects that are not
    /// known are absent.
    async fn confirmed_records(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Record>, StoreError>;

    /// Confirmed objects by kind.
    async fn object_counts(&self) -> Result<BTreeMap<ObjectKind, ObjectCounts>, StoreError>;

    /// The objects whose confirmed records refer to this value.
    async fn referrers(&self, kind: ObjectKind, value: &str) -> Result<Vec<RecordKey>, StoreError>;

    /// How many objects' confirmed records refer to this value.
    async fn count_referrers(&self, kind: ObjectKind, value: &str) -> Result<u64, StoreError>;

    /// Notes groups whose members are to be listed.
    async fn add_listed_groups(&self, run: RunId, groups: &[GroupId]) -> Result<(), StoreError>;

    /// Groups noted and not listed yet.
    async fn groups_to_list(&self, run: RunId, limit: u32) -> Result<Vec<GroupId>, StoreError>;

    /// How many groups were noted.
    async fn count_listed_groups(&self, run: RunId) -> Result<u64, StoreError>;

    /// Says that the members of a group were noted to the last.
    async fn mark_group_listed(&self, run: RunId, group: &GroupId) -> Result<(), StoreError>;

    /// Forgets the members noted of a group, which is proven to be gone.
    async fn forget_members(&self, run: RunId, group: &GroupId) -> Result<(), StoreError>;

    /// Forgets members of groups that were not listed to the end.
    async fn drop_partial_listings(&self, run: RunId) -> Result<(), StoreError>;

    /// Which of these groups were listed by the run.
    async fn listed_groups(&self, run: RunId, of: &[GroupId]) -> Result<HashSet<GroupId>, StoreError>;

    /// Users that are confirmed as members of a listed group and were not noted for it, or the other way round, by id,
    /// after the given one.
    async fn membership_differences(
        &self,
        run: RunId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError>;

    /// Notes members of a group, for the length of the run.
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

    /// Notes that objects were seen, and stages the changed ones. Repeats replace.
    async fn stage(&self, run: RunId, seen: &[RecordKey], changes: &[StagedChange])
    -> Result<(), StoreError>;

    /// The living objects of a kind that answer to aliases, by alias, as the run would leave them.
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
    async fn as_left_by(&self, run: RunId, keys: &[RecordKey]) -> Result<Vec<StagedChange>, StoreError>;

    /// How many live objects of a kind this run has not seen.
    async fn count_unlisted(&self, run: RunId, kind: ObjectKind) -> Result<u64, StoreError>;

    /// Live objects of a kind that this run has not seen, by id, after the given one.
    async fn unlisted(
        &self,
        run: RunId,
        kind: ObjectKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// How many staged records would do what. Records that another run has overtaken do not count, nor do those that
    /// Assets refused before and that did not change since: they are sent again by themselves.
    async fn staged_counts(&self, run: RunId) -> Result<BTreeMap<(ObjectKind, ChangeKind), u64>, StoreError>;

    /// Staged records by key, after the given one. Those that [do not count](Self::staged_counts) are left out.
    async fn staged(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<StagedChange>, StoreError>;

    /// Remembers an execution before the first record is sent.
    async fn open_execution(&self, run: RunId, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError>;

    /// Executions whose end was not recorded.
    async fn open_executions(&self) -> Result<Vec<OpenExecution>, StoreError>;

    /// Makes the staged records of these kinds, and those that are [proven](Self::prove), the confirmed ones, records their references, and closes the execution.
    /// Objects that refer to a new one and were not part of the run become dirty and are queued for a look. Records of
    /// other kinds that were sent stay [unconfirmed](Self::unconfirmed), with the reason.
    async fn confirm(
        &self,
        run: RunId,
        execution: &ExecutionId,
        kinds: &[ObjectKind],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Marks staged records of a run, whose execution has ended, that the target was seen to hold as they were sent. They are
    /// confirmed with the execution, whatever its counters say.
    ///
    /// # Errors
    /// When the store fails.
    async fn prove(&self, run: RunId, keys: &[RecordKey]) -> Result<(), StoreError>;

    /// Takes staged records that the importer refuses out of a run: they are unconfirmed, rejected, and sent again alone.
    async fn reject(&self, run: RunId, records: &[RejectedRecord], now: Timestamp) -> Result<(), StoreError>;

    /// Separates suspects from the good among records that a run was the last to send and that were not
    /// [confirmed](Self::confirm). `dropped` has, for each kind, how many of its records were dropped, or `None` where
    /// that is not known; records that `said` names are suspects.
    async fn isolate(
        &self,
        run: RunId,
        dropped: &BTreeMap<ObjectKind, Option<u64>>,
        said: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Stages unconfirmed records that are due, as they were: for each kind those that are thought to be good, together
    /// with half of the suspects; suspects alone once nothing else is due. Gives the number.
    async fn stage_retries(&self, run: RunId, now: Timestamp) -> Result<u64, StoreError>;

    /// When the next of them is due.
    async fn next_retry(&self) -> Result<Option<Timestamp>, StoreError>;

    /// The records that Assets did not account for, those that failed most often first.
    async fn unconfirmed(&self, limit: u32) -> Result<Vec<UnconfirmedRecord>, StoreError>;

    /// Closes an execution that changed nothing.
    async fn close_execution(&self, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError>;

    /// Closes an execution whose end is unknown. Its records, which the target may have, stay
    /// [unconfirmed](Self::unconfirmed), with the reason.
    async fn doubt_execution(
        &self,
        run: RunId,
        id: &ExecutionId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Stores events that are new, durably, and queues what they name. Gives the number of new ones.
    async fn store_events(&self, events: &[NewEvent], now: Timestamp) -> Result<u64, StoreError>;

    /// Stores the events of a delivery, unless a delivery of that id was stored before. Gives the number of new ones.
    async fn store_delivery(
        &self,
        delivery: &str,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// How far the log was read.
    async fn feed_checkpoint(&self) -> Result<Option<FeedCheckpoint>, StoreError>;

    /// Stores the events of a page of the log and the place after them, both or neither. Gives the number of new ones.
    async fn store_feed_page(
        &self,
        events: &[NewEvent],
        state: &FeedCheckpoint,
        now: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Puts something on the list of what to look at, as an event would.
    async fn enqueue(&self, subject: &Subject, now: Timestamp) -> Result<(), StoreError>;

    /// What of a sort is due to be looked at, oldest first. It is claimed until it is settled, put off or given up: nobody else
    /// gets it before `now + lease`.
    async fn claim_work(
        &self,
        sort: WorkKind,
        limit: u32,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<WorkItem>, StoreError>;

    /// Lets go of claims without an attempt being counted.
    async fn release_work(&self, looks: &[WorkItem]) -> Result<(), StoreError>;

    /// Lets go of what a process which has ended had claimed: looks, and requests that it had not begun a run for.
    async fn release_all_claims(&self) -> Result<(), StoreError>;

    /// Strikes looks off, unless newer events asked for the same, and marks events with nothing left as done. Gives the
    /// number of those.
    async fn complete_work(&self, looks: &[WorkItem], now: Timestamp) -> Result<u64, StoreError>;

    /// Puts looks off to a later time, counting the attempt.
    async fn requeue_work(&self, looks: &[WorkItem], until: Timestamp) -> Result<(), StoreError>;

    /// Gives looks up: the events behind them become dead with the reason.
    async fn fail_work(&self, looks: &[WorkItem], reason: &str, now: Timestamp) -> Result<(), StoreError>;

    /// How much is waiting.
    async fn event_queue_counts(&self) -> Result<EventQueueCounts, StoreError>;

    /// Forgets events and deliveries that were done with before a time, and runs that ended before it, the last full one
    /// excepted.
    async fn delete_expired(&self, before: Timestamp) -> Result<(), StoreError>;

    /// Asks the process that sends for a full run.
    async fn request_sync(
        &self,
        override_safeguards: bool,
        now: Timestamp,
    ) -> Result<SyncRequest, StoreError>;

    /// When the newest full run was asked for that has not begun. Of requests that somebody took, only those since a time:
    /// whoever took them may have ended.
    async fn pending_request_at(&self, since: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Takes a request back, unless somebody has taken it. Whether it did.
    async fn cancel_request(&self, request: i64) -> Result<bool, StoreError>;

    /// The oldest request that nobody has taken.
    async fn accept_request(&self) -> Result<Option<SyncRequest>, StoreError>;

    /// Says which run answers a request.
    async fn attach_run(&self, request: i64, run: RunId) -> Result<(), StoreError>;

    /// The progress of a sync request; `None` if it was canceled, or never existed.
    async fn sync_request(&self, request: i64) -> Result<Option<SyncRequestProgress>, StoreError>;

    /// Stops sending until a time: events are stored meanwhile. `None` ends the pause.
    async fn pause(&self, until: Option<Timestamp>) -> Result<(), StoreError>;

    /// Until when nothing is sent.
    async fn paused_until(&self) -> Result<Option<Timestamp>, StoreError>;
}
