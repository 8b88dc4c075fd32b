//! Sample findings, for tests of their words.

use jiff::{SignedDuration, Timestamp};
use sync_model::{ObjectKind, ValueProblem, ValueProblemKind};

use crate::domain::finding::fact::Fact;
use crate::domain::finding::subject::Service;
use crate::domain::place::{WithheldField, WithheldReason};
use crate::domain::run_kind::RunKind;
use crate::domain::task::Task;
use crate::domain::unreadable_object::UnreadableObject;
use crate::domain::value_problem::ValueProblemCount;
use crate::domain::violation::{Recent, SafeguardViolation};

/// 2026-11-28T14:38:26Z.
const TIME: Timestamp = Timestamp::constant(1_795_876_706, 0);

fn error() -> String {
    "could not reach example.okta.com: its name does not resolve".to_owned()
}

fn invalid_value(problem: ValueProblemKind, count: u64) -> ValueProblemCount {
    let problem = ValueProblem { kind: ObjectKind::User, attribute: "floor".to_owned(), problem };
    ValueProblemCount { problem, count, example: "00u1".to_owned() }
}

fn unreadable(id: Option<&str>, field: &str) -> UnreadableObject {
    let (kind, id, field) = (ObjectKind::User, id.map(str::to_owned), field.to_owned());
    UnreadableObject { kind, id, field, error: "the field profile has null".to_owned() }
}

impl Fact {
    /// A realistic value of each code, and of each variant with separate words.
    #[expect(clippy::too_many_lines, reason = "one value for each code")]
    pub fn samples() -> Vec<Self> {
        let mut samples = vec![
            Self::NotRunning,
            Self::Standby,
            Self::Unavailable { error: "could not read okta.jwk: the file does not exist".to_owned() },
            Self::Paused { until: None },
            Self::Paused { until: Some(TIME) },
            Self::StoreUnreadable { error: "the disk returned an I/O error".to_owned() },
            Self::StoreLost {
                error: "the state store okta-insight.db was deleted or moved while it was open".to_owned(),
            },
            Self::StoreSpaceLow { free_bytes: 3 << 20 },
            Self::JobFailed { error: error() },
            Self::JobTimedOut { seconds: 600 },
            Self::JobInterrupted,
            Self::NeverSynced,
            Self::NeverCompared,
            Self::DeliveriesUnproven,
            Self::EventHookUnchecked { checked_at: None },
            Self::EventHookUnchecked { checked_at: Some(TIME) },
            Self::TaskFailing { task: Task::EventFeed, error: error(), occurrences: 1 },
            Self::TaskFailing { task: Task::Events, error: error(), occurrences: 1_200 },
            Self::SyncRunFailed { kind: RunKind::FullSync, error: error() },
            Self::EventsStalled { oldest_at: TIME },
            Self::ChangesPending { events: 0, objects: 1 },
            Self::ChangesPending { events: 3, objects: 0 },
            Self::ChangesPending { events: 2_599, objects: 800 },
            Self::EventsFailed { events: 1 },
            Self::EventsFailed { events: 2_599 },
            Self::ObjectsFailed { objects: 1, attempts: 12, error: error() },
            Self::DeliveriesFailed { deliveries: 1 },
            Self::DeliveriesFailed { deliveries: 3 },
            Self::ObjectsDeleted { objects: 2_599 },
            Self::SystemLogBehind { caught_up_at: None },
            Self::SystemLogBehind { caught_up_at: Some(TIME) },
            Self::ConfirmedObjectsLost { kind: ObjectKind::User, objects: 17 },
            Self::RecordsUnaccounted { kind: ObjectKind::Group, sent: 2_599, accounted: 2_598 },
            Self::ImportMessage { message: "Start date: 'soon' is not a date".to_owned() },
            Self::RecordUnconfirmed { attempts: 0, error: String::new() },
            Self::RecordUnconfirmed { attempts: 1, error: String::new() },
            Self::RecordUnconfirmed { attempts: 2, error: "the import was canceled".to_owned() },
            Self::RecordRejected { error: String::new() },
            Self::RecordRejected { error: "the value of Start date is not a date".to_owned() },
            Self::DuplicatesPossible { attribute: "Okta Users: Okta ID".to_owned(), objects: 2_599 },
            Self::ValuesInvalid { problem: invalid_value(ValueProblemKind::NoInteger, 3) },
            Self::MoreValuesInvalid { values: 17 },
            Self::ObjectUnreadable { object: unreadable(Some("00u1"), "profile") },
            Self::ObjectUnreadable { object: unreadable(Some("00u1"), "groups") },
            Self::ObjectUnreadable { object: unreadable(Some("00u1"), "members") },
            Self::ObjectUnreadable { object: unreadable(None, "") },
            Self::MoreObjectsUnreadable { objects: 4 },
            Self::ReadsFailed { attempts: 12 },
            Self::RunInterrupted,
            Self::OutcomeUnknown,
            Self::ListingRestarted { kind: ObjectKind::User, error: error() },
            Self::ScopeUnchecked { error: error() },
            Self::RecordsUnconfirmed { records: 12 },
            Self::RecordsRejected { records: 1, error: None },
            Self::RecordsRejected {
                records: 3,
                error: Some("the value of Start date is not a date".to_owned()),
            },
            Self::ResendPending { objects: 2_599 },
            Self::ObjectsUnreadable { objects: 4 },
            Self::StaleValues { attribute: None, values: 17 },
            Self::StaleValues { attribute: Some("Okta Users: Department".to_owned()), values: 1 },
            Self::ChangesBlocked { objects: 7 },
            Self::ScopeUnresolved {
                names: vec!["user type \"Contractor\"".to_owned(), "group 00g1".to_owned()],
            },
            Self::ClockSkewed { service: Service::Okta, seconds: 95 },
            Self::ClockSkewed { service: Service::Assets, seconds: -40 },
            Self::RateLimited { until: TIME },
            Self::ExecutionInProgress { execution: "6f1b0c52".to_owned(), started_at: TIME },
            Self::EventHookMissing,
            Self::EventHookUrlDiffers { present: "https://old.example.com/hooks/okta/main".to_owned() },
            Self::EventTypesMissing { event_types: event_types(2), required: 74 },
            Self::EventTypesMissing { event_types: event_types(7), required: 74 },
            Self::EventHookSecretDiffers,
            Self::EventHookInactive,
            Self::EventHookUnverified,
            Self::EventHookVerificationFailed,
            Self::SchemaMissing,
            Self::SchemaOutdated { object_types: Vec::new(), attributes: Vec::new() },
            Self::SchemaOutdated {
                object_types: vec!["Okta Group".to_owned()],
                attributes: vec!["Okta User: Nickname".to_owned()],
            },
            Self::NameDiffers { expected: "Nickname".to_owned() },
            Self::NameTaken { expected: "Nickname".to_owned() },
            Self::TypeDiffers {
                present: "text".to_owned(),
                expected: "integer".to_owned(),
                compatible: true,
            },
            Self::TypeDiffers {
                present: "integer".to_owned(),
                expected: "email".to_owned(),
                compatible: false,
            },
            Self::ReferenceDiffers { present: "Laptop".to_owned(), expected: "Okta Group".to_owned() },
            Self::CardinalityTooLow { maximum: 1, required: None },
            Self::CardinalityTooLow { maximum: 1, required: Some(5) },
            Self::ValueRequired,
            Self::LabelDiffers,
            Self::UniqueDiffers { expected: true },
            Self::UniqueDiffers { expected: false },
            Self::StatusesMissing {
                statuses: vec!["Okta Deleted".to_owned(), "Okta Out of Scope".to_owned()],
            },
            Self::NoLongerMapped,
            Self::DeletedInAssets,
            Self::MappingAttributeUnknown {
                option: "mapping.user.include".to_owned(),
                attribute: "costCentre".to_owned(),
            },
            Self::MappingLabelExcluded { attribute: "login".to_owned() },
            Self::MappingNameUnavailable {
                attribute: "email".to_owned(),
                chosen: "Key".to_owned(),
                given: "Key (email)".to_owned(),
            },
            Self::MappingDefinitionsConflict { attribute: "headcount".to_owned() },
            Self::MappingAttributeUnreadable { attribute: "pin".to_owned() },
        ];
        samples.extend(withheld().map(|field| Self::ValuesWithheld { field }));
        samples.extend(violations().map(|violation| Self::SafeguardTriggered { violation }));
        samples
    }
}

