//! Options of the engine.

use std::time::Duration;

use crate::domain::safeguards::Safeguards;

/// Options of the engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The safeguards.
    pub safeguards: Safeguards,
    /// The number of objects or listings that are read concurrently.
    pub concurrency: usize,
    /// The number of records that are read from the store at once.
    pub page: u32,
    /// The number of work items in one batch.
    pub batch: u32,
    /// The time to wait for an importer that is busy with another execution.
    pub busy_limit: Duration,
    /// The time that an unrecorded execution may wait for records before it is canceled: the response to its start was
    /// lost, or its process has ended.
    pub orphan_limit: Duration,
    /// The age difference from its event at which an object is read again: events are logged after the change.
    pub event_tolerance: Duration,
    /// The overlap of an incremental sync with the previous one: the directory's filters lag.
    pub overlap: Duration,
    /// The age up to which a checkpoint is resumed.
    pub checkpoint_max_age: Duration,
    /// The duration of a worker's claim.
    pub lease: Duration,
    /// The time that an interrupted run has to end in order; then it is dropped.
    pub grace: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            safeguards: Safeguards::default(),
            concurrency: 8,
            page: 1000,
            batch: 2000,
            busy_limit: Duration::from_mins(30),
            orphan_limit: Duration::from_secs(30),
            event_tolerance: Duration::from_secs(5),
            overlap: Duration::from_mins(5),
            checkpoint_max_age: Duration::from_hours(24),
            lease: Duration::from_hours(1),
            grace: Duration::from_secs(2),
        }
    }
}
