//! From what events name to staged changes.
//!
//! No value is ever taken from an event. The object is read back by id, together with whatever must exist before its
//! references can be resolved, and goes the same way as in a full run. An answer that is older than the event is asked
//! for again a little later.

use std::collections::HashSet;

use sync_model::RecordKey;
use tokio_util::sync::CancellationToken;

use crate::complete::{DOUBTS, object};
use crate::looked::Looked;
use crate::observer::Told;
use crate::{
    ActiveRun, Alert, AlertKind, Comparison, EngineError, Fact, Finding, NoopProgress, RunKind, RunReport,
    Subject, SyncPlan, WorkItem, WorkKind, engine::Engine, error_chain,
};

impl Engine {
    /// Handles what is due, as one run; `None` when nothing was.
    pub(crate) async fn process_events(
        &self,
        stop: &CancellationToken,
    ) -> Result<Option<RunReport>, EngineError> {
        let view = self.view_in_force().await?;
        let claim =
            self.ports.store.claim_work(WorkKind::Object, self.options.batch, self.now(), self.options.lease);
        let looks = claim.await?;
        if looks.is_empty() {
            return Ok(None);
        }
        let _looking = self.looking.read().await;
        // While no pass reads, memberships may be taken from confirmed records; none may begin before they are sent.
        let alone = self.passes.try_lock().ok();
        let run = match self.begin(RunKind::EventSync, view).await {
            Ok(run) => run,
            Err(error) => {
                self.ports.store.release_work(&looks).await?;
                return Err(error);
            }
        };
        let told = &self.tell(RunKind::EventSync, &NoopProgress);
        told.began(run.id);
        let outcome = self
            .conclude(&run, RunKind::EventSync, RunReport::default(), told, async |report| {
                let (looked, run) = self.look_for_events(&run, &looks, alone.is_some(), report, told).await?;
                self.ask_for_members(&looked).await?;
                self.ports.store.ask_unread(run.id, self.now()).await?;
                let Looked { plan, states, .. } = looked;
                for (held, reason) in self.apply_events(&run, plan, report, told, stop).await? {
                    self.block(&looks, &held, &reason).await?;
                }
                self.settle(&looks, &states).await?;
                self.requeue_unblocked().await
            })
            .await;
        match outcome {
            Ok(report) => Ok(Some(report)),
            Err(error) => {
                // Nothing that was looked at is to blame: it is looked at again as soon as it works again.
                self.ports.store.release_work(&looks).await?;
                Err(error)
            }
        }
    }

    /// Applies what was read. What the limits forbid is held back, and everything else is applied. The objects that are
    /// held back are given, with the reasons.
    async fn apply_events(
        &self,
        run: &ActiveRun,
        mut plan: SyncPlan,
        report: &mut RunReport,
        told: &Told<'_>,
        stop: &CancellationToken,
    ) -> Result<Vec<(HashSet<RecordKey>, String)>, EngineError> {
        let mut held_back = Vec::new();
        loop {
            let refusal = match plan.approve(&self.options.safeguards) {
                Ok(approved) => {
                    self.apply(run, approved, report, told, stop).await?;
                    return Ok(held_back);
                }
                Err(refusal) => refusal,
            };
            let held = match refusal.suspects() {
                Some(suspects) => self.ports.store.unstage(run.id, &suspects).await?,
                None => Vec::new(),
            };
            if held.is_empty() {
                return Err(refusal.into());
            }
            let reason = refusal.to_string();
            let finding = Finding::error(Fact::SafeguardTriggered { violation: refusal });
            self.alert(AlertKind::SafeguardTriggered, finding);
            self.stats.failed(RunKind::EventSync.as_str(), true);
            report.note(reason.clone());
            held_back.push((held.into_iter().collect(), reason));
            // What is held back keeps the references to it.
            self.resolve_staged(run.id, false, &mut report.value_problems).await?;
            plan = self.plan_of(run, report).await?;
        }
    }

    /// Reads what the looks name; when the schema has grown, extends the mapping first and reads again. Gives the run under
    /// the mapping that counts in the end.
    async fn look_for_events(
        &self,
        run: &ActiveRun,
        looks: &[WorkItem],
        alone: bool,
        report: &mut RunReport,
        told: &Told<'_>,
    ) -> Result<(Looked, ActiveRun), EngineError> {
        // A 404 is believed at once only of what somebody said was deleted.
        let doubtful: HashSet<RecordKey> = looks
            .iter()
            .filter(|look| !look.expect_deleted && look.attempts < DOUBTS)
            .filter_map(|look| object(&look.subject))
            .collect();
        let subjects = || looks.iter().map(|look| look.subject.clone());
        let before = report.clone();
        let looked = self.look_at(run, subjects(), &doubtful, alone, report, told).await?;
        if !self.may_have_grown(&looked.unmapped) {
            return Ok((looked, run.clone()));
        }
        let Comparison { report: structure, view } = match self.follow_structure(true).await {
            Ok(compared) => compared,
            // What can be stored need not wait for what cannot.
            Err(error @ (EngineError::TargetSchema(_) | EngineError::StructureChanged)) => {
                tracing::warn!(error = %error_chain(&error), "the object schema cannot follow the directory's yet");
                self.ports.store.enqueue(&Subject::Schema, self.now()).await?;
                return Ok((looked, run.clone()));
            }
            Err(error) => return Err(error),
        };
        report.add_structure(&structure);
        if structure.added_attributes.is_empty() {
            self.remember_outside(looked.unmapped.iter().cloned());
            return Ok((looked, run.clone()));
        }
        // What was outside the schema then may be in it now.
        *report = before;
        report.add_structure(&structure);
        tracing::info!(attributes = ?structure.added_attributes, "the directory's schema has grown; the object schema follows");
        report.mapping_version = Some(view.version.clone());
        let run = ActiveRun { view, ..run.clone() };
        let looked = self.look_at(&run, subjects(), &doubtful, alone, report, told).await?;
        Ok((looked, run))
    }

    pub(crate) fn alert(&self, kind: AlertKind, finding: Finding) {
        self.ports.alerts.send(Alert::firing(kind, finding, self.now()));
    }
}
