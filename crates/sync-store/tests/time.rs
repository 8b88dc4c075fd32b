//! Order and time that survive a wrong clock: the promises of `TimeState`.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use sync_engine::{RunKind, RunReport, StateStore, TimeState};

use support::{at, world};

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
