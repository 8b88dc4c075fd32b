//! The setup checklist of a connection.

use serde::{Deserialize, Serialize};

use crate::setup_checklist::inputs::SetupInputs;
use crate::setup_checklist::step::{SetupStep, SetupStepName, StepState};
use crate::setup_checklist::steps;

/// The setup checklist of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupChecklist {
    /// The steps in their order.
    pub steps: Vec<SetupStep>,
    /// True if all steps are complete.
    pub complete: bool,
}

impl SetupChecklist {
    /// The checklist of a connection, from the last results and the connection's conditions; it sends no requests.
    pub fn of(inputs: &SetupInputs<'_>) -> Self {
        let (mut all, mut synced) = (Vec::new(), false);
        if let (Ok(settings), Some(evidence)) = (inputs.settings, &inputs.evidence) {
            synced = evidence.last_full_sync_at.is_some();
            all.push(steps::save(inputs));
            all.push(steps::setup(inputs, settings, &evidence.conditions));
            all.push(steps::verify(inputs, &evidence.conditions));
            all.push(steps::cardinality(inputs, evidence));
            all.push(steps::synchronize(evidence));
        } else {
            all.push(steps::save(inputs));
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
        Self { complete: holds, steps: all }
    }

    /// One step.
    pub fn step(&self, name: SetupStepName) -> Option<&SetupStep> {
        self.steps.iter().find(|step| step.name == name)
    }
}
