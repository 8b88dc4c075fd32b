//! The setup checklist: Save, Setup, Verify Okta Hook, cardinality, Synchronize. Each step has a state, details, and
//! findings; a step is ready when all earlier steps are complete.

mod detail;
mod steps;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{Finding, RunFilter, RunKind};

pub use detail::StepDetail;

use crate::ServiceError;
use crate::connections::ManagedConnection;
use crate::delegate::SLOW_START;

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

/// The setup checklist of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupChecklist {
    /// The steps in their order.
    pub steps: Vec<SetupStep>,
    /// True if all steps are complete.
    pub complete: bool,
}

impl SetupStep {
    const fn new(name: SetupStepName, state: StepState) -> Self {
        Self { name, state, details: Vec::new(), findings: Vec::new(), started_at: None }
    }

    fn with(mut self, detail: StepDetail) -> Self {
        self.details.push(detail);
        self
    }

    /// Adds a problem that doesn't keep the step from being complete.
    fn noting(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// Adds a problem that fails the step.
    fn failing(mut self, finding: Finding) -> Self {
        self.state = StepState::Failed;
        self.noting(finding)
    }

    fn running(name: SetupStepName, since: Timestamp, activity: StepDetail) -> Self {
        Self { started_at: Some(since), ..Self::new(name, StepState::Running).with(activity) }
    }
}

impl SetupChecklist {
    /// The checklist of a connection, from the last results and the connection's conditions; it sends no requests.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(member: &ManagedConnection) -> Result<Self, ServiceError> {
        let (mut all, mut synced) = (Vec::new(), false);
        if let (Ok(settings), Ok(connection)) = (member.settings(), member.connection()) {
            let status = connection.status(0).await?;
            synced = status.last_full_sync_at.is_some();
            all.push(steps::save(member, Some(&status.conditions)));
            all.push(steps::setup(member, settings, &status.conditions));
            all.push(steps::verify(member, &status.conditions));
            all.push(steps::cardinality(member, &status));
            let full = RunFilter { kind: Some(RunKind::FullSync), limit: 1, ..RunFilter::default() };
            let requested = connection.store().pending_request_at(Timestamp::now() - SLOW_START).await?;
            all.push(steps::synchronize(&status, connection.runs(&full).await?.first(), requested));
        } else {
            all.push(steps::save(member, None));
            let rest = [
                SetupStepName::Setup,
                SetupStepName::Verify,
                SetupStepName::Cardinality,
                SetupStepName::Synchronize,
            ];
            all.extend(rest.map(|name| SetupStep::new(name, StepState::NotReady)));
        }
        let mut holds = true;
        for step in &mut all {
            // A complete step stays complete; a failure after an incomplete step may be its consequence. A connection
            // that was set up once can sync, whatever has changed since.
            let repeats = step.name == SetupStepName::Synchronize && synced;
            if !holds && !repeats && !matches!(step.state, StepState::Running | StepState::Complete) {
                *step = SetupStep::new(step.name, StepState::NotReady);
            }
            holds &= step.state == StepState::Complete;
        }
        Ok(Self { complete: holds, steps: all })
    }

    /// One step.
    pub fn step(&self, name: SetupStepName) -> Option<&SetupStep> {
        self.steps.iter().find(|step| step.name == name)
    }
}
