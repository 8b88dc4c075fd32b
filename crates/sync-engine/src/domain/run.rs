//! Runs in the history.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{ExecutionId, RunId};

use crate::domain::record_state::UnconfirmedRecord;
use crate::domain::report::{RunReport, RunState};
use crate::domain::run_kind::RunKind;

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

/// A selection of runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only runs of this kind.
    pub kind: Option<RunKind>,
    /// Only runs that ended in this state.
    pub state: Option<RunState>,
    /// Only those that failed, or whose records Assets did not all account for.
    pub failed: bool,
    /// The maximum number of entries.
    pub limit: u32,
}

/// An execution of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunExecution {
    /// The ID in Assets.
    pub id: ExecutionId,
    /// The start.
    pub started_at: Timestamp,
    /// The time at which the end was recorded; `None` before.
    pub ended_at: Option<Timestamp>,
    /// True if Assets processed it; otherwise it had no effect.
    pub processed: bool,
}

/// The stored details of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunDetail {
    /// The summary of the run.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// The executions, oldest first.
    pub executions: Vec<RunExecution>,
    /// The number of records of the run that are still unconfirmed.
    pub rejected_count: u64,
    /// Unconfirmed records of the run, those with the most attempts first.
    pub rejected_records: Vec<UnconfirmedRecord>,
}

impl RunDetail {
    /// The largest number of listed rejected records.
    pub const REFUSED: u32 = 50;
}
