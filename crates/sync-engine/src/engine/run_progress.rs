//! The progress of a run, for its caller and the observer.

use sync_model::RunId;

use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::engine::context::Context;
use crate::ports::observer::ObservedRun;
use crate::ports::progress::{Phase, ProgressSink};

/// Reports progress to the caller of a run and to the observer.
pub(crate) struct RunProgress<'c> {
    caller: &'c dyn ProgressSink,
    watched: Box<dyn ObservedRun>,
}

impl Context {
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