fn event_types(number: usize) -> Vec<String> {
    let types =
        ["create", "deactivate", "suspend", "unsuspend", "activate", "reactivate", "delete.initiated"];
    types.iter().take(number).map(|end| format!("user.lifecycle.{end}")).collect()
}

/// A field for each reason why its values aren't sent.
fn withheld() -> impl Iterator<Item = WithheldField> {
    let text = |present: &str, wanted: &str| (present.to_owned(), wanted.to_owned());
    let ((present, wanted), (other, target)) = (text("text", "textarea"), text("Laptop", "Okta Group"));
    let reasons = [
        WithheldReason::Missing,
        WithheldReason::Unmapped,
        WithheldReason::Cardinality { present: 1, wanted: -1 },
        WithheldReason::Cardinality { present: 1, wanted: 5 },
        WithheldReason::Type { present, wanted },
        WithheldReason::Options,
        WithheldReason::Target { present: other, wanted: target },
        WithheldReason::ReferenceForm,
    ];
    reasons.into_iter().map(|reason| WithheldField {
        kind: ObjectKind::User,
        field: "department".to_owned(),
        attribute: "Okta User: Department".to_owned(),
        reason,
    })
}

/// A violation of each safeguard.
fn violations() -> impl Iterator<Item = SafeguardViolation> {
    let max_percent = 20.0;
    let none = Recent { count: 0, window: SignedDuration::from_hours(1) };
    let recent = Recent { count: 20, ..none };
    [
        SafeguardViolation::EmptyListing { kind: ObjectKind::User, total: 2_599 },
        SafeguardViolation::TooManyRetired {
            kind: ObjectKind::User,
            retired: 7,
            recent: none,
            total: 12,
            max_percent,
        },
        SafeguardViolation::TooManyRetired {
            kind: ObjectKind::Group,
            retired: 1,
            recent,
            total: 100,
            max_percent,
        },
        SafeguardViolation::TooManyMembershipsRemoved {
            removed: 4_000,
            recent: none,
            total: 12_000,
            max_percent,
        },
        SafeguardViolation::TooManyValuesCleared {
            kind: ObjectKind::User,
            field: "department".to_owned(),
            removed: 600,
            recent: none,
            total: 2_599,
            max_percent,
        },
        SafeguardViolation::TooManyPruned { kind: ObjectKind::User, pruned: 800, total: 2_599, max_percent },
        SafeguardViolation::MissingObjectsRemoved,
    ]
    .into_iter()
}
