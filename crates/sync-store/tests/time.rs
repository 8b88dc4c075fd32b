//! Order and time that survive a wrong clock: the promises of `TimeState`.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use sync_engine::{Change, RunKind, RunReport, StateStore, TimeState};
use sync_model::{ExecutionId, RecordKey, UserId};

use support::{at, staged, user, world};

const YEAR: i64 = 365 * 24 * 3600;

#[tokio::test]
async fn readings_grow_whatever_the_clock_says() {
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
async fn bookmark_is_kept() {
    let world = world().await;
    assert_eq!(world.store.bookmark().await.unwrap(), None);
    world.store.remember_bookmark(at(7)).await.unwrap();
    assert_eq!(world.store.bookmark().await.unwrap(), Some(at(7)));
}

#[tokio::test]
async fn newest_run_counts_by_number() {
    let world = world().await;
    for second in [YEAR, 5] {
        let run = world.store.begin_run(RunKind::Full, at(second)).await.unwrap();
        world.store.end_run(run, &RunReport::default(), at(second + 1)).await.unwrap();
    }
    let last = world.store.last_run(RunKind::Full).await.unwrap();
    assert_eq!((last.last, last.good), (Some(at(5)), Some(at(5))));
}

#[tokio::test]
async fn put_off_work_follows_the_clock_back() {
    let world = world().await;
    let subject = sync_engine::Subject::User(sync_model::UserId::new("u1"));
    world.store.ask(&subject, at(YEAR)).await.unwrap();
    assert_eq!(world.looks(5).await, []);
    world.store.follow_clock(SignedDuration::from_secs(YEAR), at(5)).await.unwrap();
    assert_eq!(world.looks(5).await, [], "a step ahead brings nothing forward");
    world.store.follow_clock(SignedDuration::from_secs(-YEAR), at(5)).await.unwrap();
    assert_eq!(world.looks(5).await, [subject]);
}

#[tokio::test]
async fn later_unconfirmed_record_is_not_overtaken() {
    let world = world().await;
    let record = |login, reading| staged(Change::Update, user("u1", login, &[]), reading);
    let run = world.run(&[record("later", 7)]).await;
    let execution = ExecutionId::new("e");
    world.store.open_execution(run, &execution, at(8)).await.unwrap();
    world.store.confirm(run, &execution, &[], "lost", at(8)).await.unwrap();

    let run = world.run(&[record("earlier", 5)]).await;
    assert!(world.store.staged_counts(run).await.unwrap().is_empty());
    let execution = ExecutionId::new("e2");
    world.store.open_execution(run, &execution, at(9)).await.unwrap();
    world.store.confirm(run, &execution, &[], "lost", at(9)).await.unwrap();
    let held = world.store.confirmed(&RecordKey::user(&UserId::new("u1"))).await.unwrap().unwrap();
    assert_eq!(held.fields["login"], "later");
}
