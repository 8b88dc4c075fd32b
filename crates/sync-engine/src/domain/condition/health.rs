//! The summary of all conditions, in one label.

use serde::{Deserialize, Serialize};

use super::{Condition, ConditionStatus, ConditionType, Conditions};
use crate::domain::finding::fact::FindingCode;
use crate::domain::severity::Severity;

/// The summary of a connection's conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConnectionHealth {
    /// All conditions hold.
    InSync,
    /// Changes are on their way; nothing else is wrong.
    Syncing,
    /// Setup or the first full sync is running.
    SettingUp,
    /// Setup or the first full sync is missing.
    SetupIncomplete,
    /// The connection is paused.
    Paused,
    /// A part of the data isn't synced.
    Degraded,
    /// A safeguard blocks changes.
    Blocked,
    /// The sync makes no progress, or its last run failed.
    Failing,
    /// This process can't run the connection.
    Unavailable,
    /// Another process is the leader.
    Standby,
}

impl ConnectionHealth {
    /// Summarizes conditions; `setting_up` is true while a setup step runs.
    pub fn of(conditions: &Conditions, setting_up: bool) -> Self {
        let is_false = |condition: &&Condition| condition.status == ConditionStatus::False;
        let unmet = |kind| conditions.get(kind).filter(is_false);
        let worst = conditions.unmet().filter_map(|condition| condition.severity).max();
        let leader = unmet(ConditionType::LeaderRunning).and_then(|condition| condition.reason);
        match leader {
            Some(FindingCode::Unavailable) => return Self::Unavailable,
            Some(FindingCode::Standby) => return Self::Standby,
            _ => {}
        }
        if unmet(ConditionType::SendingEnabled).is_some() {
            Self::Paused
        } else if unmet(ConditionType::SafeguardsClear).is_some() {
            Self::Blocked
        } else if worst == Some(Severity::Error) {
            Self::Failing
        } else if unmet(ConditionType::InitialSync).is_some() {
            if setting_up { Self::SettingUp } else { Self::SetupIncomplete }
        } else if worst == Some(Severity::Warning) {
            Self::Degraded
        } else if conditions.is_current() {
            Self::InSync
        } else {
            Self::Syncing
        }
    }
}
