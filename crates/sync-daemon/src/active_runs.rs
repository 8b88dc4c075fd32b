//! The active runs of this process: progress, rate, and remaining time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use admin_api::{ActiveRun, ActiveRuns, RunPhase, is_batch};
use jiff::Timestamp;
use sync_engine::{
    Clock, Finding, ObservedRun, Phase, ProgressSink, RunKind, RunObserver, RunReport, RunState,
};
use sync_model::RunId;
use sync_store::ChangeSignal;
use tokio::time::Instant;

/// The interval over which a rate is measured.
const RECENT: Duration = Duration::from_secs(15);
/// Items that are counted together.
const GRAIN: Duration = Duration::from_secs(1);
/// The time for which an ended run is kept.
const READABLE: Duration = Duration::from_mins(10);

/// A point in time, for display and for measuring.
#[derive(Debug, Clone, Copy)]
struct Moment {
    at: Timestamp,
    tick: Instant,
}

impl Moment {
    fn by(clock: &dyn Clock) -> Self {
        Self { at: clock.now(), tick: Instant::now() }
    }

    fn seconds_until(&self, end: Instant) -> f64 {
        end.saturating_duration_since(self.tick).as_secs_f64()
    }
}

/// The runs of a connection.
pub(crate) struct RunCollector {
    runs: Arc<Mutex<Runs>>,
    clock: Arc<dyn Clock>,
    changed: ChangeSignal,
}

#[derive(Debug, Default)]
struct Runs {
    last: u64,
    running: BTreeMap<u64, Run>,
    /// Newest first.
    ended: Vec<Run>,
}

impl RunCollector {
    /// A collector that signals each change.
    pub(crate) fn new(clock: Arc<dyn Clock>, changed: ChangeSignal) -> Self {
        Self { runs: Arc::default(), clock, changed }
    }

    /// The present runs.
    pub(crate) fn view(&self) -> ActiveRuns {
        let now = Instant::now();
        let runs = lock(&self.runs);
        let readable =
            |run: &&Run| run.ended.is_some_and(|ended| now.saturating_duration_since(ended.tick) < READABLE);
        ActiveRuns {
            active: runs.running.values().map(|run| run.view(now)).collect(),
            recent: runs.ended.iter().filter(readable).map(|run| run.view(now)).collect(),
        }
    }
}

impl RunObserver for RunCollector {
    fn watch(&self, kind: RunKind) -> Box<dyn ObservedRun> {
        let mut runs = lock(&self.runs);
        runs.last += 1;
        let place = runs.last;
        runs.running.insert(place, Run::new(kind, Moment::by(&*self.clock)));
        drop(runs);
        self.changed.notify();
        Box::new(ReportedRun {
            place,
            runs: Arc::clone(&self.runs),
            clock: Arc::clone(&self.clock),
            changed: self.changed.clone(),
        })
    }
}

fn lock(runs: &Mutex<Runs>) -> MutexGuard<'_, Runs> {
    runs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reported progress of one run.
struct ReportedRun {
    place: u64,
    runs: Arc<Mutex<Runs>>,
    clock: Arc<dyn Clock>,
    changed: ChangeSignal,
}

impl ReportedRun {
    fn now(&self) -> Moment {
        Moment::by(&*self.clock)
    }

    fn change(&self, change: impl FnOnce(&mut Run)) {
        if let Some(run) = lock(&self.runs).running.get_mut(&self.place) {
            change(run);
        }
        self.changed.notify();
    }

    fn change_phase(&self, phase: Phase, change: impl FnOnce(&mut PhaseSoFar)) {
        self.change(|run| {
            if let Some(phase) = run.phases.iter_mut().find(|known| known.phase == phase) {
                change(phase);
            }
        });
    }
}

impl ProgressSink for ReportedRun {
    fn begin(&self, phase: Phase, total: Option<u64>) {
        self.change(|run| {
            // A repeated phase counts from zero.
            run.phases.retain(|known| known.phase != phase);
            run.phases.push(PhaseSoFar::new(phase, total, self.now()));
        });
    }

    fn resume(&self, phase: Phase, items: u64) {
        self.change_phase(phase, |phase| phase.before += items);
    }

    fn advance(&self, phase: Phase, items: u64) {
        self.change_phase(phase, |phase| phase.count(items));
    }

    fn end(&self, phase: Phase) {
        self.change_phase(phase, |phase| phase.ended = Some(self.now()));
    }
}

