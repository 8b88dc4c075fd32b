//! Runs that list the directory and send: all objects, or recent changes.

use std::sync::Arc;

use jiff::Timestamp;
use sync_model::RunId;
use tokio_util::sync::CancellationToken;

use crate::domain::checkpoint::{SyncCheckpoint, SyncMode};
use crate::domain::error::{EngineError, error_chain};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::report::{RecordCounts, RunReport, RunState};
use crate::domain::safeguards::Safeguards;
use crate::domain::violation::{SafeguardViolation, ViolatingChanges};
use crate::engine::active::ActiveRun;
use crate::engine::basics::Basics;
use crate::engine::clock::ClockWatch;
use crate::engine::context::Context;
use crate::engine::locks::{SyncTurn, Turns};
use crate::engine::stop::in_time;
use crate::import::confirmations::Confirmations;
use crate::import::imports::Imports;
use crate::ports::progress::ProgressSink;
use crate::ports::view::MappingView;
use crate::sync::active_sync::ActiveSync;
use crate::sync::complete::WorkItems;
use crate::sync::events::Events;
use crate::sync::listing::Listings;
use crate::sync::schema_evolution::Schemas;

/// Runs that list the directory. Only one runs at a time.
pub(crate) struct Syncs {
    context: Arc<Context>,
    confirmations: Arc<Confirmations>,
    schemas: Arc<Schemas>,
    clock: Arc<ClockWatch>,
    imports: Arc<Imports>,
    turns: Arc<Turns>,
    listings: Arc<Listings>,
    events: Arc<Events>,
    work: Arc<WorkItems>,
}

impl Syncs {
    pub(crate) fn new(
        basics: &Basics,
        turns: Arc<Turns>,
        listings: Arc<Listings>,
        events: Arc<Events>,
        work: Arc<WorkItems>,
    ) -> Self {
        Self {
            context: Arc::clone(&basics.context),
            confirmations: Arc::clone(&basics.confirmations),
            schemas: Arc::clone(&basics.schemas),
            clock: Arc::clone(&basics.clock),
            imports: Arc::clone(&basics.imports),
            turns,
            listings,
            events,
            work,
        }
    }

    /// Reads everything and sends the differences from the confirmed records. Resumes an interrupted run.
    pub(crate) async fn full(
        &self,
        limits: &Safeguards,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        in_time(self.context.options.grace, stop, async {
            let mut report = self.run(SyncMode::Full, limits, progress, stop, async |_| Ok(())).await?;
            self.read_rest(&mut report, stop).await?;
            Ok(report)
        })
        .await
    }

    /// The same for a caller who expects all earlier changes: if it resumed an earlier run, whose first pages are
    /// older, everything is read again.
    pub(crate) async fn as_of_now(
        &self,
        limits: &Safeguards,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        let first = self.full(limits, progress, stop).await?;
        if !first.resumed {
            return Ok(first);
        }
        let mut report = self.full(limits, progress, stop).await?;
        report.resumed = true;
        report.executions += first.executions;
        report.chunks += first.chunks;
        report.retired += first.retired;
        report.cleared_values += first.cleared_values;
        report.okta_requests += first.okta_requests;
        report.duration_seconds += first.duration_seconds;
        for (kind, counts) in &first.records {
            // The reading belongs to the previous sync.
            report.counts(*kind).add(&RecordCounts { read: 0, ..*counts });
        }
        first.added_attributes.into_iter().for_each(|name| report.added_attributes.push(name));
        Ok(report)
    }

