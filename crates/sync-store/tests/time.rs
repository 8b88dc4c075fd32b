//! Order and time that survive a wrong clock: the promises of `TimeState`.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use sync_engine::{
    ChangeKind, MetricSample, RunKind, RunReport, SafeguardState, StateStore, TimeState, Upkeep,
};
use sync_model::{ExecutionId, RecordKey, UserId};

use support::{at, staged, user, world};

const YEAR: i64 = 365 * 24 * 3600;

#[tokio::test]
async fn readings_grow_in_spite_of_the_clock() {
    let world = world().await;
    let mut last = world.store.next_reading(at(YEAR)).await.unwrap();
    assert_eq!(last.at, at(YEAR));
    for second in [0, -YEAR, 5, YEAR - 1] {
        let reading = world.store.next_reading(at(second)).await.unwrap();
        assert!(reading.number > last.number, "{reading:?} after {last:?}");
        assert_eq!(reading.at, at(second), "the time is for people");
        last = reading;
    }
}

#[tokio::test]
async fn bookmark_is_stored() {
    let world = world().await;
    assert_eq!(world.store.bookmark().await.unwrap(), None);
    world.store.save_bookmark(at(7)).await.unwrap();
    assert_eq!(world.store.bookmark().await.unwrap(), Some(at(7)));
}

#[tokio::test]
async fn newest_run_counts_by_number() {
    let world = world().await;
    for second in [YEAR, 5] {
        let run = world.store.begin_run(RunKind::FullSync, at(second)).await.unwrap();
        world.store.end_run(run, &RunReport::default(), at(second + 1)).await.unwrap();
    }
    let last = world.store.last_run(RunKind::FullSync).await.unwrap();
    assert_eq!((last.ended, last.succeeded), (Some(at(5)), Some(at(5))));
}

#[tokio::test]
async fn requeued_work_follows_the_clock_back() {
    let world = world().await;
    let subject = sync_engine::Subject::User(sync_model::UserId::new("u1"));
    world.store.enqueue(&subject, at(YEAR)).await.unwrap();
    assert_eq!(world.pending_work(5).await, []);
    world.store.follow_clock(SignedDuration::from_secs(YEAR), at(5)).await.unwrap();
    assert_eq!(world.pending_work(5).await, [], "a step ahead brings nothing forward");
    world.store.follow_clock(SignedDuration::from_secs(-YEAR), at(5)).await.unwrap();
    assert_eq!(world.pending_work(5).await, [subject]);
}

#[tokio::test]
async fn later_unconfirmed_record_is_not_overtaken() {
    let world = world().await;
    let record = |login, reading| staged(ChangeKind::Update, user("u1", login, &[]), reading);
    let run = world.run(&[record("later", 7)]).await;
    let execution = ExecutionId::new("e");
    world.store.open_execution(run, &execution, at(8)).await.unwrap();
    world.store.confirm(run, &execution, &[], "lost", at(8)).await.unwrap();

    let run = world.run(&[record("earlier", 5)]).await;
    assert!(world.store.staged_counts(run).await.unwrap().is_empty());
    let execution = ExecutionId::new("e2");
    world.store.open_execution(run, &execution, at(9)).await.unwrap();
    world.store.confirm(run, &execution, &[], "lost", at(9)).await.unwrap();
    let held = world.store.confirmed_record(&RecordKey::user(&UserId::new("u1"))).await.unwrap().unwrap();
    assert_eq!(held.fields["login"], "later");
}

#[tokio::test]
async fn pause_keeps_what_is_left_of_it() {
    let world = world().await;
    for (step, now) in [(YEAR, YEAR), (-YEAR, 0), (4, 4), (-4, 0)] {
        world.store.pause(Some(at(60))).await.unwrap();
        world.store.follow_clock(SignedDuration::from_secs(step), at(now)).await.unwrap();
        assert_eq!(world.store.paused_until().await.unwrap(), Some(at(60 + step)), "{step}");
    }
    let endless = "9998-12-31T00:00:00Z".parse().unwrap();
    world.store.pause(Some(endless)).await.unwrap();
    world.store.follow_clock(SignedDuration::from_secs(-YEAR), at(0)).await.unwrap();
    assert_eq!(world.store.paused_until().await.unwrap(), Some(endless));
}

