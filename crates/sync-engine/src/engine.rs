//! The engine of one connection: its ports, its options, and the runs as a caller sees them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_model::{ObjectKind, RecordKey, RunId};
use tokio::sync::{Mutex, RwLock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::stats::Stats;
use crate::time::Tick;
use crate::watch::Told;
use crate::{
    ActiveRun, Alarm, Change, Clock, Comparison, EngineError, EngineStats, EventFeed, EventHook, Limits,
    MappingView, Pass, Phase, Progress, Quiet, RunKind, RunReport, RunResult, Scope, StateStore, Structure,
    StructureReport, StructureState, Subject, SyncPlan, ValueProblems, Watcher,
};

/// The world around the engine.
#[derive(Clone)]
pub struct Ports {
    /// The object schema and mapping, and with them the views of both sides.
    pub structure: Arc<dyn Structure>,
    /// The event hook.
    pub hook: Arc<dyn EventHook>,
    /// What is remembered.
    pub store: Arc<dyn StateStore>,
    /// The directory's log; without it only the hook tells of changes.
    pub feed: Option<Arc<dyn EventFeed>>,
    /// Who is told when something is wrong.
    pub alarm: Arc<dyn Alarm>,
    /// Who watches the runs.
    pub watcher: Arc<dyn Watcher>,
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
    /// How long an execution that nobody remembers may wait for records before it is cancelled: its start was not told, or
    /// its process is gone.
    pub orphan_limit: Duration,
    /// How much older than its event an object may be before it is read again: events are logged after the change.
    pub event_tolerance: Duration,
    /// How far back of its last beginning a delta pass reads: the directory's filters lag.
    pub overlap: Duration,
    /// How old an unfinished pass may be to be gone on with.
    pub pass_life: Duration,
    /// How long a worker may take over what it looks at.
    pub lease: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            concurrency: 8,
            page: 1000,
            batch: 2000,
            busy_limit: Duration::from_mins(30),
            orphan_limit: Duration::from_secs(30),
            event_tolerance: Duration::from_secs(5),
            overlap: Duration::from_mins(5),
            pass_life: Duration::from_hours(24),
            lease: Duration::from_hours(1),
        }
    }
}

/// Keeps one import source equal to one directory.
pub struct Engine {
    pub(crate) ports: Ports,
    pub(crate) options: EngineOptions,
    /// Held while an execution is open: there is one at a time.
    pub(crate) lane: Mutex<()>,
    /// Held while a pass reads and sends: there is one at a time.
    pub(crate) passes: Mutex<()>,
    /// Held for reading from a look at objects until what was read is confirmed. A pass begins when nobody holds it: the
    /// confirmed records that it takes memberships from are then no older than its beginning.
    pub(crate) looking: RwLock<()>,
    pub(crate) stats: Stats,
    /// The clock as it was looked at last.
    pub(crate) tick: std::sync::Mutex<Option<Tick>>,
    /// Held while the structure in Assets is compared and extended for sending.
    pub(crate) schemas: Mutex<()>,
    /// The view that records are made and sent by; `None` until the schemas were compared. Replaced as a whole while
    /// `schemas` is held, and only then.
    pub(crate) view: std::sync::Mutex<Option<MappingView>>,
    /// Attributes that objects carry and that the directory's schema did not define when it was read for their sake.
    pub(crate) outside: std::sync::Mutex<BTreeSet<(ObjectKind, String)>>,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// The record's field.
    pub field: String,
    /// What was confirmed last; null for a new object.
    pub old: Value,
    /// What would be sent.
    pub new: Value,
}

/// One object of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectChange {
    /// Which.
    pub key: RecordKey,
    /// What people call it, where that is known.
    pub name: Option<String>,
    /// What would happen to it.
    pub change: Change,
    /// The fields that differ.
    pub fields: Vec<FieldChange>,
}

impl Engine {
    /// An engine over these ports.
    pub fn new(ports: Ports, options: EngineOptions) -> Self {
        Self {
            ports,
            options,
            lane: Mutex::new(()),
            passes: Mutex::new(()),
            looking: RwLock::new(()),
            stats: Stats::default(),
            tick: std::sync::Mutex::default(),
            schemas: Mutex::new(()),
            view: std::sync::Mutex::default(),
            outside: std::sync::Mutex::default(),
        }
    }

