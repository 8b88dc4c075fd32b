//! Runs that read named objects and send those that differ.

use std::sync::Arc;

use sync_model::RecordKey;
use tokio_util::sync::CancellationToken;

use crate::domain::error::EngineError;
use crate::domain::inbox::Subject;
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::engine::basics::Basics;
use crate::engine::clock::ClockWatch;
use crate::engine::context::Context;
use crate::engine::locks::Turns;
use crate::engine::stop::in_time;
use crate::import::imports::Imports;
use crate::ports::progress::ProgressSink;
use crate::sync::complete::WorkItems;
use crate::sync::fetched::FetchRequest;
use crate::sync::schema_evolution::Schemas;
use crate::sync::work::Fetches;

/// Runs for the objects that an administrator names, beside syncs and events.
pub(crate) struct TargetedSyncs {
    context: Arc<Context>,
    schemas: Arc<Schemas>,
    clock: Arc<ClockWatch>,
    imports: Arc<Imports>,
    turns: Arc<Turns>,
    fetches: Arc<Fetches>,
    work: Arc<WorkItems>,
}

impl TargetedSyncs {
    pub(crate) fn new(
        basics: &Basics,
        turns: Arc<Turns>,
        fetches: Arc<Fetches>,
        work: Arc<WorkItems>,
    ) -> Self {
        Self {
            context: Arc::clone(&basics.context),
            schemas: Arc::clone(&basics.schemas),
            clock: Arc::clone(&basics.clock),
            imports: Arc::clone(&basics.imports),
            turns,
            fetches,
            work,
        }
    }

    /// Reads some objects and sends those that differ.
    pub(crate) async fn run(
        &self,
        subjects: &[Subject],
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        in_time(self.context.options.grace, stop, self.run_named(subjects, progress, stop)).await
    }

    async fn run_named(
        &self,
        subjects: &[Subject],
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        let progress = &self.context.observe(RunKind::TargetedSync, progress);
        let mut report = RunReport::default();
        let view = self.schemas.prepare(false, &mut report, progress).await?;
        self.clock.watch().await?;
        let run = &self.context.begin(RunKind::TargetedSync, view).await?;
        progress.started(run.id);
        let turn = self.turns.begin_reading().await;
        self.context
            .conclude(run, RunKind::TargetedSync, report, progress, async |report| {
                let request = FetchRequest::of(subjects, turn.is_alone());
                let fetched = self.fetches.fetch(run, &request, report, progress).await?;
                self.fetches.enqueue_new_groups(&fetched).await?;
                for group in &fetched.states.unlisted {
                    let subject = Subject::GroupMembers(group.clone());
                    self.context.store().enqueue(&subject, self.context.now()).await?;
                }
                let unread: Vec<RecordKey> = fetched.states.failed.keys().cloned().collect();
                self.context.store().add_unread(run.id, &unread).await?;
                self.context.store().enqueue_unread(run.id, self.context.now()).await?;
                self.imports
                    .apply(
                        run,
                        fetched.plan.approve(&self.context.options.safeguards)?,
                        report,
                        progress,
                        stop,
                    )
                    .await?;
                self.imports.send_rest(stop).await?;
                report.cleared_values += self.imports.clear_all_stale_values(&run.view, stop).await?;
                self.work.requeue_unblocked().await
            })
            .await
    }
}