    /// Reads by ID the objects that a sync could not read and the possibly lost ones: no other process may do it.
    async fn read_rest(&self, report: &mut RunReport, stop: &CancellationToken) -> Result<(), EngineError> {
        let mut before = u64::MAX;
        loop {
            let inbox = self.context.store().event_queue_counts().await?;
            let left = inbox.unreadable + inbox.doubted;
            if left == 0 || left >= before {
                report.unreadable.limit_to(inbox.unreadable);
                report.add_outstanding(self.context.outstanding().await?);
                return Ok(());
            }
            before = left;
            match self.events.process(stop).await {
                Ok(Some(_)) => self.imports.send_rest(stop).await?,
                // Not due yet: the count stays, which ends the loop.
                Ok(None) => {}
                Err(EngineError::Interrupted) => return Err(EngineError::Interrupted),
                Err(error) => {
                    tracing::warn!(error = %error_chain(&error), "could not read objects again; they remain unchanged");
                }
            }
        }
    }

    /// Reads recent changes since a time and sends the differences. Resumes an interrupted run.
    pub(crate) async fn incremental(
        &self,
        since: Timestamp,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        let sync = self.run(
            SyncMode::Incremental(since),
            &self.context.options.safeguards,
            progress,
            stop,
            async |_| Ok(()),
        );
        in_time(self.context.options.grace, stop, sync).await
    }

    /// Reads and sends the objects of a mode. `on_start` receives the run's ID.
    pub(crate) async fn run(
        &self,
        scope: SyncMode,
        limits: &Safeguards,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
        on_start: impl AsyncFnOnce(RunId) -> Result<(), EngineError>,
    ) -> Result<RunReport, EngineError> {
        let turn = self.turns.begin_sync().await;
        let progress = &self.context.observe(scope.run_kind(), progress);
        let mut report = RunReport::default();
        let view = self.schemas.prepare(scope == SyncMode::Full, &mut report, progress).await?;
        self.clock.watch().await?;
        if scope == SyncMode::Full {
            self.confirmations.report_unidentified(&mut report).await?;
        }
        self.imports.clear_all_stale_values(&view, stop).await?;
        self.imports.send_unconfirmed(stop).await?;
        let begins = turn.nothing_in_flight().await;
        let (run, mut checkpoint, resumed) = self.open_run(scope, view).await?;
        drop(begins);
        progress.started(run.id);
        report.resumed = resumed;
        if limits.override_safeguards && !checkpoint.override_safeguards {
            checkpoint.override_safeguards = true;
            self.context.store().save_checkpoint(run.id, &checkpoint).await?;
        }
        let limits = &Safeguards { override_safeguards: checkpoint.override_safeguards, ..*limits };
        on_start(run.id).await?;
        let run = &run;
        let sync = &ActiveSync { run, limits, progress, stop };
        self.context
            .conclude(run, scope.run_kind(), report, progress, async |report| {
                match self.send_differences(sync, &mut checkpoint, report).await {
                    Err(EngineError::SafeguardTriggered(violation)) => {
                        return self.block_sync(run, violation).await;
                    }
                    sent => sent?,
                }
                self.imports.send_rest(stop).await?;
                report.cleared_values += self.imports.clear_all_stale_values(&run.view, stop).await?;
                self.record_sync(&turn, sync, &checkpoint).await?;
                self.work.requeue_unblocked().await
            })
            .await
    }

    /// Reads the directory, and sends the differences if they are within the limits.
    async fn send_differences(
        &self,
        sync: &ActiveSync<'_>,
        checkpoint: &mut SyncCheckpoint,
        report: &mut RunReport,
    ) -> Result<(), EngineError> {
        let run = sync.run;
        let plan = self.listings.read_listings(sync, checkpoint).await?;
        for (&kind, counts) in &plan.kinds {
            report.counts(kind).read = counts.read;
            report.retired += counts.retire;
        }
        plan.findings.iter().cloned().for_each(|finding| report.add(finding));
        report.unreadable.clone_from(&plan.unreadable);
        report.unknown_choices.clone_from(&plan.unknown_choices);
        report.value_problems.clone_from(&plan.value_problems);
        self.context.store().enqueue_unread(run.id, self.context.now()).await?;
        let approved = plan.approve(sync.limits)?;
        self.imports.apply(run, approved, report, sync.progress, sync.stop).await
    }

