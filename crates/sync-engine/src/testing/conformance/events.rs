//! Events and runs, as the history shows them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use sync_model::{EventId, ExecutionId, GroupId, ObjectKind, Record, RecordKey, RunId, UserId};

use crate::domain::event::{Event, EventCursor, EventFilter, EventState, ReplayTarget};
use crate::domain::inbox::{NewEvent, Subject, WorkItem, WorkKind};
use crate::domain::reading::Reading;
use crate::domain::report::{RunReport, RunState};
use crate::domain::run::RunFilter;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::ports::state_store::StateStore;
use crate::testing::samples::{ada, at, failure};

struct TestEnv<'s> {
    store: &'s dyn StateStore,
}

fn membership() -> Subject {
    Subject::Membership { group: GroupId::new("g1"), user: UserId::new("u2") }
}

fn event(id: &str, second: i64, subjects: &[Subject]) -> NewEvent {
    NewEvent {
        id: EventId::new(id),
        event_type: "user.account.update_profile".into(),
        published_at: at(second),
        subjects: subjects.to_vec(),
        requires_newer_object: true,
        expect_deleted: false,
        hook_notice: None,
    }
}

impl TestEnv<'_> {
    async fn holds(&self, events: &[NewEvent]) {
        self.store.store_events(events, at(20)).await.unwrap();
    }

    async fn claim(&self, second: i64) -> Vec<WorkItem> {
        let lease = Duration::from_mins(1);
        self.store.claim_work(WorkKind::Object, 100, at(second), lease).await.unwrap()
    }

    async fn fail_all(&self, reason: &str) {
        let items = self.claim(30).await;
        self.store.fail_work(&items, &failure(reason), at(31)).await.unwrap();
    }

    async fn find(&self, state: Option<EventState>, search: Option<&str>) -> Vec<String> {
        let filter = EventFilter { state, search: search.map(str::to_owned), limit: 100 };
        ids(&self.store.find_events(&filter).await.unwrap())
    }

    async fn one(&self, id: &str) -> Event {
        let filter = EventFilter { search: Some(id.into()), limit: 1, ..EventFilter::default() };
        self.store.find_events(&filter).await.unwrap().remove(0)
    }

    async fn after(&self, mark: &mut EventCursor, limit: u32) -> Vec<String> {
        let (events, after) = self.store.events_after(mark, limit).await.unwrap();
        *mark = after;
        events.iter().map(|event| format!("{} {}", event.id, event.state.as_str())).collect()
    }
}

fn ids(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.id.to_string()).collect()
}

pub async fn event_shows_its_pending_work(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.holds(&[event("e1", 10, &[ada(), membership()])]).await;
    let items: Vec<WorkItem> = env.claim(21).await;
    let (ada_look, other): (Vec<WorkItem>, Vec<WorkItem>) =
        items.into_iter().partition(|item| item.subject == ada());
    env.store.requeue_work(&ada_look, at(90)).await.unwrap();
    let waiting = env.one("e1").await;
    assert_eq!((waiting.state, waiting.completed_at), (EventState::InProgress, None));
    assert_eq!(env.find(Some(EventState::InProgress), None).await, ["e1"]);
    assert_eq!(env.find(Some(EventState::Pending), None).await, [""; 0]);
    assert_eq!((waiting.published_at, waiting.received_at), (at(10), at(20)));
    assert_eq!(waiting.subjects, [ada(), membership()]);
    let told: Vec<_> = waiting.pending_work.iter().map(|w| (&w.subject, w.attempts, w.claimed)).collect();
    assert!(told.contains(&(&ada(), 1, false)) && told.contains(&(&membership(), 0, true)), "{told:?}");
    assert!(waiting.pending_work.iter().any(|w| w.subject == ada() && w.next_attempt_at == at(90)));

    env.store.complete_work(&ada_look, at(91)).await.unwrap();
    assert_eq!(env.one("e1").await.pending_work.len(), 1, "the other one is still to be read");
    env.store.complete_work(&other, at(92)).await.unwrap();
    let done = env.one("e1").await;
    assert_eq!(
        (done.state, done.completed_at, done.pending_work.len()),
        (EventState::Applied, Some(at(92)), 0)
    );
    assert_eq!(done.subjects, [ada(), membership()], "what it named stays known");
}

pub async fn full_sync_resolves_failed_events(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let before = env.store.next_reading(at(30)).await.unwrap();
    env.holds(&[event("e1", 10, &[ada()]), event("e2", 12, &[membership()])]).await;
    // The clock went back meanwhile, which changes nothing.
    let after = env.store.next_reading(at(1)).await.unwrap();
    env.fail_all("held back").await;
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.failed, counts.oldest_failed_at), (2, Some(at(10))));
    let run = env.store.begin_run(RunKind::FullSync, at(30)).await.unwrap();
    let settle = async |before| env.store.resolve_failed_events(run, before, false, at(40)).await.unwrap();
    assert_eq!(settle(before).await, 0, "they came later");
    assert_eq!(settle(after).await, 2);
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.failed, counts.oldest_failed_at), (0, None));
    let settled = env.one("e1").await;
    assert_eq!(
        (settled.state, settled.completed_at, settled.failure),
        (EventState::Applied, Some(at(40)), None)
    );
}

