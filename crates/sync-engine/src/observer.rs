//! Observes every run of an engine.

use sync_model::RunId;

use crate::{NoopProgress, Phase, ProgressSink, RunKind, RunReport, engine::Engine};

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

/// Reports progress to the caller of a run and to the observer.
pub(crate) struct RunProgress<'c> {
    caller: &'c dyn ProgressSink,
    watched: Box<dyn ObservedRun>,
}

impl Engine {
    /// Must be kept while the run is active.
    pub(crate) fn observe<'c>(&self, kind: RunKind, caller: &'c dyn ProgressSink) -> RunProgress<'c> {
        RunProgress { caller, watched: self.ports.observer.watch(kind) }
    }
}

impl RunProgress<'_> {
    pub(crate) fn started(&self, run: RunId) {
        self.watched.started(run);
    }

    pub(crate) fn ended(&self, report: &RunReport) {
        self.watched.ended(report);
    }
}

impl ProgressSink for RunProgress<'_> {
    fn begin(&self, phase: Phase, total: Option<u64>) {
        self.caller.begin(phase, total);
        self.watched.begin(phase, total);
    }

    fn resume(&self, phase: Phase, items: u64) {
        self.caller.resume(phase, items);
        self.watched.resume(phase, items);
    }

    fn advance(&self, phase: Phase, items: u64) {
        self.caller.advance(phase, items);
        self.watched.advance(phase, items);
    }

    fn end(&self, phase: Phase) {
        self.caller.end(phase);
        self.watched.end(phase);
    }
}
