//! Deletes long-retired objects from Assets. No other code deletes objects, and it requires an administrator's command.
//!
//! Each object is first read by ID: an existing object isn't deleted but synced. An object's record is deleted after
//! the object, with an audit entry; an interrupted deletion completes the next time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::Serialize;
use sync_model::{GroupId, ObjectKind, RecordKey, UserId};
use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, error_chain};
use crate::domain::inbox::Subject;
use crate::domain::retired_object::{ObjectAuditEntry, RetiredObject};
use crate::domain::safeguards::exceeds;
use crate::domain::schema_report::SchemaState;
use crate::domain::violation::SafeguardViolation;
use crate::engine::basics::Basics;
use crate::engine::clock::ClockWatch;
use crate::engine::context::Context;
use crate::engine::locks::ExecutionGuard;
use crate::import::imports::Imports;
use crate::ports::target_schema::Comparison;
use crate::ports::view::MappingView;
use crate::sync::read::Reads;
use crate::sync::schema_evolution::Schemas;

/// The number of objects that are read and deleted between two checks for interruption.
const TOGETHER: usize = 50;

/// Options of pruning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PruneOptions {
    /// The time since an object was retired.
    pub older_than: Duration,
    /// The maximum number of objects.
    pub limit: u32,
    /// Maximum percentage of the objects of a kind, from 0 to 100.
    pub max_percent: f64,
    /// True if an administrator overrides the safeguard.
    pub override_safeguards: bool,
}

impl Default for PruneOptions {
    fn default() -> Self {
        Self {
            older_than: Duration::from_hours(24 * 30),
            limit: 1000,
            max_percent: 20.0,
            override_safeguards: false,
        }
    }
}

/// An object that could be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PruneCandidate {
    /// The object and the time of its retirement.
    #[serde(flatten)]
    pub object: RetiredObject,
    /// Its keys in Assets; empty if it no longer exists there.
    pub in_assets: Vec<String>,
}

/// The objects that can be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrunePlan {
    /// The objects, the longest retired first.
    pub objects: Vec<PruneCandidate>,
    /// The number of objects beyond the limit.
    pub omitted: u64,
}

/// The outcome for one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome", content = "reason")]
pub enum PruneOutcome {
    /// It was deleted.
    Deleted,
    /// It had been deleted before.
    AlreadyDeleted,
    /// The directory has the object; it is synced instead.
    Exists,
    /// It did not work.
    Failed(String),
}

/// An object and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PruneResult {
    /// The object's key.
    pub key: RecordKey,
    /// Its keys in Assets.
    pub in_assets: Vec<String>,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: PruneOutcome,
}

/// The result of pruning.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PruneReport {
    /// The objects, as far as it went.
    pub objects: Vec<PruneResult>,
    /// The reason for an early end.
    pub stopped: Option<String>,
}

impl PruneReport {
    /// The number of outcomes that a predicate accepts.
    pub fn count(&self, test: impl Fn(&PruneOutcome) -> bool) -> u64 {
        self.objects.iter().filter(|object| test(&object.outcome)).count() as u64
    }
}

/// Deletes retired objects.
pub(crate) struct Prune {
    context: Arc<Context>,
    schemas: Arc<Schemas>,
    clock: Arc<ClockWatch>,
    imports: Arc<Imports>,
    reads: Arc<Reads>,
}

impl Prune {
    pub(crate) fn new(basics: &Basics, reads: Arc<Reads>) -> Self {
        Self {
            context: Arc::clone(&basics.context),
            schemas: Arc::clone(&basics.schemas),
            clock: Arc::clone(&basics.clock),
            imports: Arc::clone(&basics.imports),
            reads,
        }
    }

