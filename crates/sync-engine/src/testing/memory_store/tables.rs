//! The rows of the store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sync_model::{
    EventId, ExecutionId, Fingerprint, GroupId, ObjectKind, Record, RecordKey, Reference, RunId, UserId,
};

use crate::domain::checkpoint::SyncCheckpoint;
use crate::domain::event::EventState;
use crate::domain::feed::FeedCheckpoint;
use crate::domain::finding::Finding;
use crate::domain::inbox::{NewEvent, Subject, SyncRequest, WorkItem, WorkKind};
use crate::domain::place::Place;
use crate::domain::reading::Reading;
use crate::domain::report::RunReport;
use crate::domain::retired_object::ObjectAuditEntry;
use crate::domain::run::RunExecution;
use crate::domain::run_kind::RunKind;
use crate::domain::sample::MetricSample;
use crate::domain::site_fact::SiteFact;
use crate::domain::staged::ChangeKind;

/// A run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) kind: RunKind,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) report: Option<RunReport>,
    pub(super) checkpoint: Option<SyncCheckpoint>,
}

/// A staged change.
#[derive(Debug, Clone)]
pub(super) struct StagedRow {
    pub(super) change: ChangeKind,
    pub(super) record: Record,
    pub(super) reading: Reading,
    /// True if Assets holds it as it was sent.
    pub(super) stored: bool,
    /// Fields and attributes that the importer keeps.
    pub(super) kept: Vec<(String, String)>,
}

/// A confirmed record.
#[derive(Debug)]
pub(super) struct Confirmed {
    pub(super) record: Record,
    pub(super) reading: Reading,
    pub(super) retired: bool,
    pub(super) retired_at: Option<Timestamp>,
    pub(super) resend_pending: bool,
    /// The reference key that referrers were sent with; empty if they must be sent again.
    pub(super) reference_key: String,
    /// The time of the confirmation.
    pub(super) since: Timestamp,
    pub(super) run: RunId,
}

/// An unconfirmed record.
#[derive(Debug, Clone)]
pub(super) struct Unconfirmed {
    pub(super) change: ChangeKind,
    pub(super) record: Record,
    pub(super) reading: Reading,
    /// The time of the reading, which follows the clock.
    pub(super) read_at: Timestamp,
    pub(super) attempts: u32,
    pub(super) reason: String,
    pub(super) next_attempt_at: Timestamp,
    pub(super) run: Option<RunId>,
    pub(super) lot: i64,
    pub(super) bad_in_lot: i64,
    pub(super) single_failures: i64,
}

/// A stale value.
#[derive(Debug)]
pub(super) struct Stale {
    pub(super) attribute: String,
    pub(super) attempts: u32,
    pub(super) reason: String,
    pub(super) became_stale_at: Timestamp,
    pub(super) next_attempt_at: Timestamp,
}

/// A kind of removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Removal {
    Object,
    Membership,
    Value,
}

/// A stored event.
#[derive(Debug)]
pub(super) struct StoredEvent {
    pub(super) event: NewEvent,
    pub(super) received_at: Timestamp,
    pub(super) state: EventState,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) failure: Option<Finding>,
    pub(super) change_seq: i64,
    pub(super) arrived: i64,
}

/// A work item in the queue.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) item: WorkItem,
    pub(super) next_attempt_at: Timestamp,
    pub(super) claimed_until: Option<Timestamp>,
}

/// An open execution.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) id: ExecutionId,
    pub(super) run: RunId,
    /// The number of invalidations when it was opened.
    pub(super) doubts: u64,
}

/// A sync request.
#[derive(Debug)]
pub(super) struct Requested {
    pub(super) request: SyncRequest,
    pub(super) accepted: bool,
    pub(super) run: Option<RunId>,
}

