//! Runs and the executions that they open.

use jiff::{SignedDuration, Timestamp};
use sqlx::{Sqlite, Transaction};
use sync_engine::{
    LastRun, OpenExecution, RunDetail, RunExecution, RunFilter, RunKind, RunReport, RunState, RunSummary,
    StoreError,
};
use sync_model::{ExecutionId, RunId};

use crate::convert::{from_json, in_row, millis, time_of, timestamp};
use crate::{ConnectionStore, evidence, space, unconfirmed};

/// The longest time that another process may show a plan.
const PLAN_MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

pub(crate) async fn begin(
    store: &ConnectionStore,
    kind: RunKind,
    now: Timestamp,
) -> Result<RunId, StoreError> {
    sqlx::query_scalar("INSERT INTO runs (connection_id, kind, started_at) VALUES (?1, ?2, ?3) RETURNING id")
        .bind(store.id)
        .bind(kind.as_str())
        .bind(millis(now))
        .fetch_one(&store.writer)
        .await
        .map(RunId::new)
        .map_err(|e| StoreError::new("begin a run", e))
}

pub(crate) async fn end(
    store: &ConnectionStore,
    run: RunId,
    report: &RunReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "end a run";
    let failed = |e| StoreError::new(ACTION, e);
    let text = serde_json::to_string(report).map_err(|e| StoreError::new(ACTION, e))?;
    let mut tx = store.begin(ACTION).await?;
    sqlx::query("DELETE FROM staged_changes WHERE run_id = ?1")
        .bind(run.get())
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    if report.state != RunState::Failed {
        evidence::read_by_run(&mut tx, run).await.map_err(failed)?;
    }
    for statement in [
        "DELETE FROM listed_members WHERE run_id = ?1",
        "DELETE FROM listed_groups WHERE run_id = ?1",
        "DELETE FROM run_objects WHERE run_id = ?1",
    ] {
        sqlx::query(statement).bind(run.get()).execute(&mut *tx).await.map_err(failed)?;
    }
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
    if let Err(error) = space::give_back(&store.writer).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "could not release free space of the store");
    }
    Ok(())
}

/// Ends interrupted runs, except for the newest one with a checkpoint, which the next sync resumes.
pub(crate) async fn mark_interrupted(store: &ConnectionStore, now: Timestamp) -> Result<(), StoreError> {
    let interrupted: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM runs WHERE connection_id = ?1 AND ended_at IS NULL AND id NOT IN (SELECT run_id FROM open_executions)
         AND CASE kind WHEN 'plan' THEN started_at NOT BETWEEN ?2 AND ?3
             ELSE checkpoint IS NULL OR id < (
                 SELECT max(id) FROM runs
                 WHERE connection_id = ?1 AND ended_at IS NULL AND checkpoint IS NOT NULL AND kind <> 'plan')
             END",
    )
    .bind(store.id)
    .bind(millis(now.saturating_sub(PLAN_MAX_AGE).unwrap_or(now)))
    .bind(millis(now.saturating_add(PLAN_MAX_AGE).unwrap_or(now)))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("find interrupted runs", e))?;
    end_interrupted(store, interrupted, now).await
}

/// Ends the plans that started before a time: no process shows them any longer.
pub(crate) async fn interrupt_plans(store: &ConnectionStore, before: Timestamp) -> Result<(), StoreError> {
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
        error: Some("the process ended before the run".into()),
        ..RunReport::default()
    };
    for run in runs {
        end(store, RunId::new(run), &report, now).await?;
    }
    Ok(())
}

type Row = (i64, String, i64, Option<i64>, Option<String>);

pub(crate) async fn find(store: &ConnectionStore, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, kind, started_at, ended_at, report FROM runs
         WHERE connection_id = ?1 AND (?2 IS NULL OR kind = ?2)
           AND (NOT ?3 OR iif(report IS NULL OR json_valid(report), report ->> 'state', 'failed') IN ('failed', 'partial'))
           AND (?5 IS NULL OR iif(report IS NULL OR json_valid(report), report ->> 'state', 'failed') = ?5)
         ORDER BY id DESC LIMIT ?4",
    )
    .bind(store.id)
    .bind(filter.kind.map(RunKind::as_str))
    .bind(filter.failed)
    .bind(filter.limit)
    .bind(filter.state.map(RunState::as_str))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read the history", e))?;
    rows.into_iter().map(summary).collect()
}

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