    /// Lists objects that can be deleted from Assets. Changes nothing.
    pub(crate) async fn plan(&self, options: &PruneOptions) -> Result<PrunePlan, EngineError> {
        let Comparison { report, view } =
            self.context.ports.target_schema.compare().await.map_err(EngineError::TargetSchema)?;
        let objects = view.account()?;
        if report.state == SchemaState::Missing {
            return Err(EngineError::SetupRequired);
        }
        // Ages follow the clock that retired the objects; another clock makes no object older.
        self.clock.watch().await?;
        let now = self.context.now();
        let before = now.checked_sub(options.older_than).unwrap_or(Timestamp::MIN);
        let all = self.context.store().count_retired_before(before).await?;
        let gone = self.context.store().retired_before(before, options.limit).await?;
        let keys: Vec<RecordKey> = gone.iter().map(|object| object.key.clone()).collect();
        let mut found = objects.find(&keys).await.map_err(EngineError::TargetObjects)?;
        let found: Vec<PruneCandidate> = gone
            .into_iter()
            .map(|object| PruneCandidate { in_assets: found.remove(&object.key).unwrap_or_default(), object })
            .collect();
        Ok(PrunePlan { omitted: all.saturating_sub(found.len() as u64), objects: found })
    }

    /// Checks a plan against the limits.
    pub(crate) async fn check(&self, plan: &PrunePlan, options: &PruneOptions) -> Result<(), EngineError> {
        let mut counts: BTreeMap<ObjectKind, u64> = BTreeMap::new();
        for candidate in &plan.objects {
            *counts.entry(candidate.object.key.kind).or_default() += 1;
        }
        let objects = self.context.store().object_counts().await?;
        for (kind, pruned) in counts {
            let known = objects.get(&kind).map_or(0, |counts| counts.current + counts.retired);
            if !options.override_safeguards && exceeds(pruned, 0, known, options.max_percent) {
                let max_percent = options.max_percent;
                return Err(
                    SafeguardViolation::TooManyPruned { kind, pruned, total: known, max_percent }.into()
                );
            }
        }
        Ok(())
    }

    /// Deletes the objects of a plan, after the limits were checked and each object was looked up in the directory.
    pub(crate) async fn prune(
        &self,
        plan: &PrunePlan,
        options: &PruneOptions,
        stop: &CancellationToken,
    ) -> Result<PruneReport, EngineError> {
        let view = &self.schemas.active_view().await?;
        view.account()?;
        self.check(plan, options).await?;
        self.require_visible_objects(view, plan).await?;
        let mut report = PruneReport::default();
        for part in plan.objects.chunks(TOGETHER) {
            if stop.is_cancelled() {
                report.stopped = Some(EngineError::Interrupted.to_string());
                break;
            }
            let pruned = {
                let guard = self.imports.exclusive(view, None).await?;
                self.prune_some(&guard, view, part).await?
            };
            let failed = pruned.iter().filter_map(|object| match &object.outcome {
                PruneOutcome::Failed(reason) => Some(reason.clone()),
                _ => None,
            });
            let failed: Vec<String> = failed.collect();
            // The next ones would fare no better.
            let all_failed = !pruned.is_empty() && failed.len() == pruned.len();
            report.objects.extend(pruned);
            if all_failed {
                report.stopped = failed.into_iter().next();
                break;
            }
        }
        Ok(report)
    }

    /// A service app without an admin role reads nothing: a 404 then proves little.
    async fn require_visible_objects(&self, view: &MappingView, plan: &PrunePlan) -> Result<(), EngineError> {
        let counts = self.context.store().object_counts().await?;
        for kind in [ObjectKind::User, ObjectKind::Group] {
            let known = counts.get(&kind).map_or(0, |counts| counts.current);
            if known == 0 || !plan.objects.iter().any(|p| p.object.key.kind == kind) {
                continue;
            }
            let empty = match kind {
                ObjectKind::Group => view.directory.groups(None, None).await.map(|p| p.items.is_empty()),
                _ => view.directory.users(None, None).await.map(|p| p.items.is_empty()),
            };
            if empty.map_err(EngineError::Directory)? {
                return Err(SafeguardViolation::EmptyListing { kind, total: known }.into());
            }
        }
        Ok(())
    }

