//! Objects that cannot be read: the connection does not claim to be current until they are.

use serde_json::json;
use sync_service::Connection;
use sync_service::engine::{Clock, Quiet, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::world::{gated_world, sync};

async fn unread(connection: &Connection) -> (u64, bool) {
    let status = connection.status(0).await.unwrap();
    (status.inbox.unreadable, status.freshness.known_until.is_some())
}

#[tokio::test]
async fn unread_user_is_read_by_id() {
    let (world, gate) = gated_world(6, 2).await;
    let connection = world.synced("log").await;
    assert_eq!(unread(&connection).await, (0, true));
    let user = world.active_users().await.remove(0);
    world.change(&user, json!({ "city": "Nuuk" })).await;
    let odd = user.clone();
    gate.after(move |path, body| {
        let by_id = path == format!("/api/v1/users/{odd}");
        if path.starts_with("/api/v1/users?") {
            let listed = body.as_array_mut().into_iter().flatten();
            listed.filter(|user| user["id"] == *odd).for_each(|user| user["status"] = 7.into());
        } else if by_id {
            body["status"] = 7.into();
        }
    });
    assert!(!sync(&connection).await.unwrap().is_complete());
    assert_eq!(unread(&connection).await, (1, false), "nothing is claimed of what was not read");
    let (since, stop) = (SystemClock.now(), CancellationToken::new());
    connection.engine().reconcile(since, &Quiet, &stop).await.unwrap();
    assert_eq!(unread(&connection).await, (1, false), "a run that did not ask for it proves nothing");

    let odd = user.clone();
    gate.clear();
    gate.after(move |path, body| {
        let listed = body.as_array_mut().filter(|_| path.starts_with("/api/v1/users?"));
        let listed = listed.into_iter().flatten();
        listed.filter(|user| user["id"] == *odd).for_each(|user| user["status"] = 7.into());
    });
    let report = sync(&connection).await.unwrap();
    assert!(report.is_complete(), "no other process is there to read it: {report:?}");
    assert_eq!(unread(&connection).await, (0, true));
    assert!(world.audit().await.in_sync);
}
