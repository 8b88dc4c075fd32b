//! Completes work items after their objects were read: they are removed, requeued, or failed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sync_model::RecordKey;

use crate::domain::alert::AlertKind;
use crate::domain::error::EngineError;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::inbox::{Subject, WorkItem};
use crate::domain::task::Task;
use crate::engine::context::Context;
use crate::sync::fetched::{Failure, ObjectVersions};

/// The number of times that an object older than its event is read again before it is accepted.
const MAX_STALE_READS: u32 = 6;
/// The publication delay of change events. An object that changed earlier than this before its event may lack the
/// event's change, or the event concerns something that objects don't contain.
const EVENT_DELAY: SignedDuration = SignedDuration::from_millis(500);
/// The number of times that an object is read while its deletion is expected: about twenty minutes.
const MAX_DELETION_READS: u32 = 10;
/// The number of times that an object is read again if it isn't found although no event deleted it, or if it is
/// slightly older than its event: replicas lag.
pub(crate) const NOT_FOUND_RETRIES: u32 = 2;
/// The number of attempts after which an unreadable object raises an alert.
const ALERT_AFTER: u32 = 3;
/// The number of attempts after which a work item fails.
const MAX_ATTEMPTS: u32 = 12;
/// The pause of listings that wait for the end of a sync.
const LISTING_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// Ends the work on the objects that events name.
pub(crate) struct WorkItems {
    context: Arc<Context>,
}

impl WorkItems {
    pub(crate) const fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Postpones listings of members, and returns the other work items: while a sync reads, no listing proves that a
    /// confirmed membership ended.
    pub(crate) async fn postpone_listings(&self, items: Vec<WorkItem>) -> Result<Vec<WorkItem>, EngineError> {
        let (listings, others): (Vec<WorkItem>, Vec<WorkItem>) =
            items.into_iter().partition(|item| matches!(item.subject, Subject::GroupMembers(_)));
        if !listings.is_empty() {
            let now = self.context.now();
            let until = now.checked_add(LISTING_PAUSE).unwrap_or(now);
            self.context.store().postpone_work(&listings, until).await?;
        }
        Ok(others)
    }

    /// Completes the processed work items, and requeues those whose objects are outdated.
    pub(crate) async fn complete(
        &self,
        items: &[WorkItem],
        states: &ObjectVersions,
    ) -> Result<(), EngineError> {
        let now = self.context.now();
        let (failed, read): (Vec<WorkItem>, Vec<WorkItem>) =
            items.iter().cloned().partition(|item| failure(&item.subject, states).is_some());
        let mut stuck = None;
        for item in &failed {
            let Some(failure) = failure(&item.subject, states) else { continue };
            if failure.transient {
                // An outage says nothing about the object, so its events don't fail because of it.
                self.context
                    .store()
                    .requeue_work(std::slice::from_ref(item), later(now, item.attempts, 1))
                    .await?;
                stuck = stuck.or((item.attempts == ALERT_AFTER).then_some(&failure.reason));
            } else {
                self.requeue_or_fail(std::slice::from_ref(item), &failure.reason).await?;
            }
        }
        if let Some(reason) = stuck {
            let (task, error, occurrences) = (Task::Events, reason.clone(), ALERT_AFTER.into());
            let finding = Finding::warning(Fact::TaskFailing { task, error, occurrences });
            self.context.alert(AlertKind::SyncStalled, finding);
        }
        let (again, completed): (Vec<WorkItem>, Vec<WorkItem>) =
            read.into_iter().partition(|item| self.is_stale(item, states));
        let mut by_attempts: BTreeMap<u32, Vec<WorkItem>> = BTreeMap::new();
        for item in again {
            by_attempts.entry(item.attempts).or_default().push(item);
        }
        for (attempts, items) in by_attempts {
            self.context.store().requeue_work(&items, later(now, attempts, 1)).await?;
        }
        for event in completed.iter().filter_map(|item| item.not_older_than) {
            self.context.stats.latency(Duration::try_from(now.duration_since(event)).unwrap_or_default());
        }
        self.context.stats.completed(self.context.store().complete_work(&completed, now).await?);
        Ok(())
    }

