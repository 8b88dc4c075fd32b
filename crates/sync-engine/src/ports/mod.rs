//! What the engine asks of the world.

mod clock;
mod directory;
mod importer;
mod store;
mod structure;

pub use clock::{Clock, SystemClock};
pub use directory::{Directory, Members, Observed, ObservedGroup, ObservedUser};
pub use importer::{Execution, ExecutionState, Importer, Outcome, SourceState, TypeOutcome};
pub use store::{
    Census, Change, InboxCounts, InboxEvent, Known, Look, OpenExecution, RunSummary, Staged, StateStore,
    StoreError, Subject,
};
pub use structure::{EventHook, HookReport, Structure, StructureReport, StructureState};
