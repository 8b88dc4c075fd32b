//! Counters since the start of the process, for metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sync_model::ObjectKind;

use crate::domain::report::{RecordCounts, RunReport, RunState};

/// The upper bounds of the latency histogram, in seconds.
pub const LATENCY_BOUNDS: [f64; 10] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0];

/// Counters since the start of the process.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EngineStats {
    /// Executions by outcome: succeeded, partial, or failed.
    pub executions: BTreeMap<&'static str, u64>,
    /// Records by kind and outcome.
    pub records: BTreeMap<ObjectKind, RecordCounts>,
    /// Completed events, without ignored events.
    pub completed_events: u64,
    /// Confirmed events within each of [`LATENCY_BOUNDS`], not accumulated; the last bucket has the rest.
    pub latency_buckets: [u64; LATENCY_BOUNDS.len() + 1],
    /// The sum of those latencies.
    pub latency_sum: Duration,
    /// Runs that failed, by kind.
    pub failed_runs: BTreeMap<&'static str, u64>,
    /// Runs that a safeguard stopped.
    pub safeguard_violations: u64,
}

/// The shared counters of an engine.
#[derive(Debug, Default)]
pub(crate) struct Stats(Mutex<EngineStats>);

impl Stats {
    pub(crate) fn read(&self) -> EngineStats {
        self.lock().clone()
    }

    pub(crate) fn execution(&self, result: RunState) {
        let outcome = match result {
            RunState::Succeeded => "succeeded",
            RunState::Partial => "partial",
            RunState::Failed => "failed",
        };
        *self.lock().executions.entry(outcome).or_default() += 1;
    }

    pub(crate) fn run(&self, report: &RunReport) {
        let mut stats = self.lock();
        for (&kind, counts) in &report.records {
            stats.records.entry(kind).or_default().add(counts);
        }
    }

    pub(crate) fn failed(&self, run: &'static str, safeguard: bool) {
        let mut stats = self.lock();
        *stats.failed_runs.entry(run).or_default() += 1;
        stats.safeguard_violations += u64::from(safeguard);
    }

    pub(crate) fn completed(&self, events: u64) {
        self.lock().completed_events += events;
    }

    /// Counts the time from an event to its confirmation.
    pub(crate) fn latency(&self, latency: Duration) {
        let mut stats = self.lock();
        let seconds = latency.as_secs_f64();
        let bucket =
            LATENCY_BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(LATENCY_BOUNDS.len());
        stats.latency_buckets[bucket] += 1;
        stats.latency_sum += latency;
    }

    fn lock(&self) -> MutexGuard<'_, EngineStats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
