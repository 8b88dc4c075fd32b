//! The health of a connection: conditions in the style of Kubernetes, derived from evidence in one place.
//!
//! Status, checks, the console, `/readyz`, metrics, and alerts filter and render these conditions.

mod derive;
pub(crate) mod evidence;
pub(crate) mod health;
#[cfg(any(test, feature = "test-support"))]
pub(crate) mod situations;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

use crate::domain::finding::Finding;
use crate::domain::finding::fact::FindingCode;
use crate::domain::severity::Severity;

/// One aspect of a connection's health. `True` is good.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, EnumIter, IntoStaticStr,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConditionType {
    /// No other condition says that Assets differs from Okta, or may differ.
    Current,
    /// The state store is readable and the one that was opened.
    StoreAvailable,
    /// The file system of the state store has space.
    StoreSpace,
    /// A process is the connection's leader.
    LeaderRunning,
    /// The connection isn't paused.
    SendingEnabled,
    /// Object types and mapping exist and were compared with Okta's schemas.
    SchemaReady,
    /// Assets can store the values of all fields.
    ValuesStorable,
    /// The event hook is active, verified, and delivers.
    EventHookReady,
    /// The System Log was read to its end recently.
    SystemLogRead,
    /// A full sync succeeded.
    InitialSync,
    /// The last syncs succeeded.
    SyncsSucceeding,
    /// No event is pending or in progress.
    EventsApplied,
    /// Workers claim events and apply them.
    EventsProgressing,
    /// No event failed.
    EventsSucceeded,
    /// Assets confirmed all records.
    RecordsConfirmed,
    /// All objects in Okta could be read.
    ObjectsReadable,
    /// No safeguard blocks changes.
    SafeguardsClear,
    /// No value remains in Assets that was cleared in Okta.
    ValuesCleared,
    /// All users and groups that the scope names exist.
    ScopeResolved,
    /// The clocks of this host and of both services agree.
    ClockSynchronized,
    /// No rate limit delays requests.
    RequestsUnthrottled,
}

impl ConditionType {
    /// The type in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// True if the connection makes no progress while the condition is an error.
    pub const fn gates_readiness(self) -> bool {
        matches!(
            self,
            Self::StoreAvailable
                | Self::StoreSpace
                | Self::LeaderRunning
                | Self::SchemaReady
                | Self::SystemLogRead
                | Self::SyncsSucceeding
                | Self::EventsProgressing
        )
    }
}

/// The status of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ConditionStatus {
    /// Evidence shows that the condition holds.
    True,
    /// Evidence shows that it doesn't hold.
    False,
    /// There is no evidence, or it is out of date.
    Unknown,
}

impl ConditionStatus {
    /// The status in JSON and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }
}

/// One aspect of a connection's health, with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Condition {
    /// The aspect.
    #[serde(rename = "type")]
    pub kind: ConditionType,
    /// The status.
    pub status: ConditionStatus,
    /// The severity; `None` while the condition holds.
    pub severity: Option<Severity>,
    /// The code of the first finding; `None` while the condition holds.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub reason: Option<FindingCode>,
    /// The start of this status, as far as it is known.
    pub since: Option<Timestamp>,
    /// The time of the evidence.
    pub last_checked_at: Option<Timestamp>,
    /// The facts behind the status, the most severe first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl Condition {
    /// True if evidence shows that the condition holds.
    pub fn holds(&self) -> bool {
        self.status == ConditionStatus::True
    }

    /// True if the condition is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Some(Severity::Error)
    }
}

/// The conditions of a connection, one of each type that applies, [`ConditionType::Current`] first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Conditions(Vec<Condition>);

impl Conditions {
    /// All conditions.
    pub fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }

    /// The conditions that don't hold or are unknown, without the summary, the most severe first.
    pub fn unmet(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter().filter(|condition| condition.kind != ConditionType::Current && !condition.holds())
    }

    /// The findings of unmet conditions that an administrator may have to act on, the most severe first. Changes on their
    /// way aren't among them.
    pub fn problems(&self) -> impl Iterator<Item = (&Condition, &Finding)> {
        let unmet = self.unmet().filter(|condition| condition.status == ConditionStatus::False);
        unmet.flat_map(|condition| {
            let on_their_way =
                matches!(condition.kind, ConditionType::EventsApplied | ConditionType::RecordsConfirmed);
            let findings = condition.findings.iter();
            findings
                .filter(move |finding| !on_their_way || finding.severity > Severity::Info)
                .map(move |finding| (condition, finding))
        })
    }

    /// One condition; `None` if it doesn't apply to the connection.
    pub fn get(&self, kind: ConditionType) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.kind == kind)
    }

    /// True if evidence shows that the condition holds.
    pub fn holds(&self, kind: ConditionType) -> bool {
        self.get(kind).is_some_and(Condition::holds)
    }

    /// True if Assets is proven to equal Okta, as far as evidence goes.
    pub fn is_current(&self) -> bool {
        self.holds(ConditionType::Current)
    }

    /// True if the connection makes progress: no error gates its readiness.
    pub fn is_ready(&self) -> bool {
        self.obstacles().next().is_none()
    }

    /// The conditions due to which the connection makes no progress.
    pub fn obstacles(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter().filter(|condition| match condition.kind {
            // A standby or a process that does other work makes none.
            ConditionType::LeaderRunning => !condition.holds(),
            // The next run may succeed; the task that repeats runs reports when it doesn't.
            ConditionType::SyncsSucceeding if condition.reason == Some(FindingCode::SyncRunFailed) => false,
            kind => kind.gates_readiness() && condition.is_error(),
        })
    }
}