    /// What happened since the start of the process.
    pub fn stats(&self) -> EngineStats {
        self.stats.read()
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
        let progress = &self.tell(RunKind::Plan, progress);
        let (structure, run) = self.begin_plan(progress).await?;
        let plan = self.plan_everything(&run, progress, stop).await;
        self.show(&run, structure, plan, progress).await
    }

    async fn plan_everything(
        &self,
        run: &ActiveRun,
        progress: &dyn Progress,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        // Shown whatever it holds: what the limits say of it is for whoever approves it.
        let limits = Limits { accept_shrink: true, ..self.options.limits };
        let mut pass = Pass::new(Scope::Full, self.reading(run).await?, run.view.rules());
        self.read_pass(run, &mut pass, &limits, progress, stop).await
    }

    /// Completes a plan; of one that failed nothing is kept.
    async fn show(
        &self,
        run: &ActiveRun,
        structure: StructureReport,
        plan: Result<SyncPlan, EngineError>,
        progress: &Told<'_>,
    ) -> Result<SyncPlan, EngineError> {
        progress.ended(&RunReport::default());
        match plan {
            Ok(mut plan) => {
                plan.problems.extend(plan.value_problems.lines().into_iter().chain(plan.unreadable.rest()));
                Ok(SyncPlan { structure: Some(structure), labels: run.view.labels(), ..plan })
            }
            Err(error) => {
                self.ports.store.end_run(run.id, &RunReport::default(), self.now()).await?;
                Err(error)
            }
        }
    }

    /// The schemas as they would be, and the run that the plan is made under.
    async fn begin_plan(&self, progress: &Told<'_>) -> Result<(StructureReport, ActiveRun), EngineError> {
        progress.begin(Phase::Structure, None);
        let Comparison { report, view } =
            self.ports.structure.preview().await.map_err(EngineError::Structure)?;
        progress.end(Phase::Structure);
        let run = self.begin(RunKind::Plan, view).await?;
        progress.began(run.id);
        Ok((report, run))
    }

    /// The objects of a plan with old and new values, by key; at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn changes(
        &self,
        plan: &SyncPlan,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<ObjectChange>, EngineError> {
        let mut changes = Vec::new();
        for staged in self.ports.store.staged(plan.run, after, limit).await? {
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
            let name = plan.name(&staged.record);
            changes.push(ObjectChange { key: staged.record.key, name, change: staged.change, fields });
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

    /// Reads everything and sends what differs from what was confirmed. Goes on where a run was that was cut off.
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
        self.pass(Scope::Full, limits, progress, stop, async |_| Ok(())).await
    }

    /// Reads what changed since a time and sends what differs. Goes on where such a run was that was cut off.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub async fn reconcile(
        &self,
        since: Timestamp,
        progress: &dyn Progress,
        stop: &CancellationToken,
    ) -> Result<RunReport, EngineError> {
        self.pass(Scope::Since(since), &self.options.limits, progress, stop, async |_| Ok(())).await
    }

    /// Reads and sends what a scope holds. `begun` learns the run.
    pub(crate) async fn pass(
        &self,
        scope: Scope,
        limits: &Limits,
        progress: &dyn Progress,
        stop: &CancellationToken,
        begun: impl AsyncFnOnce(RunId) -> Result<(), EngineError>,
    ) -> Result<RunReport, EngineError> {
        let _passes = self.passes.lock().await;
        let progress = &self.tell(scope.run_kind(), progress);
        let mut report = RunReport::default();
        let view = self.prepare(scope == Scope::Full, &mut report, progress).await?;
        self.clear_all_kept(&view, stop).await?;
        self.send_unconfirmed(stop).await?;
        let begins = self.looking.write().await;
        let (run, mut pass, resumed) = self.take_up(scope, view).await?;
        drop(begins);
        progress.began(run.id);
        report.resumed = resumed;
        if limits.accept_shrink && !pass.accept_shrink {
            pass.accept_shrink = true;
            self.ports.store.save_pass(run.id, &pass).await?;
        }
        let limits = &Limits { accept_shrink: pass.accept_shrink, ..*limits };
        begun(run.id).await?;
        let run = &run;
        self.conclude(run, scope.run_kind(), report, progress, async |report| {
            let plan = self.read_pass(run, &mut pass, limits, progress, stop).await?;
            for (&kind, counts) in &plan.kinds {
                report.counts(kind).read = counts.read;
                report.marked += counts.retire;
            }
            plan.problems.iter().for_each(|p| report.note(p.clone()));
            report.unreadable.clone_from(&plan.unreadable);
            report.value_problems.clone_from(&plan.value_problems);
            self.ports.store.ask_unread(run.id, self.now()).await?;
            self.apply(run, plan.approve(limits)?, report, progress, stop).await?;
            self.send_rest(stop).await?;
            report.cleared += self.clear_all_kept(&run.view, stop).await?;
            if let (Some(bookmark), Scope::Full | Scope::Since(_)) = (pass.bookmark, scope) {
                self.ports.store.remember_bookmark(bookmark).await?;
            }
            if scope == Scope::Full {
                if limits.accept_shrink {
                    self.ports.store.release_blocked().await?;
                } else {
                    self.ports.store.unblock().await?;
                }
                self.ports.store.remember_selection(&run.view.directory.selection()).await?;
                self.stats.settled(self.settle_given_up(run, &pass).await?);
            }
            Ok(())
        })
        .await
    }

