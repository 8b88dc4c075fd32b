//! Evidence for the conditions of a connection, from the state store alone.

use jiff::Timestamp;
use sync_engine::{
    ActiveExecution, EventQueueCounts, FailedRun, PauseEnd, Place, RunFilter, RunKind, RunState, StateStore,
    StoreError, StoreEvidence,
};
use sync_model::RunId;

use crate::pause::Pause;

/// The number of full syncs that are searched for unknown items of the scope.
const LISTED: u32 = 20;

/// The facts of the store that the conditions follow from.
///
/// # Errors
/// When the store fails.
pub async fn store_evidence(store: &dyn StateStore, now: Timestamp) -> Result<StoreEvidence, StoreError> {
    let full = store.last_run(RunKind::FullSync).await?.succeeded;
    let incremental = store.last_run(RunKind::IncrementalSync).await?.succeeded;
    let mut feed = store.feed_checkpoint().await?;
    if let Some(feed) = &mut feed {
        // A clock that was ahead may have stored a future time.
        feed.caught_up_at = feed.caught_up_at.map(|read| read.min(now));
    }
    let place = store.place().await?;
    let queue = store.event_queue_counts().await?;
    let pause = store.paused_until().await?.filter(|until| *until > now);
    let rejected = if queue.rejected_records > 0 { store.unconfirmed(1).await? } else { Vec::new() };
    Ok(StoreEvidence {
        pause: pause.map(|until| Pause::from_stored(until).until.map_or(PauseEnd::Open, PauseEnd::At)),
        last_full_sync_at: full.map(|started_at| started_at.min(now)),
        last_sync_at: full.max(incremental).map(|started_at| started_at.min(now)),
        withheld: place.as_ref().map(Place::withheld).unwrap_or_default(),
        schema_compared: place.is_some(),
        stale_values: store.stale_value_counts().await?.values,
        unknown_choices: unknown_choices(store).await?,
        rejected_reason: rejected
            .into_iter()
            .next()
            .map(|record| record.reason)
            .filter(|reason| !reason.is_empty()),
        failed_runs: failed_runs(store, &queue, full).await?,
        execution: active_execution(store).await?,
        feed,
        queue,
    })
}

/// The last run and the last full sync, if they failed and none succeeded since.
async fn failed_runs(
    store: &dyn StateStore,
    queue: &EventQueueCounts,
    full: Option<Timestamp>,
) -> Result<Vec<FailedRun>, StoreError> {
    let mut found: Vec<(RunId, FailedRun)> = Vec::new();
    for kind in [None, Some(RunKind::FullSync)] {
        let filter = RunFilter { kind, limit: 1, ..RunFilter::default() };
        let Some(run) = store.find_runs(&filter).await?.into_iter().next() else { continue };
        let recovered = match run.kind {
            RunKind::FullSync => full.is_some_and(|at| at > run.started_at),
            // Applied without a run: Assets had it already.
            RunKind::EventSync => {
                queue.unfinished() + queue.work_items + queue.failed + queue.unconfirmed_records == 0
            }
            _ => false,
        };
        let finding = run.report.as_ref().and_then(|report| report.failure.clone());
        // Its pending work is a condition of its own.
        let finding = finding.filter(|finding| !finding.code().is_interruption());
        let (Some(finding), Some(ended_at)) = (finding, run.ended_at) else { continue };
        if !recovered && found.iter().all(|(id, _)| *id != run.id) {
            found.push((run.id, FailedRun { kind: run.kind, ended_at, finding }));
        }
    }
    Ok(found.into_iter().map(|(_, run)| run).collect())
}

/// The execution that Assets processes for the active run.
async fn active_execution(store: &dyn StateStore) -> Result<Option<ActiveExecution>, StoreError> {
    let active = store.runs(1).await?.into_iter().find(|run| run.ended_at.is_none());
    let Some(run) = active else { return Ok(None) };
    let executions = store.run(run.id).await?.map(|detail| detail.executions).unwrap_or_default();
    let open = executions.into_iter().find(|execution| execution.ended_at.is_none());
    Ok(open.map(|open| ActiveExecution { id: open.id.to_string(), started_at: open.started_at }))
}

async fn unknown_choices(store: &dyn StateStore) -> Result<Vec<String>, StoreError> {
    let filter = RunFilter { kind: Some(RunKind::FullSync), limit: LISTED, ..RunFilter::default() };
    let reports = store.find_runs(&filter).await?.into_iter().filter_map(|run| run.report);
    // A failed run may not have read as far.
    let mut reports =
        reports.filter(|report| report.state != RunState::Failed || !report.unknown_choices.is_empty());
    Ok(reports.next().map(|report| report.unknown_choices).unwrap_or_default())
}
