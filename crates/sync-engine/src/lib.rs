#![doc = include_str!("../README.md")]

mod domain;
mod driver;
mod engine;
mod import;
mod plan;
mod ports;
mod sync;
mod tasks;
#[cfg(any(test, feature = "test-support"))]
pub mod testing;

pub use domain::alert::{Alert, AlertKind, AlertStatus, TaskFailure};
pub use domain::aliases::{AliasUse, Owner};
pub use domain::checkpoint::{ReadPhase, SyncCheckpoint, SyncMode};
pub use domain::condition::evidence::{
    ActiveExecution, CheckTimes, Evidence, FailedRun, FailingTask, PauseEnd, Process, StoreEvidence,
};
pub use domain::condition::health::ConnectionHealth;
#[cfg(any(test, feature = "test-support"))]
pub use domain::condition::situations::{Situation, SituationEvidence};
pub use domain::condition::{Condition, ConditionStatus, ConditionType, Conditions};
pub use domain::directory::{Cursor, DirectoryObject, Page};
pub use domain::error::{EngineError, PortError, error_chain};
pub use domain::event::{Event, EventCursor, EventFilter, EventState, PendingWork, ReplayTarget};
pub use domain::feed::{FeedCheckpoint, FeedPage, FeedStart};
pub use domain::finding::Finding;
pub use domain::finding::fact::{Fact, FindingCode};
pub use domain::finding::remedy::{Remedy, RemedyAction};
pub use domain::finding::subject::{FindingSubject, Service};
pub use domain::hook_report::{HookChange, HookReport};
pub use domain::import::{
    DroppedValue, ExecutionState, ImportSourceState, Outcome, RejectedRecord, Submitted, TypeOutcome,
};
pub use domain::inbox::{
    EventQueueCounts, HookNotice, NewEvent, Subject, SyncRequest, SyncRequestProgress, WorkItem, WorkKind,
};
pub use domain::lots;
pub use domain::object_history::{
    ConfirmedRecord, ObjectHistory, OriginRun, RequestedObject, RequestedState, SearchHit, SearchHits,
    UnconfirmedRecordDetail,
};
pub use domain::place::{FieldState, LostValues, Place, Unidentified, WithheldField, WithheldReason};
pub use domain::reading::Reading;
pub use domain::record_state::{ObjectCounts, RecordState, UnconfirmedRecord};
pub use domain::removals::{ClearedField, PlannedRemovals, RemovedMemberships};
pub use domain::report::{Outstanding, RecordCounts, RunReport, RunState, UnreadableObjects};
pub use domain::retired_object::{ObjectAuditEntry, RetiredObject};
pub use domain::run::{LastRun, OpenExecution, RunDetail, RunExecution, RunFilter, RunSummary};
pub use domain::run_kind::RunKind;
pub use domain::safeguards::{SafeguardMinimums, Safeguards};
pub use domain::sample::MetricSample;
pub use domain::schedule::{Schedule, ScheduleError, interval};
pub use domain::schema_report::{SchemaReport, SchemaState};
pub use domain::severity::Severity;
pub use domain::site_fact::{SelfTestReport, SiteFact, SiteFactId, SiteFactReason, SiteFactState};
pub use domain::staged::{ChangeKind, StagedChange};
pub use domain::stale_value::{ClearRequest, ClearResult, StaleValue, StaleValueCounts};
pub use domain::store_error::StoreError;
pub use domain::task::Task;
pub use domain::task_status::{Activation, ActivationReason, EndedActivation, TaskOutcome, TaskStatus};
pub use domain::unreadable_object::{UnreadableItem, UnreadableObject};
pub use domain::value_problem::ValueProblemCount;
pub use domain::values::ValueProblems;
pub use domain::violation::{Recent, SafeguardViolation, ViolatingChanges};
pub use driver::TaskDriver;
pub use driver::task::{Activated, BackgroundTask, FailedActivation, TaskSpec};
pub use driver::wake::Wake;
pub use engine::Engine;
pub use engine::context::Ports;
pub use engine::options::EngineOptions;
pub use engine::stats::{EngineStats, LATENCY_BOUNDS};
pub use import::prune::{PruneCandidate, PruneOptions, PruneOutcome, PrunePlan, PruneReport, PruneResult};
pub use plan::preview::{FieldChange, ObjectChange};
pub use plan::sync_plan::{ApprovedPlan, KindPlan, SyncPlan};
pub use ports::alert_sink::{AlertSink, NoopAlertSink};
pub use ports::clock::{Clock, SystemClock};
pub use ports::directory::Directory;
pub use ports::event_hook::EventHook;
pub use ports::feed::EventFeed;
pub use ports::importer::{Execution, Importer};
pub use ports::mapping_rules::{MappingRules, TestFields};
pub use ports::observer::{ObservedRun, RunObserver};
pub use ports::progress::{NoopProgress, Phase, ProgressSink};
pub use ports::state::absent_objects::AbsentObjects;
pub use ports::state::aliases::Aliases;
pub use ports::state::confirmed_records::ConfirmedRecords;
pub use ports::state::event_history::EventHistory;
pub use ports::state::event_inbox::EventInbox;
pub use ports::state::executions::Executions;
pub use ports::state::leader_state::LeaderState;
pub use ports::state::listings::Listings;
pub use ports::state::metric_samples::MetricSamples;
pub use ports::state::object_catalog::ObjectCatalog;
pub use ports::state::place::PlaceState;
pub use ports::state::retired_objects::RetiredObjects;
pub use ports::state::runs::Runs;
pub use ports::state::safeguards::SafeguardState;
pub use ports::state::site_facts::SiteFacts;
pub use ports::state::staged_changes::StagedChanges;
pub use ports::state::stale_values::StaleValues;
pub use ports::state::sync_requests::SyncRequests;
pub use ports::state::time::TimeState;
pub use ports::state::unconfirmed_records::UnconfirmedRecords;
pub use ports::state::unread_objects::UnreadObjects;
pub use ports::state::work_queue::WorkQueue;
pub use ports::state_store::StateStore;
pub use ports::target_objects::TargetObjects;
pub use ports::target_schema::{Comparison, FormTrial, TargetSchema, with_views};
pub use ports::view::MappingView;
pub use sync::setup::{SetupReport, VerifyReport};
pub use tasks::next_sync::NextSyncs;
pub use tasks::options::TaskOptions;
pub use tasks::waker::TaskWaker;
