//! Answers that would take an object out of scope, mix it up with another, or have no end.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use sync_engine::{NoopProgress, Subject};
use sync_model::{GroupId, UserId};
use tokio_util::sync::CancellationToken;

use crate::gate::Instead;
use crate::support::follow;
use crate::test_env::{OFTEN, gated_test_env, sync, wait_until};

#[tokio::test]
async fn malformed_condition_value_retires_nothing() {
    let (world, gate) = gated_test_env(12, 3).await;
    let chosen = format!(
        "{OFTEN}[connections.main.scope.users]\nstatus = [\"ACTIVE\"]\n[connections.main.scope.groups]\ntypes = [\"OKTA_GROUP\"]\n"
    );
    let connection = world.open_with("system_log", &chosen, |_, _| {}).await;
    world.sync_first(&connection).await;
    let (user, group) = (world.active_users().await[0].clone(), world.groups().await[1].clone());
    for (id, field, value) in [
        (&user, "status", "active"),
        (&user, "status", ""),
        (&group, "type", ""),
        (&group, "type", "okta_group"),
    ] {
        let odd = id.clone();
        gate.after(move |_, body| {
            let items = body.as_array_mut().map_or(&mut [][..], |items| items);
            for item in items.iter_mut().filter(|item| item["id"] == *odd) {
                item[field] = value.into();
            }
            if body["id"] == *odd {
                body[field] = value.into();
            }
        });
        let report = sync(&connection).await.unwrap();
        assert!(!report.is_complete(), "{field} {value:?}: {report:?}");
        let ids: Vec<_> = report.unreadable.examples.iter().filter_map(|item| item.id.as_deref()).collect();
        assert!(ids.contains(&id.as_str()), "{field} {value:?}: {ids:?}");
        let audit = world.audit().await;
        assert_eq!((audit.out_of_scope, audit.marked_deleted), (0, 0), "{field} {value:?}: {audit:?}");
    }
}

#[tokio::test]
async fn mismatched_answer_is_not_applied() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let (users, groups) = (world.active_users().await, world.groups().await);
    for (kind, ids) in [("users", &users), ("groups", &groups)] {
        let (at, other) = (format!("/api/v1/{kind}/{}", ids[0]), ids[1].clone());
        gate.after(move |path, body| {
            if path == at {
                body["id"] = other.clone().into();
            }
        });
        let subject = if kind == "users" {
            Subject::User(UserId::new(&ids[0]))
        } else {
            Subject::Group(GroupId::new(&ids[0]))
        };
        let some =
            connection.engine().targeted_sync(&[subject], &NoopProgress, &CancellationToken::new()).await;
        let complete = some.as_ref().is_ok_and(sync_engine::RunReport::is_complete);
        assert!(!complete, "{kind}: {some:?}");
        let audit = world.audit().await;
        assert!(audit.in_sync && audit.marked_deleted == 0, "{kind}: {:?}", audit.differences);
    }
}

#[tokio::test]
async fn endless_known_events_are_paced() {
    let (world, gate) = gated_test_env(12, 3).await;
    let seldom = "[connections.main.schedule]\nsystem_log_poll = \"1h\"\n";
    let connection = world.open_with("system_log", seldom, |_, _| {}).await;
    world.sync_first(&connection).await;
    let (home, count) = (gate.url.clone(), AtomicUsize::new(0));
    gate.link(move |path, _| {
        let n = count.fetch_add(1, Ordering::SeqCst);
        path.starts_with("/api/v1/logs").then(|| format!("<{home}/api/v1/logs?after=on-{n}>; rel=\"next\""))
    });
    let event =
        json!([{"uuid": "again", "published": "2026-03-01T10:00:00Z", "eventType": "user.session.start"}]);
    let body = event.to_string();
    gate.instead(move |path| {
        path.starts_with("/api/v1/logs").then(|| Instead(200, "application/json", body.clone()))
    });
    let following = follow(&connection);
    wait_until("it is read", async || {
        let read = gate.requests("/api/v1/logs");
        if read > 20 { Ok(()) } else { Err(read.to_string()) }
    })
    .await;
    // Takes longer than many more pages would.
    for _ in 0..20 {
        world.audit().await;
    }
    assert!(gate.requests("/api/v1/logs") <= 23, "{}", gate.requests("/api/v1/logs"));
    following.stop().await;
}

#[tokio::test]
async fn unknown_scope_values_are_reported() {
    let (world, _gate) = gated_test_env(12, 3).await;
    let group = world.groups().await[0].clone();
    let choice = |types: &str, of: &str| {
        format!("{OFTEN}[connections.main.scope.users]\ntypes = [{types}]\nmember_of = [{of}]\n")
    };
    let chosen = choice("\"user\", \"robot\"", &format!("\"{group}\", \"00gnothere\""));
    let connection = world.open_with("system_log", &chosen, |_, _| {}).await;
    world.sync_first(&connection).await;
    let told = ["user type \"robot\"".to_owned(), "group 00gnothere".to_owned()];
    assert_eq!(connection.status(1).await.unwrap().unknown_choices, told);
    let plan = connection.engine().plan(&NoopProgress, &CancellationToken::new()).await.unwrap();
    let report = sync(&connection).await.unwrap();
    assert_eq!((plan.unknown_choices.as_slice(), report.unknown_choices.as_slice()), (&told[..], &told[..]));
    // Corrected, nothing is told.
    let connection =
        world.open_with("system_log", &choice("\"user\"", &format!("\"{group}\"")), |_, _| {}).await;
    assert!(sync(&connection).await.unwrap().unknown_choices.is_empty());
    assert!(connection.status(1).await.unwrap().unknown_choices.is_empty());
}
