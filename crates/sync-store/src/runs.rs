//! Runs and their checkpoints.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sync_engine::{
    Fact, Finding, LastRun, RunDetail, RunExecution, RunFilter, RunKind, RunReport, RunState, RunSummary,
    Runs, StoreError, SyncCheckpoint,
};
use sync_model::{ExecutionId, RunId};

use crate::connection::ConnectionStore;
use crate::convert::{from_json, in_row, millis, time_of, timestamp, to_json};
use crate::{absent_objects, space, unconfirmed, unread_objects};

/// The longest time that another process may show a plan.
const PLAN_MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

#[async_trait]
impl Runs for ConnectionStore {
    async fn begin_run(&self, kind: RunKind, now: Timestamp) -> Result<RunId, StoreError> {
        sqlx::query_scalar(
            "INSERT INTO runs (connection_id, kind, started_at) VALUES (?1, ?2, ?3) RETURNING id",
        )
        .bind(self.id)
        .bind(kind.as_str())
        .bind(millis(now))
        .fetch_one(&self.writer)
        .await
        .map(RunId::new)
        .map_err(|e| StoreError::new("begin a run", e))
    }

    async fn save_checkpoint(&self, run: RunId, checkpoint: &SyncCheckpoint) -> Result<(), StoreError> {
        const ACTION: &str = "save a checkpoint";
        let text = to_json(ACTION, checkpoint)?;
        sqlx::query("UPDATE runs SET checkpoint = ?3 WHERE connection_id = ?1 AND id = ?2")
            .bind(self.id)
            .bind(run.get())
            .bind(text)
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new(ACTION, e))
    }

    async fn resumable_checkpoint(&self) -> Result<Option<(RunId, SyncCheckpoint)>, StoreError> {
        const ACTION: &str = "find a resumable checkpoint";
        let row: Option<(i64, String)> = sqlx::query_as(
            "SELECT id, checkpoint FROM runs
             WHERE connection_id = ?1 AND ended_at IS NULL AND checkpoint IS NOT NULL AND kind <> 'plan'
             ORDER BY id DESC LIMIT 1",
        )
        .bind(self.id)
        .fetch_optional(&self.pool)
        .await
        .map_err(|e| StoreError::new(ACTION, e))?;
        row.map(|(run, text)| {
            let checkpoint = in_row(|| format!("the checkpoint of run {run}"), || from_json(ACTION, &text))?;
            Ok((RunId::new(run), checkpoint))
        })
        .transpose()
    }

    async fn end_run(&self, run: RunId, report: &RunReport, now: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "end a run";
        let failed = |e| StoreError::new(ACTION, e);
        let text = to_json(ACTION, report)?;
        let mut tx = self.begin(ACTION).await?;
        sqlx::query("DELETE FROM staged_changes WHERE run_id = ?1")
            .bind(run.get())
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        if report.state != RunState::Failed {
            unread_objects::read_by_run(&mut tx, run).await.map_err(failed)?;
        }
        for statement in [
            "DELETE FROM listed_members WHERE run_id = ?1",
            "DELETE FROM listed_groups WHERE run_id = ?1",
            "DELETE FROM run_objects WHERE run_id = ?1",
        ] {
            sqlx::query(statement).bind(run.get()).execute(&mut *tx).await.map_err(failed)?;
        }
        absent_objects::remove(self, &mut tx, run, now).await?;
        // Event syncs without changes, and plans, would flood the history.
        let silent = report.executions == 0 && report.state == RunState::Succeeded;
        sqlx::query(
            "DELETE FROM runs WHERE id = ?1 AND (kind = 'plan' OR (kind IN ('event_sync', 'retry') AND ?2))",
        )
        .bind(run.get())
        .bind(silent)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
        sqlx::query("UPDATE runs SET ended_at = ?2, report = ?3, checkpoint = NULL WHERE id = ?1")
            .bind(run.get())
            .bind(millis(now))
            .bind(text)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        // The run has ended even if its space is not released.
        if let Err(error) = space::give_back(&self.writer).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not release free space of the store"
            );
        }
        Ok(())
    }

    async fn mark_runs_interrupted(&self, now: Timestamp) -> Result<(), StoreError> {
        let interrupted: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM runs WHERE connection_id = ?1 AND ended_at IS NULL AND id NOT IN (SELECT run_id FROM open_executions)
             AND CASE kind WHEN 'plan' THEN started_at NOT BETWEEN ?2 AND ?3
                 ELSE checkpoint IS NULL OR id < (
                     SELECT max(id) FROM runs
                     WHERE connection_id = ?1 AND ended_at IS NULL AND checkpoint IS NOT NULL AND kind <> 'plan')
                 END",
        )
        .bind(self.id)
        .bind(millis(now.saturating_sub(PLAN_MAX_AGE).unwrap_or(now)))
        .bind(millis(now.saturating_add(PLAN_MAX_AGE).unwrap_or(now)))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("find interrupted runs", e))?;
        end_interrupted(self, interrupted, now).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        self.find_runs(&RunFilter { limit, ..RunFilter::default() }).await
    }

    async fn last_run(&self, kind: RunKind) -> Result<LastRun, StoreError> {
        // A partial run has read everything; its unconfirmed records are resent.
        let (last, good): (Option<i64>, Option<i64>) = sqlx::query_as(
            // By number, because a clock that was ahead may have stored later times.
            "SELECT (SELECT started_at FROM runs WHERE connection_id = ?1 AND kind = ?2 AND ended_at IS NOT NULL
                 ORDER BY id DESC LIMIT 1),
                (SELECT started_at FROM runs WHERE connection_id = ?1 AND kind = ?2 AND ended_at IS NOT NULL
                 AND iif(report IS NULL OR json_valid(report), report ->> 'state', 'failed') IN ('succeeded', 'partial')
                 ORDER BY id DESC LIMIT 1)",
        )
        .bind(self.id)
        .bind(kind.as_str())
        .fetch_one(&self.pool)
        .await
        .map_err(|e| StoreError::new("find the last run", e))?;
        Ok(LastRun { ended: time_of("the last run", last)?, succeeded: time_of("the last good run", good)? })
    }

    async fn find_runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, kind, started_at, ended_at, report FROM runs
         WHERE connection_id = ?1 AND (?2 IS NULL OR kind = ?2)
           AND (NOT ?3 OR iif(report IS NULL OR json_valid(report), report ->> 'state', 'failed') IN ('failed', 'partial'))
           AND (?5 IS NULL OR iif(report IS NULL OR json_valid(report), report ->> 'state', 'failed') = ?5)
         ORDER BY id DESC LIMIT ?4",
        )
        .bind(self.id)
        .bind(filter.kind.map(RunKind::as_str))
        .bind(filter.failed)
        .bind(filter.limit)
        .bind(filter.state.map(RunState::as_str))
        .fetch_all(&self.pool)
        .await
        .map_err(|e| StoreError::new("read the history", e))?;
        rows.into_iter().map(summary).collect()
    }

    async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        let Some(summary) = one(self, run).await? else { return Ok(None) };
        let failed = |e| StoreError::new("read the executions of a run", e);
        let rows: Vec<(String, i64, Option<i64>, bool)> = sqlx::query_as(
            "SELECT id, started_at, ended_at, processed FROM run_executions WHERE run_id = ?1 ORDER BY started_at, id",
        )
        .bind(run.get())
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let executions = rows.into_iter().map(|(id, started, ended, processed)| {
            let read = || Ok((timestamp(started)?, ended.map(timestamp).transpose()?));
            let (started_at, ended_at) = in_row(|| format!("the execution {id} of run {run}"), read)?;
            Ok(RunExecution { id: ExecutionId::new(id), started_at, ended_at, processed })
        });
        let executions = executions.collect::<Result<_, StoreError>>()?;
        let rejected_count = unconfirmed::count_of(self, run).await?;
        let refused = unconfirmed::list(self, Some(run), RunDetail::REFUSED).await?;
        Ok(Some(RunDetail { summary, executions, rejected_count, rejected_records: refused }))
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<(), StoreError> {
        const ACTION: &str = "delete expired history";
        let failed = |e| StoreError::new(ACTION, e);
        interrupt_plans(self, before).await?;
        let mut tx = self.begin(ACTION).await?;
        for statement in [
            "DELETE FROM events WHERE connection_id = ?1 AND state <> 'pending' AND completed_at < ?2",
            "DELETE FROM deliveries WHERE connection_id = ?1 AND received_at < ?2",
            "DELETE FROM runs WHERE connection_id = ?1 AND ended_at < ?2
             AND id <> (SELECT coalesce(max(id), 0) FROM runs WHERE connection_id = ?1 AND kind = 'full_sync')
             AND id NOT IN (SELECT run_id FROM open_executions)",
            "DELETE FROM sync_requests WHERE connection_id = ?1 AND requested_at < ?2",
            "DELETE FROM recent_removals WHERE connection_id = ?1 AND removed_at < ?2",
            // The newest 100,000 entries are kept regardless of their age.
            "DELETE FROM object_audit_log WHERE connection_id = ?1 AND occurred_at < ?2
             AND id <= (SELECT max(id) FROM object_audit_log WHERE connection_id = ?1) - 100000",
        ] {
            sqlx::query(statement)
                .bind(self.id)
                .bind(millis(before))
                .execute(&mut *tx)
                .await
                .map_err(failed)?;
        }
        tx.commit().await.map_err(failed)
    }
}

