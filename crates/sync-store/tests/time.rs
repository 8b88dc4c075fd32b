//! Order and time that survive a wrong clock: the promises of `TimeState`.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use sync_engine::{
    ChangeKind, MetricSample, RunKind, RunReport, SafeguardState, StateStore, TimeState, Upkeep,
};
use sync_model::{ExecutionId, RecordKey, UserId};

use support::{at, staged, test_env, user};

const YEAR: i64 = 365 * 24 * 3600;

#[tokio::test]
async fn reading_numbers_increase_despite_clock_changes() {
    let env = test_env().await;
    let mut last = env.store.next_reading(at(YEAR)).await.unwrap();
    assert_eq!(last.at, at(YEAR));
    for second in [0, -YEAR, 5, YEAR - 1] {
        let reading = env.store.next_reading(at(second)).await.unwrap();
        assert!(reading.number > last.number, "{reading:?} after {last:?}");
        assert_eq!(reading.at, at(second), "the time is for people");
        last = reading;
    }
}

#[tokio::test]
async fn bookmark_is_stored() {
    let env = test_env().await;
    assert_eq!(env.store.bookmark().await.unwrap(), None);
    env.store.save_bookmark(at(7)).await.unwrap();
    assert_eq!(env.store.bookmark().await.unwrap(), Some(at(7)));
}

#[tokio::test]
async fn newest_run_counts_by_number() {
    let env = test_env().await;
    for second in [YEAR, 5] {
        let run = env.store.begin_run(RunKind::FullSync, at(second)).await.unwrap();
        env.store.end_run(run, &RunReport::default(), at(second + 1)).await.unwrap();
    }
    let last = env.store.last_run(RunKind::FullSync).await.unwrap();
    assert_eq!((last.ended, last.succeeded), (Some(at(5)), Some(at(5))));
}

#[tokio::test]
async fn requeued_work_follows_the_clock_back() {
    let env = test_env().await;
    let subject = sync_engine::Subject::User(sync_model::UserId::new("u1"));
    env.store.enqueue(&subject, at(YEAR)).await.unwrap();
    assert_eq!(env.pending_work(5).await, []);
    env.store.follow_clock(SignedDuration::from_secs(YEAR), at(5)).await.unwrap();
    assert_eq!(env.pending_work(5).await, [], "a step ahead brings nothing forward");
    env.store.follow_clock(SignedDuration::from_secs(-YEAR), at(5)).await.unwrap();
    assert_eq!(env.pending_work(5).await, [subject]);
}

#[tokio::test]
async fn later_unconfirmed_record_is_not_overtaken() {
    let env = test_env().await;
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

#[tokio::test]
async fn pause_keeps_its_remaining_time() {
    let env = test_env().await;
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

#[tokio::test]
async fn claim_keeps_its_remaining_time() {
    let env = test_env().await;
    env.store.enqueue(&support::ada(), at(0)).await.unwrap();
    assert_eq!(env.claim(0).await.unwrap().len(), 1);
    env.store.follow_clock(SignedDuration::from_secs(YEAR), at(YEAR)).await.unwrap();
    assert_eq!(env.claim(YEAR).await.unwrap().len(), 0, "a worker is at it");
    env.store.follow_clock(SignedDuration::from_secs(-YEAR), at(0)).await.unwrap();
    assert_eq!(env.claim(61).await.unwrap().len(), 1, "it ends as it would have");
}

#[tokio::test]
async fn future_times_are_corrected() {
    let env = test_env().await;
    let run = env.run(&[staged(ChangeKind::Create, user("u1", "ada", &[]), YEAR)]).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(YEAR)).await.unwrap();
    env.store.confirm(run, &execution, &[], "lost", at(YEAR)).await.unwrap();
    let key = RecordKey::user(&UserId::new("u1"));
    env.store.block(std::slice::from_ref(&key), &[], "too many", at(YEAR)).await.unwrap();
    env.store.store_events(&[support::event("e1", &[support::ada()])], at(YEAR)).await.unwrap();
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
    assert_eq!(next, Some(at(5)), "what was put off by the clock that was ahead is due");
}

#[tokio::test]
async fn pending_work_keeps_its_age() {
    let env = test_env().await;
    env.store.store_events(&[support::event("e1", &[support::ada()])], at(100)).await.unwrap();
    env.store.follow_clock(SignedDuration::from_secs(-60), at(50)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().oldest_unclaimed_at, Some(at(40)));
}

#[tokio::test]
async fn retired_objects_keep_their_age() {
    let env = test_env().await;
    env.confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    env.confirmed(&[staged(ChangeKind::Retire, user("u1", "ada", &[]), 1)]).await;
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
