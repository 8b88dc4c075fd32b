//! What must survive a crash.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as StdError;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{EventId, ExecutionId, Fingerprint, GroupId, ObjectKind, Record, RecordKey, RunId, UserId};

use crate::{RunKind, RunReport};

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
pub struct Known {
    /// Of the record that was confirmed last.
    pub fingerprint: Fingerprint,
    /// Whether that record marks the object as gone.
    pub gone: bool,
    /// Whether it has to be sent again although it did not change: something it refers to came later.
    pub dirty: bool,
}

/// What sending a record would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// A new object.
    Create,
    /// Other values, or references to be looked up again.
    Update,
    /// The object is marked as gone.
    Retire,
}

impl Change {
    /// The word for it in stored data.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Retire => "retire",
        }
    }
}

/// A record waiting to be sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Staged {
    /// What it would do.
    pub change: Change,
    /// The record.
    pub record: Record,
    /// When the directory was read for it.
    pub read_at: Timestamp,
}

/// How many objects were confirmed, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Census {
    /// Objects that exist in the directory.
    pub live: u64,
    /// Objects that are marked as gone.
    pub gone: u64,
}

/// What an event says to look at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// A user, with its groups.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// It names nobody, or too many: read everything.
    Directory,
}

/// An event as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEvent {
    /// Its id, the same on every road.
    pub id: EventId,
    /// The directory's name for what happened.
    pub event_type: String,
    /// When it happened.
    pub published: Timestamp,
    /// What to look at.
    pub subjects: Vec<Subject>,
    /// Whether an object read back must be at least as new as the event.
    pub changes_object: bool,
    /// Whether the object is expected to vanish.
    pub expects_gone: bool,
}

/// What to look at, folded from any number of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// What to look at.
    pub target: Subject,
    /// The newest event that asked for it, when the object must be as new.
    pub at_least: Option<Timestamp>,
    /// Whether it is expected to vanish.
    pub expects_gone: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// Grows with every event that asks for the same; settling an older number leaves the newer wish alone.
    pub sequence: i64,
}

/// How much is waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct InboxCounts {
    /// Events with something still to look at.
    pub pending: u64,
    /// Events given up.
    pub dead: u64,
    /// Distinct objects to look at.
    pub looks: u64,
    /// When the oldest pending event happened.
    pub oldest: Option<Timestamp>,
}

/// An execution that was started and whose end was not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenExecution {
    /// The importer's id.
    pub id: ExecutionId,
    /// The run whose staged records it carries.
    pub run: RunId,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Its number.
    pub id: RunId,
    /// What started it.
    pub kind: RunKind,
    /// When.
    pub started: Timestamp,
    /// When it ended; `None` while it runs, or when it was cut off.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub report: Option<RunReport>,
}

/// The memory of one connection. Every method does all of its work or nothing.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// Opens a run and gives its number.
    async fn begin_run(&self, kind: RunKind, now: Timestamp) -> Result<RunId, StoreError>;

    /// Closes a run and drops what it staged and did not send.
    async fn end_run(&self, run: RunId, report: &RunReport, now: Timestamp) -> Result<(), StoreError>;

    /// Closes runs that nobody will go on with, and drops what they staged: their process ended before they did. Runs
    /// with an open execution are left to recovery. To be called by the one process that sends.
    async fn abandon_runs(&self, now: Timestamp) -> Result<(), StoreError>;

    /// The newest runs first.
    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError>;

    /// What is known of these objects; unknown ones are absent.
    async fn known(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Known>, StoreError>;

    /// The record that was confirmed last.
    async fn confirmed(&self, key: &RecordKey) -> Result<Option<Record>, StoreError>;

    /// Confirmed objects by kind.
    async fn census(&self) -> Result<BTreeMap<ObjectKind, Census>, StoreError>;

    /// The objects whose confirmed records refer to this value.
    async fn referring_to(&self, kind: ObjectKind, value: &str) -> Result<Vec<RecordKey>, StoreError>;

    /// Notes members of a group, for the length of the run.
    async fn note_members(&self, run: RunId, group: &GroupId, users: &[UserId]) -> Result<(), StoreError>;

    /// The groups that these users were noted for.
    async fn noted_groups(
        &self,
        run: RunId,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError>;

    /// Notes that objects were seen, and stages the changed ones. Repeats replace.
    async fn stage(&self, run: RunId, seen: &[RecordKey], changes: &[Staged]) -> Result<(), StoreError>;

    /// How many live objects of a kind this run has not seen.
    async fn count_unseen(&self, run: RunId, kind: ObjectKind) -> Result<u64, StoreError>;

    /// Live objects of a kind that this run has not seen, by id, after the given one.
    async fn unseen(
        &self,
        run: RunId,
        kind: ObjectKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// How many staged records would do what. Records that another run has overtaken do not count.
    async fn staged_counts(&self, run: RunId) -> Result<BTreeMap<(ObjectKind, Change), u64>, StoreError>;

    /// Staged records by key, after the given one. Records that another run has overtaken are left out: the object was
    /// confirmed from a later reading.
    async fn staged(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<Staged>, StoreError>;

    /// Remembers an execution before the first record is sent.
    async fn open_execution(&self, run: RunId, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError>;

    /// Executions whose end was not recorded.
    async fn open_executions(&self) -> Result<Vec<OpenExecution>, StoreError>;

    /// Makes the staged records of these kinds the confirmed ones, records their references, and closes the execution.
    /// Objects that refer to a new one and were not part of the run become dirty and are queued for a look.
    async fn confirm(
        &self,
        run: RunId,
        execution: &ExecutionId,
        kinds: &[ObjectKind],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Closes an execution that changed nothing, or nobody knows what.
    async fn close_execution(&self, id: &ExecutionId) -> Result<(), StoreError>;

    /// Stores events that are new, durably, and queues what they name. Gives the number of new ones.
    async fn store_events(&self, events: &[InboxEvent], now: Timestamp) -> Result<u64, StoreError>;

    /// What is due to be looked at, oldest first.
    async fn due_looks(&self, limit: u32, now: Timestamp) -> Result<Vec<Look>, StoreError>;

    /// Strikes looks off, unless newer events asked for the same, and marks events with nothing left as done.
    async fn settle(&self, looks: &[Look], now: Timestamp) -> Result<(), StoreError>;

    /// Puts looks off to a later time, counting the attempt.
    async fn postpone(&self, looks: &[Look], until: Timestamp) -> Result<(), StoreError>;

    /// Gives looks up: the events behind them become dead with the reason.
    async fn bury(&self, looks: &[Look], reason: &str, now: Timestamp) -> Result<(), StoreError>;

    /// How much is waiting.
    async fn inbox(&self) -> Result<InboxCounts, StoreError>;
}
