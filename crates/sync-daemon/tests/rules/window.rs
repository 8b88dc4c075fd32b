//! Losses that come one at a time are held to the same limits as those that come together.

use std::sync::Arc;

use serde_json::{Value, json};
use sync_engine::{Clock, EngineError, NoopProgress, Safeguards, Subject};
use sync_model::UserId;
use tokio_util::sync::CancellationToken;

use crate::fakes::OffsetClock;
use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, idle, sync_with_override, test_env, wait_for_system_log, wait_until};

async fn open(world: &TestEnv, limits: Safeguards) -> Arc<sync_daemon::Connection> {
    world.open_with("system_log", OFTEN, |_, options| options.safeguards = limits).await
}

/// Follows while changes happen, each applied or held back before the next.
async fn one_at_a_time(
    world: &TestEnv,
    limits: Safeguards,
    changes: usize,
    mut change: impl AsyncFnMut(usize),
) -> Arc<sync_daemon::Connection> {
    let connection = open(world, limits).await;
    world.sync_first(&connection).await;
    let following = follow(&connection);
    idle(&connection).await;
    for n in 0..changes {
        change(n).await;
        wait_for_system_log(&connection).await;
        idle(&connection).await;
    }
    following.stop().await;
    connection
}

/// Two runs that are approved before either is sent.
#[tokio::test]
async fn concurrent_removals_add_up() {
    let world = test_env(12, 3).await;
    let users = world.users().await;
    let limits = Safeguards { min_retired_count: 2, ..Safeguards::default() };
    let connection = open(&world, limits).await;
    world.sync_first(&connection).await;
    for user in &users[..4] {
        world.delete(user).await;
    }
    let subjects = |users: &[String]| -> Vec<Subject> {
        users.iter().map(|user| Subject::User(UserId::new(user.clone()))).collect()
    };
    let (first, second) = (subjects(&users[..2]), subjects(&users[2..4]));
    let (engine, stop) = (connection.engine(), CancellationToken::new());
    let (first, second) = tokio::join!(
        engine.targeted_sync(&first, &NoopProgress, &stop),
        engine.targeted_sync(&second, &NoopProgress, &stop),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?}, {second:?}");
    let refused = first.and(second).unwrap_err();
    assert!(matches!(refused, EngineError::SafeguardTriggered(_)), "{refused:?}");
    assert_eq!(world.audit().await.marked_deleted, 2);
}

/// The same of memberships, each run within the minimum.
#[tokio::test]
async fn concurrent_membership_removals_add_up() {
    let world = test_env(12, 3).await;
    let limits = Safeguards {
        min_removed_memberships_count: 2,
        max_removed_memberships_percent: 0.0,
        ..Safeguards::default()
    };
    let connection = open(&world, limits).await;
    let (users, group) = (world.users().await, world.groups().await[0].clone());
    for user in &users[..4] {
        world.add_member(&group, user).await;
    }
    world.sync_first(&connection).await;
    for user in &users[..4] {
        world.call("DELETE", &format!("/okta/groups/{group}/users/{user}"), Value::Null).await;
    }
    let subjects = |users: &[String]| -> Vec<Subject> {
        users.iter().map(|user| Subject::User(UserId::new(user.clone()))).collect()
    };
    let (first, second) = (subjects(&users[..2]), subjects(&users[2..4]));
    let (engine, stop) = (connection.engine(), CancellationToken::new());
    let (first, second) = tokio::join!(
        engine.targeted_sync(&first, &NoopProgress, &stop),
        engine.targeted_sync(&second, &NoopProgress, &stop),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?}, {second:?}");
    let refused = first.and(second).unwrap_err();
    assert!(matches!(refused, EngineError::SafeguardTriggered(_)), "{refused:?}");
}

#[tokio::test]
async fn single_deletions_add_up() {
    let world = test_env(12, 3).await;
    let users = world.users().await;
    let limits = Safeguards { min_retired_count: 2, ..Safeguards::default() };
    let connection = one_at_a_time(&world, limits, 4, async |n| world.delete(&users[n]).await).await;
    assert_eq!(world.audit().await.marked_deleted, 2);
    assert_eq!(connection.status(1).await.unwrap().event_queue.blocked, 2);

    // Neither a restart nor another road lets more through.
    let again = open(&world, limits).await;
    let refused =
        again.engine().full_sync(&limits, &NoopProgress, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(refused, EngineError::SafeguardTriggered(_)), "{refused:?}");
    let user = [Subject::User(UserId::new(users[2].clone()))];
    let refused =
        again.engine().targeted_sync(&user, &NoopProgress, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(refused, EngineError::SafeguardTriggered(_)), "{refused:?}");
    assert_eq!(world.audit().await.marked_deleted, 2);

    sync_with_override(&again).await;
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 4, "{audit:?}");
    assert_eq!(again.status(1).await.unwrap().event_queue.blocked, 0);
}

