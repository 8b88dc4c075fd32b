//! The engine of one connection: its ports, its options, and the runs as a caller sees them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sync_model::{RecordKey, RunId};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    Change, Clock, Directory, EngineError, EventHook, Importer, Limits, Phase, Progress, RunKind, RunReport,
    RunResult, StateStore, Structure, StructureState, Subject, SyncPlan,
};

/// The world around the engine.
#[derive(Clone)]
pub struct Ports {
    /// Where the truth is read.
    pub directory: Arc<dyn Directory>,
    /// The object schema and mapping.
    pub structure: Arc<dyn Structure>,
    /// The event hook.
    pub hook: Arc<dyn EventHook>,
    /// Where records go.
    pub importer: Arc<dyn Importer>,
    /// What is remembered.
    pub store: Arc<dyn StateStore>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// How the engine goes about its work.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// How much may change without consent.
    pub limits: Limits,
    /// How many objects or listings are read at once.
    pub concurrency: usize,
    /// How many records are taken from the store at once.
    pub page: u32,
    /// How many looks one batch takes.
    pub batch: u32,
    /// How long to wait for an importer that works on something else.
    pub busy_limit: Duration,
    /// How much older than its event an object may be before it is read again: events are logged after the change.
    pub event_tolerance: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            concurrency: 8,
            page: 1000,
            batch: 2000,
            busy_limit: Duration::from_mins(30),
            event_tolerance: Duration::from_secs(5),
        }
    }
}

/// Keeps one import source equal to one directory.
pub struct Engine {
    pub(crate) ports: Ports,
    pub(crate) options: EngineOptions,
    /// Held while an execution is open: there is one at a time.
    pub(crate) lane: Mutex<()>,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldChange {
    /// The record's field.
    pub field: String,
    /// What was confirmed last; null for a new object.
    pub old: Value,
    /// What would be sent.
    pub new: Value,
}

/// One object of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectChange {
    /// Which.
    pub key: RecordKey,
    /// What would happen to it.
    pub change: Change,
    /// The fields that differ.
    pub fields: Vec<FieldChange>,
}

impl Engine {
    /// An engine over these ports.
    pub fn new(ports: Ports, options: EngineOptions) -> Self {
        Self { ports, options, lane: Mutex::new(()) }
    }

    /// Reads everything and says what a sync would do. Sends nothing, and adds nothing to the object schema.
    ///
    /// # Errors
    /// When the directory, the importer or the store fails.
    pub async fn plan(
        &self,
        progress: &dyn Progress,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        progress.begin(Phase::Structure, None);
        let structure = self.ports.structure.compare().await.map_err(EngineError::Structure)?;
        progress.end(Phase::Structure);
        let run = self.ports.store.begin_run(RunKind::Plan, self.now()).await?;
        // Shown whatever it holds: what the limits say of it is for whoever approves it.
        let limits = Limits { accept_shrink: true, ..self.options.limits };
        let mut plan = self.read_all(run, &limits, progress, stop).await?;
        plan.structure = Some(structure);
        Ok(plan)
    }

    /// The objects of a plan with old and new values, by key; at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn changes(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<ObjectChange>, EngineError> {
        let mut changes = Vec::new();
        for staged in self.ports.store.staged(run, after, limit).await? {
            let old = self.ports.store.confirmed(&staged.record.key).await?;
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
            changes.push(ObjectChange { key: staged.record.key, change: staged.change, fields });
        }
        Ok(changes)
    }

    /// Forgets a plan that was shown.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn discard(&self, plan: SyncPlan) -> Result<(), EngineError> {
        Ok(self.ports.store.end_run(plan.run, &RunReport::default(), self.now()).await?)
    }

    /// Reads everything and sends what differs from what was confirmed.
    ///
    /// # Errors
    /// When a port fails, when there is no mapping yet, and when the plan exceeds the limits. Whatever the error, what
    /// was confirmed stays true and a later run sends the rest.
    pub async fn sync(
        &self,
        limits: &Limits,
        progress: &dyn Progress,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        let mut report = RunReport::default();
        self.prepare(&mut report, progress).await?;
        let run = self.ports.store.begin_run(RunKind::Full, self.now()).await?;
        self.conclude(run, report, async |report| {
            let plan = self.read_all(run, limits, progress, stop).await?;
            for (&kind, counts) in &plan.kinds {
                report.counts(kind).read = counts.read;
            }
            plan.problems.iter().for_each(|p| report.note(p.clone()));
            self.apply(plan.approve(limits)?, report, progress, stop).await
        })
        .await
    }

    /// Reads some objects and sends those that differ.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub async fn sync_some(
        &self,
        subjects: &[Subject],
        progress: &dyn Progress,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        let mut report = RunReport::default();
        self.prepare(&mut report, progress).await?;
        let run = self.ports.store.begin_run(RunKind::Some, self.now()).await?;
        self.conclude(run, report, async |report| {
            let looked = self.look_at(run, subjects.iter().cloned(), report).await?;
            self.apply(looked.plan.approved_one_by_one(), report, progress, stop).await
        })
        .await
    }

    /// Brings the object schema up to date before records that need it are made.
    async fn prepare(&self, report: &mut RunReport, progress: &dyn Progress) -> Result<(), EngineError> {
        progress.begin(Phase::Structure, None);
        let structure = self.ports.structure.compare().await.map_err(EngineError::Structure)?;
        let structure = match structure.state {
            StructureState::Missing => return Err(EngineError::NotSetUp),
            StructureState::Outdated => self.ports.structure.apply().await.map_err(EngineError::Structure)?,
            StructureState::Created | StructureState::Extended | StructureState::Current => structure,
        };
        report.add_structure(&structure);
        progress.end(Phase::Structure);
        Ok(())
    }

    /// Does the work of a run and closes the run whichever way the work ends.
    pub(crate) async fn conclude(
        &self,
        run: RunId,
        mut report: RunReport,
        work: impl AsyncFnOnce(&mut RunReport) -> Result<(), EngineError>,
    ) -> Result<RunReport, EngineError> {
        let started = self.now();
        let requests = self.ports.directory.requests();
        let result = work(&mut report).await;
        report.seconds = self.now().duration_since(started).as_secs_f64();
        report.directory_requests = self.ports.directory.requests() - requests;
        if let Err(error) = &result {
            report.result = RunResult::Failed;
            report.error = Some(crate::explain(error));
            // An execution whose end is unknown keeps its staged records until recovery has asked after it.
            if self.ports.store.open_executions().await?.iter().any(|open| open.run == run) {
                return result.map(|()| report);
            }
        }
        self.ports.store.end_run(run, &report, self.now()).await?;
        result.map(|()| report)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}
