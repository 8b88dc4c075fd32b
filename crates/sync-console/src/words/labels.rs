//! Labels of kinds, states, and roles.

use admin_api::ObjectState;
use diagnostics::{CheckStatus, SetupStepName, StepState};
use schema_mapper::AttributeState;
use sync_engine::{ChangeKind, EventState, RunKind, RunState, Schedule};
use sync_model::ObjectKind;

use super::text::{capital, count};
use crate::access::Role;

/// The label of a run kind.
pub(crate) const fn run_kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::FullSync => "Full sync",
        RunKind::TargetedSync => "Targeted sync",
        RunKind::IncrementalSync => "Incremental sync",
        RunKind::Backfill => "Backfill",
        RunKind::EventSync => "Event sync",
        RunKind::Retry => "Retry",
        RunKind::Plan => "Plan",
        RunKind::SelfTest => "Self-test",
    }
}

/// The label of a run that is still active.
pub(crate) const RUNNING: &str = "Running";

/// The label of a run whose process ended before it.
pub(crate) const INTERRUPTED: &str = "Interrupted";

/// The label of a run state.
pub(crate) const fn run_state(state: RunState) -> &'static str {
    match state {
        RunState::Succeeded => "Succeeded",
        RunState::Partial => "Partial",
        RunState::Failed => "Failed",
    }
}

/// The label of an event state.
pub(crate) const fn event_state(state: EventState) -> &'static str {
    match state {
        EventState::Pending => "Pending",
        EventState::InProgress => "In progress",
        EventState::Applied => "Applied",
        EventState::Failed => "Failed",
        EventState::Blocked => "Blocked",
        EventState::Ignored => "Ignored",
    }
}

/// The label of an object state.
pub(crate) const fn object_state(state: ObjectState) -> &'static str {
    match state {
        ObjectState::InSync => "In sync",
        ObjectState::Pending => "Pending",
        ObjectState::Unconfirmed => "Unconfirmed",
        ObjectState::Outdated => "Outdated",
        ObjectState::ModifiedInAssets => "Modified in Assets",
        ObjectState::MissingInAssets => "Missing in Assets",
        ObjectState::Retired => "Retired",
        ObjectState::OutOfScope => "Out of scope",
        ObjectState::NotSynced => "Not synced",
        ObjectState::NotFound => "Not found",
        ObjectState::Unknown => "Unknown",
    }
}

/// The label of several objects of a kind.
pub(crate) const fn objects(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "Users",
        ObjectKind::Group => "Groups",
        ObjectKind::Membership => "Memberships",
    }
}

/// The label of a planned change.
pub(crate) const fn change(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Create => "Create",
        ChangeKind::Update => "Update",
        ChangeKind::Retire => "Retire",
    }
}

/// The label of an attribute state.
pub(crate) const fn attribute_state(state: AttributeState) -> &'static str {
    match state {
        AttributeState::Matched => "Matched",
        AttributeState::New => "New",
        AttributeState::Drifted => "Drifted",
        AttributeState::Excluded => "Excluded",
    }
}

/// The label of a check status.
pub(crate) const fn check_status(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Passed => "Passed",
        CheckStatus::Warning => "Warning",
        CheckStatus::Failed => "Failed",
        CheckStatus::Unknown => "Unknown",
        CheckStatus::Skipped => "Skipped",
    }
}

/// The title of a setup step.
pub(crate) const fn setup_step(step: SetupStepName) -> &'static str {
    match step {
        SetupStepName::Save => "Save",
        SetupStepName::Setup => "Setup",
        SetupStepName::Verify => "Verify Okta Hook",
        SetupStepName::Cardinality => "Set cardinality",
        SetupStepName::Synchronize => "Synchronize",
    }
}

/// The label of a setup step's state.
pub(crate) const fn step_state(state: StepState) -> &'static str {
    match state {
        StepState::Complete => "Complete",
        StepState::Running => "Running",
        StepState::Ready => "Ready",
        StepState::Failed => "Failed",
        StepState::NotReady => "Not ready",
    }
}

/// The label of a role.
pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Admin => "Administrator",
        Role::ReadOnly => "Read-only",
    }
}

/// The label of a schedule.
pub(crate) fn schedule(schedule: &Schedule) -> String {
    let Schedule::Every(interval) = schedule else { return capital(&schedule.to_string()) };
    match interval.as_secs() {
        86_400 => "Every day".to_owned(),
        s if s % 86_400 == 0 => format!("Every {}", count(s / 86_400, "day")),
        s if s % 3_600 == 0 => format!("Every {} h", s / 3_600),
        s if s % 60 == 0 => format!("Every {} min", s / 60),
        s => format!("Every {s} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedule_has_units() {
        let of = |text: &str| schedule(&text.parse().unwrap());
        assert_eq!(["1d", "2d", "30m"].map(of), ["Every day", "Every 2 days", "Every 30 min"]);
        assert_eq!(of("never"), "Never");
    }
}
