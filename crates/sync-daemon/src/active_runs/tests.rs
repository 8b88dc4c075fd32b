//! Rates, remaining time, and how often whoever waits is woken.

use admin_api::RunPhase;
use sync_engine::{Fact, SystemClock};

use super::*;

/// Steady time is moved by hand.
fn collector(changed: ChangeSignal) -> RunCollector {
    RunCollector::new(Arc::new(SystemClock), changed)
}

async fn after(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

fn phase(runs: &RunCollector) -> RunPhase {
    runs.view().current().unwrap().phases.last().unwrap().clone()
}

fn about(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 0.01
}

#[tokio::test(start_paused = true)]
async fn rate_follows_recent_progress() {
    let runs = collector(ChangeSignal::default());
    let told = runs.watch(RunKind::FullSync);
    told.begin(Phase::Users, Some(10_000));
    for _ in 0..30 {
        after(1).await;
        told.advance(Phase::Users, 10);
    }
    let slow = phase(&runs);
    assert!(about(slow.items_per_second, 10.0), "{slow:?}");
    assert!(about(slow.remaining_seconds.unwrap(), 970.0), "{slow:?}");
    for _ in 0..15 {
        after(1).await;
        told.advance(Phase::Users, 200);
    }
    let fast = phase(&runs);
    assert_eq!((fast.done, fast.total), (3300, Some(10_000)));
    assert!(about(fast.items_per_second, 200.0), "what was slow before does not count: {fast:?}");
    assert!(about(fast.remaining_seconds.unwrap(), 33.5), "{fast:?}");
    after(60).await;
    let stuck = phase(&runs);
    assert!(stuck.items_per_second == 0.0 && stuck.remaining_seconds.is_none(), "{stuck:?}");
}

#[tokio::test(start_paused = true)]
async fn resumed_items_do_not_affect_rate() {
    let runs = collector(ChangeSignal::default());
    let told = runs.watch(RunKind::FullSync);
    told.begin(Phase::Users, Some(1000));
    told.resume(Phase::Users, 500);
    after(10).await;
    told.advance(Phase::Users, 100);
    let users = phase(&runs);
    assert_eq!(users.done, 600);
    assert!(
        about(users.items_per_second, 10.0) && about(users.remaining_seconds.unwrap(), 40.0),
        "{users:?}"
    );
    told.advance(Phase::Users, 500);
    let users = phase(&runs);
    assert!(users.total.is_none() && users.remaining_seconds.is_none(), "a guess proved wrong: {users:?}");
}

#[tokio::test(start_paused = true)]
async fn ended_run_keeps_its_measurements() {
    let runs = collector(ChangeSignal::default());
    let told = runs.watch(RunKind::FullSync);
    told.started(RunId::new(7));
    told.begin(Phase::Groups, None);
    after(2).await;
    told.advance(Phase::Groups, 30);
    told.end(Phase::Groups);
    told.begin(Phase::Members, Some(30));
    after(8).await;
    let failure = Some(Finding::error(Fact::OutcomeUnknown));
    told.ended(&RunReport { state: RunState::Failed, failure: failure.clone(), ..RunReport::default() });
    drop(told);
    after(300).await;
    let view = runs.view();
    assert!(view.active.is_empty());
    let run = view.current().unwrap();
    assert_eq!(
        (run.run, run.kind, run.state),
        (Some(RunId::new(7)), RunKind::FullSync, Some(RunState::Failed))
    );
    assert_eq!(run.failure, failure);
    assert!(about(run.duration_seconds, 10.0), "{run:?}");
    let groups = &run.phases[0];
    assert!(about(groups.items_per_second, 15.0) && about(groups.duration_seconds, 2.0), "{groups:?}");
    assert!(run.phases[1].ended_at.is_some() && run.phases[1].remaining_seconds.is_none());
    after(300).await;
    assert_eq!(runs.view().current(), None, "nobody looks at it any more");
}

#[tokio::test(start_paused = true)]
async fn current_run_prefers_sync_over_events() {
    let runs = collector(ChangeSignal::default());
    let batch = runs.watch(RunKind::EventSync);
    let pass = runs.watch(RunKind::IncrementalSync);
    batch.started(RunId::new(1));
    pass.started(RunId::new(2));
    let view = runs.view();
    assert_eq!((view.active.len(), view.current().unwrap().kind), (2, RunKind::IncrementalSync));
    batch.ended(&RunReport::default());
    drop(batch);
    assert!(runs.view().recent.is_empty());
    let batch = runs.watch(RunKind::EventSync);
    batch.started(RunId::new(3));
    batch.begin(Phase::Sending, Some(1));
    drop(batch);
    drop(pass);
    // It never got a number.
    drop(runs.watch(RunKind::FullSync));
    let ended: Vec<RunKind> = runs.view().recent.iter().map(|run| run.kind).collect();
    assert_eq!(ended, [RunKind::IncrementalSync, RunKind::EventSync]);
}

#[tokio::test(start_paused = true)]
async fn run_changes_are_signaled() {
    let signal = ChangeSignal::default();
    let mut changes = signal.subscribe();
    let runs = collector(signal);
    let told = runs.watch(RunKind::FullSync);
    assert!(changes.changed().await, "its start");
    told.begin(Phase::Users, None);
    assert!(changes.changed().await, "a phase");
    told.advance(Phase::Users, 1);
    assert!(changes.changed().await, "progress");
    drop(told);
    assert!(changes.changed().await, "its end");
}