#[tokio::test]
async fn memberships_ended_singly_add_up() {
    let world = test_env(12, 3).await;
    let (users, group) = (world.users().await, world.groups().await.remove(0));
    for user in &users {
        world.add_member(&group, user).await;
    }
    let limits = Safeguards {
        min_removed_memberships_count: 2,
        max_removed_memberships_percent: 5.0,
        ..Safeguards::default()
    };
    let leave = async |n: usize| {
        let path = format!("/okta/groups/{group}/users/{}", users[n]);
        drop(world.call("DELETE", &path, Value::Null).await);
    };
    let connection = one_at_a_time(&world, limits, 4, leave).await;
    assert_eq!(connection.status(1).await.unwrap().event_queue.blocked, 2);
    assert_eq!(world.audit().await.total_differences, 2);
    sync_with_override(&connection).await;
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn values_cleared_singly_add_up() {
    let world = test_env(12, 3).await;
    let users = world.users().await;
    for user in &users {
        world.change(user, json!({ "city": "Paris" })).await;
    }
    let limits = Safeguards { min_cleared_values_count: 2, ..Safeguards::default() };
    let clear = async |n: usize| world.change(&users[n], json!({ "city": null })).await;
    let connection = one_at_a_time(&world, limits, 4, clear).await;
    assert_eq!(connection.status(1).await.unwrap().event_queue.blocked, 2);
    sync_with_override(&connection).await;
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn losses_leave_after_the_window() {
    let world = test_env(12, 3).await;
    let users = world.users().await;
    let limits = Safeguards {
        min_retired_count: 2,
        window: jiff::SignedDuration::from_secs(1),
        ..Safeguards::default()
    };
    let connection = one_at_a_time(&world, limits, 2, async |n| world.delete(&users[n]).await).await;
    world.delete(&users[2]).await;
    wait_until("the window is over", async || match full(&connection, limits).await {
        Ok(()) => Ok(()),
        Err(error) => Err(error.to_string()),
    })
    .await;
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 3, "{audit:?}");
}

/// The connection of a process whose clock is so much ahead.
async fn restarted(world: &TestEnv, limits: Safeguards, seconds: i64) -> Arc<sync_daemon::Connection> {
    let ahead = Arc::new(OffsetClock::default());
    ahead.by(seconds);
    let adjust = |ports: &mut sync_engine::Ports, options: &mut sync_engine::EngineOptions| {
        ports.clock = ahead as Arc<dyn Clock>;
        options.safeguards = limits;
    };
    let connection = world.open_with("system_log", OFTEN, adjust).await;
    connection.engine().recover().await.unwrap();
    connection
}

async fn full(connection: &sync_daemon::Connection, limits: Safeguards) -> Result<(), EngineError> {
    connection.engine().full_sync(&limits, &NoopProgress, &CancellationToken::new()).await.map(drop)
}

const YEAR: i64 = 365 * 24 * 3600;

#[tokio::test]
async fn window_survives_clock_change() {
    let world = test_env(12, 3).await;
    let users = world.users().await;
    let limits = Safeguards { min_retired_count: 2, ..Safeguards::default() };
    drop(one_at_a_time(&world, limits, 2, async |n| world.delete(&users[n]).await).await);
    world.delete(&users[2]).await;
    for seconds in [YEAR, -YEAR] {
        let again = restarted(&world, limits, seconds).await;
        let refused = full(&again, limits).await.unwrap_err();
        assert!(matches!(refused, EngineError::SafeguardTriggered(_)), "{seconds}: {refused:?}");
        let user = [Subject::User(UserId::new(users[2].clone()))];
        let refused =
            again.engine().targeted_sync(&user, &NoopProgress, &CancellationToken::new()).await.unwrap_err();
        assert!(matches!(refused, EngineError::SafeguardTriggered(_)), "{seconds}: {refused:?}");
        assert_eq!(world.audit().await.marked_deleted, 2);
    }
}

#[tokio::test]
async fn window_ends_despite_clock_change() {
    for seconds in [YEAR, -YEAR] {
        let world = test_env(12, 3).await;
        let users = world.users().await;
        let limits = Safeguards {
            min_retired_count: 2,
            window: jiff::SignedDuration::from_secs(1),
            ..Safeguards::default()
        };
        let wrong = restarted(&world, limits, seconds).await;
        world.sync_first(&wrong).await;
        for user in &users[..2] {
            world.delete(user).await;
        }
        full(&wrong, limits).await.unwrap();
        world.delete(&users[2]).await;
        let right = restarted(&world, limits, 0).await;
        wait_until("the window is over", async || match full(&right, limits).await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.to_string()),
        })
        .await;
        assert_eq!(world.audit().await.marked_deleted, 3);
    }
}
