//! The state of a job in the background: setup, verify, checks, a plan, or a comparison.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::Finding;

/// The activity of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobActivity {
    /// Reading the schemas of Okta, and creating the object types and mapping in Assets.
    CreatingSchema,
    /// Creating and verifying the event hook.
    CreatingEventHook,
    /// Verifying the schema, mapping, and event hook.
    Verifying,
    /// Reading groups, memberships, and users for a plan.
    Planning,
    /// Running checks.
    Checking,
    /// Reading the schemas of Okta and Assets.
    ComparingSchemas,
    /// Importing test objects and reading them back.
    Testing,
}

/// The state of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum JobState<T> {
    /// The job wasn't started since the daemon started.
    Idle,
    /// The job is running.
    Running {
        /// The start.
        started_at: Timestamp,
        /// The activity.
        activity: JobActivity,
    },
    /// The job succeeded.
    Succeeded {
        /// The start.
        started_at: Timestamp,
        /// The end.
        ended_at: Timestamp,
        /// The result.
        result: T,
    },
    /// The job failed.
    Failed {
        /// The start.
        started_at: Timestamp,
        /// The end.
        ended_at: Timestamp,
        /// The reason.
        #[cfg_attr(feature = "openapi", schema(no_recursion))]
        finding: Finding,
    },
}

impl<T> JobState<T> {
    /// True if it is running.
    pub const fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    /// The result of a succeeded job.
    pub const fn result(&self) -> Option<&T> {
        match self {
            Self::Succeeded { result, .. } => Some(result),
            _ => None,
        }
    }
}