    /// The unfinished pass of this scope, if it is fit to be gone on with, or a new one.
    async fn take_up(&self, scope: Scope, view: MappingView) -> Result<(ActiveRun, Pass, bool), EngineError> {
        let (now, mapping) = (self.now(), self.rules(&view).await?);
        while let Some((run, pass)) = self.ports.store.unfinished_pass().await? {
            let fresh = now.duration_since(pass.began).unsigned_abs() < self.options.pass_life;
            // One of an earlier version did not number its reading.
            let is_ordered = pass.reading.number > 0;
            if pass.scope.goes_on_as(scope) && pass.mapping == mapping && fresh && is_ordered {
                tracing::info!(%run, stage = ?pass.stage, "going on where the last run was");
                return Ok((ActiveRun { id: run, kind: scope.run_kind(), view }, pass, true));
            }
            let report = RunReport {
                result: RunResult::Failed,
                error: Some("cut off, and not gone on with; nothing was half done".into()),
                ..RunReport::default()
            };
            self.ports.store.end_run(run, &report, now).await?;
        }
        let run = self.begin(scope.run_kind(), view).await?;
        let mut pass = Pass::new(scope, self.reading(&run).await?, mapping);
        pass.bookmark = run.view.directory.time();
        self.ports.store.save_pass(run.id, &pass).await?;
        Ok((run, pass, false))
    }

    /// Sends again what Assets did not account for and what is due. Gives what became of it, unless nothing was due.
    pub(crate) async fn send_unconfirmed(
        &self,
        stop: &CancellationToken,
    ) -> Result<Option<RunReport>, EngineError> {
        if self.ports.store.next_retry().await?.is_none_or(|due| due > self.now()) {
            return Ok(None);
        }
        let run = &self.begin(RunKind::Retry, self.view_in_force().await?).await?;
        let told = &self.tell(RunKind::Retry, &Quiet);
        told.began(run.id);
        self.ports.store.stage_unconfirmed(run.id, self.now()).await?;
        self.resolve_staged(run.id, false, &mut ValueProblems::default()).await?;
        let staged = self.ports.store.staged_counts(run.id).await?;
        let plan = SyncPlan::new(run.id, &BTreeMap::new(), &staged, &BTreeMap::new());
        let sent = self.conclude(run, RunKind::Retry, RunReport::default(), told, async |report| {
            self.apply(run, plan.approved_before(), report, told, stop).await
        });
        sent.await.map(Some)
    }

