//! Runs in memory.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sync_model::RunId;

use crate::domain::checkpoint::SyncCheckpoint;
use crate::domain::event::EventState;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::report::{RunReport, RunState};
use crate::domain::run::{LastRun, RunDetail, RunFilter, RunSummary};
use crate::domain::run_kind::RunKind;
use crate::domain::store_error::StoreError;
use crate::ports::state::runs::Runs;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{Run, Tables};
use crate::testing::memory_store::unconfirmed_records::listed;

/// The longest time that another process may show a plan.
const PLAN_MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

#[async_trait]
impl Runs for MemoryStore {
    async fn begin_run(&self, kind: RunKind, now: Timestamp) -> Result<RunId, StoreError> {
        let mut tables = self.tables("begin_run")?;
        tables.last_run += 1;
        let id = RunId::new(tables.last_run);
        let run = Run { kind, started_at: now, ended_at: None, report: None, checkpoint: None };
        tables.runs.insert(id, run);
        Ok(id)
    }

    async fn save_checkpoint(&self, run: RunId, checkpoint: &SyncCheckpoint) -> Result<(), StoreError> {
        let mut tables = self.tables("save_checkpoint")?;
        if let Some(run) = tables.runs.get_mut(&run) {
            run.checkpoint = Some(checkpoint.clone());
        }
        Ok(())
    }

    async fn resumable_checkpoint(&self) -> Result<Option<(RunId, SyncCheckpoint)>, StoreError> {
        let tables = self.tables("resumable_checkpoint")?;
        Ok(tables.resumable().and_then(|id| Some((id, tables.runs.get(&id)?.checkpoint.clone()?))))
    }

    async fn end_run(&self, run: RunId, report: &RunReport, now: Timestamp) -> Result<(), StoreError> {
        self.tables("end_run")?.end_run(run, report, now);
        Ok(())
    }

    async fn mark_runs_interrupted(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables("mark_runs_interrupted")?;
        let resumable = tables.resumable();
        let is_open = |id| tables.open_executions.iter().any(|open| open.run == id);
        let interrupted: Vec<RunId> = tables
            .runs
            .iter()
            .filter(|(id, run)| run.ended_at.is_none() && !is_open(**id))
            .filter(|(id, run)| match run.kind {
                RunKind::Plan => run.started_at.duration_since(now).abs() > PLAN_MAX_AGE,
                _ => Some(**id) != resumable,
            })
            .map(|(id, _)| *id)
            .collect();
        tables.interrupt(&interrupted, now);
        Ok(())
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        self.find_runs(&RunFilter { limit, ..RunFilter::default() }).await
    }

    async fn last_run(&self, kind: RunKind) -> Result<LastRun, StoreError> {
        let tables = self.tables("last_run")?;
        let ended = || tables.runs.values().rev().filter(|run| run.kind == kind && run.ended_at.is_some());
        let is_good = |run: &&Run| run.report.as_ref().is_none_or(|report| report.state != RunState::Failed);
        Ok(LastRun {
            ended: ended().next().map(|run| run.started_at),
            succeeded: ended().find(is_good).map(|run| run.started_at),
        })
    }

    async fn find_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let tables = self.tables("find_runs")?;
        let state = |run: &Run| run.report.as_ref().map(|report| report.state);
        let matches = |run: &Run| {
            filter.kind.is_none_or(|kind| run.kind == kind)
                && filter.state.is_none_or(|wanted| state(run) == Some(wanted))
                && (!filter.failed || matches!(state(run), Some(RunState::Failed | RunState::Partial)))
        };
        let found = tables.runs.iter().rev().filter(|(_, run)| matches(run));
        Ok(found.take(filter.limit as usize).map(|(id, run)| summary(*id, run)).collect())
    }

    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        let tables = self.tables("run")?;
        let Some(stored) = tables.runs.get(&run) else { return Ok(None) };
        let rejected = listed(&tables, Some(run));
        let mut executions = tables.run_executions.get(&run).cloned().unwrap_or_default();
        executions.sort_by_key(|execution| execution.started_at);
        Ok(Some(RunDetail {
            summary: summary(run, stored),
            executions,
            rejected_count: rejected.len() as u64,
            rejected_records: rejected.into_iter().take(RunDetail::REFUSED as usize).collect(),
        }))
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables("delete_expired")?;
        let is_old_plan =
            |run: &Run| run.kind == RunKind::Plan && run.ended_at.is_none() && run.started_at < before;
        let plans: Vec<RunId> =
            tables.runs.iter().filter(|(_, run)| is_old_plan(run)).map(|(id, _)| *id).collect();
        tables.interrupt(&plans, before);
        tables.events.retain(|_, event| {
            event.state == EventState::Pending || event.completed_at.is_none_or(|at| at >= before)
        });
        tables.deliveries.retain(|_, at| *at >= before);
        let last_full = tables.runs.iter().rev().find(|(_, run)| run.kind == RunKind::FullSync);
        let last_full = last_full.map(|(id, _)| *id);
        let open: Vec<RunId> = tables.open_executions.iter().map(|open| open.run).collect();
        tables.runs.retain(|id, run| {
            run.ended_at.is_none_or(|at| at >= before) || Some(*id) == last_full || open.contains(id)
        });
        tables.requests.retain(|_, requested| requested.request.requested_at >= before);
        tables.removals.retain(|_, at| at.is_none_or(|at| at >= before));
        Ok(())
    }
}

impl Tables {
    /// The newest interrupted sync with a checkpoint.
    fn resumable(&self) -> Option<RunId> {
        let is_resumable =
            |run: &Run| run.ended_at.is_none() && run.checkpoint.is_some() && run.kind != RunKind::Plan;
        self.runs.iter().rev().find(|(_, run)| is_resumable(run)).map(|(id, _)| *id)
    }

    fn interrupt(&mut self, runs: &[RunId], now: Timestamp) {
        let report = RunReport {
            state: RunState::Failed,
            failure: Some(Finding::warning(Fact::RunInterrupted)),
            ..RunReport::default()
        };
        for run in runs {
            self.end_run(*run, &report, now);
        }
    }

    fn end_run(&mut self, id: RunId, report: &RunReport, now: Timestamp) {
        self.staged.remove(&id);
        if report.state != RunState::Failed {
            self.read_by_run(id);
        }
        self.listed.remove(&id);
        self.listed_groups.remove(&id);
        self.listed_members.remove(&id);
        self.remove_absent(id, now);
        // Event syncs without changes, and plans, would flood the history.
        let is_silent = report.executions == 0 && report.state == RunState::Succeeded;
        let is_dropped = |run: &Run| match run.kind {
            RunKind::Plan => true,
            RunKind::EventSync | RunKind::Retry => is_silent,
            _ => false,
        };
        if self.runs.get(&id).is_some_and(is_dropped) {
            self.runs.remove(&id);
        } else if let Some(run) = self.runs.get_mut(&id) {
            (run.ended_at, run.report, run.checkpoint) = (Some(now), Some(report.clone()), None);
        }
    }
}

/// A run, as the history shows it.
pub(super) fn summary(id: RunId, run: &Run) -> RunSummary {
    RunSummary {
        id,
        kind: run.kind,
        started_at: run.started_at,
        ended_at: run.ended_at,
        report: run.report.clone(),
    }
}
