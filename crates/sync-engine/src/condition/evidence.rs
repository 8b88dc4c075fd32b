//! The evidence that conditions are derived from.

use std::time::Duration;

use jiff::Timestamp;

use crate::{AlertKind, EventQueueCounts, FeedCheckpoint, Finding, RunKind, Service, Task, WithheldField};

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
    /// This one waits for another one to end.
    Standby,
    /// None.
    Absent,
    /// This one can't run it.
    Unavailable {
        /// The reason.
        finding: Finding,
    },
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
    /// The last occurrence.
    pub last_occurred_at: Timestamp,
}

/// The last runs that failed, unless a later run made up for them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LastRuns {
    /// Each with its kind, its end, and its error.
    pub failed: Vec<(RunKind, Timestamp, Finding)>,
}

/// Facts of the state store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StoreEvidence {
    /// Counts of pending work.
    pub queue: EventQueueCounts,
    /// The position in the System Log.
    pub feed: Option<FeedCheckpoint>,
    /// The end of the pause; `Some(None)` if it has none.
    pub pause: Option<Option<Timestamp>>,
    /// The start of the last full sync that succeeded.
    pub last_full_sync_at: Option<Timestamp>,
    /// Fields whose values aren't sent.
    pub withheld: Vec<WithheldField>,
    /// Values that remain in Assets.
    pub stale_values: u64,
    /// Scope conditions that the org doesn't have.
    pub unknown_choices: Vec<String>,
    /// The reason of one rejected record.
    pub rejected_reason: Option<String>,
    /// True if the schema was compared at least once.
    pub schema_compared: bool,
    /// The last runs that failed.
    pub runs: LastRuns,
    /// The execution that Assets processes, with its start.
    pub execution: Option<(String, Timestamp)>,
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
    /// Seconds that a service's clock is ahead of this host's.
    pub clock_skew: Vec<(Service, i64)>,
    /// The end of a rate limit that delays requests.
    pub throttled_until: Option<Timestamp>,
}
