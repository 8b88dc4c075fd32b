//! Plans: the changes that a sync would make. Nothing is sent, and the store contains only the plan's own data, which
//! is deleted with it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_model::RecordKey;
use tokio_util::sync::CancellationToken;

use crate::domain::checkpoint::{SyncCheckpoint, SyncMode};
use crate::domain::error::EngineError;
use crate::domain::inbox::Subject;
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::safeguards::Safeguards;
use crate::domain::schema_report::SchemaReport;
use crate::domain::staged::ChangeKind;
use crate::engine::active::ActiveRun;
use crate::engine::basics::Basics;
use crate::engine::context::Context;
use crate::engine::run_progress::RunProgress;
use crate::engine::stop::in_time;
use crate::plan::sync_plan::SyncPlan;
use crate::ports::progress::{Phase, ProgressSink};
use crate::ports::target_schema::Comparison;
use crate::sync::active_sync::ActiveSync;
use crate::sync::fetched::FetchRequest;
use crate::sync::listing::Listings;
use crate::sync::work::Fetches;

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// The record's field.
    pub field: String,
    /// The last confirmed record; null for a new object.
    pub old: Value,
    /// The record that would be sent.
    pub new: Value,
}

/// One object of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectChange {
    /// The object.
    pub key: RecordKey,
    /// The object's name, if known.
    pub name: Option<String>,
    /// The change.
    pub change: ChangeKind,
    /// The fields that differ.
    pub fields: Vec<FieldChange>,
}

/// Computes the changes of syncs, and sends nothing.
pub(crate) struct Plans {
    context: Arc<Context>,
    listings: Arc<Listings>,
    fetches: Arc<Fetches>,
}

impl Plans {
    pub(crate) fn new(basics: &Basics, listings: Arc<Listings>, fetches: Arc<Fetches>) -> Self {
        Self { context: Arc::clone(&basics.context), listings, fetches }
    }

    /// Reads everything and computes the changes of a sync.
    pub(crate) async fn plan(
        &self,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        let progress = &self.context.observe(RunKind::Plan, progress);
        in_time(self.context.options.grace, stop, async {
            let (structure, run) = self.begin_plan(progress).await?;
            let plan = self.plan_everything(&run, progress, stop).await;
            self.show(&run, structure, plan, progress).await
        })
        .await
    }

    async fn plan_everything(
        &self,
        run: &ActiveRun,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        // The plan is shown despite violations: the administrator reviews them.
        let limits = Safeguards { override_safeguards: true, ..self.context.options.safeguards };
        let mut checkpoint =
            SyncCheckpoint::new(SyncMode::Full, self.context.reading(run).await?, run.view.rules_version());
        let sync = ActiveSync { run, limits: &limits, progress, stop };
        self.listings.read_listings(&sync, &mut checkpoint).await
    }

    /// Completes a plan; a failed plan is deleted.
    async fn show(
        &self,
        run: &ActiveRun,
        structure: SchemaReport,
        plan: Result<SyncPlan, EngineError>,
        progress: &RunProgress<'_>,
    ) -> Result<SyncPlan, EngineError> {
        progress.ended(&RunReport::default());
        match plan {
            Ok(plan) => Ok(SyncPlan { schema: Some(structure), labels: run.view.labels(), ..plan }),
            Err(error) => {
                self.context.store().end_run(run.id, &RunReport::default(), self.context.now()).await?;
                Err(error)
            }
        }
    }

    /// The schemas as they would be, and the run of the plan.
    async fn begin_plan(&self, progress: &RunProgress<'_>) -> Result<(SchemaReport, ActiveRun), EngineError> {
        progress.begin(Phase::Schema, None);
        let Comparison { report, view } =
            self.context.ports.target_schema.preview().await.map_err(EngineError::TargetSchema)?;
        progress.end(Phase::Schema);
        let run = self.context.begin(RunKind::Plan, view).await?;
        progress.started(run.id);
        Ok((report, run))
    }

    /// The objects of a plan with old and new values, by key; at most `limit`.
    pub(crate) async fn changes(
        &self,
        plan: &SyncPlan,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<ObjectChange>, EngineError> {
        let mut changes = Vec::new();
        for staged in self.context.store().staged(plan.run, after, limit).await? {
            let old = self.context.store().confirmed_record(&staged.record.key).await?;
            let before = |field: &str| old.as_ref().and_then(|r| r.fields.get(field)).unwrap_or(&Value::Null);
            let fields = staged
                .record
                .fields
                .iter()
                .filter(|(field, new)| {
                    let old = before(field);
                    old != *new && !(sync_model::is_empty(old) && sync_model::is_empty(new))
                })
                .map(|(field, new)| FieldChange {
                    field: field.clone(),
                    old: before(field).clone(),
                    new: new.clone(),
                })
                .collect();
            let name = plan.name(&staged.record);
            changes.push(ObjectChange { key: staged.record.key, name, change: staged.change, fields });
        }
        Ok(changes)
    }

    /// Deletes a plan that was shown.
    pub(crate) async fn discard(&self, plan: SyncPlan) -> Result<(), EngineError> {
        Ok(self.context.store().end_run(plan.run, &RunReport::default(), self.context.now()).await?)
    }

    /// Reads some objects and computes the changes of a targeted sync.
    pub(crate) async fn targeted(
        &self,
        subjects: &[Subject],
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        let progress = &self.context.observe(RunKind::Plan, progress);
        let (structure, run) = self.begin_plan(progress).await?;
        // A plan sends nothing, so it neither waits for a sync nor requests one.
        let (mut report, request) = (RunReport::default(), FetchRequest::of(subjects, true));
        let fetched = tokio::select! {
            biased;
            () = stop.cancelled() => Err(EngineError::Interrupted),
            fetched = self.fetches.fetch(&run, &request, &mut report, progress) => fetched,
        };
        let plan = fetched.map(|fetched| SyncPlan {
            findings: report.findings,
            unreadable: report.unreadable,
            value_problems: report.value_problems,
            ..fetched.plan
        });
        self.show(&run, structure, plan, progress).await
    }
}
