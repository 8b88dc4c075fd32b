//! A setup step: its name, state, and results.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::Finding;

use crate::setup_checklist::detail::StepDetail;

/// The name of a setup step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SetupStepName {
    /// The settings are stored.
    Save,
    /// Object types, mapping, and event hook are created.
    Setup,
    /// They are verified.
    Verify,
    /// References accept any number of values.
    Cardinality,
    /// The first full sync succeeded.
    Synchronize,
}

/// The state of a setup step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// The step is complete.
    Complete,
    /// The step is running.
    Running,
    /// The step can start.
    Ready,
    /// The step failed.
    Failed,
    /// An earlier step isn't complete.
    NotReady,
}

/// A setup step with its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupStep {
    /// The name.
    pub name: SetupStepName,
    /// The state.
    pub state: StepState,
    /// The results.
    pub details: Vec<StepDetail>,
    /// The problems: results of the step, and conditions of the connection that contradict them.
    pub findings: Vec<Finding>,
    /// The start of the running step.
    pub started_at: Option<Timestamp>,
}

impl SetupStep {
    pub(super) const fn new(name: SetupStepName, state: StepState) -> Self {
        Self { name, state, details: Vec::new(), findings: Vec::new(), started_at: None }
    }

    pub(super) fn with(mut self, detail: StepDetail) -> Self {
        self.details.push(detail);
        self
    }

    /// Adds a problem that doesn't keep the step from being complete.
    pub(super) fn noting(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// Adds a problem that fails the step.
    pub(super) fn failing(mut self, finding: Finding) -> Self {
        self.state = StepState::Failed;
        self.noting(finding)
    }

    pub(super) fn running(name: SetupStepName, since: Timestamp, activity: StepDetail) -> Self {
        Self { started_at: Some(since), ..Self::new(name, StepState::Running).with(activity) }
    }
}
