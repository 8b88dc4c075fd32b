//! From what events name to staged changes.
//!
//! No value is ever taken from an event. The object is read back by id, together with whatever must exist before its
//! references can be resolved, and goes the same way as in a full run.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use sync_model::{GroupId, ObjectKind, Record, RecordKey, RunId, UserId};
use tokio_util::sync::CancellationToken;

use crate::{
    Change, EngineError, Look, Observed, Quiet, RunKind, RunReport, RunResult, Staged, Subject, SyncPlan,
    engine::Engine, read::classify,
};

/// How often an object that is older than its event is read again before it is taken as it is.
const MAX_STALE_READS: u32 = 6;
/// How often a failing look is tried before its events are given up.
const MAX_ATTEMPTS: u32 = 12;

/// What came of looking at objects.
pub(crate) struct Looked {
    /// What has to be sent.
    pub(crate) plan: SyncPlan,
    /// What the directory says of each object that was read, and nothing for those that are gone.
    states: HashMap<RecordKey, Option<Timestamp>>,
    /// Attributes that the mapping does not know yet.
    unmapped: bool,
}

/// What one batch of events led to.
pub(crate) enum Batch {
    /// Nothing was due.
    Empty,
    /// Some looks were settled; there may be more.
    Some(Box<RunReport>),
    /// An event asks for everything to be read.
    ReadAll(Vec<Look>),
}

impl Engine {
    /// Handles what is due, as one run.
    pub(crate) async fn process_events(&self, stop: &CancellationToken) -> Result<Batch, EngineError> {
        let looks = self.ports.store.due_looks(self.options.batch, self.now()).await?;
        if looks.is_empty() {
            return Ok(Batch::Empty);
        }
        if looks.iter().any(|look| look.target == Subject::Directory) {
            return Ok(Batch::ReadAll(looks));
        }
        let run = self.ports.store.begin_run(RunKind::Events, self.now()).await?;
        let outcome = self
            .conclude(run, RunReport::default(), async |report| {
                let looked = self.look_for_events(run, &looks, report).await?;
                let states = looked.states;
                self.apply(looked.plan.approved_one_by_one(), report, &Quiet, stop).await?;
                if report.result == RunResult::Incomplete {
                    return self.put_off(&looks, "Assets did not account for all records").await;
                }
                self.settle(&looks, &states).await
            })
            .await;
        match outcome {
            Ok(report) => Ok(Batch::Some(Box::new(report))),
            Err(error) => {
                // Stopping and a busy importer are nobody's fault and cost no attempt.
                if !matches!(error, EngineError::Stopped) {
                    self.put_off(&looks, &crate::explain(&error)).await?;
                }
                Err(error)
            }
        }
    }

    /// Reads what the looks name; when the schema has grown, extends the mapping first and reads again.
    async fn look_for_events(
        &self,
        run: RunId,
        looks: &[Look],
        report: &mut RunReport,
    ) -> Result<Looked, EngineError> {
        let subjects = || looks.iter().map(|look| look.target.clone());
        let looked = self.look_at(run, subjects(), report).await?;
        if !looked.unmapped {
            return Ok(looked);
        }
        let structure = self.ports.structure.apply().await.map_err(EngineError::Structure)?;
        report.add_structure(&structure);
        if structure.added_attributes.is_empty() {
            return Ok(looked);
        }
        tracing::info!(attributes = ?structure.added_attributes, "the directory's schema has grown; the object schema follows");
        self.look_at(run, subjects(), report).await
    }

    /// Reads objects by id, and with them the groups that must exist first and the former members of groups that have
    /// gone; stages what differs.
    pub(crate) async fn look_at(
        &self,
        run: RunId,
        subjects: impl Iterator<Item = Subject>,
        report: &mut RunReport,
    ) -> Result<Looked, EngineError> {
        let mut asked: HashSet<Subject> = HashSet::new();
        let mut wave: Vec<Subject> = subjects.filter(|subject| asked.insert(subject.clone())).collect();
        let mut states = HashMap::new();
        let mut unmapped = false;
        while !wave.is_empty() {
            let read_at = self.now();
            let read: BoxStream<'_, Result<(RecordKey, Option<Observed>), EngineError>> =
                stream::iter(std::mem::take(&mut wave))
                    .map(|subject| self.read_subject(subject))
                    .buffer_unordered(self.options.concurrency)
                    .try_filter_map(|read| async { Ok(read) })
                    .boxed();
            let read: Vec<(RecordKey, Option<Observed>)> = read.try_collect().await?;
            let mut found = Vec::new();
            let mut gone = Vec::new();
            for (key, observed) in read {
                report.counts(key.kind).read += 1;
                states
                    .insert(key.clone(), observed.as_ref().map(|o| o.last_updated.unwrap_or(Timestamp::MAX)));
                match observed {
                    Some(observed) => {
                        unmapped |= !observed.unmapped.is_empty();
                        found.push(observed);
                    }
                    None => gone.push(key),
                }
            }
            wave = self.next_wave(&found, &gone).await?;
            wave.retain(|subject| asked.insert(subject.clone()));
            self.stage_observed(run, found.into_iter(), read_at, report).await?;
            self.stage_gone(run, &gone, read_at).await?;
        }
        let staged = self.ports.store.staged_counts(run).await?;
        let census = self.ports.store.census().await?;
        let read = report.records.iter().map(|(&kind, counts)| (kind, counts.read)).collect();
        Ok(Looked { plan: SyncPlan::new(run, &read, &staged, &census), states, unmapped })
    }

