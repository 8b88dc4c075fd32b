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

/// A plan that another process shows may take its reader this long.
const PLAN_LIFE: SignedDuration = SignedDuration::from_hours(24);

pub(crate) async fn begin(
    store: &ConnectionStore,
    kind: RunKind,
    now: Timestamp,
) -> Result<RunId, StoreError> {
    sqlx::query_scalar("INSERT INTO runs (connection, kind, started) VALUES (?1, ?2, ?3) RETURNING id")
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
    sqlx::query("DELETE FROM staged WHERE run = ?1")
        .bind(run.get())
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    if report.state != RunState::Failed {
        evidence::read_by_run(&mut tx, run).await.map_err(failed)?;
    }
    for statement in [
        "DELETE FROM noted_members WHERE run = ?1",
        "DELETE FROM noted_groups WHERE run = ?1",
        "DELETE FROM run_objects WHERE run = ?1",
    ] {
        sqlx::query(statement).bind(run.get()).execute(&mut *tx).await.map_err(failed)?;
    }
    // Batches of events that changed nothing, and plans, would drown the history.
    let silent = report.executions == 0 && report.state == RunState::Succeeded;
    sqlx::query(
        "DELETE FROM runs WHERE id = ?1 AND (kind = 'plan' OR (kind IN ('event_sync', 'retry') AND ?2))",
    )
    .bind(run.get())
    .bind(silent)
    .execute(&mut *tx)
    .await
    .map_err(failed)?;
    sqlx::query("UPDATE runs SET ended = ?2, report = ?3, pass = NULL WHERE id = ?1")
        .bind(run.get())
        .bind(millis(now))
        .bind(text)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    // The run has ended, whatever becomes of the space that it took.
    if let Err(error) = space::give_back(&store.writer).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "free space of the store could not be given back"
        );
    }
    Ok(())
}

/// Ends the runs that no process goes on with: those that were cut off, but for the newest pass, which the next run takes up.
pub(crate) async fn abandon(store: &ConnectionStore, now: Timestamp) -> Result<(), StoreError> {
    let abandoned: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM runs WHERE connection = ?1 AND ended IS NULL AND id NOT IN (SELECT run FROM executions)
         AND CASE kind WHEN 'plan' THEN started NOT BETWEEN ?2 AND ?3
             ELSE pass IS NULL OR id < (
                 SELECT max(id) FROM runs
                 WHERE connection = ?1 AND ended IS NULL AND pass IS NOT NULL AND kind <> 'plan')
             END",
    )
    .bind(store.id)
    .bind(millis(now.saturating_sub(PLAN_LIFE).unwrap_or(now)))
    .bind(millis(now.saturating_add(PLAN_LIFE).unwrap_or(now)))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("find abandoned runs", e))?;
    end_cut_off(store, abandoned, now).await
}

/// Ends the plans that began before a time. The processes that showed them are long gone.
pub(crate) async fn abandon_plans(store: &ConnectionStore, before: Timestamp) -> Result<(), StoreError> {
    let plans: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM runs WHERE connection = ?1 AND ended IS NULL AND kind = 'plan' AND started < ?2",
    )
    .bind(store.id)
    .bind(millis(before))
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("find abandoned plans", e))?;
    end_cut_off(store, plans, before).await
}

async fn end_cut_off(store: &ConnectionStore, runs: Vec<i64>, now: Timestamp) -> Result<(), StoreError> {
    let report = RunReport {
        state: RunState::Failed,
        error: Some("the process ended before the run did".into()),
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
        "SELECT id, kind, started, ended, report FROM runs
         WHERE connection = ?1 AND (?2 IS NULL OR kind = ?2)
           AND (NOT ?3 OR iif(report IS NULL OR json_valid(report), report ->> 'state', 'failed') IN ('failed', 'partial'))
         ORDER BY id DESC LIMIT ?4",
    )
    .bind(store.id)
    .bind(filter.kind.map(RunKind::as_str))
    .bind(filter.failed)
    .bind(filter.limit)
    .fetch_all(&store.pool)
    .await
    .map_err(|e| StoreError::new("read the history", e))?;
    rows.into_iter().map(summary).collect()
}

pub(crate) async fn one(store: &ConnectionStore, run: RunId) -> Result<Option<RunSummary>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT id, kind, started, ended, report FROM runs WHERE connection = ?1 AND id = ?2")
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
        "SELECT id, started, ended, done FROM run_executions WHERE run = ?1 ORDER BY started, id",
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
    // A run that dropped records read everything all the same; what was dropped is sent again by itself.
    let (last, good): (Option<i64>, Option<i64>) = sqlx::query_as(
        // By number, as a clock that was ahead has left times that are later than those of later runs.
        "SELECT (SELECT started FROM runs WHERE connection = ?1 AND kind = ?2 AND ended IS NOT NULL
                 ORDER BY id DESC LIMIT 1),
                (SELECT started FROM runs WHERE connection = ?1 AND kind = ?2 AND ended IS NOT NULL
                 AND iif(report IS NULL OR json_valid(report), report ->> 'state', 'failed') IN ('succeeded', 'partial') ORDER BY id DESC LIMIT 1)",
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
    const ACTION: &str = "remember an execution";
    let failed = |e| StoreError::new(ACTION, e);
    let mut tx = store.begin(ACTION).await?;
    for statement in [
        "INSERT INTO executions (connection, id, run, started, doubts)
         SELECT id, ?2, ?3, ?4, coalesce(iif(place = '', NULL, place) ->> 'doubts', 0) FROM connections WHERE id = ?1",
        "INSERT OR IGNORE INTO run_executions (run, id, started) SELECT ?3, ?2, ?4 WHERE ?1 = ?1",
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

/// Books the end of an execution: whether Assets processed it.
pub(crate) async fn end_execution(
    tx: &mut Transaction<'static, Sqlite>,
    run: RunId,
    id: &ExecutionId,
    processed: bool,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE run_executions SET ended = ?3, done = ?4 WHERE run = ?1 AND id = ?2")
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
        sqlx::query_as("SELECT id, run FROM executions WHERE connection = ?1 ORDER BY started")
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
    let run: Option<i64> =
        sqlx::query_scalar("DELETE FROM executions WHERE connection = ?1 AND id = ?2 RETURNING run")
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
