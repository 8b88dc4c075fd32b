//! What becomes of looks once their objects were read: struck off, looked at again a little later, or given up.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sync_model::RecordKey;

use crate::looked::{Failure, States};
use crate::{
    ActiveRun, AlertKind, EngineError, Fact, Finding, SafeguardViolation, Subject, Task, ViolatingChanges,
    WorkItem, engine::Engine,
};

/// How often an object that is older than its event is read again before it is taken as it is.
const MAX_STALE_READS: u32 = 6;
/// How soon after the change its event is published. An object that changed so much earlier than its event may lack the
/// change that the event tells, or the event tells of something that objects do not show.
const EVENT_DELAY: SignedDuration = SignedDuration::from_millis(500);
/// How often an object that should vanish is looked at: some twenty minutes.
const MAX_DELETION_READS: u32 = 10;
/// How often an object is read again that is not there although nobody said it was deleted, or that is a little older than
/// its event: replicas lag.
pub(crate) const DOUBTS: u32 = 2;
/// After so many attempts it is told that an object cannot be read.
const TOLD_AFTER: u32 = 3;
/// How often a failing look is tried before its events are given up.
const MAX_ATTEMPTS: u32 = 12;

impl Engine {
    /// Strikes off what was looked at, except what has to be looked at again a little later.
    pub(crate) async fn settle(&self, looks: &[WorkItem], states: &States) -> Result<(), EngineError> {
        let now = self.now();
        let (failed, read): (Vec<WorkItem>, Vec<WorkItem>) =
            looks.iter().cloned().partition(|look| failure(&look.subject, states).is_some());
        let mut stuck = None;
        for look in &failed {
            let Some(failure) = failure(&look.subject, states) else { continue };
            if failure.transient {
                // What stands on the way says nothing about the object, so its events are not given up for it.
                self.ports
                    .store
                    .requeue_work(std::slice::from_ref(look), later(now, look.attempts, 1))
                    .await?;
                stuck = stuck.or((look.attempts == TOLD_AFTER).then_some(&failure.reason));
            } else {
                self.put_off(std::slice::from_ref(look), &failure.reason).await?;
            }
        }
        if let Some(reason) = stuck {
            let (task, error, occurrences) = (Task::Events, reason.clone(), TOLD_AFTER.into());
            let finding = Finding::warning(Fact::TaskFailing { task, error, occurrences });
            self.alert(AlertKind::SyncStalled, finding);
        }
        let (again, settled): (Vec<WorkItem>, Vec<WorkItem>) =
            read.into_iter().partition(|look| self.is_stale(look, states));
        let mut by_attempts: BTreeMap<u32, Vec<WorkItem>> = BTreeMap::new();
        for look in again {
            by_attempts.entry(look.attempts).or_default().push(look);
        }
        for (attempts, looks) in by_attempts {
            self.ports.store.requeue_work(&looks, later(now, attempts, 1)).await?;
        }
        for event in settled.iter().filter_map(|look| look.not_older_than) {
            self.stats.latency(Duration::try_from(now.duration_since(event)).unwrap_or_default());
        }
        self.stats.settled(self.ports.store.complete_work(&settled, now).await?);
        Ok(())
    }

    /// Whether the answer is older than what the event tells.
    fn is_stale(&self, look: &WorkItem, states: &States) -> bool {
        let tolerance = SignedDuration::try_from(self.options.event_tolerance).unwrap_or(SignedDuration::MAX);
        if let Subject::Membership { group, user } = &look.subject {
            if states.unselected.contains(user) || states.closed.contains(group) {
                return false;
            }
            let is_member = states.groups.get(user).is_some_and(|groups| groups.contains(group));
            // What the newest event says need not be true any more, so this has an end.
            return is_member == look.expect_deleted && look.attempts < MAX_STALE_READS;
        }
        if let Subject::GroupMembers(group) = &look.subject {
            return states.unlisted.contains(group) && look.attempts < MAX_ATTEMPTS;
        }
        let Some(state) = object(&look.subject).and_then(|key| states.objects.get(&key)) else {
            return false;
        };
        match state {
            None => !look.expect_deleted && look.attempts < DOUBTS,
            Some(_) if look.expect_deleted => look.attempts < MAX_DELETION_READS,
            Some(last_updated) => {
                let age = look
                    .not_older_than
                    .map_or(SignedDuration::ZERO, |event| event.duration_since(*last_updated));
                let reads = match age {
                    age if age > tolerance => MAX_STALE_READS,
                    age if age > EVENT_DELAY => DOUBTS,
                    _ => 0,
                };
                look.attempts < reads
            }
        }
    }