#[tokio::test]
async fn claim_keeps_what_is_left_of_it() {
    let world = world().await;
    world.store.enqueue(&support::ada(), at(0)).await.unwrap();
    assert_eq!(world.claim(0).await.unwrap().len(), 1);
    world.store.follow_clock(SignedDuration::from_secs(YEAR), at(YEAR)).await.unwrap();
    assert_eq!(world.claim(YEAR).await.unwrap().len(), 0, "a worker is at it");
    world.store.follow_clock(SignedDuration::from_secs(-YEAR), at(0)).await.unwrap();
    assert_eq!(world.claim(61).await.unwrap().len(), 1, "it ends as it would have");
}

#[tokio::test]
async fn future_times_are_corrected() {
    let world = world().await;
    let run = world.run(&[staged(ChangeKind::Create, user("u1", "ada", &[]), YEAR)]).await;
    let execution = ExecutionId::new("e");
    world.store.open_execution(run, &execution, at(YEAR)).await.unwrap();
    world.store.confirm(run, &execution, &[], "lost", at(YEAR)).await.unwrap();
    let key = RecordKey::user(&UserId::new("u1"));
    world.store.block(std::slice::from_ref(&key), &[], "too many", at(YEAR)).await.unwrap();
    world.store.store_events(&[support::event("e1", &[support::ada()])], at(YEAR)).await.unwrap();
    let sample = |sampled_at| MetricSample { sampled_at, ..MetricSample::default() };
    world.store.add_metric_sample(&sample(at(YEAR)), at(0)).await.unwrap();
    for kept in [1, 6] {
        world.store.add_metric_sample(&sample(at(kept)), at(0)).await.unwrap();
    }

    world.store.follow_clock(SignedDuration::ZERO, at(5)).await.unwrap();
    let inbox = world.store.event_queue_counts().await.unwrap();
    assert_eq!(inbox.oldest_unconfirmed_at, Some(at(5)));
    assert_eq!(inbox.oldest_blocked_at, Some(at(5)));
    assert_eq!(inbox.oldest_unclaimed_at, Some(at(5)));
    let kept = [sample(at(1)), sample(at(6))];
    assert_eq!(
        world.store.metric_samples(at(0)).await.unwrap(),
        kept,
        "one of the last minute is none of the future"
    );
    let next = world.store.next_retry().await.unwrap();
    assert_eq!(next, Some(at(5)), "what was put off by the clock that was ahead is due");
}

#[tokio::test]
async fn pending_work_keeps_its_age() {
    let world = world().await;
    world.store.store_events(&[support::event("e1", &[support::ada()])], at(100)).await.unwrap();
    world.store.follow_clock(SignedDuration::from_secs(-60), at(50)).await.unwrap();
    assert_eq!(world.store.event_queue_counts().await.unwrap().oldest_unclaimed_at, Some(at(40)));
}

#[tokio::test]
async fn retired_objects_keep_their_age() {
    let world = world().await;
    world.confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    world.confirmed(&[staged(ChangeKind::Retire, user("u1", "ada", &[]), 1)]).await;
    world.store.save_clock_offset(SignedDuration::ZERO).await.unwrap();
    let since = async || world.store.retired_before(at(2 * YEAR), 1).await.unwrap()[0].retired_at;
    let gone = since().await;
    for sign in [1, -1] {
        let step = SignedDuration::from_secs(sign * YEAR);
        world.store.follow_clock(step, at(10 + sign * YEAR)).await.unwrap();
        assert_eq!((since().await, world.store.clock_offset().await.unwrap()), (gone + step, Some(step)));
        world.store.follow_clock(-step, at(10)).await.unwrap();
        assert_eq!(since().await, gone);
    }
    // What a process finds when it begins is not judged before its clock was compared.
    world.store.follow_clock(SignedDuration::ZERO, at(-YEAR)).await.unwrap();
    assert_eq!(since().await, gone);
}