    /// Reads some objects and says what [`sync_some`](Self::sync_some) would do. Sends nothing.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub async fn plan_some(
        &self,
        subjects: &[Subject],
        progress: &dyn Progress,
        stop: &CancellationToken,
    ) -> Result<SyncPlan, EngineError> {
        let progress = &self.tell(RunKind::Plan, progress);
        let (structure, run) = self.begin_plan(progress).await?;
        let (mut report, believed) = (RunReport::default(), HashSet::new());
        let looked = tokio::select! {
            biased;
            () = stop.cancelled() => Err(EngineError::Stopped),
            // Nothing of it is sent, so nothing has to wait for a pass, or be asked for.
            looked = self.look_at(&run, subjects.iter().cloned(), &believed, true, &mut report, progress) => looked,
        };
        let plan = looked.map(|looked| SyncPlan {
            problems: report.messages,
            unreadable: report.unreadable,
            value_problems: report.value_problems,
            ..looked.plan
        });
        self.show(&run, structure, plan, progress).await
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
        let progress = &self.tell(RunKind::Some, progress);
        let mut report = RunReport::default();
        let view = self.prepare(false, &mut report, progress).await?;
        let run = &self.begin(RunKind::Some, view).await?;
        progress.began(run.id);
        let _looking = self.looking.read().await;
        let alone = self.passes.try_lock().ok();
        self.conclude(run, RunKind::Some, report, progress, async |report| {
            let (named, believed) = (subjects.iter().cloned(), HashSet::new());
            let looked = self.look_at(run, named, &believed, alone.is_some(), report, progress).await?;
            self.ask_for_members(&looked).await?;
            let unread: Vec<RecordKey> = looked.states.failed.keys().cloned().collect();
            self.ports.store.leave_unread(run.id, &unread).await?;
            self.ports.store.ask_unread(run.id, self.now()).await?;
            self.apply(run, looked.plan.approve(&self.options.limits)?, report, progress, stop).await?;
            self.send_rest(stop).await?;
            report.cleared += self.clear_all_kept(&run.view, stop).await?;
            Ok(())
        })
        .await
    }

    /// Brings the object schema up to date before records that need it are made. A run that reads `everything` fills what
    /// is new by itself.
    async fn prepare(
        &self,
        everything: bool,
        report: &mut RunReport,
        progress: &dyn Progress,
    ) -> Result<MappingView, EngineError> {
        progress.begin(Phase::Structure, None);
        let Comparison { report: structure, view } = self.follow_structure(!everything).await?;
        if structure.state == StructureState::Missing {
            return Err(EngineError::NotSetUp);
        }
        report.add_structure(&structure);
        report.withheld = view.withheld();
        progress.end(Phase::Structure);
        Ok(view)
    }

    /// Begins a run that works by a view.
    pub(crate) async fn begin(&self, kind: RunKind, view: MappingView) -> Result<ActiveRun, EngineError> {
        Ok(ActiveRun { id: self.ports.store.begin_run(kind, self.now()).await?, kind, view })
    }

    /// Does the work of a run and closes the run whichever way the work ends. A pass that somebody can go on with stays
    /// open.
    pub(crate) async fn conclude(
        &self,
        run: &ActiveRun,
        kind: RunKind,
        mut report: RunReport,
        told: &Told<'_>,
        work: impl AsyncFnOnce(&mut RunReport) -> Result<(), EngineError>,
    ) -> Result<RunReport, EngineError> {
        let started = Instant::now();
        let requests = run.view.directory.requests();
        report.mapping = Some(run.view.version.clone());
        let span = tracing::info_span!("run", run = %run.id, kind = kind.as_str(), execution = tracing::field::Empty);
        let result = work(&mut report).instrument(span.clone()).await;
        report.put_into_words();
        report.seconds = started.elapsed().as_secs_f64();
        report.directory_requests = run.view.directory.requests() - requests;
        // Batches of events come by the second, and what they leave is told by the runs after them.
        if !matches!(kind, RunKind::Events | RunKind::Retry) {
            report.leave(self.outstanding().await?);
        }
        self.stats.run(&report);
        if let Err(error) = &result {
            report.result = RunResult::Failed;
            report.error = Some(crate::explain(error));
            report.hint = error.hint();
            if !matches!(error, EngineError::Stopped) {
                self.stats.failed(kind.as_str(), matches!(error, EngineError::Refused(_)));
            }
            span.in_scope(|| tracing::info!(error = report.error, "the run ended early"));
            let pass = matches!(kind, RunKind::Full | RunKind::Delta | RunKind::Users);
            let goes_on = pass && error.is_transient();
            // An execution whose end is unknown keeps its staged records until recovery has asked after it.
            let open = self.ports.store.open_executions().await?.iter().any(|open| open.run == run.id);
            if goes_on || open {
                told.ended(&report);
                return result.map(|()| report);
            }
        }
        self.ports.store.end_run(run.id, &report, self.now()).await?;
        told.ended(&report);
        if result.is_ok() && report.executions > 0 {
            let RunReport { result, seconds, directory_requests, .. } = &report;
            span.in_scope(|| tracing::info!(?result, seconds, directory_requests, "the run ended"));
        }
        result.map(|()| report)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}
