//! Records are ordered by the numbers of their readings, not by the clock.

use sync_model::{Record, RecordKey, UserId};

use crate::domain::import::RejectedRecord;
use crate::domain::inbox::Subject;
use crate::domain::reading::Reading;
use crate::domain::record_state::RecordState;
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{ada, at, event, user};

fn key() -> RecordKey {
    RecordKey::user(&UserId::new("u1"))
}

fn named(login: &str) -> Record {
    user("u1", login, &[])
}

impl TestEnv<'_> {
    /// Reads when the clock says so.
    async fn reads(&self, login: &str, second: i64) -> StagedChange {
        let reading = self.store.next_reading(at(second)).await.unwrap();
        StagedChange::new(ChangeKind::Update, named(login), reading)
    }

    async fn holds(&self, login: &str) {
        assert_eq!(self.store.confirmed_record(&key()).await.unwrap(), Some(named(login)));
    }
}

pub async fn later_reading_wins(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let ahead = env.reads("ahead", 7200).await;
    env.send_confirmed(&[ahead]).await;
    let right = env.reads("right", 0).await;
    env.send_confirmed(std::slice::from_ref(&right)).await;
    env.holds("right").await;
    let stored = env.store.object(&key()).await.unwrap().unwrap().confirmed.unwrap();
    assert_eq!(stored.reading, right.reading);
    assert_eq!(stored.reading.at, at(0), "the time is that of the reading");
}

pub async fn overtaken_record_never_replaces_newer_record(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let early = env.reads("early", 10).await;
    let late = env.reads("late", 6).await;
    let overtaken = env.run(&[early]).await;
    env.send_confirmed(&[late]).await;
    assert!(env.store.staged_counts(overtaken).await.unwrap().is_empty());
    assert!(env.store.staged(overtaken, None, 10).await.unwrap().is_empty());
    env.confirm(overtaken).await;
    env.holds("late").await;
}

pub async fn newer_unconfirmed_record_counts_as_last(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let first = env.reads("first", 7200).await;
    env.send_confirmed(&[first]).await;
    let second = env.reads("second", 0).await;
    let run = env.run(&[second]).await;
    let execution = sync_model::ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(1)).await.unwrap();
    env.store.confirm(run, &execution, &[], "dropped", at(2)).await.unwrap();
    env.holds("second").await;
    let known = env.store.record_states(&[key()]).await.unwrap();
    assert_eq!(
        known[&key()],
        RecordState { fingerprint: named("first").fingerprint(), retired: false, resend_pending: true }
    );
    let third = env.reads("third", -60).await;
    env.send_confirmed(&[third]).await;
    env.holds("third").await;
    assert_eq!(
        env.store.event_queue_counts().await.unwrap().unconfirmed_records,
        0,
        "what came before is over"
    );
}

pub async fn readings_and_events_share_one_sequence(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let first = env.store.next_reading(at(9)).await.unwrap();
    env.store.store_events(&[event("e1", &[ada()])], at(99)).await.unwrap();
    let second = env.store.next_reading(at(3)).await.unwrap();
    let arrived =
        env.store.find_events(&crate::domain::event::EventFilter { limit: 9, ..Default::default() }).await;
    let arrived = arrived.unwrap()[0].arrived;
    assert!(first.number < arrived && arrived < second.number, "{first:?} {arrived} {second:?}");
}

pub async fn older_reading_of_absent_object_is_queued(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let (early, late) = (env.reads("early", 0).await, env.store.next_reading(at(1)).await.unwrap());
    let listing = env.run(&[early]).await;
    let events = env.store.begin_run(RunKind::EventSync, at(1)).await.unwrap();
    env.store.add_absent(events, &[key()], late, at(1)).await.unwrap();
    env.store.end_run(events, &RunReport::default(), at(1)).await.unwrap();
    assert!(env.pending_work(2).await.is_empty(), "nothing was sent yet");
    env.confirm(listing).await;
    assert_eq!(env.pending_work(3).await, [Subject::User(UserId::new("u1"))]);
}

pub async fn absence_after_confirmation_queues_object(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let (early, late) = (env.reads("early", 0).await, env.store.next_reading(at(1)).await.unwrap());
    let events = env.store.begin_run(RunKind::EventSync, at(1)).await.unwrap();
    // Between the lookup of the object and this, another run ended.
    env.send_confirmed(&[early]).await;
    env.store.add_absent(events, &[key()], late, at(1)).await.unwrap();
    assert_eq!(env.pending_work(3).await, [Subject::User(UserId::new("u1"))]);
}

pub async fn unconfirmed_record_of_absent_object_is_queued(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let (early, late) = (env.reads("early", 0).await, env.store.next_reading(at(1)).await.unwrap());
    let listing = env.run(&[early]).await;
    let events = env.store.begin_run(RunKind::EventSync, at(1)).await.unwrap();
    env.store.add_absent(events, &[key()], late, at(1)).await.unwrap();
    // A later run sends it again.
    let rejected = RejectedRecord { key: key(), reason: "rejected".to_owned(), partly_sent: false };
    env.store.reject(listing, &[rejected], at(1)).await.unwrap();
    for run in [events, listing] {
        env.store.end_run(run, &RunReport::default(), at(1)).await.unwrap();
    }
    assert_eq!(env.pending_work(3).await, [Subject::User(UserId::new("u1"))]);
}

pub async fn absence_ends_with_open_runs(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let late = env.store.next_reading(at(1)).await.unwrap();
    let (listing, events) = (env.run(&[]).await, env.run(&[]).await);
    env.store.add_absent(events, &[key()], late, at(1)).await.unwrap();
    for run in [listing, events] {
        env.store.end_run(run, &RunReport::default(), at(1)).await.unwrap();
    }
    let early = StagedChange { reading: Reading { number: 0, at: at(0) }, ..env.reads("early", 0).await };
    env.send_confirmed(&[early]).await;
    assert!(env.pending_work(3).await.is_empty());
}
