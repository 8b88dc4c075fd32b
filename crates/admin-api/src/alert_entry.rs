//! Firing and recently resolved alerts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{AlertKind, FailingTask, Finding, Task};

/// A firing or resolved alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertEntry {
    /// The subject.
    pub kind: AlertKind,
    /// The task that fails; `None` if no task reported the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// The problem at its last occurrence: an error if retries don't resolve it, or haven't resolved it for some time.
    pub finding: Finding,
    /// The first occurrence.
    pub started_at: Timestamp,
    /// The last occurrence.
    pub last_occurred_at: Timestamp,
    /// The number of occurrences.
    pub occurrences: u64,
    /// The end; `None` while the alert is firing.
    pub resolved_at: Option<Timestamp>,
}

impl AlertEntry {
    /// The entry as evidence of the connection's conditions.
    pub fn failing_task(&self) -> FailingTask {
        let Self { kind, task, finding, started_at, .. } = self.clone();
        FailingTask { task, kind, finding, started_at }
    }
}
