//! Codes of findings, each with its facts.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};
use sync_model::ObjectKind;

use crate::domain::{
    finding::subject::Service, place::WithheldField, run_kind::RunKind, task::Task,
    unreadable_object::UnreadableObject, value_problem::ValueProblemCount, violation::SafeguardViolation,
};

/// A code with its facts. In JSON: `code`, and `facts` if there are any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, EnumDiscriminants)]
#[strum_discriminants(
    name(FindingCode),
    doc = "The code of a finding.",
    derive(Serialize, Deserialize, EnumIter, IntoStaticStr, PartialOrd, Ord, Hash),
    serde(rename_all = "snake_case"),
    strum(serialize_all = "snake_case")
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), strum_discriminants(derive(utoipa::ToSchema)))]
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
    /// A job failed.
    JobFailed {
        /// The reason.
        error: String,
    },
    /// A job exceeded its time limit.
    JobTimedOut {
        /// The limit.
        seconds: u64,
    },
    /// A job ended with its process.
    JobInterrupted,
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
    /// The event hook wasn't read lately.
    EventHookUnchecked {
        /// The last time; `None` if there is none.
        checked_at: Option<Timestamp>,
    },
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
    SyncRunFailed {
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
        /// The number of events.
        events: u64,
        /// Objects to read.
        objects: u64,
    },
    /// Events failed after the last attempt.
    EventsFailed {
        /// The number.
        events: u64,
    },
    /// Objects that events name failed after the last attempt.
    ObjectsFailed {
        /// The number.
        objects: u64,
        /// Attempts for each of them.
        attempts: u32,
        /// The reason of the last failure.
        error: String,
    },
    /// The System Log wasn't read to its end for too long.
    SystemLogBehind {
        /// The last time; `None` if there is none.
        caught_up_at: Option<Timestamp>,
    },
    /// The System Log reports failed deliveries of the event hook.
    DeliveriesFailed {
        /// The number.
        deliveries: u64,
    },
    /// Records are sent and not confirmed.
    RecordsUnconfirmed {
        /// The number.
        records: u64,
    },
    /// Assets rejects records, even when they are sent alone.
    RecordsRejected {
        /// The number.
        records: u64,
        /// The reason of one of them.
        error: Option<String>,
    },
    /// Confirmations are uncertain; the objects are resent.
    ResendPending {
        /// The number of objects.
        objects: u64,
    },
    /// More objects than the named ones couldn't be read.
    MoreObjectsUnreadable {
        /// The number.
        objects: u64,
    },
    /// Objects in Okta can't be read.
    ObjectsUnreadable {
        /// The number.
        objects: u64,
    },
    /// Assets can't store the values of a field, so they aren't sent.
    ValuesWithheld {
        /// The field and the reason.
        field: WithheldField,
    },
    /// Values that were cleared in Okta remain in Assets.
    StaleValues {
        /// The attribute, as `type: attribute`; `None` for all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attribute: Option<String>,
        /// The number.
        values: u64,
    },
    /// A safeguard blocks changes.
    ChangesBlocked {
        /// The number of objects.
        objects: u64,
    },
    /// A safeguard stopped a sync.
    SafeguardTriggered {
        /// The violation.
        violation: SafeguardViolation,
    },
    /// The import source deleted objects that an import of changes didn't contain.
    ObjectsDeleted {
        /// The number.
        objects: u64,
    },
    /// Assets created objects that it had confirmed before, so it had lost them.
    ConfirmedObjectsLost {
        /// The kind.
        kind: ObjectKind,
        /// The number.
        objects: u64,
    },
    /// An execution ended without an account of all records of a kind.
    RecordsUnaccounted {
        /// The kind.
        kind: ObjectKind,
        /// The number of sent records.
        sent: u64,
        /// The number of records that Assets accounted for.
        accounted: u64,
    },
    /// The import source reported this about an execution.
    ImportMessage {
        /// The message.
        message: String,
    },
    /// Assets hasn't confirmed the record of an object.
    RecordUnconfirmed {
        /// The number of attempts; 0 if the record is only queued.
        attempts: u32,
        /// The reason, in the import source's words; empty if it gave none.
        error: String,
    },
    /// Assets rejects the record of an object, even when it is sent alone.
    RecordRejected {
        /// The reason, in the import source's words.
        error: String,
    },
    /// The identifying attribute was deleted and added again in Assets, so objects without a value may be duplicates.
    DuplicatesPossible {
        /// The attribute, as `type: attribute`.
        attribute: String,
        /// The largest number of such objects.
        objects: u64,
    },
    /// Values of an attribute in Okta that don't match the type in Assets.
    ValuesInvalid {
        /// The problem, with an example.
        problem: ValueProblemCount,
    },
    /// More values that don't match the type of their attribute.
    MoreValuesInvalid {
        /// The number.
        values: u64,
    },
    /// An object in Okta, or its members or groups, couldn't be read.
    ObjectUnreadable {
        /// The object and the reason.
        object: UnreadableObject,
    },
    /// Reading an object in Okta failed, and is tried again.
    ReadsFailed {
        /// The number of attempts.
        attempts: u64,
    },
    /// A run ended with its process.
    RunInterrupted,
    /// The outcome of an execution is unknown.
    OutcomeUnknown,
    /// A listing restarted because its cursor expired.
    ListingRestarted {
        /// The kind.
        kind: ObjectKind,
        /// The reason.
        error: String,
    },
    /// The users and groups of the scope couldn't be looked up.
    ScopeUnchecked {
        /// The reason.
        error: String,
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
    // The event hook, which is the subject.
    /// Okta has no event hook for the connection.
    EventHookMissing,
    /// The event hook delivers to another URL.
    EventHookUrlDiffers {
        /// The other URL.
        present: String,
    },
    /// The event hook lacks event types.
    EventTypesMissing {
        /// The missing event types.
        event_types: Vec<String>,
        /// The number of required event types.
        required: u64,
    },
    /// The event hook has another secret, so its deliveries are rejected.
    EventHookSecretDiffers,
    /// The event hook is inactive, so Okta delivers no events.
    EventHookInactive,
    /// The event hook isn't verified, so Okta delivers no events.
    EventHookUnverified,
    /// Okta received no valid response from the event hook's URL.
    EventHookVerificationFailed,
    // The object schema. An object type or attribute is the subject of schema drift.
    /// The import source has no object types and mapping.
    SchemaMissing,
    /// Object types, attributes, or a part of the mapping are missing; all of them can be added.
    SchemaOutdated {
        /// Missing object types.
        object_types: Vec<String>,
        /// Missing attributes of existing object types, as `type: attribute`.
        attributes: Vec<String>,
    },
    /// The name differs from the one in Okta's schema.
    NameDiffers {
        /// The name according to Okta's schema.
        expected: String,
    },
    /// Another object type or attribute has the name according to Okta's schema.
    NameTaken {
        /// The expected name.
        expected: String,
    },
    /// The attribute has another type.
    TypeDiffers {
        /// The type in Assets.
        present: String,
        /// The type according to Okta's schema.
        expected: String,
        /// True if the type in Assets stores all values.
        compatible: bool,
    },
    /// The attribute refers to another object type.
    ReferenceDiffers {
        /// The object type in Assets.
        present: String,
        /// The object type according to the mapping.
        expected: String,
    },
    /// The attribute accepts too few values.
    CardinalityTooLow {
        /// The present maximum cardinality.
        maximum: u32,
        /// The required cardinality; `None` for unlimited.
        required: Option<u32>,
    },
    /// The attribute requires a value, which Okta's schema doesn't.
    ValueRequired,
    /// Another attribute is the label.
    LabelDiffers,
    /// The attribute is unique, or isn't.
    UniqueDiffers {
        /// True if the attribute must be unique.
        expected: bool,
    },
    /// The attribute doesn't allow statuses that are in use.
    StatusesMissing {
        /// The missing statuses.
        statuses: Vec<String>,
    },
    /// The mapping no longer contains the object type or attribute; it keeps its values.
    NoLongerMapped,
    /// The mapped object type or attribute was deleted in Assets.
    DeletedInAssets,
    // The mapping options.
    /// An option names an attribute that Okta's schemas don't define.
    MappingAttributeUnknown {
        /// The option, such as `mapping.user.include`.
        option: String,
        /// The attribute in Okta.
        attribute: String,
    },
    /// An excluded attribute is mapped, because it is the label.
    MappingLabelExcluded {
        /// The attribute in Okta.
        attribute: String,
    },
    /// A chosen name is reserved, in use, or unreadable.
    MappingNameUnavailable {
        /// The attribute in Okta.
        attribute: String,
        /// The chosen name.
        chosen: String,
        /// The assigned name.
        given: String,
    },
    /// User types define an attribute differently, so it is text.
    MappingDefinitionsConflict {
        /// The attribute in Okta.
        attribute: String,
    },
    /// An attribute that is encrypted, hashed, or write-only in Okta is excluded.
    MappingAttributeUnreadable {
        /// The attribute in Okta.
        attribute: String,
    },
}
