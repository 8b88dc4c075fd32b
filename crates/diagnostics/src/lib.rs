#![doc = include_str!("../README.md")]

mod area;
mod assets;
mod change;
mod check;
mod daemon_parts;
mod evidence;
mod examine;
mod hook;
mod host;
mod job;
mod objects;
mod observation;
mod okta;
mod org;
mod pause;
mod probe;
mod repair;
mod report;
#[cfg(any(test, feature = "test-support"))]
mod samples;
mod selection;
mod self_test;
mod setting_checks;
mod settings;
mod setup_checklist;
mod store_failure;
mod words;

pub use area::CheckArea;
pub use change::{Change, Fix};
pub use check::{Check, CheckStatus};
pub use daemon_parts::{DaemonParts, FixFailed, TemporaryReceiver};
pub use evidence::store_evidence;
pub use examine::{examine, examine_one};
pub use job::{JobActivity, JobState};
pub use observation::{HiddenBecause, Observation, ScopePurpose};
pub use pause::Pause;
pub use report::CheckReport;
pub use setting_checks::{
    Manner, SettingCheck, SettingFinding, SettingProblem, check_account, check_app, check_import_token,
    check_org, hook_address,
};
pub use setup_checklist::{
    SetupChecklist, SetupEvidence, SetupInputs, SetupStep, SetupStepName, StepDetail, StepState,
};
pub use store_failure::{after_loss, release};
pub use words::{changes, check_details, check_remedy, observation, scope_purpose};
