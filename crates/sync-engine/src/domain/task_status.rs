//! The state of a background task: what it does, why, and how its last activation ended.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::finding::Finding;
use crate::domain::task::Task;

/// The reason for which a background task is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActivationReason {
    /// The task was started.
    Start,
    /// Its period elapsed.
    Period,
    /// It was woken: there may be work.
    Woken,
    /// The last activation failed.
    Retry,
}

/// The end of an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskOutcome {
    /// It did its work.
    Succeeded,
    /// It failed.
    Failed,
    /// It was interrupted: the process or the connection ended.
    Interrupted,
}

/// An activation of a background task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activation {
    /// The start.
    pub started_at: Timestamp,
    /// The reason.
    pub reason: ActivationReason,
}

/// An activation that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndedActivation {
    /// The start.
    pub started_at: Timestamp,
    /// The duration in seconds.
    pub duration_seconds: f64,
    /// The reason.
    pub reason: ActivationReason,
    /// The outcome.
    pub outcome: TaskOutcome,
    /// The failure; `None` unless it failed.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub finding: Option<Finding>,
}

/// The state of a background task of this process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskStatus {
    /// The task.
    pub task: Task,
    /// The setting of the listener that it works for; `None` for all other tasks.
    pub setting: Option<String>,
    /// The time between two activations in seconds; `None` if the task is only woken, or ends with its first success.
    pub period_seconds: Option<f64>,
    /// The number of activations, including those without work.
    pub activations: u64,
    /// The number of failures in a row.
    pub failures: u64,
    /// The present activation; `None` while the task is idle.
    pub running: Option<Activation>,
    /// The last activation that had work; `None` before it ended.
    pub last: Option<EndedActivation>,
}

impl TaskStatus {
    /// A task that was never active.
    pub(crate) fn new(task: Task, setting: Option<&str>, period: Option<Duration>) -> Self {
        Self {
            task,
            setting: setting.map(str::to_owned),
            period_seconds: period.map(|period| period.as_secs_f64()),
            activations: 0,
            failures: 0,
            running: None,
            last: None,
        }
    }
}
