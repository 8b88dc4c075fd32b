//! Codes of findings, each with its facts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};
use sync_model::RecordKey;

use super::Remedy;
use crate::{RunKind, SafeguardViolation, Task, WithheldField};

/// One of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The Okta org.
    Okta,
    /// The Assets site.
    Assets,
}

/// The subject of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FindingSubject {
    /// An object.
    Object {
        /// Its key.
        key: RecordKey,
    },
    /// An object type in Assets.
    ObjectType {
        /// Its name.
        name: String,
    },
    /// An attribute in Assets.
    Attribute {
        /// The name of its object type.
        object_type: String,
        /// Its name.
        name: String,
    },
    /// The event hook in Okta.
    EventHook {
        /// The URL that Okta delivers to.
        url: String,
    },
}

/// A code with its facts. In JSON: `code`, and `facts` if there are any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, EnumDiscriminants)]
#[strum_discriminants(
    name(FindingCode),
    doc = "The code of a finding.",
    derive(Serialize, Deserialize, EnumIter, IntoStaticStr, PartialOrd, Ord, Hash),
    serde(rename_all = "snake_case"),
    strum(serialize_all = "snake_case")
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", strum_discriminants(derive(utoipa::ToSchema)))]
#[serde(tag = "code", content = "facts", rename_all = "snake_case")]
pub enum Fact {
    /// No process runs the connection.
    NotRunning,
    /// Another process is the leader; this one is a standby.
    Standby,
    /// This process can't run the connection.
    Unavailable {
        /// The reason.
        error: String,
    },
    /// The connection is paused.
    Paused {
        /// The end; `None` if it has none.
        until: Option<Timestamp>,
    },
    /// The state store can't be read.
    StoreUnreadable {
        /// The reason.
        error: String,
    },
    /// The state store was deleted, replaced, or damaged.
    StoreLost {
        /// The reason.
        error: String,
    },
    /// The file system of the state store is almost full.
    StoreSpaceLow {
        /// The free space.
        free_bytes: u64,
    },
    /// No full sync has succeeded.
    NeverSynced,
    /// The object schema was never compared with Okta's schemas.
    NeverCompared,
    /// Without the System Log, a delivery that never arrives leaves no trace.
    DeliveriesUnproven,
    /// A task fails and is retried.
    TaskFailing {
        /// The task.
        task: Task,
        /// The reason.
        error: String,
        /// The number of failures in a row.
        occurrences: u64,
    },
    /// The last run of a kind failed.
    RunFailed {
        /// The kind.
        kind: RunKind,
        /// The reason.
        error: String,
    },
    /// No worker has claimed the oldest event for too long.
    EventsStalled {
        /// The time of the event.
        oldest_at: Timestamp,
    },
    /// Events are pending or in progress.
    ChangesPending {
        /// Events.
        events: u64,
        /// Objects to read.
        objects: u64,
    },
    /// Events failed after the last attempt.
    EventsFailed {
        /// Their number.
        events: u64,
    },
    /// The System Log wasn't read to its end for too long.
    SystemLogBehind {
        /// The last time; `None` if there is none.
        caught_up_at: Option<Timestamp>,
    },
    /// Deliveries of the event hook fail.
    DeliveriesFailing {
        /// The reason that Okta gives.
        error: String,
    },
    /// Records are sent and not confirmed.
    RecordsUnconfirmed {
        /// Their number.
        records: u64,
    },
    /// Assets rejects records, even when they are sent alone.
    RecordsRejected {
        /// Their number.
        records: u64,
        /// The reason of one of them.
        error: Option<String>,
    },
    /// Confirmations are uncertain; the objects are resent.
    ResendPending {
        /// Objects.
        objects: u64,
    },
    /// Objects in Okta can't be read.
    ObjectsUnreadable {
        /// Their number.
        objects: u64,
    },
    /// Assets can't store the values of a field, so they aren't sent.
    ValuesWithheld {
        /// The field and the reason.
        field: WithheldField,
    },
    /// Values that were cleared in Okta remain in Assets.
    StaleValues {
        /// Their number.
        values: u64,
    },
    /// A safeguard blocks changes.
    ChangesBlocked {
        /// Objects.
        objects: u64,
    },
    /// A safeguard stopped a sync.
    SafeguardTriggered {
        /// The violation.
        violation: SafeguardViolation,
    },
    /// Users or groups of the scope that the org doesn't have.
    ScopeUnresolved {
        /// The conditions.
        names: Vec<String>,
    },
    /// The clock of this host differs from a service's.
    ClockSkewed {
        /// The service.
        service: Service,
        /// Seconds that the service's clock is ahead; negative if it is behind.
        seconds: i64,
    },
    /// A rate limit delays requests.
    RateLimited {
        /// The end.
        until: Timestamp,
    },
    /// Assets processes an execution; other changes wait.
    ExecutionInProgress {
        /// Its ID.
        execution: String,
        /// Its start.
        started_at: Timestamp,
    },
    /// An alert of no other code.
    Alert {
        /// The description.
        error: String,
    },
}

impl FindingCode {
    /// The code in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Fact {
    /// The remedy that belongs to the code.
    pub(super) fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::NotRunning => Remedy::StartDaemon,
            Self::Paused { .. } => Remedy::Resume,
            Self::StoreSpaceLow { .. } => Remedy::FreeDiskSpace,
            Self::NeverSynced => Remedy::RunFullSync,
            Self::NeverCompared => Remedy::RunSetup,
            Self::EventsStalled { .. } | Self::SystemLogBehind { .. } => Remedy::RunChecks,
            Self::EventsFailed { .. } => Remedy::ReplayEvents,
            Self::DeliveriesFailing { .. } => Remedy::RunSetup,
            Self::RecordsRejected { .. } => Remedy::ReviewRejectedRecords,
            Self::ObjectsUnreadable { .. } => Remedy::ReviewRuns,
            Self::ValuesWithheld { .. } => Remedy::CorrectAttribute,
            Self::StaleValues { .. } => Remedy::AddAtlassianAccount,
            Self::ChangesBlocked { .. } => Remedy::ReviewPlan,
            Self::SafeguardTriggered { violation } => Remedy::of_violation(violation),
            Self::ScopeUnresolved { .. } => Remedy::CorrectScope,
            Self::ClockSkewed { .. } => Remedy::SetClock,
            Self::ExecutionInProgress { .. } => Remedy::ReviewExecution,
            Self::Standby
            | Self::DeliveriesUnproven
            | Self::Unavailable { .. }
            | Self::StoreUnreadable { .. }
            | Self::StoreLost { .. }
            | Self::TaskFailing { .. }
            | Self::RunFailed { .. }
            | Self::ChangesPending { .. }
            | Self::RecordsUnconfirmed { .. }
            | Self::ResendPending { .. }
            | Self::RateLimited { .. }
            | Self::Alert { .. } => return None,
        })
    }
}
