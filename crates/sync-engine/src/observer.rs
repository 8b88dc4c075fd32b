//! Watching every run of an engine, those that nobody called for among them.

use sync_model::RunId;

use crate::{NoopProgress, Phase, ProgressSink, RunKind, RunReport, engine::Engine};

/// Somebody who watches every run. Must return at once.
pub trait RunObserver: Send + Sync {
    /// A run of this kind begins. What is given learns how it goes, and is dropped when it is over, however that comes.
    fn watch(&self, kind: RunKind) -> Box<dyn ObservedRun>;
}

/// One run, as its watcher sees it. Runs go on side by side: events are applied while a pass reads.
pub trait ObservedRun: ProgressSink {
    /// It has a number. What fails before that leaves no run behind.
    fn began(&self, run: RunId);

    /// It ended, so. A run that is dropped without was cut off.
    fn ended(&self, report: &RunReport);
}

impl ObservedRun for NoopProgress {
    fn began(&self, _: RunId) {}
    fn ended(&self, _: &RunReport) {}
}

impl RunObserver for NoopProgress {
    fn watch(&self, _: RunKind) -> Box<dyn ObservedRun> {
        Box::new(Self)
    }
}

/// Tells whoever called for a run, and whoever watches them all.
pub(crate) struct Told<'c> {
    caller: &'c dyn ProgressSink,
    watched: Box<dyn ObservedRun>,
}

impl Engine {
    /// To be kept for as long as the run goes on.
    pub(crate) fn tell<'c>(&self, kind: RunKind, caller: &'c dyn ProgressSink) -> Told<'c> {
        Told { caller, watched: self.ports.observer.watch(kind) }
    }
}

impl Told<'_> {
    pub(crate) fn began(&self, run: RunId) {
        self.watched.began(run);
    }

    pub(crate) fn ended(&self, report: &RunReport) {
        self.watched.ended(report);
    }
}

impl ProgressSink for Told<'_> {
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
