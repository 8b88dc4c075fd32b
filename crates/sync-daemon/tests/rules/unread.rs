//! Objects that cannot be read: the connection does not claim to be current until they are.

use std::sync::Arc;

use admin_api::ConnectionStatus;
use serde_json::json;
use sync_daemon::Connection;
use sync_engine::{AlertKind, Clock, EngineError, Fact, NoopProgress, Severity, Subject, SystemClock, Task};
use sync_model::UserId;
use tokio_util::sync::CancellationToken;

use crate::fakes::Failures;
use crate::gate::{Gate, Instead, page, refusal};
use crate::support::follow;
use crate::test_env::{OFTEN, gated_test_env, status, sync, wait_for_system_log, wait_until};

async fn unread(connection: &Connection) -> (u64, bool) {
    let status = connection.status(0).await.unwrap();
    (status.event_queue.unreadable, status.freshness.synced_through.is_some())
}

#[tokio::test]
async fn unread_user_is_read_by_id() {
    let (world, gate) = gated_test_env(6, 2).await;
    let connection = world.synced("system_log").await;
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
    connection.engine().incremental_sync(since, &NoopProgress, &stop).await.unwrap();
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

/// Leaves an object out of a listing, so that a full pass asks for it by ID.
fn unlist(gate: &Gate, listing: &'static str, id: &str) {
    let id = id.to_owned();
    gate.after(move |path, body| {
        if let Some(listed) = body.as_array_mut().filter(|_| path.starts_with(listing)) {
            listed.retain(|object| object["id"] != *id);
        }
    });
}

/// An odd answer that the client does not ask for again at once.
fn odd_answer(n: usize) -> Instead {
    match n {
        0 => page(200),
        1 => refusal(403, "E0000006", "You do not have permission to perform the requested action"),
        _ => page(302),
    }
}

#[tokio::test]
async fn odd_answer_leaves_one_user() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let users = world.active_users().await;
    unlist(&gate, "/api/v1/users?", &users[0]);
    for part in ["", "/groups"] {
        for n in 0..3 {
            let city = format!("City {n}{part}");
            world.change(&users[1], json!({ "city": city })).await;
            let at = format!("/api/v1/users/{}{part}", users[0]);
            gate.instead(move |path| (path == at).then(|| odd_answer(n)));
            let report = sync(&connection).await.unwrap();
            assert!(!report.is_complete(), "{n}{part}: {report:?}");
            assert_eq!(report.unreadable.examples[0].id.as_deref(), Some(users[0].as_str()), "{report:?}");
            assert!(!report.unreadable.examples[0].error.is_empty(), "{report:?}");
            assert_eq!(unread(&connection).await, (1, false), "{n}{part}");
            assert!(world.object(&users[1]).await.contains(&city), "{n}{part}");
            let audit = world.audit().await;
            assert!(audit.in_sync && audit.marked_deleted == 0, "{n}{part}: {:?}", audit.differences);
        }
    }
    gate.instead(|_| None);
    let report = sync(&connection).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(unread(&connection).await, (0, true));
}

#[tokio::test]
async fn odd_answer_leaves_one_group() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let group = world.groups().await[1].clone();
    unlist(&gate, "/api/v1/groups?limit=200", &group);
    for part in ["", "/users"] {
        for n in 0..3 {
            let at = format!("/api/v1/groups/{group}{part}");
            gate.instead(move |path| {
                let asked = path.split('?').next() == Some(at.as_str());
                asked.then(|| odd_answer(n))
            });
            let report = sync(&connection).await.unwrap();
            assert!(!report.is_complete(), "{n}{part}: {report:?}");
            assert_eq!(report.unreadable.examples[0].id.as_deref(), Some(group.as_str()), "{report:?}");
            assert_eq!(unread(&connection).await, (1, false), "{n}{part}");
            let audit = world.audit().await;
            assert!(audit.in_sync && audit.marked_deleted == 0, "{n}{part}: {:?}", audit.differences);
        }
    }
    gate.instead(|_| None);
    assert!(sync(&connection).await.unwrap().is_complete());
}