    async fn prune_some(
        &self,
        _: &ExecutionGuard<'_>,
        view: &MappingView,
        part: &[PruneCandidate],
    ) -> Result<Vec<PruneResult>, EngineError> {
        let keys: Vec<RecordKey> = part.iter().map(|candidate| candidate.object.key.clone()).collect();
        // The object may have returned since the plan was made.
        let known = self.context.store().record_states(&keys).await?;
        let pruned: BoxStream<'_, Result<PruneResult, EngineError>> = stream::iter(part)
            .filter(|candidate| {
                std::future::ready(known.get(&candidate.object.key).is_some_and(|known| known.retired))
            })
            .map(|candidate| self.prune_one(view, candidate))
            .buffered(self.context.options.concurrency)
            .boxed();
        pruned.try_collect().await
    }

    async fn prune_one(
        &self,
        view: &MappingView,
        candidate: &PruneCandidate,
    ) -> Result<PruneResult, EngineError> {
        let key = candidate.object.key.clone();
        let pruned = |in_assets, result| PruneResult { key: key.clone(), in_assets, outcome: result };
        match self.subject_of_existing(view, &key).await {
            Ok(None) => {}
            Ok(Some(subject)) => {
                self.context.store().enqueue(&subject, self.context.now()).await?;
                return Ok(pruned(candidate.in_assets.clone(), PruneOutcome::Exists));
            }
            Err(EngineError::Directory(error)) => {
                return Ok(pruned(candidate.in_assets.clone(), PruneOutcome::Failed(error_chain(&error))));
            }
            Err(error) => return Err(error),
        }
        let deleted = match view.account()?.delete(&key).await {
            Ok(deleted) => deleted,
            Err(error) => {
                return Ok(pruned(candidate.in_assets.clone(), PruneOutcome::Failed(error_chain(&error))));
            }
        };
        let (what, result) = if deleted.is_empty() {
            ("found deleted", PruneOutcome::AlreadyDeleted)
        } else {
            ("deleted", PruneOutcome::Deleted)
        };
        let since = candidate.object.retired_at;
        let detail = if deleted.is_empty() {
            format!("retired since {since:.0}")
        } else {
            format!("{} in Assets, retired since {since:.0}", deleted.join(", "))
        };
        let line = ObjectAuditEntry {
            occurred_at: self.context.now(),
            action: what.to_owned(),
            object: key.to_string(),
            detail,
        };
        tracing::info!(target: "audit", what, key = %line.object, detail = %line.detail, "pruned");
        self.context.store().delete_record(&key, &line).await?;
        Ok(pruned(deleted, result))
    }

    /// The subject to sync if the directory has the object and it is in scope.
    async fn subject_of_existing(
        &self,
        view: &MappingView,
        key: &RecordKey,
    ) -> Result<Option<Subject>, EngineError> {
        let directory = &view.directory;
        match key.kind {
            ObjectKind::User => {
                let id = UserId::new(key.id.clone());
                let user = self.reads.read_user(view, &id).await?;
                Ok(user.filter(|user| user.observed.in_scope).map(|_| Subject::User(id)))
            }
            ObjectKind::Group => {
                let id = GroupId::new(key.id.clone());
                let group = directory.group(&id).await.map_err(EngineError::Directory)?;
                Ok(group.filter(|group| group.in_scope).map(|_| Subject::Group(id)))
            }
            ObjectKind::Membership => self.subject_of_membership(view, key).await,
        }
    }

    /// A membership has no ID in the directory; the user's groups are read.
    async fn subject_of_membership(
        &self,
        view: &MappingView,
        key: &RecordKey,
    ) -> Result<Option<Subject>, EngineError> {
        let Some(record) = self.context.store().confirmed_record(key).await? else { return Ok(None) };
        let end = |kind: ObjectKind| record.references.iter().find(|reference| reference.kind == kind);
        let (Some(group), Some(user)) = (end(ObjectKind::Group), end(ObjectKind::User)) else {
            return Ok(None);
        };
        let (group, user) =
            (GroupId::new(group.reference_key.clone()), UserId::new(user.reference_key.clone()));
        let directory = &view.directory;
        let is_member = directory.user(&user).await.map_err(EngineError::Directory)?.is_some()
            && directory
                .groups_of(&user)
                .await
                .map_err(EngineError::Directory)?
                .is_some_and(|of| of.contains(&group));
        Ok(is_member.then_some(Subject::Membership { group, user }))
    }
}