    /// Stores what a finished sync proves: its bookmark and, after a full sync, the scope and the resolved events.
    async fn record_sync(
        &self,
        turn: &SyncTurn<'_>,
        sync: &ActiveSync<'_>,
        checkpoint: &SyncCheckpoint,
    ) -> Result<(), EngineError> {
        let (run, mode) = (sync.run, checkpoint.mode);
        if let (Some(bookmark), SyncMode::Full | SyncMode::Incremental(_)) = (checkpoint.bookmark, mode) {
            self.context.store().save_bookmark(bookmark).await?;
        }
        if mode != SyncMode::Full {
            return Ok(());
        }
        self.confirmations.drop_unidentified().await?;
        // A concurrent event sync may still block a change that was just sent.
        let _nothing_in_flight = turn.nothing_in_flight().await;
        self.context.store().set_scope_version(run.view.rules.scope_version()).await?;
        let (store, unnamed) = (self.context.store(), checkpoint.unnamed > 0);
        // Events that failed or were blocked before, as far as it proves that their objects were read.
        let resolved = store.resolve_failed_events(run.id, checkpoint.reading, unnamed, self.context.now());
        self.context.stats.completed(resolved.await?);
        if sync.limits.override_safeguards {
            self.context.store().release_blocked().await?;
        } else {
            self.context.store().unblock().await?;
        }
        Ok(())
    }

    /// The unfinished sync of this mode, if it can be resumed, or a new one.
    async fn open_run(
        &self,
        scope: SyncMode,
        view: MappingView,
    ) -> Result<(ActiveRun, SyncCheckpoint, bool), EngineError> {
        let (now, mapping) = (self.context.now(), self.confirmations.rules_version(&view).await?);
        while let Some((run, checkpoint)) = self.context.store().resumable_checkpoint().await? {
            let fresh = now.duration_since(checkpoint.started_at).unsigned_abs()
                < self.context.options.checkpoint_max_age;
            // One of an earlier version did not number its reading.
            let is_ordered = checkpoint.reading.number > 0;
            if checkpoint.mode.goes_on_as(scope)
                && checkpoint.mapping_version == mapping
                && fresh
                && is_ordered
            {
                tracing::info!(%run, stage = ?checkpoint.phase, "resuming from checkpoint");
                return Ok((ActiveRun { id: run, kind: scope.run_kind(), view }, checkpoint, true));
            }
            let report = RunReport {
                state: RunState::Failed,
                failure: Some(Finding::warning(Fact::RunInterrupted)),
                ..RunReport::default()
            };
            self.context.store().end_run(run, &report, now).await?;
        }
        let run = self.context.begin(scope.run_kind(), view).await?;
        let mut checkpoint = SyncCheckpoint::new(scope, self.context.reading(&run).await?, mapping);
        checkpoint.bookmark = run.view.directory.time();
        self.context.store().save_checkpoint(run.id, &checkpoint).await?;
        Ok((run, checkpoint, false))
    }

    /// Fails a sync that a safeguard blocks. The objects of the violating changes are stored until they are sent, or a
    /// full sync no longer finds them.
    async fn block_sync(&self, run: &ActiveRun, refusal: SafeguardViolation) -> Result<(), EngineError> {
        let store = self.context.store();
        let mut held = Vec::new();
        if let Some(suspects) = refusal.suspects() {
            held = store.unstage(run.id, &suspects).await?;
            if let (ViolatingChanges::Retired(kind), true) = (suspects, held.is_empty()) {
                // Rejected before the records were read separately.
                let mut after: Option<String> = None;
                loop {
                    let page =
                        store.unlisted(run.id, kind, after.as_deref(), self.context.options.page).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.key.id.clone());
                    held.extend(page.into_iter().map(|record| record.key));
                }
            }
        }
        let finding = Finding::error(Fact::SafeguardTriggered { violation: refusal.clone() });
        store.block(&held, &[], &finding, self.context.now()).await?;
        Err(refusal.into())
    }
}
