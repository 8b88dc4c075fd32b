//! Observes every run of an engine.

use sync_model::RunId;

use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::ports::progress::{NoopProgress, ProgressSink};

/// An observer of runs. Its methods must return immediately.
pub trait RunObserver: Send + Sync {
    /// A run of this kind starts. The returned value observes its progress, and is dropped when it ends in any way.
    fn watch(&self, kind: RunKind) -> Box<dyn ObservedRun>;
}

/// One run, as its observer sees it. Runs are concurrent: events are applied while a sync reads.
pub trait ObservedRun: ProgressSink {
    /// The run has an ID. An earlier failure leaves no run in the history.
    fn started(&self, run: RunId);

    /// Records the end. A run that is dropped without it was interrupted.
    fn ended(&self, report: &RunReport);
}

impl ObservedRun for NoopProgress {
    fn started(&self, _: RunId) {}
    fn ended(&self, _: &RunReport) {}
}

impl RunObserver for NoopProgress {
    fn watch(&self, _: RunKind) -> Box<dyn ObservedRun> {
        Box::new(Self)
    }
}