/// Everything that the store contains.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) last_seq: i64,
    pub(super) last_run: i64,
    pub(super) last_request: i64,
    pub(super) runs: BTreeMap<RunId, Run>,
    pub(super) run_executions: BTreeMap<RunId, Vec<RunExecution>>,
    pub(super) open_executions: Vec<Open>,
    pub(super) staged: BTreeMap<RunId, BTreeMap<RecordKey, StagedRow>>,
    /// The objects that a run listed; true if it couldn't read them.
    pub(super) listed: BTreeMap<RunId, BTreeMap<RecordKey, bool>>,
    /// The groups to list; true if their members are listed.
    pub(super) listed_groups: BTreeMap<RunId, BTreeMap<GroupId, bool>>,
    pub(super) listed_members: BTreeMap<RunId, BTreeSet<(UserId, GroupId)>>,
    pub(super) confirmed: BTreeMap<RecordKey, Confirmed>,
    pub(super) references: BTreeMap<RecordKey, BTreeSet<Reference>>,
    pub(super) unconfirmed: BTreeMap<RecordKey, Unconfirmed>,
    pub(super) stale: BTreeMap<(RecordKey, String), Stale>,
    /// Removals, with their directory time once it is known.
    pub(super) removals: BTreeMap<(Removal, RecordKey, String), Option<Timestamp>>,
    pub(super) blocked: BTreeMap<RecordKey, (Finding, Timestamp)>,
    pub(super) unreadable: BTreeSet<RecordKey>,
    /// Absent objects, with the number of the reading that proved it.
    pub(super) absent: BTreeMap<RecordKey, i64>,
    pub(super) events: BTreeMap<EventId, StoredEvent>,
    pub(super) deliveries: BTreeMap<String, Timestamp>,
    pub(super) work: Vec<Work>,
    /// The work that events wait for, with the sequence of their request.
    pub(super) event_work: Vec<(EventId, Subject, i64)>,
    pub(super) feed: Option<FeedCheckpoint>,
    pub(super) requests: BTreeMap<i64, Requested>,
    pub(super) audit: Vec<ObjectAuditEntry>,
    pub(super) samples: BTreeMap<Timestamp, MetricSample>,
    pub(super) site_facts: Vec<SiteFact>,
    pub(super) place: Option<Place>,
    pub(super) scope_version: String,
    pub(super) bookmark: Option<Timestamp>,
    pub(super) clock_offset: Option<SignedDuration>,
    pub(super) paused_until: Option<Timestamp>,
    pub(super) held_until: Option<Timestamp>,
    pub(super) leader_report: Option<String>,
}

impl Tables {
    /// The next number of a reading or a write.
    pub(super) const fn next_seq(&mut self) -> i64 {
        self.last_seq += 1;
        self.last_seq
    }

    /// The staged changes of a run.
    pub(super) fn staged_by(&self, run: RunId) -> impl Iterator<Item = (&RecordKey, &StagedRow)> {
        self.staged.get(&run).into_iter().flatten()
    }

    /// True if a later reading of the object is confirmed.
    pub(super) fn is_overtaken(&self, key: &RecordKey, reading: Reading) -> bool {
        self.confirmed.get(key).is_some_and(|confirmed| confirmed.reading.number > reading.number)
    }

    /// True if a staged change is sent: it isn't overtaken, and no rejected record that is sent alone.
    pub(super) fn is_sendable(&self, run: RunId, key: &RecordKey, staged: &StagedRow) -> bool {
        let is_retry = self.runs.get(&run).is_some_and(|run| run.kind == RunKind::Retry);
        !self.is_overtaken(key, staged.reading)
            && self.unconfirmed.get(key).is_none_or(|sent| {
                sent.reading.number <= staged.reading.number
                    && (is_retry || sent.record.fingerprint() != staged.record.fingerprint())
            })
    }

    /// The unconfirmed record of an object, if it is the later one.
    pub(super) fn later(&self, key: &RecordKey) -> Option<&Unconfirmed> {
        let confirmed = self.confirmed.get(key).map(|confirmed| confirmed.reading.number);
        self.unconfirmed.get(key).filter(|sent| confirmed.is_none_or(|number| sent.reading.number >= number))
    }