pub async fn events_are_found_newest_first(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.holds(&[event("old-A", 10, &[ada()])]).await;
    env.fail_all("held back").await;
    let removed =
        NewEvent { event_type: "group.user_membership.remove".into(), ..event("new-B", 12, &[membership()]) };
    env.holds(&[removed, event("nobody", 11, &[])]).await;
    assert_eq!(env.find(None, None).await, ["new-B", "nobody", "old-A"]);
    assert_eq!(env.find(Some(EventState::Pending), None).await, ["new-B"]);
    assert_eq!(env.find(Some(EventState::Ignored), None).await, ["nobody"]);
    assert_eq!(env.find(Some(EventState::Failed), None).await, ["old-A"]);
    assert_eq!(env.one("old-A").await.failure, Some(failure("held back")));
    for (text, found) in [
        ("NEW-b", vec!["new-B"]),
        ("membership.remove", vec!["new-B"]),
        ("G1", vec!["new-B"]),
        ("u1", vec!["old-A"]),
        ("100%", vec![]),
        // The word that the store keeps for the kind is not searched.
        ("user_id", vec![]),
    ] {
        assert_eq!(env.find(None, Some(text)).await, found, "{text}");
    }
    assert_eq!(env.find(Some(EventState::Pending), Some("u1")).await, [""; 0]);
    let known = [EventId::new("old-A"), EventId::new("never")];
    assert_eq!(env.store.known_events(&known).await.unwrap(), [EventId::new("old-A")]);
}

pub async fn replayed_event_requests_the_same_work(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let ended = NewEvent { expect_deleted: true, ..event("e1", 10, &[membership()]) };
    env.holds(&[ended, event("e2", 10, &[ada()])]).await;
    env.fail_all("held back").await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().failed, 2);
    let replayed = env.store.replay(ReplayTarget::Ids(&[EventId::new("e1")]), at(40)).await.unwrap();
    assert_eq!(replayed, 1);
    let back = env.one("e1").await;
    assert_eq!((back.state, back.failure, back.completed_at), (EventState::Pending, None, None));
    assert_eq!(env.one("e2").await.state, EventState::Failed);
    let items = env.claim(40).await;
    assert_eq!(items.len(), 1);
    let item = &items[0];
    assert_eq!(
        (&item.subject, item.not_older_than, item.expect_deleted),
        (&membership(), Some(at(10)), true)
    );
    env.store.complete_work(&items, at(41)).await.unwrap();
    assert_eq!(env.one("e1").await.state, EventState::Applied);

    assert_eq!(env.store.replay(ReplayTarget::AllFailed, at(42)).await.unwrap(), 1);
    assert_eq!(
        env.store.replay(ReplayTarget::AllFailed, at(42)).await.unwrap(),
        0,
        "nothing is dead any more"
    );
    assert_eq!(env.find(Some(EventState::Pending), None).await, ["e2"]);
}

pub async fn replay_keeps_claimed_work(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.holds(&[event("done", 10, &[ada()]), event("nobody", 10, &[])]).await;
    let items = env.claim(21).await;
    env.store.complete_work(&items, at(22)).await.unwrap();
    let these = [EventId::new("done"), EventId::new("nobody"), EventId::new("never")];
    assert_eq!(env.store.replay(ReplayTarget::Ids(&these), at(30)).await.unwrap(), 1);
    assert_eq!(env.one("nobody").await.state, EventState::Ignored);
    // Somebody is at it when it is put back once more: what they find may be too old.
    let items = env.claim(31).await;
    env.store.replay(ReplayTarget::Ids(&these[..1]), at(32)).await.unwrap();
    env.store.complete_work(&items, at(33)).await.unwrap();
    assert_eq!(env.one("done").await.state, EventState::Pending);
    let again = env.claim(34).await;
    env.store.requeue_work(&again, at(900)).await.unwrap();
    env.store.replay(ReplayTarget::Ids(&these[..1]), at(35)).await.unwrap();
    assert_eq!(env.claim(35).await.len(), 1, "requeued work is due at once");
}

pub async fn reader_sees_every_event_change(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.holds(&[event("before", 10, &[ada()])]).await;
    let mut cursor = env.store.event_cursor().await.unwrap();
    assert_eq!(env.after(&mut cursor, 10).await, [""; 0]);
    env.holds(&[event("before", 10, &[ada()])]).await;
    assert_eq!(env.after(&mut cursor, 10).await, [""; 0], "a repeat is nothing new");
    let three = ["a", "b", "c"].map(|id| event(id, 11, &[membership()]));
    env.holds(&three).await;
    assert_eq!(env.after(&mut cursor, 2).await, ["a pending", "b pending"]);
    assert_eq!(env.after(&mut cursor, 2).await, ["c pending"]);
    assert_eq!(env.after(&mut cursor, 2).await, [""; 0]);
    let (users, others): (Vec<WorkItem>, Vec<WorkItem>) =
        env.claim(21).await.into_iter().partition(|item| item.subject == ada());
    env.store.complete_work(&users, at(22)).await.unwrap();
    env.store.fail_work(&others, &failure("lost"), at(22)).await.unwrap();
    let mut changed = env.after(&mut cursor, 10).await;
    changed.sort();
    assert_eq!(changed, ["a failed", "b failed", "before applied", "c failed"]);
    env.store.replay(ReplayTarget::AllFailed, at(23)).await.unwrap();
    assert_eq!(env.after(&mut cursor, 10).await, ["a pending", "b pending", "c pending"]);
}

