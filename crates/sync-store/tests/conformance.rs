//! The promises of `StateStore`, one test each.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sync_engine::{Change, InboxEvent, RunKind, RunReport, RunResult, Staged, StateStore, Subject};
use sync_model::{
    ConnectionName, EventId, ExecutionId, GroupId, ObjectKind, Record, RecordKey, Reference, RunId, UserId,
};
use sync_store::{ConnectionStore, Store};

struct World {
    store: ConnectionStore,
    _folder: tempfile::TempDir,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    let name = ConnectionName::try_from("main".to_owned()).unwrap();
    World { store: store.connection(&name).await.unwrap(), _folder: folder }
}

fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000 + second)
}

fn user(id: &str, login: &str, groups: &[&str]) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::User, id: id.into() },
        fields: BTreeMap::from([("login".into(), json!(login)), ("groups".into(), json!(groups))]),
        answers_to: id.into(),
        references: groups
            .iter()
            .map(|g| Reference { kind: ObjectKind::Group, value: (*g).into() })
            .collect(),
    }
}

fn group(id: &str) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::Group, id: id.into() },
        fields: BTreeMap::from([("name".into(), json!(id))]),
        answers_to: id.into(),
        references: Vec::new(),
    }
}

fn staged(change: Change, record: Record, second: i64) -> Staged {
    Staged { change, record, read_at: at(second) }
}

impl World {
    async fn run(&self, changes: &[Staged]) -> RunId {
        let run = self.store.begin_run(RunKind::Full, at(0)).await.unwrap();
        let keys: Vec<RecordKey> = changes.iter().map(|c| c.record.key.clone()).collect();
        self.store.stage(run, &keys, changes).await.unwrap();
        run
    }

    async fn confirm(&self, run: RunId) {
        let id = ExecutionId::new(format!("e{run}"));
        self.store.open_execution(run, &id, at(1)).await.unwrap();
        self.store.confirm(run, &id, &ObjectKind::ALL, at(2)).await.unwrap();
        self.store.end_run(run, &RunReport { executions: 1, ..RunReport::default() }, at(3)).await.unwrap();
    }

    async fn confirmed(&self, changes: &[Staged]) {
        let run = self.run(changes).await;
        self.confirm(run).await;
    }

    async fn looks(&self, second: i64) -> Vec<Subject> {
        self.store.due_looks(100, at(second)).await.unwrap().into_iter().map(|look| look.target).collect()
    }
}

fn event(id: &str, subjects: &[Subject]) -> InboxEvent {
    InboxEvent {
        id: EventId::new(id),
        event_type: "user.account.update_profile".into(),
        published: at(10),
        subjects: subjects.to_vec(),
        changes_object: true,
        expects_gone: false,
    }
}

fn ada() -> Subject {
    Subject::User(UserId::new("u1"))
}

#[tokio::test]
async fn nothing_is_known_before_it_is_confirmed() {
    let world = world().await;
    let record = user("u1", "ada", &[]);
    let run = world.run(&[staged(Change::Create, record.clone(), 0)]).await;
    assert!(world.store.known(std::slice::from_ref(&record.key)).await.unwrap().is_empty());
    world.confirm(run).await;
    let known = world.store.known(std::slice::from_ref(&record.key)).await.unwrap();
    assert_eq!(known[&record.key].fingerprint, record.fingerprint());
    assert_eq!(world.store.confirmed(&record.key).await.unwrap(), Some(record));
}