    /// True if the object is older than its event.
    fn is_stale(&self, item: &WorkItem, states: &ObjectVersions) -> bool {
        let tolerance =
            SignedDuration::try_from(self.context.options.event_tolerance).unwrap_or(SignedDuration::MAX);
        if let Subject::Membership { group, user } = &item.subject {
            if states.unselected.contains(user) || states.closed.contains(group) {
                return false;
            }
            let is_member = states.groups.get(user).is_some_and(|groups| groups.contains(group));
            // The newest event may be wrong, so the retries end.
            return is_member == item.expect_deleted && item.attempts < MAX_STALE_READS;
        }
        if let Subject::GroupMembers(group) = &item.subject {
            return states.unlisted.contains(group) && item.attempts < MAX_ATTEMPTS;
        }
        let Some(state) = object(&item.subject).and_then(|key| states.objects.get(&key)) else {
            return false;
        };
        match state {
            None => !item.expect_deleted && item.attempts < NOT_FOUND_RETRIES,
            Some(_) if item.expect_deleted => item.attempts < MAX_DELETION_READS,
            Some(last_updated) => {
                let age = item
                    .not_older_than
                    .map_or(SignedDuration::ZERO, |event| event.duration_since(*last_updated));
                let reads = match age {
                    age if age > tolerance => MAX_STALE_READS,
                    age if age > EVENT_DELAY => NOT_FOUND_RETRIES,
                    _ => 0,
                };
                item.attempts < reads
            }
        }
    }

    /// Blocks the objects that violate a safeguard, with their events, until an override.
    pub(crate) async fn block_work(
        &self,
        items: &[WorkItem],
        blocked: &HashSet<RecordKey>,
        finding: &Finding,
    ) -> Result<(), EngineError> {
        let is_blocked = |item: &&WorkItem| match &item.subject {
            Subject::Membership { user, .. } => blocked.contains(&RecordKey::user(user)),
            target => object(target).is_some_and(|key| blocked.contains(&key)),
        };
        let keys: Vec<RecordKey> = blocked.iter().cloned().collect();
        let items: Vec<WorkItem> = items.iter().filter(is_blocked).cloned().collect();
        Ok(self.context.store().block(&keys, &items, finding, self.context.now()).await?)
    }

    /// Requeues the blocked events none of whose objects is blocked any longer.
    pub(crate) async fn requeue_unblocked(&self) -> Result<(), EngineError> {
        Ok(self.context.store().requeue_unblocked(self.context.now()).await.map(drop)?)
    }

    /// Requeues work items, and fails those that are out of attempts.
    pub(crate) async fn requeue_or_fail(&self, items: &[WorkItem], reason: &str) -> Result<(), EngineError> {
        let now = self.context.now();
        let (out_of_attempts, rest): (Vec<WorkItem>, Vec<WorkItem>) =
            items.iter().cloned().partition(|item| item.attempts >= MAX_ATTEMPTS);
        for item in &rest {
            self.context
                .store()
                .requeue_work(std::slice::from_ref(item), later(now, item.attempts, 2))
                .await?;
        }
        if !out_of_attempts.is_empty() {
            let (objects, error) = (out_of_attempts.len() as u64, reason.to_owned());
            let failure = Finding::error(Fact::ObjectsFailed { objects, attempts: MAX_ATTEMPTS, error });
            self.context.store().fail_work(&out_of_attempts, &failure, now).await?;
            self.context.alert(AlertKind::EventsFailed, failure);
        }
        Ok(())
    }
}

/// The reason for which a subject could not be read.
fn failure<'s>(subject: &Subject, states: &'s ObjectVersions) -> Option<&'s Failure> {
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