pub(crate) async fn detail(store: &ConnectionStore, run: RunId) -> Result<Option<RunDetail>, StoreError> {
    let Some(summary) = one(store, run).await? else { return Ok(None) };
    let failed = |e| StoreError::new("read the executions of a run", e);
    let rows: Vec<(String, i64, Option<i64>, bool)> = sqlx::query_as(
        "SELECT id, started_at, ended_at, processed FROM run_executions WHERE run_id = ?1 ORDER BY started_at, id",
    )
    .bind(run.get())
    .fetch_all(&store.pool)
    .await
    .map_err(failed)?;
    let executions = rows.into_iter().map(|(id, started, ended, processed)| {
        let read = || Ok((timestamp(started)?, ended.map(timestamp).transpose()?));
        let (started_at, ended_at) = in_row(|| format!("the execution {id} of run {run}"), read)?;
        Ok(RunExecution { id: ExecutionId::new(id), started_at, ended_at, processed })
    });
    let executions = executions.collect::<Result<_, StoreError>>()?;
    let rejected_count = unconfirmed::count_of(store, run).await?;
    let refused = unconfirmed::list(store, Some(run), RunDetail::REFUSED).await?;
    Ok(Some(RunDetail { summary, executions, rejected_count, rejected_records: refused }))
}

pub(crate) async fn last(store: &ConnectionStore, kind: RunKind) -> Result<LastRun, StoreError> {
    // A partial run has read everything; its unconfirmed records are resent.
    let (last, good): (Option<i64>, Option<i64>) = sqlx::query_as(
        // By number, because a clock that was ahead may have stored later times.
        "SELECT (SELECT started_at FROM runs WHERE connection_id = ?1 AND kind = ?2 AND ended_at IS NOT NULL
                 ORDER BY id DESC LIMIT 1),
                (SELECT started_at FROM runs WHERE connection_id = ?1 AND kind = ?2 AND ended_at IS NOT NULL
                 AND iif(report IS NULL OR json_valid(report), report ->> 'state', 'failed') IN ('succeeded', 'partial')
                 ORDER BY id DESC LIMIT 1)",
    )
    .bind(store.id)
    .bind(kind.as_str())
    .fetch_one(&store.pool)
    .await
    .map_err(|e| StoreError::new("find the last run", e))?;
    Ok(LastRun { ended: time_of("the last run", last)?, succeeded: time_of("the last good run", good)? })
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

pub(crate) async fn open_execution(
    store: &ConnectionStore,
    run: RunId,
    id: &ExecutionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "store an open execution";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    for statement in [
        "INSERT INTO open_executions (connection_id, id, run_id, started_at, resend_count)
         SELECT id, ?2, ?3, ?4, coalesce(iif(place = '', NULL, place) ->> 'doubts', 0) FROM connections WHERE id = ?1",
        "INSERT OR IGNORE INTO run_executions (run_id, id, started_at) SELECT ?3, ?2, ?4 WHERE ?1 = ?1",
    ] {
        sqlx::query(statement)
            .bind(store.id)
            .bind(id.as_str())
            .bind(run.get())
            .bind(millis(now))
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

/// Stores the end of an execution.
pub(crate) async fn end_execution(
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    id: &ExecutionId,
    processed: bool,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE run_executions SET ended_at = ?3, processed = ?4 WHERE run_id = ?1 AND id = ?2")
        .bind(run.get())
        .bind(id.as_str())
        .bind(millis(now))
        .bind(processed)
        .execute(&mut **tx)
        .await
        .map(drop)
}

pub(crate) async fn open_executions(store: &ConnectionStore) -> Result<Vec<OpenExecution>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT id, run_id FROM open_executions WHERE connection_id = ?1 ORDER BY started_at")
            .bind(store.id)
            .fetch_all(&store.pool)
            .await
            .map_err(|e| StoreError::new("read the open executions", e))?;
    Ok(rows
        .into_iter()
        .map(|(id, run)| OpenExecution { id: ExecutionId::new(id), run: RunId::new(run) })
        .collect())
}

pub(crate) async fn close_execution(
    store: &ConnectionStore,
    id: &ExecutionId,
    now: Timestamp,
) -> Result<(), StoreError> {
    const ACTION: &str = "close an execution";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    let run: Option<i64> = sqlx::query_scalar(
        "DELETE FROM open_executions WHERE connection_id = ?1 AND id = ?2 RETURNING run_id",
    )
    .bind(store.id)
    .bind(id.as_str())
    .fetch_optional(&mut *tx)
    .await
    .map_err(failed)?;
    if let Some(run) = run {
        end_execution(&mut tx, RunId::new(run), id, false, now).await.map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}
