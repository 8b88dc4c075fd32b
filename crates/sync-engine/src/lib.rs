#![doc = include_str!("../README.md")]

mod apply;
mod engine;
mod error;
mod events;
mod follow;
mod plan;
mod ports;
mod progress;
mod read;
mod recover;
mod report;
mod setup;

pub use engine::{Engine, EngineOptions, FieldChange, ObjectChange, Ports};
pub use error::{EngineError, PortError, explain};
pub use follow::FollowOptions;
pub use plan::{ApprovedPlan, KindPlan, Limits, Refusal, SyncPlan};
pub use ports::{
    Census, Change, Clock, Directory, EventHook, Execution, ExecutionState, HookReport, Importer,
    InboxCounts, InboxEvent, Known, Look, Members, Observed, ObservedGroup, ObservedUser, OpenExecution,
    Outcome, RunSummary, SourceState, Staged, StateStore, StoreError, Structure, StructureReport,
    StructureState, Subject, SystemClock, TypeOutcome,
};
pub use progress::{Phase, Progress, Quiet};
pub use report::{RecordCounts, RunKind, RunReport, RunResult};
pub use setup::{SetupReport, VerifyReport};
