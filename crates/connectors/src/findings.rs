//! Schema drift and mapping warnings as findings of the engine.

use insight_import_client::document::AttributeType;
use schema_mapper::MappingWarning;
use schema_mapper::evolution::{Drift, DriftKind};
use sync_engine::{Fact, Finding, FindingSubject, Severity};

/// The finding of a difference in Assets.
pub fn of_drift(drift: &Drift) -> Finding {
    let fact = drift_fact(&drift.kind);
    let finding = match severity(&drift.kind) {
        Severity::Error => Finding::error(fact),
        Severity::Warning => Finding::warning(fact),
        Severity::Info => Finding::info(fact),
    };
    let object_type = drift.object_type.clone();
    finding.about(match &drift.attribute {
        Some(name) => FindingSubject::Attribute { object_type, name: name.clone() },
        None => FindingSubject::ObjectType { name: object_type },
    })
}

/// The finding of a mapping option.
pub fn of_warning(warning: &MappingWarning) -> Finding {
    Finding::info(match warning.clone() {
        MappingWarning::UnknownAttribute { option, attribute } => {
            Fact::MappingAttributeUnknown { option: option.to_owned(), attribute }
        }
        MappingWarning::LabelExcluded { attribute } => Fact::MappingLabelExcluded { attribute },
        MappingWarning::NameUnavailable { attribute, wanted, given } => {
            Fact::MappingNameUnavailable { attribute, chosen: wanted, given }
        }
        MappingWarning::Conflict { attribute } => Fact::MappingDefinitionsConflict { attribute },
        MappingWarning::UnsupportedDefinition { attribute } => Fact::MappingAttributeUnreadable { attribute },
    })
}

fn drift_fact(kind: &DriftKind) -> Fact {
    let word = |kind: &AttributeType| kind.as_str().to_owned();
    match kind {
        DriftKind::Renamed { wanted } => Fact::NameDiffers { expected: wanted.clone() },
        DriftKind::NameTaken { wanted } => Fact::NameTaken { expected: wanted.clone() },
        DriftKind::Retyped { present, wanted, compatible } => {
            Fact::TypeDiffers { present: word(present), expected: word(wanted), compatible: *compatible }
        }
        DriftKind::Retargeted { present, wanted } => {
            Fact::ReferenceDiffers { present: present.clone(), expected: wanted.clone() }
        }
        DriftKind::Cardinality { present, wanted } => {
            Fact::CardinalityTooLow { maximum: present.unsigned_abs(), required: u32::try_from(*wanted).ok() }
        }
        DriftKind::Required => Fact::ValueRequired,
        DriftKind::Label => Fact::LabelDiffers,
        DriftKind::Unique { wanted } => Fact::UniqueDiffers { expected: *wanted },
        DriftKind::Statuses { missing } => Fact::StatusesMissing { statuses: missing.clone() },
        DriftKind::RemovedInOkta => Fact::NoLongerMapped,
        DriftKind::RemovedInAssets => Fact::DeletedInAssets,
    }
}

/// An error if Assets rejects records or drops references because of it.
const fn severity(kind: &DriftKind) -> Severity {
    match kind {
        DriftKind::Retargeted { .. }
        | DriftKind::Cardinality { .. }
        | DriftKind::Required
        | DriftKind::Unique { wanted: false }
        | DriftKind::Statuses { .. } => Severity::Error,
        DriftKind::Retyped { compatible: false, .. }
        | DriftKind::Label
        | DriftKind::Unique { wanted: true } => Severity::Warning,
        DriftKind::Renamed { .. }
        | DriftKind::NameTaken { .. }
        | DriftKind::Retyped { compatible: true, .. }
        | DriftKind::RemovedInOkta
        | DriftKind::RemovedInAssets => Severity::Info,
    }
}