/// As read for an execution: it differs from one to the next.
fn record(execution: &str) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::User, id: "u1".into() },
        fields: BTreeMap::from([("login".into(), json!(execution))]),
        reference_key: "u1".into(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    }
}

impl TestEnv<'_> {
    async fn sends(&self, kind: RunKind, result: RunState, execution: &str, confirmed: bool) -> RunId {
        let run = self.store.begin_run(kind, at(0)).await.unwrap();
        let reading = Reading { number: run.get(), at: at(0) };
        let change = StagedChange::new(ChangeKind::Create, record(execution), reading);
        self.store.stage(run, &[record(execution).key], &[change]).await.unwrap();
        let id = ExecutionId::new(execution);
        self.store.open_execution(run, &id, at(1)).await.unwrap();
        let kinds: &[ObjectKind] = if confirmed { &ObjectKind::ALL } else { &[] };
        self.store.confirm(run, &id, kinds, "too long", at(2)).await.unwrap();
        let report = RunReport {
            state: result,
            executions: 1,
            mapping_version: Some("v1".into()),
            ..RunReport::default()
        };
        self.store.end_run(run, &report, at(3)).await.unwrap();
        run
    }

    async fn history(&self, filter: RunFilter) -> Vec<RunId> {
        self.store.find_runs(&filter).await.unwrap().iter().map(|run| run.id).collect()
    }
}

pub async fn runs_are_found_newest_first(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let full = env.sends(RunKind::FullSync, RunState::Succeeded, "x1", true).await;
    let dropped = env.sends(RunKind::EventSync, RunState::Partial, "x2", false).await;
    let failed = env.sends(RunKind::FullSync, RunState::Failed, "x3", true).await;
    let open = env.store.begin_run(RunKind::IncrementalSync, at(5)).await.unwrap();
    let all = RunFilter { limit: 10, ..RunFilter::default() };
    assert_eq!(env.history(all).await, [open, failed, dropped, full]);
    assert_eq!(env.history(RunFilter { limit: 2, ..all }).await, [open, failed]);
    assert_eq!(env.history(RunFilter { failed: true, ..all }).await, [failed, dropped]);
    assert_eq!(env.history(RunFilter { kind: Some(RunKind::FullSync), ..all }).await, [failed, full]);
    let both = RunFilter { kind: Some(RunKind::FullSync), failed: true, ..all };
    assert_eq!(env.history(both).await, [failed]);
}

pub async fn run_shows_executions_and_rejected_records(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.sends(RunKind::FullSync, RunState::Partial, "x1", false).await;
    let detail = env.store.run(run).await.unwrap().unwrap();
    let execution = &detail.executions[0];
    assert_eq!((execution.id.as_str(), execution.started_at, execution.processed), ("x1", at(1), true));
    assert_eq!(execution.ended_at, Some(at(2)));
    assert_eq!((detail.rejected_count, detail.rejected_records.len()), (1, 1));
    assert_eq!(
        (&detail.rejected_records[0].key, detail.rejected_records[0].reason.as_str()),
        (&record("x1").key, "too long")
    );
    assert_eq!(detail.summary.report.unwrap().mapping_version.as_deref(), Some("v1"));

    let cancelled = env.store.begin_run(RunKind::FullSync, at(10)).await.unwrap();
    let id = ExecutionId::new("x2");
    env.store.open_execution(cancelled, &id, at(11)).await.unwrap();
    let executions = async || env.store.run(cancelled).await.unwrap().unwrap().executions;
    assert_eq!(executions().await[0].ended_at, None);
    env.store.close_execution(&id, at(12)).await.unwrap();
    assert_eq!((executions().await[0].ended_at, executions().await[0].processed), (Some(at(12)), false));

    // Sent again and taken: the run that was refused has nothing to show any more.
    env.sends(RunKind::FullSync, RunState::Succeeded, "x3", true).await;
    assert_eq!(env.store.run(run).await.unwrap().unwrap().rejected_count, 0);
    assert!(env.store.run(RunId::new(99)).await.unwrap().is_none());
}

pub async fn deleted_runs_delete_their_executions(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let old = env.sends(RunKind::IncrementalSync, RunState::Succeeded, "x1", true).await;
    let full = env.sends(RunKind::FullSync, RunState::Succeeded, "x2", true).await;
    env.store.delete_expired(at(1000)).await.unwrap();
    assert!(env.store.run(old).await.unwrap().is_none());
    assert_eq!(env.store.run(full).await.unwrap().unwrap().executions.len(), 1);
}
