//! What the engine asks of the world.

mod aliases;
mod clock;
mod directory;
mod evidence;
mod feed;
mod history;
mod importer;
mod inbox;
mod objects;
mod place;
mod reading;
mod remembered;
mod safeguards;
mod sample;
mod staged;
mod store;
mod structure;
mod time;
mod upkeep;
mod view;

pub use aliases::{AliasUse, Owner};
pub use clock::{Clock, SystemClock};
pub use directory::{Cursor, Directory, Members, Observed, ObservedGroup, ObservedUser, Page};
pub use evidence::EvidenceState;
pub use feed::{EventFeed, FeedPage, FeedPosition, FeedState};
pub use history::{
    EventEntry, EventFilter, EventMark, EventState, Replay, RunDetail, RunExecution, RunFilter, WaitsFor,
};
pub use importer::{
    Execution, ExecutionState, Importer, KeptValue, Outcome, RejectedRecord, SourceState, Submitted,
    TypeOutcome,
};
pub use inbox::{InboxCounts, InboxEvent, Look, LookSort, Subject, SyncRequest};
pub use objects::{Clearing, Objects, ToClear};
pub use place::{Doubt, FieldState, Place, Unidentified, WithheldField, WithheldReason};
pub use reading::Reading;
pub use remembered::{
    AskedObject, AskedState, ConfirmedObject, FoundObject, FoundObjects, ObjectEntry, OriginRun,
    UnconfirmedObject,
};
pub use safeguards::{BlankedField, Losses, LostMemberships, SafeguardState};
pub use sample::Sample;
pub use staged::{Change, Staged};
pub use store::{Census, Known, LastRun, OpenExecution, RunSummary, StateStore, StoreError, Unconfirmed};
pub use structure::{
    Comparison, EventHook, HookReport, Structure, StructureReport, StructureState, with_views,
};
pub use time::TimeState;
pub use upkeep::{AuditLine, GoneObject, Uncleared, UnclearedCounts, Upkeep};
pub use view::MappingView;
