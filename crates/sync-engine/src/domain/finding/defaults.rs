//! The default remedy of each code.

use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::place::WithheldReason;

impl Fact {
    /// The default remedy of the code.
    pub(super) fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::NotRunning => Remedy::StartDaemon,
            Self::Paused { .. } => Remedy::Resume,
            Self::JobInterrupted => Remedy::Repeat,
            Self::StoreSpaceLow { .. } => Remedy::FreeDiskSpace,
            Self::NeverSynced => Remedy::RunFullSync,
            Self::EventsStalled { .. }
            | Self::SystemLogBehind { .. }
            | Self::EventHookUnchecked { .. }
            | Self::JobTimedOut { .. } => Remedy::RunChecks,
            Self::EventsFailed { .. } | Self::ObjectsFailed { .. } => Remedy::ReplayEvents,
            Self::RecordsRejected { .. } => Remedy::ReviewRejectedRecords,
            Self::ObjectsUnreadable { .. } => Remedy::ReviewRuns,
            Self::ValuesWithheld { field } if field.reason == WithheldReason::ReferenceForm => {
                Remedy::RunSelfTest
            }
            Self::ValuesWithheld { .. } => Remedy::CorrectAttribute,
            Self::StaleValues { .. } => Remedy::AddAtlassianAccount,
            Self::ChangesBlocked { .. } => Remedy::ReviewPlan,
            Self::ObjectsDeleted { .. } => Remedy::IgnoreMissingObjects,
            Self::SafeguardTriggered { violation } => Remedy::of_violation(violation),
            Self::ScopeUnresolved { .. } => Remedy::CorrectScope,
            Self::ClockSkewed { .. } => Remedy::SetClock,
            Self::ExecutionInProgress { .. } => Remedy::ReviewExecution,
            Self::NeverCompared
            | Self::EventHookMissing
            | Self::EventHookUrlDiffers { .. }
            | Self::EventTypesMissing { .. }
            | Self::EventHookSecretDiffers
            | Self::EventHookInactive
            | Self::SchemaMissing
            | Self::SchemaOutdated { .. } => Remedy::RunSetup,
            Self::DeliveriesFailed { .. } | Self::EventHookUnverified | Self::EventHookVerificationFailed => {
                Remedy::ExposeDaemonAndRunSetup
            }
            Self::NameDiffers { expected } => Remedy::RenameInAssets { name: expected.clone() },
            Self::NameTaken { expected } => Remedy::FreeName { name: expected.clone() },
            Self::TypeDiffers { compatible: true, .. } | Self::ReferenceDiffers { .. } => {
                Remedy::DeleteAttributeToRecreate
            }
            Self::TypeDiffers { present, compatible: false, .. } => {
                Remedy::MapAttributeType { kind: present.clone() }
            }
            Self::CardinalityTooLow { required, .. } => Remedy::SetCardinality { maximum: *required },
            Self::ValueRequired => Remedy::SetMinimumCardinality { minimum: 0 },
            Self::LabelDiffers => Remedy::SetLabel,
            Self::UniqueDiffers { expected } => Remedy::SetUnique { unique: *expected },
            Self::StatusesMissing { statuses } => Remedy::AllowStatuses { statuses: statuses.clone() },
            Self::NoLongerMapped => Remedy::DeleteInAssets,
            Self::DeletedInAssets => Remedy::ExcludeAttribute,
            Self::MappingAttributeUnknown { option, .. } => Remedy::CorrectSetting { key: option.clone() },
            Self::MappingAttributeUnreadable { attribute } => {
                Remedy::IncludeAttribute { attribute: attribute.clone() }
            }
            Self::MappingLabelExcluded { .. }
            | Self::MappingNameUnavailable { .. }
            | Self::MappingDefinitionsConflict { .. }
            | Self::Standby
            | Self::DeliveriesUnproven
            | Self::Unavailable { .. }
            | Self::JobFailed { .. }
            | Self::StoreUnreadable { .. }
            | Self::StoreLost { .. }
            | Self::TaskFailing { .. }
            | Self::SyncRunFailed { .. }
            | Self::ChangesPending { .. }
            | Self::RecordsUnconfirmed { .. }
            | Self::ConfirmedObjectsLost { .. }
            | Self::RecordsUnaccounted { .. }
            | Self::ImportMessage { .. }
            | Self::RecordUnconfirmed { .. }
            | Self::RecordRejected { .. }
            | Self::DuplicatesPossible { .. }
            | Self::ValuesInvalid { .. }
            | Self::MoreValuesInvalid { .. }
            | Self::ObjectUnreadable { .. }
            | Self::MoreObjectsUnreadable { .. }
            | Self::ReadsFailed { .. }
            | Self::RunInterrupted
            | Self::OutcomeUnknown
            | Self::ListingRestarted { .. }
            | Self::ScopeUnchecked { .. }
            | Self::ResendPending { .. }
            | Self::RateLimited { .. } => return None,
        })
    }
}