    /// The confirmed references to a value.
    pub(super) fn referrers(&self, kind: ObjectKind, value: &str) -> impl Iterator<Item = &RecordKey> {
        let is = move |reference: &Reference| reference.kind == kind && reference.reference_key == value;
        self.references.iter().filter(move |(_, to)| to.iter().any(is)).map(|(key, _)| key)
    }

    /// True if a confirmed record refers to a value.
    pub(super) fn refers(&self, key: &RecordKey, kind: ObjectKind, value: &str) -> bool {
        self.references
            .get(key)
            .is_some_and(|to| to.iter().any(|to| to.kind == kind && to.reference_key == value))
    }

    /// Adds a work item, or another request to the one of the same subject, and returns its sequence.
    pub(super) fn enqueue(
        &mut self,
        subject: &Subject,
        not_older_than: Option<Timestamp>,
        expect_deleted: bool,
        now: Timestamp,
    ) -> i64 {
        let Some(work) = self.work.iter_mut().find(|work| work.item.subject == *subject) else {
            let item = WorkItem {
                subject: subject.clone(),
                not_older_than,
                expect_deleted,
                attempts: 0,
                sequence: 1,
            };
            self.work.push(Work { item, next_attempt_at: now, claimed_until: None });
            return 1;
        };
        let item = &mut work.item;
        if !matches!(subject, Subject::Membership { .. }) {
            item.expect_deleted |= expect_deleted;
        } else if not_older_than >= item.not_older_than {
            item.expect_deleted = expect_deleted;
        }
        item.not_older_than = item.not_older_than.max(not_older_than);
        item.attempts = 0;
        item.sequence += 1;
        work.next_attempt_at = work.next_attempt_at.min(now);
        item.sequence
    }

    /// Marks objects for resend, and makes them due.
    pub(super) fn resend(&mut self, keys: &[RecordKey], now: Timestamp) {
        for key in keys {
            if let Some(confirmed) = self.confirmed.get_mut(key) {
                confirmed.resend_pending = true;
            }
            self.enqueue_object(key, now);
        }
    }

    /// Makes an object due.
    pub(super) fn enqueue_object(&mut self, key: &RecordKey, now: Timestamp) {
        let Some(subject) = subject_of(key) else { return };
        self.enqueue(&subject, None, false, now);
        if let Some(work) = self.work.iter_mut().find(|work| work.item.subject == subject) {
            work.next_attempt_at = now;
        }
    }
}

/// The subject that names an object; `None` for a membership.
pub(super) fn subject_of(key: &RecordKey) -> Option<Subject> {
    match key.kind {
        ObjectKind::User => Some(Subject::User(UserId::new(key.id.clone()))),
        ObjectKind::Group => Some(Subject::Group(GroupId::new(key.id.clone()))),
        ObjectKind::Membership => None,
    }
}

/// The kind of work that a subject requires.
pub(super) const fn work_kind(subject: &Subject) -> WorkKind {
    match subject {
        Subject::RecentChanges | Subject::EntireDirectory | Subject::Schema => WorkKind::Sync,
        _ => WorkKind::Object,
    }
}

/// True if a field has a value.
pub(super) fn is_filled(record: &Record, field: &str) -> bool {
    record.fields.get(field).is_some_and(|value| !sync_model::is_empty(value))
}

/// The name of an object, if its record has one.
pub(super) fn name_of(record: &Record) -> Option<String> {
    let text = |field: &str| record.fields.get(field).and_then(Value::as_str).map(str::to_owned);
    text("profile_login").or_else(|| text("profile_name"))
}

/// A time after a duration.
pub(super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| time.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// A time after some milliseconds.
pub(super) fn after_millis(time: Timestamp, millis: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_millis(millis)).unwrap_or(Timestamp::MAX)
}

/// The lot, and everything else that a record with another content doesn't inherit.
pub(super) fn is_same(sent: &Unconfirmed, fingerprint: Fingerprint) -> bool {
    sent.record.fingerprint() == fingerprint
}