#[tokio::test]
async fn only_the_kinds_that_were_accounted_for_are_confirmed() {
    let world = world().await;
    let changes = [staged(Change::Create, user("u1", "ada", &[]), 0), staged(Change::Create, group("g1"), 0)];
    let run = world.run(&changes).await;
    let execution = ExecutionId::new("e");
    world.store.open_execution(run, &execution, at(1)).await.unwrap();
    world.store.confirm(run, &execution, &[ObjectKind::Group], at(2)).await.unwrap();
    let census = world.store.census().await.unwrap();
    assert_eq!(census.keys().copied().collect::<Vec<_>>(), [ObjectKind::Group]);
    assert!(world.store.open_executions().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_ended_run_leaves_nothing_staged() {
    let world = world().await;
    let run = world.run(&[staged(Change::Create, user("u1", "ada", &[]), 0)]).await;
    world.store.note_members(run, &GroupId::new("g1"), &[UserId::new("u1")]).await.unwrap();
    world
        .store
        .end_run(run, &RunReport { result: RunResult::Failed, ..RunReport::default() }, at(3))
        .await
        .unwrap();
    assert!(world.store.staged(run, None, 10).await.unwrap().is_empty());
    assert!(world.store.noted_groups(run, &[UserId::new("u1")]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_record_that_another_run_has_overtaken_is_not_sent() {
    let world = world().await;
    let slow = world.run(&[staged(Change::Create, user("u1", "old", &[]), 0)]).await;
    world.confirmed(&[staged(Change::Create, user("u1", "new", &[]), 5)]).await;
    assert!(world.store.staged(slow, None, 10).await.unwrap().is_empty());
    assert!(world.store.staged_counts(slow).await.unwrap().is_empty());
    world.confirm(slow).await;
    let kept = world.store.confirmed(&user("u1", "", &[]).key).await.unwrap().unwrap();
    assert_eq!(kept.fields["login"], json!("new"));
}

#[tokio::test]
async fn staged_records_come_in_pages_groups_first() {
    let world = world().await;
    let changes: Vec<Staged> = (0..5)
        .map(|n| staged(Change::Create, user(&format!("u{n}"), "x", &[]), 0))
        .chain([staged(Change::Create, group("g1"), 0)])
        .collect();
    let run = world.run(&changes).await;
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = world.store.staged(run, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.record.key.clone());
        seen.extend(page.into_iter().map(|s| s.record.key.id));
    }
    assert_eq!(seen, ["g1", "u0", "u1", "u2", "u3", "u4"]);
}

#[tokio::test]
async fn what_a_listing_did_not_hold_is_unseen_unless_it_is_gone_already() {
    let world = world().await;
    world
        .confirmed(&[
            staged(Change::Create, user("u1", "a", &[]), 0),
            staged(Change::Create, user("u2", "b", &[]), 0),
            staged(Change::Retire, user("u3", "c", &[]), 0),
        ])
        .await;
    let run = world.store.begin_run(RunKind::Full, at(9)).await.unwrap();
    world.store.stage(run, &[user("u1", "", &[]).key], &[]).await.unwrap();
    let unseen = world.store.unseen(run, ObjectKind::User, None, 10).await.unwrap();
    assert_eq!(unseen.iter().map(|r| r.key.id.as_str()).collect::<Vec<_>>(), ["u2"]);
    assert_eq!(world.store.count_unseen(run, ObjectKind::User).await.unwrap(), 1);
}

#[tokio::test]
async fn members_noted_for_a_run_are_found_by_user() {
    let world = world().await;
    let run = world.store.begin_run(RunKind::Full, at(0)).await.unwrap();
    let (one, two) = (UserId::new("u1"), UserId::new("u2"));
    world.store.note_members(run, &GroupId::new("g1"), &[one.clone(), two.clone()]).await.unwrap();
    world.store.note_members(run, &GroupId::new("g2"), &[one.clone(), one.clone()]).await.unwrap();
    let noted = world.store.noted_groups(run, &[one.clone(), two.clone(), UserId::new("u3")]).await.unwrap();
    assert_eq!(noted[&one], [GroupId::new("g1"), GroupId::new("g2")]);
    assert_eq!(noted[&two], [GroupId::new("g1")]);
    assert_eq!(noted.len(), 2);
}

#[tokio::test]
async fn whoever_refers_to_an_object_that_came_later_is_sent_again() {
    let world = world().await;
    world.confirmed(&[staged(Change::Create, user("u1", "ada", &["g1"]), 0)]).await;
    world.confirmed(&[staged(Change::Create, group("g1"), 1)]).await;
    assert_eq!(world.looks(99).await, [ada()]);
    let key = user("u1", "", &[]).key;
    assert!(world.store.known(std::slice::from_ref(&key)).await.unwrap()[&key].dirty);
    world.confirmed(&[staged(Change::Update, user("u1", "ada", &["g1"]), 2)]).await;
    assert!(!world.store.known(std::slice::from_ref(&key)).await.unwrap()[&key].dirty);
}

#[tokio::test]
async fn whoever_came_with_the_object_it_refers_to_is_not_sent_again() {
    let world = world().await;
    world
        .confirmed(&[
            staged(Change::Create, user("u1", "ada", &["g1"]), 0),
            staged(Change::Create, group("g1"), 0),
        ])
        .await;
    assert!(world.looks(99).await.is_empty());
    let found = world.store.referring_to(ObjectKind::Group, "g1").await.unwrap();
    assert_eq!(found, [user("u1", "", &[]).key]);
}

#[tokio::test]
async fn references_that_ended_are_forgotten() {
    let world = world().await;
    world.confirmed(&[staged(Change::Create, user("u1", "ada", &["g1"]), 0)]).await;
    world.confirmed(&[staged(Change::Update, user("u1", "ada", &[]), 1)]).await;
    assert!(world.store.referring_to(ObjectKind::Group, "g1").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_event_is_stored_once_and_an_object_waits_once() {
    let world = world().await;
    let first = event("e1", &[ada()]);
    assert_eq!(world.store.store_events(&[first.clone(), event("e2", &[ada()])], at(11)).await.unwrap(), 2);
    assert_eq!(world.store.store_events(&[first], at(12)).await.unwrap(), 0);
    assert_eq!(world.looks(12).await, [ada()]);
    let counts = world.store.inbox().await.unwrap();
    assert_eq!((counts.pending, counts.looks, counts.oldest), (2, 1, Some(at(10))));
}

#[tokio::test]
async fn settling_closes_the_events_unless_a_newer_one_came() {
    let world = world().await;
    world.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let claimed = world.store.due_looks(10, at(11)).await.unwrap();
    world.store.store_events(&[event("e2", &[ada()])], at(12)).await.unwrap();
    world.store.settle(&claimed, at(13)).await.unwrap();
    assert_eq!(world.looks(13).await, [ada()], "the newer event still wants a look");
    assert_eq!(world.store.inbox().await.unwrap().pending, 1);
    let claimed = world.store.due_looks(10, at(13)).await.unwrap();
    world.store.settle(&claimed, at(14)).await.unwrap();
    assert!(world.looks(14).await.is_empty());
    assert_eq!(world.store.inbox().await.unwrap().pending, 0);
}

#[tokio::test]
async fn an_event_that_names_two_objects_waits_for_both() {
    let world = world().await;
    let staff = Subject::Group(GroupId::new("g1"));
    world.store.store_events(&[event("e1", &[ada(), staff.clone()])], at(11)).await.unwrap();
    let looks = world.store.due_looks(10, at(11)).await.unwrap();
    let (one, other): (Vec<_>, Vec<_>) = looks.into_iter().partition(|look| look.target == staff);
    world.store.settle(&one, at(12)).await.unwrap();
    assert_eq!(world.store.inbox().await.unwrap().pending, 1);
    world.store.settle(&other, at(12)).await.unwrap();
    assert_eq!(world.store.inbox().await.unwrap().pending, 0);
}

#[tokio::test]
async fn a_look_that_was_put_off_is_due_later_and_counts_the_attempt() {
    let world = world().await;
    world.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let looks = world.store.due_looks(10, at(11)).await.unwrap();
    world.store.postpone(&looks, at(20)).await.unwrap();
    assert!(world.looks(19).await.is_empty());
    let again = world.store.due_looks(10, at(20)).await.unwrap();
    assert_eq!(again[0].attempts, 1);
}

#[tokio::test]
async fn events_that_were_given_up_are_dead_and_not_pending() {
    let world = world().await;
    world.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let looks = world.store.due_looks(10, at(11)).await.unwrap();
    world.store.bury(&looks, "Okta said no", at(12)).await.unwrap();
    let counts = world.store.inbox().await.unwrap();
    assert_eq!((counts.pending, counts.dead, counts.looks), (0, 1, 0));
}

#[tokio::test]
async fn an_event_that_names_nobody_we_keep_is_done_at_once() {
    let world = world().await;
    world.store.store_events(&[event("e1", &[])], at(11)).await.unwrap();
    assert_eq!(world.store.inbox().await.unwrap(), sync_engine::InboxCounts::default());
}

#[tokio::test]
async fn abandoned_runs_are_closed_and_those_with_an_open_execution_are_kept() {
    let world = world().await;
    let lost = world.run(&[staged(Change::Create, user("u1", "a", &[]), 0)]).await;
    let open = world.run(&[staged(Change::Create, user("u2", "b", &[]), 0)]).await;
    world.store.open_execution(open, &ExecutionId::new("e"), at(1)).await.unwrap();
    world.store.abandon_runs(at(100)).await.unwrap();
    assert!(world.store.staged(lost, None, 10).await.unwrap().is_empty());
    assert_eq!(world.store.staged(open, None, 10).await.unwrap().len(), 1);
    let runs = world.store.runs(10).await.unwrap();
    assert_eq!(
        runs.iter().map(|r| (r.id, r.ended.is_some())).collect::<Vec<_>>(),
        [(open, false), (lost, true)]
    );
}

#[tokio::test]
async fn what_is_stored_survives_reopening_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let name = ConnectionName::try_from("main".to_owned()).unwrap();
    let store = Store::open(&path).await.unwrap();
    store.connection(&name).await.unwrap().store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    store.close().await;
    let store = Store::open(&path).await.unwrap().connection(&name).await.unwrap();
    assert_eq!(store.inbox().await.unwrap().pending, 1);
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, only some text that is long enough to be looked at as a header")
        .unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert_eq!(error.to_string(), "the state store could not open its file");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("notes.txt"));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let _store = Store::open(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