    /// The object as it is now; `None` inside when it is gone, `None` when the subject is no single object.
    async fn read_subject(
        &self,
        subject: Subject,
    ) -> Result<Option<(RecordKey, Option<Observed>)>, EngineError> {
        Ok(match subject {
            Subject::User(id) => Some((RecordKey::user(&id), self.read_user(&id).await?)),
            Subject::Group(id) => {
                let group = self.ports.directory.group(&id).await.map_err(EngineError::Directory)?;
                Some((RecordKey::group(&id), group.map(|group| group.observed)))
            }
            Subject::Directory => None,
        })
    }

    /// What has to be read because of what was just read.
    async fn next_wave(&self, found: &[Observed], gone: &[RecordKey]) -> Result<Vec<Subject>, EngineError> {
        let mut wave = Vec::new();
        // A reference to a group that Assets does not hold yet would stay empty.
        let groups: Vec<RecordKey> = found
            .iter()
            .flat_map(|observed| &observed.record.references)
            .filter(|reference| reference.kind == ObjectKind::Group)
            .map(|reference| RecordKey { kind: ObjectKind::Group, id: reference.value.clone() })
            .collect::<HashSet<_>>()
            .into_iter()
            .collect();
        let known = self.ports.store.known(&groups).await?;
        wave.extend(
            groups
                .into_iter()
                .filter(|key| known.get(key).is_none_or(|known| known.gone))
                .map(|key| Subject::Group(GroupId::new(key.id))),
        );
        for key in gone.iter().filter(|key| key.kind == ObjectKind::Group) {
            let members = self.ports.store.referring_to(ObjectKind::Group, &key.id).await?;
            wave.extend(
                members
                    .into_iter()
                    .filter(|member| member.kind == ObjectKind::User)
                    .map(|member| Subject::User(UserId::new(member.id))),
            );
        }
        Ok(wave)
    }

    /// Stages the marks for objects that are gone; those never seen, and those marked already, need none.
    async fn stage_gone(
        &self,
        run: RunId,
        gone: &[RecordKey],
        read_at: Timestamp,
    ) -> Result<(), EngineError> {
        let known = self.ports.store.known(gone).await?;
        let mut changes = Vec::new();
        for key in gone.iter().filter(|key| known.get(*key).is_some_and(|known| !known.gone)) {
            if let Some(last) = self.ports.store.confirmed(key).await? {
                let record: Record = self.ports.directory.retire(&last);
                if classify(&record, known.get(key)).is_some() {
                    changes.push(Staged { change: Change::Retire, record, read_at });
                }
            }
        }
        Ok(self.ports.store.stage(run, gone, &changes).await?)
    }

    /// Strikes off what was looked at, except objects that are older than their event, or not gone yet though they
    /// should be: those are read again a little later.
    async fn settle(
        &self,
        looks: &[Look],
        states: &HashMap<RecordKey, Option<Timestamp>>,
    ) -> Result<(), EngineError> {
        let tolerance = SignedDuration::try_from(self.options.event_tolerance).unwrap_or(SignedDuration::MAX);
        let (again, settled): (Vec<Look>, Vec<Look>) = looks.iter().cloned().partition(|look| {
            let state = match &look.target {
                Subject::User(id) => states.get(&RecordKey::user(id)),
                Subject::Group(id) => states.get(&RecordKey::group(id)),
                Subject::Directory => None,
            };
            let Some(Some(last_updated)) = state else { return false };
            let stale = look
                .at_least
                .is_some_and(|event| last_updated.checked_add(tolerance).is_ok_and(|newest| newest < event));
            (stale || look.expects_gone) && look.attempts < MAX_STALE_READS
        });
        let now = self.now();
        for look in &again {
            self.ports.store.postpone(std::slice::from_ref(look), later(now, look.attempts, 1)).await?;
        }
        Ok(self.ports.store.settle(&settled, now).await?)
    }

    /// Tries looks again later, and gives up those that were tried often enough.
    pub(crate) async fn put_off(&self, looks: &[Look], reason: &str) -> Result<(), EngineError> {
        let now = self.now();
        let (hopeless, rest): (Vec<Look>, Vec<Look>) =
            looks.iter().cloned().partition(|look| look.attempts >= MAX_ATTEMPTS);
        for look in &rest {
            self.ports.store.postpone(std::slice::from_ref(look), later(now, look.attempts, 2)).await?;
        }
        if !hopeless.is_empty() {
            self.ports.store.bury(&hopeless, reason, now).await?;
        }
        Ok(())
    }
}

/// A time that moves away with every attempt: `first` seconds, doubled each time, at most five minutes.
fn later(now: Timestamp, attempts: u32, first: u64) -> Timestamp {
    let pause = Duration::from_secs(first.saturating_mul(1 << attempts.min(16)).min(300));
    now.checked_add(pause).unwrap_or(now)
}
