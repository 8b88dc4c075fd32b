//! The setup checklist: Save, Setup, Verify Okta Hook, cardinality, Synchronize. Each step has a state, details, and
//! findings; a step is ready when all earlier steps are complete.

mod checklist;
mod detail;
mod inputs;
mod step;
mod steps;

pub use checklist::SetupChecklist;
pub use detail::StepDetail;
pub use inputs::{SetupEvidence, SetupInputs};
pub use step::{SetupStep, SetupStepName, StepState};
