//! Labels of states and kinds.

pub(crate) use plain_text::run_kind;
use sync_engine::{EventState, RunState, RunSummary, Severity, Subject};

use super::units::count;

/// The label of a run's state.
pub(crate) fn run_state(run: &RunSummary) -> &'static str {
    match run.report.as_ref().map(|report| report.state) {
        Some(RunState::Succeeded) => "succeeded",
        Some(RunState::Partial) => "partial",
        Some(RunState::Failed) => "failed",
        // The store does not know whether its process still runs.
        None => "running or interrupted",
    }
}

/// The label of an event's state.
pub(crate) const fn event_state(state: EventState) -> &'static str {
    match state {
        EventState::Pending => "pending",
        EventState::InProgress => "in progress",
        EventState::Applied => "applied",
        EventState::Failed => "failed",
        EventState::Blocked => "blocked",
        EventState::Ignored => "ignored",
    }
}

/// The subject of an event.
pub(crate) fn subject(subject: &Subject) -> String {
    match subject {
        Subject::User(id) => format!("user {id}"),
        Subject::Group(id) => format!("group {id}"),
        Subject::GroupMembers(group) => format!("members of group {group}"),
        Subject::Membership { group, user } => format!("user {user} in group {group}"),
        Subject::RecentChanges => "recent changes".to_owned(),
        Subject::EntireDirectory => "all users and groups".to_owned(),
        Subject::Schema => "user and group schemas".to_owned(),
    }
}

/// The number of attempts: `1 attempt`.
pub(crate) fn attempts(attempts: u32) -> String {
    count(attempts, "attempt")
}

/// The label of a severity.
pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Info => "Info",
    }
}
