//! From events to staged changes.
//!
//! Values are never read from an event. The object is read by ID, together with the objects that its references
//! require, and is processed as in a full sync. If a response is older than the event, the object is read again later.

use std::collections::HashSet;
use std::sync::Arc;

use sync_model::RecordKey;
use tokio_util::sync::CancellationToken;

use crate::domain::alert::AlertKind;
use crate::domain::error::{EngineError, error_chain};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::inbox::{Subject, WorkItem, WorkKind};
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::engine::active::ActiveRun;
use crate::engine::basics::Basics;
use crate::engine::context::Context;
use crate::engine::locks::Turns;
use crate::engine::run_progress::RunProgress;
use crate::import::imports::Imports;
use crate::plan::sync_plan::SyncPlan;
use crate::ports::progress::NoopProgress;
use crate::ports::target_schema::Comparison;
use crate::sync::complete::{NOT_FOUND_RETRIES, WorkItems, object};
use crate::sync::fetched::{FetchRequest, FetchedObjects};
use crate::sync::schema_evolution::Schemas;
use crate::sync::staging::Staging;
use crate::sync::work::Fetches;

/// Applies events: reads the objects that they name, and sends those that differ.
pub(crate) struct Events {
    context: Arc<Context>,
    schemas: Arc<Schemas>,
    staging: Arc<Staging>,
    imports: Arc<Imports>,
    turns: Arc<Turns>,
    fetches: Arc<Fetches>,
    work: Arc<WorkItems>,
}

impl Events {
    pub(crate) fn new(
        basics: &Basics,
        turns: Arc<Turns>,
        fetches: Arc<Fetches>,
        work: Arc<WorkItems>,
    ) -> Self {
        Self {
            context: Arc::clone(&basics.context),
            schemas: Arc::clone(&basics.schemas),
            staging: Arc::clone(&basics.staging),
            imports: Arc::clone(&basics.imports),
            turns,
            fetches,
            work,
        }
    }

    /// Processes due work as one run; `None` without due work.
    pub(crate) async fn process(&self, stop: &CancellationToken) -> Result<Option<RunReport>, EngineError> {
        let view = self.schemas.active_view().await?;
        let claim = self.context.store().claim_work(
            WorkKind::Object,
            self.context.options.batch,
            self.context.now(),
            self.context.options.lease,
        );
        let items = claim.await?;
        if items.is_empty() {
            return Ok(None);
        }
        // If it is alone, confirmed records have the memberships.
        let turn = self.turns.begin_reading().await;
        let items = if turn.is_alone() { items } else { self.work.postpone_listings(items).await? };
        if items.is_empty() {
            return Ok(None);
        }
        let run = match self.context.begin(RunKind::EventSync, view).await {
            Ok(run) => run,
            Err(error) => {
                self.context.store().release_work(&items).await?;
                return Err(error);
            }
        };
        let observed = &self.context.observe(RunKind::EventSync, &NoopProgress);
        observed.started(run.id);
        let outcome = self
            .context
            .conclude(&run, RunKind::EventSync, RunReport::default(), observed, async |report| {
                let (fetched, run) =
                    self.fetch_for_events(&run, &items, turn.is_alone(), report, observed).await?;
                self.fetches.enqueue_new_groups(&fetched).await?;
                self.context.store().enqueue_unread(run.id, self.context.now()).await?;
                let FetchedObjects { plan, states, .. } = fetched;
                for (held, finding) in self.apply_events(&run, plan, report, observed, stop).await? {
                    self.work.block_work(&items, &held, &finding).await?;
                }
                self.work.complete(&items, &states).await?;
                self.work.requeue_unblocked().await
            })
            .await;
        match outcome {
            Ok(report) => Ok(Some(report)),
            Err(error) => {
                // The objects aren't at fault: they are read again once requests succeed.
                self.context.store().release_work(&items).await?;
                Err(error)
            }
        }
    }

    /// Applies the read objects. Changes that exceed a safeguard are blocked, and all others are applied. Returns the
    /// blocked objects with the findings.
    async fn apply_events(
        &self,
        run: &ActiveRun,
        mut plan: SyncPlan,
        report: &mut RunReport,
        observed: &RunProgress<'_>,
        stop: &CancellationToken,
    ) -> Result<Vec<(HashSet<RecordKey>, Finding)>, EngineError> {
        let mut blocked = Vec::new();
        loop {
            let refusal = match plan.approve(&self.context.options.safeguards) {
                Ok(approved) => match self.imports.apply(run, approved, report, observed, stop).await {
                    Ok(()) => return Ok(blocked),
                    Err(EngineError::SafeguardTriggered(violation)) => violation,
                    Err(error) => return Err(error),
                },
                Err(refusal) => refusal,
            };
            let held = match refusal.suspects() {
                Some(suspects) => self.context.store().unstage(run.id, &suspects).await?,
                None => Vec::new(),
            };
            if held.is_empty() {
                return Err(refusal.into());
            }
            let finding = Finding::error(Fact::SafeguardTriggered { violation: refusal });
            self.context.alert(AlertKind::SafeguardTriggered, finding.clone());
            self.context.stats.failed(RunKind::EventSync.as_str(), true);
            report.add(finding.clone());
            blocked.push((held.into_iter().collect(), finding));
            // A blocked object keeps its references.
            self.staging.resolve_staged(run.id, false, &mut report.value_problems).await?;
            plan = self.staging.plan_of(run, report).await?;
        }
    }

    /// Fetches the objects of work items. If the schema has new attributes, extends the mapping first and fetches
    /// again. Returns the run with the final mapping.
    async fn fetch_for_events(
        &self,
        run: &ActiveRun,
        items: &[WorkItem],
        alone: bool,
        report: &mut RunReport,
        observed: &RunProgress<'_>,
    ) -> Result<(FetchedObjects, ActiveRun), EngineError> {
        // A 404 is accepted at once only if an event reported the deletion.
        let doubtful: HashSet<RecordKey> = items
            .iter()
            .filter(|item| !item.expect_deleted && item.attempts < NOT_FOUND_RETRIES)
            .filter_map(|item| object(&item.subject))
            .collect();
        let subjects = items.iter().map(|item| item.subject.clone()).collect();
        let request = FetchRequest { subjects, doubtful, alone };
        let before = report.clone();
        let fetched = self.fetches.fetch(run, &request, report, observed).await?;
        if !self.schemas.may_have_grown(&fetched.unmapped) {
            return Ok((fetched, run.clone()));
        }
        let Comparison { report: structure, view } = match self.schemas.follow_schema(true).await {
            Ok(compared) => compared,
            // Objects that can be stored don't wait for the others.
            Err(error @ (EngineError::TargetSchema(_) | EngineError::StructureChanged)) => {
                tracing::warn!(error = %error_chain(&error), "could not add new attributes to the object schema; will retry");
                self.context.store().enqueue(&Subject::Schema, self.context.now()).await?;
                return Ok((fetched, run.clone()));
            }
            Err(error) => return Err(error),
        };
        report.add_schema(&structure);
        if structure.added_attributes.is_empty() {
            self.schemas.record_unmapped(fetched.unmapped.iter().cloned());
            return Ok((fetched, run.clone()));
        }
        // An attribute that was missing from the schema then may be part of it now.
        *report = before;
        report.add_schema(&structure);
        tracing::info!(attributes = ?structure.added_attributes, "added new attributes to the object schema");
        report.mapping_version = Some(view.version.clone());
        let run = ActiveRun { view, ..run.clone() };
        let fetched = self.fetches.fetch(&run, &request, report, observed).await?;
        Ok((fetched, run))
    }
}
