//! Requests are proportional to what changed.

use serde_json::json;
use sync_engine::{Clock, NoopProgress, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::support::follow;
use crate::test_env::{GROUPS, USER, idle, status, sync, test_env};

#[tokio::test]
async fn many_memberships_take_one_listing() {
    let world = test_env(30, 2).await;
    let connection = world.synced("system_log").await;
    let following = follow(&connection);
    let group = world.call("POST", "/okta/groups", json!({ "name": "New" })).await;
    let group = group["id"].as_str().unwrap();
    world.assert_in_sync().await;
    idle(&connection).await;
    connection.pause(None).await.unwrap();
    for user in &world.users().await[..20] {
        world.add_member(group, user).await;
    }
    status(&connection, "all of it is stored", |status| status.event_queue.work_items == 20).await;
    let before = (world.requests(GROUPS).await, world.requests(USER).await, world.executions().await.len());
    connection.resume().await.unwrap();
    world.assert_in_sync().await;
    idle(&connection).await;
    let after = (world.requests(GROUPS).await, world.requests(USER).await, world.executions().await.len());
    assert_eq!(after, (before.0 + 1, before.1, before.2 + 1));
    following.stop().await;
}

#[tokio::test]
async fn unchanged_incremental_sync_takes_two_requests() {
    let world = test_env(30, 5).await;
    let connection = world.synced("system_log").await;
    let report = connection
        .engine()
        .incremental_sync(SystemClock.now(), &NoopProgress, &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!((report.executions, report.chunks, report.okta_requests), (0, 0, 2), "{report:?}");
    // One changed group costs a listing of its members, and nothing else.
    let since = SystemClock.now();
    world.add_member(&world.groups().await[0], &world.users().await[0]).await;
    let _ = world.control.get("/okta/counts").await;
    let report =
        connection.engine().incremental_sync(since, &NoopProgress, &CancellationToken::new()).await.unwrap();
    assert!(report.okta_requests <= 3, "{report:?}");
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn unchanged_full_sync_starts_no_execution() {
    let world = test_env(30, 5).await;
    let connection = world.synced("system_log").await;
    let before = world.executions().await.len();
    let report = sync(&connection).await.unwrap();
    assert_eq!((report.executions, report.chunks), (0, 0));
    assert_eq!(world.executions().await.len(), before);
}