    /// Blocks the objects that violate a safeguard, with their events, until an override.
    pub(crate) async fn block(
        &self,
        looks: &[WorkItem],
        held: &HashSet<RecordKey>,
        reason: &str,
    ) -> Result<(), EngineError> {
        let is_held = |look: &&WorkItem| match &look.subject {
            Subject::Membership { user, .. } => held.contains(&RecordKey::user(user)),
            target => object(target).is_some_and(|key| held.contains(&key)),
        };
        let keys: Vec<RecordKey> = held.iter().cloned().collect();
        let looks: Vec<WorkItem> = looks.iter().filter(is_held).cloned().collect();
        Ok(self.ports.store.block(&keys, &looks, reason, self.now()).await?)
    }

    /// Requeues the blocked events none of whose objects is blocked any more.
    pub(crate) async fn requeue_unblocked(&self) -> Result<(), EngineError> {
        Ok(self.ports.store.requeue_unblocked(self.now()).await.map(drop)?)
    }

    /// Fails a pass that a safeguard forbids. The objects of the changes that are too many are remembered until they are
    /// sent, or a full run no longer finds them.
    pub(crate) async fn hold_back(
        &self,
        run: &ActiveRun,
        refusal: SafeguardViolation,
    ) -> Result<(), EngineError> {
        let store = &self.ports.store;
        let mut held = Vec::new();
        if let Some(suspects) = refusal.suspects() {
            held = store.unstage(run.id, &suspects).await?;
            if let (ViolatingChanges::Retired(kind), true) = (suspects, held.is_empty()) {
                // Refused before they were read one by one.
                let mut after: Option<String> = None;
                loop {
                    let page = store.unlisted(run.id, kind, after.as_deref(), self.options.page).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.key.id.clone());
                    held.extend(page.into_iter().map(|record| record.key));
                }
            }
        }
        store.block(&held, &[], &refusal.to_string(), self.now()).await?;
        Err(refusal.into())
    }

    /// Tries looks again later, and gives up those that were tried often enough.
    pub(crate) async fn put_off(&self, looks: &[WorkItem], reason: &str) -> Result<(), EngineError> {
        let now = self.now();
        let (hopeless, rest): (Vec<WorkItem>, Vec<WorkItem>) =
            looks.iter().cloned().partition(|look| look.attempts >= MAX_ATTEMPTS);
        for look in &rest {
            self.ports.store.requeue_work(std::slice::from_ref(look), later(now, look.attempts, 2)).await?;
        }
        if !hopeless.is_empty() {
            self.ports.store.fail_work(&hopeless, reason, now).await?;
            let (objects, error) = (hopeless.len() as u64, reason.to_owned());
            let fact = Fact::ObjectsFailed { objects, attempts: MAX_ATTEMPTS, error };
            self.alert(AlertKind::EventsFailed, Finding::error(fact));
        }
        Ok(())
    }
}

/// The reason for which a subject could not be read.
fn failure<'s>(subject: &Subject, states: &'s States) -> Option<&'s Failure> {
    let of = |key: &RecordKey| states.failed.get(key);
    match subject {
        Subject::Membership { group, user } => {
            of(&RecordKey::user(user)).or_else(|| of(&RecordKey::group(group)))
        }
        Subject::GroupMembers(group) => of(&RecordKey::group(group)),
        other => object(other).as_ref().and_then(of),
    }
}

/// The single object that a subject is.
pub(crate) fn object(subject: &Subject) -> Option<RecordKey> {
    match subject {
        Subject::User(id) => Some(RecordKey::user(id)),
        Subject::Group(id) => Some(RecordKey::group(id)),
        Subject::GroupMembers(_)
        | Subject::Membership { .. }
        | Subject::RecentChanges
        | Subject::EntireDirectory
        | Subject::Schema => None,
    }
}

/// A time that moves away with every attempt: `first` seconds, doubled each time, at most five minutes.
fn later(now: Timestamp, attempts: u32, first: u64) -> Timestamp {
    let pause = Duration::from_secs(first.saturating_mul(1 << attempts.min(16)).min(300));
    now.checked_add(pause).unwrap_or(now)
}
