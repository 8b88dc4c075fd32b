//! The ports of the engine.

mod aliases;
mod clock;
mod directory;
mod evidence;
mod feed;
mod history;
mod importer;
mod inbox;
mod object_history;
mod objects;
mod place;
mod reading;
mod safeguards;
mod sample;
mod staged;
mod store;
mod target_schema;
mod time;
mod upkeep;
mod view;

pub use aliases::{AliasUse, Owner};
pub use clock::{Clock, SystemClock};
pub use directory::{Cursor, Directory, DirectoryGroup, DirectoryObject, DirectoryUser, Members, Page};
pub use evidence::EvidenceState;
pub use feed::{EventFeed, FeedCheckpoint, FeedPage, FeedStart};
pub use history::{
    Event, EventCursor, EventFilter, EventState, PendingWork, ReplayTarget, RunDetail, RunExecution,
    RunFilter,
};
pub use importer::{
    DroppedValue, Execution, ExecutionState, ImportSourceState, Importer, Outcome, RejectedRecord, Submitted,
    TypeOutcome,
};
pub use inbox::{
    EventQueueCounts, HookNotice, NewEvent, Subject, SyncRequest, SyncRequestProgress, WorkItem, WorkKind,
};
pub use object_history::{
    ConfirmedRecord, ObjectHistory, OriginRun, RequestedObject, RequestedState, SearchHit, SearchHits,
    UnconfirmedRecordDetail,
};
pub use objects::{ClearRequest, ClearResult, TargetObjects};
pub use place::{FieldState, LostValues, Place, Unidentified, WithheldField, WithheldReason};
pub use reading::Reading;
pub use safeguards::{ClearedField, PlannedRemovals, RemovedMemberships, SafeguardState};
pub use sample::MetricSample;
pub use staged::{ChangeKind, StagedChange};
pub use store::{
    LastRun, ObjectCounts, OpenExecution, RecordState, RunSummary, StateStore, StoreError, UnconfirmedRecord,
};
pub use target_schema::{
    Comparison, EventHook, HookChange, HookReport, SchemaReport, SchemaState, TargetSchema, with_views,
};
pub use time::TimeState;
pub use upkeep::{ObjectAuditEntry, RetiredObject, StaleValue, StaleValueCounts, Upkeep};
pub use view::MappingView;
