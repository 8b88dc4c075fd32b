#![doc = include_str!("../README.md")]

mod active;
mod alert;
mod aliases;
mod apply;
mod checkpoint;
mod checks;
mod complete;
mod condition;
mod emptied;
mod engine;
mod error;
mod events;
mod feed;
mod fetched;
mod finding;
mod foreign;
mod isolation;
mod listing;
mod members;
mod next_sync;
mod observer;
mod place;
mod plan;
mod ports;
mod preview;
mod progress;
mod prune;
mod read;
mod recover;
mod report;
mod run_kind;
mod safeguards;
mod schedule;
mod schema_evolution;
mod setup;
mod severity;
mod stale_values;
mod stats;
mod stop;
mod sync;
mod sync_task;
mod task;
mod task_health;
mod tasks;
mod time;
mod trail;
mod unreadable;
mod values;
mod violation;
mod work;

pub(crate) use active::ActiveRun;
pub use alert::{Alert, AlertKind, AlertSink, AlertStatus, NoopAlertSink, TaskFailure};
pub use checkpoint::{ReadPhase, SyncCheckpoint, SyncMode};
pub use condition::{
    ActiveExecution, CheckTimes, Condition, ConditionStatus, ConditionType, Conditions, ConnectionHealth,
    Evidence, FailedRun, FailingTask, PauseEnd, Process, StoreEvidence,
};
#[cfg(any(test, feature = "test-support"))]
pub use condition::{Situation, SituationEvidence};
pub use engine::{Engine, EngineOptions, Ports};
pub use error::{EngineError, PortError, error_chain};
pub use finding::{Fact, Finding, FindingCode, FindingSubject, Remedy, RemedyAction, Service};
pub use next_sync::NextSyncs;
pub use observer::{ObservedRun, RunObserver};
pub use plan::{ApprovedPlan, KindPlan, SyncPlan};
pub use ports::{
    AliasUse, ChangeKind, ClearRequest, ClearResult, ClearedField, Clock, Comparison, ConfirmedRecord,
    Cursor, Directory, DirectoryGroup, DirectoryObject, DirectoryUser, DroppedValue, Event, EventCursor,
    EventFeed, EventFilter, EventHook, EventQueueCounts, EventState, EvidenceState, Execution,
    ExecutionState, FeedCheckpoint, FeedPage, FeedStart, FieldState, HookChange, HookNotice, HookReport,
    ImportSourceState, Importer, LastRun, LostValues, MappingView, Members, MetricSample, NewEvent,
    ObjectAuditEntry, ObjectCounts, ObjectHistory, OpenExecution, OriginRun, Outcome, Owner, Page,
    PendingWork, Place, PlannedRemovals, Reading, RecordState, RejectedRecord, RemovedMemberships,
    ReplayTarget, RequestedObject, RequestedState, RetiredObject, RunDetail, RunExecution, RunFilter,
    RunSummary, SafeguardState, SchemaReport, SchemaState, SearchHit, SearchHits, StagedChange, StaleValue,
    StaleValueCounts, StateStore, StoreError, Subject, Submitted, SyncRequest, SyncRequestProgress,
    SystemClock, TargetObjects, TargetSchema, TimeState, TypeOutcome, UnconfirmedRecord,
    UnconfirmedRecordDetail, Unidentified, Upkeep, WithheldField, WithheldReason, WorkItem, WorkKind,
    with_views,
};
pub use preview::{FieldChange, ObjectChange};
pub use progress::{NoopProgress, Phase, ProgressSink};
pub use prune::{PruneCandidate, PruneOptions, PruneOutcome, PrunePlan, PruneReport, PruneResult};
pub use report::{Outstanding, RecordCounts, RunReport, RunState};
pub use run_kind::RunKind;
pub use safeguards::{SafeguardMinimums, Safeguards};
pub use schedule::{Schedule, ScheduleError, interval};
pub use setup::{SetupReport, VerifyReport};
pub use severity::Severity;
pub use stats::{EngineStats, LATENCY_BOUNDS};
pub use task::Task;
pub use tasks::TaskOptions;
pub use unreadable::{UnreadableItem, UnreadableObject, UnreadableObjects};
pub use values::{ValueProblemCount, ValueProblems};
pub use violation::{Recent, SafeguardViolation, ViolatingChanges};