#[tokio::test]
async fn lasting_failure_leaves_one_user() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let user = world.active_users().await.remove(0);
    unlist(&gate, "/api/v1/users?", &user);
    let at = format!("/api/v1/users/{user}");
    gate.instead(move |path| (path == at).then(|| page(500)));
    let report = sync(&connection).await.unwrap();
    assert!(!report.is_complete(), "{report:?}");
    assert_eq!(report.unreadable.examples[0].id.as_deref(), Some(user.as_str()), "{report:?}");
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 0, "{:?}", audit.differences);
}

#[tokio::test]
async fn unreadable_log_is_in_the_status() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let following = follow(&connection);
    wait_for_system_log(&connection).await;
    gate.instead(|path| path.starts_with("/api/v1/logs").then(|| page(200)));
    // Another process asks, long before the daemon counts as stuck.
    let other = world.open("system_log").await;
    for asked in [&other, &connection] {
        let alerts = |status: &ConnectionStatus| {
            status.alerts.iter().any(|t| t.kind == AlertKind::SystemLogUnavailable)
        };
        let told = status(asked, "the log that cannot be read is told", alerts).await;
        let alert = &told.alerts[0];
        assert!(
            matches!(alert.finding.fact, Fact::TaskFailing { task: Task::EventFeed, .. })
                && alert.finding.remedy.is_some()
                && alert.finding.severity == Severity::Warning,
            "{alert:?}"
        );
    }
    gate.clear();
    for asked in [&connection, &other] {
        status(asked, "nothing goes wrong", |status| status.alerts.is_empty()).await;
    }
    following.stop().await;
}

#[tokio::test]
async fn unanswered_reads_are_an_outage() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let user = world.active_users().await.remove(0);
    unlist(&gate, "/api/v1/users?", &user);
    let (at, out) = (format!("/api/v1/users/{user}"), std::sync::atomic::AtomicBool::new(false));
    gate.instead(move |path| {
        let out = out.fetch_or(path == at, std::sync::atomic::Ordering::Relaxed) || path == at;
        out.then(|| page(200))
    });
    let failed = sync(&connection).await.unwrap_err();
    assert!(matches!(failed, EngineError::Directory(_)), "{failed}");
    gate.clear();
    assert!(sync(&connection).await.unwrap().is_complete());
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn forbidden_user_does_not_block_others() {
    let (world, gate) = gated_test_env(8, 2).await;
    let connection = world.synced("system_log").await;
    let users = world.active_users().await;
    let path = format!("/api/v1/users/{}", users[0]);
    gate.instead(move |at| {
        at.starts_with(&path)
            .then(|| refusal(403, "E0000006", "You do not have permission to perform the requested action"))
    });
    let following = follow(&connection);
    // Together, and alone: neither keeps the others waiting.
    for city in ["Nuuk", "Graz"] {
        world.change(&users[0], json!({ "city": city })).await;
        for user in &users[1..4] {
            world.change(user, json!({ "city": city })).await;
        }
        wait_until("the others are current", async || {
            for user in &users[1..4] {
                if !world.object(user).await.contains(city) {
                    return Err(user.clone());
                }
            }
            Ok(())
        })
        .await;
    }
    assert!(connection.status(0).await.unwrap().event_queue.unfinished() > 0, "its change waits");
    gate.clear();
    world.assert_in_sync().await;
    following.stop().await;
}

#[tokio::test]
async fn outage_within_batch_is_reported_early() {
    let (world, gate) = gated_test_env(24, 2).await;
    let heard = Arc::new(Failures::default());
    let connection = world.open_with("system_log", OFTEN, |ports, _| ports.alerts = heard.clone()).await;
    world.sync_first(&connection).await;
    let mut users = world.active_users().await;
    // The first one to be read is the only one that is answered: all failures follow.
    users.sort_unstable();
    let first = format!("/api/v1/users/{}", users[0]);
    gate.instead(move |path| {
        let by_id = path.starts_with("/api/v1/users/") && !path.starts_with(&first);
        by_id.then(|| refusal(500, "E0000009", "Internal Server Error"))
    });
    let subjects: Vec<_> = users.into_iter().map(|user| Subject::User(UserId::new(user))).collect();
    connection.engine().targeted_sync(&subjects, &NoopProgress, &CancellationToken::new()).await.unwrap();
    let told = heard.0.lock().unwrap();
    assert!(told.iter().any(|reason| reason.contains("status 500")), "{told:?}");
}
