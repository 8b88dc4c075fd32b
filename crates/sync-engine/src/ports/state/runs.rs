//! Runs and their checkpoints.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::RunId;

use crate::domain::checkpoint::SyncCheckpoint;
use crate::domain::report::RunReport;
use crate::domain::run::{LastRun, RunDetail, RunFilter, RunSummary};
use crate::domain::run_kind::RunKind;
use crate::domain::store_error::StoreError;

/// Runs, from their beginning to their place in the history.
#[async_trait]
pub trait Runs: Send + Sync {
    /// Opens a run and returns its ID.
    async fn begin_run(&self, kind: RunKind, now: Timestamp) -> Result<RunId, StoreError>;

    /// Saves the progress of a sync.
    async fn save_checkpoint(&self, run: RunId, checkpoint: &SyncCheckpoint) -> Result<(), StoreError>;

    /// The newest pass that was not ended, with its run.
    async fn resumable_checkpoint(&self) -> Result<Option<(RunId, SyncCheckpoint)>, StoreError>;

    /// Closes a run and drops its unsent staged changes.
    async fn end_run(&self, run: RunId, report: &RunReport, now: Timestamp) -> Result<(), StoreError>;

    /// Ends runs that can't be resumed, and drops their staged changes: their process ended first. Runs with an open
    /// execution are left to recovery, and resumable syncs to the process that resumes them. Only the leader calls it.
    async fn mark_runs_interrupted(&self, now: Timestamp) -> Result<(), StoreError>;

    /// The newest runs first.
    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError>;

    /// The start of the last run of a kind, and of the last one that succeeded.
    async fn last_run(&self, kind: RunKind) -> Result<LastRun, StoreError>;

    /// Runs, the newest first.
    async fn find_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError>;

    /// The stored data of a run; `None` without it.
    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError>;

    /// Deletes events, deliveries, and runs that ended before a time, except for the last full sync.
    async fn delete_expired(&self, before: Timestamp) -> Result<(), StoreError>;
}
