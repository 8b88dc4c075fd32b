//! The active runs of the daemon.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{Finding, Phase, RunKind, RunState};
use sync_model::RunId;

/// The runs of this process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActiveRuns {
    /// Active runs, oldest first: an event sync can be active at the same time as another sync.
    pub active: Vec<ActiveRun>,
    /// The last ended run of each kind, newest first. Event syncs that sent nothing are omitted.
    pub recent: Vec<ActiveRun>,
}

impl ActiveRuns {
    /// The most important run: a sync rather than an event batch, and an active run rather than a finished one.
    pub fn current(&self) -> Option<&ActiveRun> {
        self.active.iter().find(|run| !is_batch(run.kind)).or(self.active.first()).or(self.recent.first())
    }
}

/// A run of this process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActiveRun {
    /// The ID; `None` until the schemas are compared.
    pub run: Option<RunId>,
    /// The kind of the run.
    pub kind: RunKind,
    /// The start in this process. A resumed run started earlier.
    pub started_at: Timestamp,
    /// The end.
    pub ended_at: Option<Timestamp>,
    /// The duration so far, in seconds.
    pub duration_seconds: f64,
    /// The final state; `None` while it runs, and if it was interrupted.
    pub state: Option<RunState>,
    /// The failure of a failed run.
    #[serde(default)]
    pub failure: Option<Finding>,
    /// Its phases, in order.
    pub phases: Vec<RunPhase>,
}

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunPhase {
    /// The phase.
    pub phase: Phase,
    /// The display name.
    pub label: String,
    /// The start in this process.
    pub started_at: Timestamp,
    /// The end.
    pub ended_at: Option<Timestamp>,
    /// The duration so far, in seconds.
    pub duration_seconds: f64,
    /// Processed items, including those before an interruption.
    pub done: u64,
    /// The total or expected number of items; `None` if it's unknown.
    pub total: Option<u64>,
    /// Items per second: the recent rate while the phase is active, and the average after its end.
    pub items_per_second: f64,
    /// The estimated remaining time in seconds, if it's known.
    pub remaining_seconds: Option<f64>,
}

/// True if a run of this kind processes a batch of events.
pub const fn is_batch(kind: RunKind) -> bool {
    matches!(kind, RunKind::EventSync | RunKind::Retry)
}