impl ObservedRun for ReportedRun {
    fn started(&self, number: RunId) {
        self.change(|run| run.number = Some(number));
    }

    fn ended(&self, report: &RunReport) {
        self.change(|run| {
            run.result = Some(report.state);
            run.failure.clone_from(&report.failure);
        });
    }
}

impl Drop for ReportedRun {
    fn drop(&mut self) {
        let mut runs = lock(&self.runs);
        if let Some(mut run) = runs.running.remove(&self.place) {
            let now = self.now();
            run.ended = Some(now);
            for phase in run.phases.iter_mut().filter(|phase| phase.ended.is_none()) {
                phase.ended = Some(now);
            }
            if run.is_of_interest() {
                runs.ended.retain(|other| other.kind != run.kind);
                runs.ended.insert(0, run);
            }
        }
        drop(runs);
        self.changed.notify();
    }
}

#[derive(Debug)]
struct Run {
    number: Option<RunId>,
    kind: RunKind,
    started_at: Moment,
    ended: Option<Moment>,
    result: Option<RunState>,
    failure: Option<Finding>,
    phases: Vec<PhaseSoFar>,
}

impl Run {
    fn new(kind: RunKind, started_at: Moment) -> Self {
        Self { number: None, kind, started_at, ended: None, result: None, failure: None, phases: Vec::new() }
    }

    /// True if it is kept after its end.
    fn is_of_interest(&self) -> bool {
        let sent = self.phases.iter().any(|phase| phase.phase == Phase::Sending);
        self.number.is_some() && (sent || self.failure.is_some() || !is_batch(self.kind))
    }

    fn view(&self, now: Instant) -> ActiveRun {
        ActiveRun {
            run: self.number,
            kind: self.kind,
            started_at: self.started_at.at,
            ended_at: self.ended.map(|ended| ended.at),
            duration_seconds: self.started_at.seconds_until(self.ended.map_or(now, |ended| ended.tick)),
            state: self.result,
            failure: self.failure.clone(),
            phases: self.phases.iter().map(|phase| phase.view(now)).collect(),
        }
    }
}

#[derive(Debug)]
struct PhaseSoFar {
    phase: Phase,
    started_at: Moment,
    ended: Option<Moment>,
    total: Option<u64>,
    /// Items completed before it was resumed.
    before: u64,
    done: u64,
    /// Recently completed items, in short intervals.
    recent: VecDeque<(Instant, u64)>,
}

impl PhaseSoFar {
    fn new(phase: Phase, total: Option<u64>, started_at: Moment) -> Self {
        Self { phase, started_at, ended: None, total, before: 0, done: 0, recent: VecDeque::new() }
    }

    fn count(&mut self, items: u64) {
        let now = Instant::now();
        self.done += items;
        match self.recent.back_mut() {
            Some((since, grain)) if now.saturating_duration_since(*since) < GRAIN => *grain += items,
            _ => self.recent.push_back((now, items)),
        }
        while self.recent.front().is_some_and(|(since, _)| !is_recent(*since, now)) {
            self.recent.pop_front();
        }
    }

    // Counts are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    fn view(&self, now: Instant) -> RunPhase {
        let seconds = self.started_at.seconds_until(self.ended.map_or(now, |ended| ended.tick));
        let (items, time) = if self.ended.is_some() {
            (self.done, seconds)
        } else {
            let lately = self.recent.iter().filter(|(since, _)| is_recent(*since, now));
            (lately.map(|(_, items)| items).sum(), seconds.min(RECENT.as_secs_f64()))
        };
        // The time is too short for a rate.
        let per_second = items as f64 / time.max(GRAIN.as_secs_f64());
        let done = self.before + self.done;
        // The expected total is an estimate and may be too low.
        let total = self.total.filter(|total| *total >= done);
        let left = total.filter(|_| self.ended.is_none()).map(|total| (total - done) as f64);
        RunPhase {
            phase: self.phase,
            label: plain_text::phase(self.phase).to_owned(),
            started_at: self.started_at.at,
            ended_at: self.ended.map(|ended| ended.at),
            duration_seconds: seconds,
            done,
            total,
            items_per_second: per_second,
            remaining_seconds: left.filter(|_| per_second > 0.0).map(|left| left / per_second),
        }
    }
}

fn is_recent(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) < RECENT
}

#[cfg(test)]
mod tests;
