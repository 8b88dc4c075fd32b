#![doc = include_str!("../README.md")]

mod active;
mod alert;
mod aliases;
mod apply;
mod clearing;
mod due;
mod emptied;
mod engine;
mod error;
mod events;
mod feed;
mod follow;
mod foreign;
mod growth;
mod isolation;
mod listing;
mod look;
mod looked;
mod members;
mod pass;
mod passes;
mod place;
mod plan;
mod ports;
mod preview;
mod progress;
mod prune;
mod read;
mod recover;
mod report;
mod safeguards;
mod schedule;
mod settle;
mod setup;
mod stats;
mod stop;
mod sync;
mod time;
mod trail;
mod trouble;
mod unreadable;
mod values;
mod watch;

pub(crate) use active::ActiveRun;
pub use alert::{Alarm, Alert, AlertKind, Duty, Failing, NoAlarm};
pub use due::NextPasses;
pub use engine::{Engine, EngineOptions, Ports};
pub use error::{EngineError, PortError, explain};
pub use follow::FollowOptions;
pub use pass::{Pass, Scope, Stage};
pub use plan::{ApprovedPlan, KindPlan, SyncPlan};
pub use ports::{
    AliasUse, AskedObject, AskedState, AuditLine, BlankedField, Census, Change, Clearing, Clock, Comparison,
    ConfirmedObject, Cursor, Directory, Doubt, EventEntry, EventFeed, EventFilter, EventHook, EventMark,
    EventState, EvidenceState, Execution, ExecutionState, FeedPage, FeedPosition, FeedState, FieldState,
    FoundObject, FoundObjects, GoneObject, HookReport, Importer, InboxCounts, InboxEvent, KeptValue, Known,
    LastRun, Look, LookSort, Losses, LostMemberships, MappingView, Members, ObjectEntry, Objects, Observed,
    ObservedGroup, ObservedUser, OpenExecution, OriginRun, Outcome, Owner, Page, Place, Reading,
    RejectedRecord, Replay, RunDetail, RunExecution, RunFilter, RunSummary, SafeguardState, Sample,
    SourceState, Staged, StateStore, StoreError, Structure, StructureReport, StructureState, Subject,
    Submitted, SyncRequest, SystemClock, TimeState, ToClear, TypeOutcome, Uncleared, UnclearedCounts,
    Unconfirmed, UnconfirmedObject, Unidentified, Upkeep, WaitsFor, WithheldField, WithheldReason,
    with_views,
};
pub use preview::{FieldChange, ObjectChange};
pub use progress::{Phase, Progress, Quiet};
pub use prune::{Prunable, PruneOptions, PrunePlan, PruneReport, Pruned, Pruning};
pub use report::{Outstanding, RecordCounts, RunKind, RunReport, RunResult};
pub use safeguards::{Handful, Limits, Recent, Refusal, Suspects};
pub use schedule::{Schedule, ScheduleError, interval};
pub use setup::{SetupReport, VerifyReport};
pub use stats::{EngineStats, LATENCY_BOUNDS};
pub use unreadable::{UnreadableItem, UnreadableObject, UnreadableObjects};
pub use values::{ValueProblemCount, ValueProblems};
pub use watch::{WatchedRun, Watcher};