/// Ends the plans that started before a time: no process shows them any longer.
async fn interrupt_plans(store: &ConnectionStore, before: Timestamp) -> Result<(), StoreError> {
    let plans: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM runs WHERE connection_id = ?1 AND ended_at IS NULL AND kind = 'plan' AND started_at < ?2",
    )
    .bind(store.id)
    .bind(millis(before))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("find interrupted plans", e))?;
    end_interrupted(store, plans, before).await
}

async fn end_interrupted(store: &ConnectionStore, runs: Vec<i64>, now: Timestamp) -> Result<(), StoreError> {
    let report = RunReport {
        state: RunState::Failed,
        failure: Some(Finding::warning(Fact::RunInterrupted)),
        ..RunReport::default()
    };
    for run in runs {
        store.end_run(RunId::new(run), &report, now).await?;
    }
    Ok(())
}

type Row = (i64, String, i64, Option<i64>, Option<String>);

pub(crate) async fn one(store: &ConnectionStore, run: RunId) -> Result<Option<RunSummary>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, kind, started_at, ended_at, report FROM runs WHERE connection_id = ?1 AND id = ?2",
    )
    .bind(store.id)
    .bind(run.get())
    .fetch_optional(&store.pool)
    .await
    .map_err(|e| StoreError::new("read a run", e))?;
    row.map(summary).transpose()
}

fn summary((id, kind, started, ended, report): Row) -> Result<RunSummary, StoreError> {
    const ACTION: &str = "read a run";
    let read = || {
        Ok(RunSummary {
            id: RunId::new(id),
            kind: serde_json::from_value(kind.into()).map_err(|e| StoreError::new(ACTION, e))?,
            started_at: timestamp(started)?,
            ended_at: ended.map(timestamp).transpose()?,
            report: report.map(|text| from_json(ACTION, &text)).transpose()?,
        })
    };
    in_row(|| format!("run {id}"), read)
}
