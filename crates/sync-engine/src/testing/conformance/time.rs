//! Order and time that survive a wrong clock.

use jiff::SignedDuration;
use sync_model::{ExecutionId, RecordKey, UserId};

use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::sample::MetricSample;
use crate::domain::staged::ChangeKind;
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{ada, at, event, failure, staged, user};

const YEAR: i64 = 365 * 24 * 3600;

pub async fn reading_numbers_increase_despite_clock_changes(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let mut last = env.store.next_reading(at(YEAR)).await.unwrap();
    assert_eq!(last.at, at(YEAR));
    for second in [0, -YEAR, 5, YEAR - 1] {
        let reading = env.store.next_reading(at(second)).await.unwrap();
        assert!(reading.number > last.number, "{reading:?} after {last:?}");
        assert_eq!(reading.at, at(second), "the time is for people");
        last = reading;
    }
}

pub async fn bookmark_is_stored(store: &dyn StateStore) {
    let env = &TestEnv { store };
    assert_eq!(env.store.bookmark().await.unwrap(), None);
    env.store.save_bookmark(at(7)).await.unwrap();
    assert_eq!(env.store.bookmark().await.unwrap(), Some(at(7)));
}

pub async fn newest_run_counts_by_number(store: &dyn StateStore) {
    let env = &TestEnv { store };
    for second in [YEAR, 5] {
        let run = env.store.begin_run(RunKind::FullSync, at(second)).await.unwrap();
        env.store.end_run(run, &RunReport::default(), at(second + 1)).await.unwrap();
    }
    let last = env.store.last_run(RunKind::FullSync).await.unwrap();
    assert_eq!((last.ended, last.succeeded), (Some(at(5)), Some(at(5))));
}

pub async fn requeued_work_follows_the_clock_back(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let subject = crate::domain::inbox::Subject::User(sync_model::UserId::new("u1"));
    env.store.enqueue(&subject, at(YEAR)).await.unwrap();
    assert_eq!(env.pending_work(5).await, []);
    env.store.follow_clock(SignedDuration::from_secs(YEAR), at(5)).await.unwrap();
    assert_eq!(env.pending_work(5).await, [], "a step ahead brings nothing forward");
    env.store.follow_clock(SignedDuration::from_secs(-YEAR), at(5)).await.unwrap();
    assert_eq!(env.pending_work(5).await, [subject]);
}

pub async fn later_unconfirmed_record_is_not_overtaken(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let record = |login, reading| staged(ChangeKind::Update, user("u1", login, &[]), reading);
    let run = env.run(&[record("later", 7)]).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(8)).await.unwrap();
    env.store.confirm(run, &execution, &[], "lost", at(8)).await.unwrap();

    let run = env.run(&[record("earlier", 5)]).await;
    assert!(env.store.staged_counts(run).await.unwrap().is_empty());
    let execution = ExecutionId::new("e2");
    env.store.open_execution(run, &execution, at(9)).await.unwrap();
    env.store.confirm(run, &execution, &[], "lost", at(9)).await.unwrap();
    let held = env.store.confirmed_record(&RecordKey::user(&UserId::new("u1"))).await.unwrap().unwrap();
    assert_eq!(held.fields["login"], "later");
}

pub async fn pause_keeps_its_remaining_time(store: &dyn StateStore) {
    let env = &TestEnv { store };
    for (step, now) in [(YEAR, YEAR), (-YEAR, 0), (4, 4), (-4, 0)] {
        env.store.pause(Some(at(60))).await.unwrap();
        env.store.follow_clock(SignedDuration::from_secs(step), at(now)).await.unwrap();
        assert_eq!(env.store.paused_until().await.unwrap(), Some(at(60 + step)), "{step}");
    }
    let endless = "9998-12-31T00:00:00Z".parse().unwrap();
    env.store.pause(Some(endless)).await.unwrap();
    env.store.follow_clock(SignedDuration::from_secs(-YEAR), at(0)).await.unwrap();
    assert_eq!(env.store.paused_until().await.unwrap(), Some(endless));
}

pub async fn claim_keeps_its_remaining_time(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.enqueue(&ada(), at(0)).await.unwrap();
    assert_eq!(env.claim(0).await.unwrap().len(), 1);
    env.store.follow_clock(SignedDuration::from_secs(YEAR), at(YEAR)).await.unwrap();
    assert_eq!(env.claim(YEAR).await.unwrap().len(), 0, "a worker is at it");
    env.store.follow_clock(SignedDuration::from_secs(-YEAR), at(0)).await.unwrap();
    assert_eq!(env.claim(61).await.unwrap().len(), 1, "it ends as it would have");
}

pub async fn future_times_are_corrected(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.run(&[staged(ChangeKind::Create, user("u1", "ada", &[]), YEAR)]).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(YEAR)).await.unwrap();
    env.store.confirm(run, &execution, &[], "lost", at(YEAR)).await.unwrap();
    let key = RecordKey::user(&UserId::new("u1"));
    env.store.block(std::slice::from_ref(&key), &[], &failure("too many"), at(YEAR)).await.unwrap();
    env.store.store_events(&[event("e1", &[ada()])], at(YEAR)).await.unwrap();
    let sample = |sampled_at| MetricSample { sampled_at, ..MetricSample::default() };
    env.store.add_metric_sample(&sample(at(YEAR)), at(0)).await.unwrap();
    for kept in [1, 6] {
        env.store.add_metric_sample(&sample(at(kept)), at(0)).await.unwrap();
    }

    env.store.follow_clock(SignedDuration::ZERO, at(5)).await.unwrap();
    let inbox = env.store.event_queue_counts().await.unwrap();
    assert_eq!(inbox.oldest_unconfirmed_at, Some(at(5)));
    assert_eq!(inbox.oldest_blocked_at, Some(at(5)));
    assert_eq!(inbox.oldest_unclaimed_at, Some(at(5)));
    let kept = [sample(at(1)), sample(at(6))];
    assert_eq!(
        env.store.metric_samples(at(0)).await.unwrap(),
        kept,
        "one of the last minute is none of the future"
    );
    let next = env.store.next_retry().await.unwrap();
    assert_eq!(next, Some(at(5)), "work that a fast clock delayed is due");
}

pub async fn pending_work_keeps_its_age(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[ada()])], at(100)).await.unwrap();
    env.store.follow_clock(SignedDuration::from_secs(-60), at(50)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().oldest_unclaimed_at, Some(at(40)));
}

pub async fn retired_objects_keep_their_age(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.send_confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    env.send_confirmed(&[staged(ChangeKind::Retire, user("u1", "ada", &[]), 1)]).await;
    env.store.save_clock_offset(SignedDuration::ZERO).await.unwrap();
    let since = async || env.store.retired_before(at(2 * YEAR), 1).await.unwrap()[0].retired_at;
    let gone = since().await;
    for sign in [1, -1] {
        let step = SignedDuration::from_secs(sign * YEAR);
        env.store.follow_clock(step, at(10 + sign * YEAR)).await.unwrap();
        assert_eq!((since().await, env.store.clock_offset().await.unwrap()), (gone + step, Some(step)));
        env.store.follow_clock(-step, at(10)).await.unwrap();
        assert_eq!(since().await, gone);
    }
    // What a process finds when it begins is not judged before its clock was compared.
    env.store.follow_clock(SignedDuration::ZERO, at(-YEAR)).await.unwrap();
    assert_eq!(since().await, gone);
}
