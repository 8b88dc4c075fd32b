//! The evidence that conditions are derived from.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alert::AlertKind;
use crate::domain::feed::FeedCheckpoint;
use crate::domain::finding::Finding;
use crate::domain::finding::subject::Service;
use crate::domain::inbox::EventQueueCounts;
use crate::domain::place::WithheldField;
use crate::domain::run_kind::RunKind;
use crate::domain::task::Task;

/// The process that runs the connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Process {
    /// This one, since a time.
    Leader {
        /// The start.
        since: Timestamp,
    },
    /// Another one.
    Other,
    /// None.
    Absent,
}

/// A failing task, or another problem that is still open.
#[derive(Debug, Clone, PartialEq)]
pub struct FailingTask {
    /// The task; `None` if no task reported the problem.
    pub task: Option<Task>,
    /// The kind of its alert.
    pub kind: AlertKind,
    /// The problem. An error if retries don't resolve it, or didn't for a while.
    pub finding: Finding,
    /// The first occurrence.
    pub started_at: Timestamp,
}

/// The times of the last results of periodic checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CheckTimes {
    /// The last comparison of the schemas.
    pub schema_at: Option<Timestamp>,
    /// The last reading of the event hook.
    pub event_hook_at: Option<Timestamp>,
}

impl CheckTimes {
    /// Records a result of a task; false if the task isn't a periodic check.
    pub const fn record(&mut self, task: Task, at: Timestamp) -> bool {
        match task {
            Task::SchemaCheck => self.schema_at = Some(at),
            Task::EventHookCheck => self.event_hook_at = Some(at),
            _ => return false,
        }
        true
    }
}

/// A failed run without a later success.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedRun {
    /// The kind of the run.
    pub kind: RunKind,
    /// The end of the run.
    pub ended_at: Timestamp,
    /// The error.
    pub finding: Finding,
}

impl FailedRun {
    /// The task that repeats the run.
    pub(super) const fn task(&self) -> Task {
        match self.kind {
            RunKind::EventSync | RunKind::Retry => Task::Events,
            _ => Task::Sync,
        }
    }
}

/// An execution that Assets processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveExecution {
    /// Its ID.
    pub id: String,
    /// Its start.
    pub started_at: Timestamp,
}

/// Facts of the state store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoreEvidence {
    /// Counts of pending work.
    pub queue: EventQueueCounts,
    /// The position in the System Log.
    pub feed: Option<FeedCheckpoint>,
    /// The pause.
    pub pause: Option<PauseEnd>,
    /// The start of the last full sync that succeeded.
    pub last_full_sync_at: Option<Timestamp>,
    /// The start of the last full or incremental sync that succeeded.
    pub last_sync_at: Option<Timestamp>,
    /// Fields whose values aren't sent.
    pub withheld: Vec<WithheldField>,
    /// Values that remain in Assets although Okta cleared them.
    pub stale_values: u64,
    /// Scope conditions that the org doesn't have.
    pub unknown_choices: Vec<String>,
    /// The reason of one rejected record.
    pub rejected_reason: Option<String>,
    /// True if the object schema was compared at least once.
    pub schema_compared: bool,
    /// The runs that failed last.
    pub failed_runs: Vec<FailedRun>,
    /// The execution that Assets processes.
    pub execution: Option<ActiveExecution>,
}

/// The end of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseEnd {
    /// An administrator ends it.
    Open,
    /// It ends at a time.
    At(Timestamp),
}

impl PauseEnd {
    /// The time; `None` if it has none.
    pub const fn time(self) -> Option<Timestamp> {
        match self {
            Self::Open => None,
            Self::At(time) => Some(time),
        }
    }
}

impl StoreEvidence {
    /// The time of the oldest change that isn't confirmed: of a pending or failed event, an unconfirmed record, or a
    /// change that a safeguard blocks.
    pub fn oldest_change_at(&self) -> Option<Timestamp> {
        let queue = &self.queue;
        let oldest = [
            queue.oldest_pending_at,
            queue.oldest_failed_at,
            queue.oldest_unconfirmed_at,
            queue.oldest_blocked_at,
        ];
        oldest.into_iter().flatten().min()
    }

    /// The time up to which Assets reflects Okta; `None` before the first full sync, and while a confirmed value may be
    /// missing, can't be stored, or couldn't be read.
    pub fn synced_through(&self) -> Option<Timestamp> {
        // Such a value may be older than every known time.
        if self.queue.doubted > 0 || self.queue.withheld > 0 || self.queue.unreadable > 0 {
            return None;
        }
        let read = self.feed.as_ref().and_then(|feed| feed.caught_up_at);
        // An incremental sync lists no deletions, and a delivery that never arrives leaves no trace.
        let known = self.last_full_sync_at?.max(read.unwrap_or(Timestamp::MIN));
        Some(self.oldest_change_at().map_or(known, |oldest| oldest.min(known)))
    }
}

/// Everything that the conditions of a connection are derived from.
#[derive(Debug, Clone)]
pub struct Evidence<'e> {
    /// The current time.
    pub now: Timestamp,
    /// The process that runs the connection.
    pub process: Process,
    /// True if the System Log is an event source.
    pub reads_system_log: bool,
    /// True if an event hook is an event source.
    pub has_event_hook: bool,
    /// The time after which missing progress is an error.
    pub stall_timeout: Duration,
    /// Facts of the store, or the reason why it can't be read.
    pub store: Result<&'e StoreEvidence, Finding>,
    /// Free space of the store's file system, if it is too small.
    pub low_space: Option<u64>,
    /// Open problems of the process that runs the connection.
    pub failing: &'e [FailingTask],
    /// The last results of its periodic checks.
    pub checks: &'e CheckTimes,
    /// The interval of these checks.
    pub check_interval: Duration,
    /// Seconds that a service's clock is ahead of this host's.
    pub clock_skew: Vec<(Service, i64)>,
    /// The end of a rate limit that delays requests.
    pub throttled_until: Option<Timestamp>,
}
