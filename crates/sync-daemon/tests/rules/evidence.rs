//! Nothing is taken for gone, empty, or read without proof, and one odd item stops no other.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sync_engine::{
    AlertKind, Clock, EngineError, EventInbox, Fact, Finding, NewEvent, NoopProgress, Safeguards, Subject,
    SystemClock, WorkKind, WorkQueue,
};
use sync_model::{EventId, GroupId, UserId};
use tokio_util::sync::CancellationToken;

use crate::fakes::RecordingAlertSink;
use crate::gate::{Instead, page, refusal};
use crate::support::follow;
use crate::test_env::{OFTEN, gated_test_env, idle, status, sync, wait_until};

/// A 404 of each kind that proves nothing about an object.
fn foreign_404(n: usize) -> Instead {
    let gateway = json!({"status": 404, "message": "no Route matched with those values"});
    match n {
        0 => page(404),
        1 => Instead(404, "application/json", gateway.to_string()),
        2 => refusal(404, "E0000008", "The requested path was not found"),
        _ => refusal(404, "E0000007", "Not found: Resource not found: 00uanother (User)"),
    }
}

#[tokio::test]
async fn changed_object_survives_a_foreign_404() {
    let (world, gate) = gated_test_env(12, 3).await;
    let heard = Arc::new(RecordingAlertSink::default());
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| ports.alerts = Arc::<RecordingAlertSink>::clone(&heard))
        .await;
    world.sync_first(&connection).await;
    let following = follow(&connection);
    idle(&connection).await;
    let users = world.active_users().await;
    let group = world.groups().await[0].clone();
    let (odd, group_path) = (users.clone(), format!("/api/v1/groups/{group}"));
    gate.instead(move |path| {
        let of = |id: &String| path == format!("/api/v1/users/{id}");
        let n = odd[..4].iter().position(of);
        n.map(foreign_404).or_else(|| (path == group_path).then(|| page(404)))
    });
    for user in &users[..5] {
        world.change(user, json!({ "city": "Elsewhere" })).await;
    }
    world.call("POST", &format!("/okta/groups/{group}"), json!({ "description": "new words" })).await;
    // What can be read goes on; what cannot is told.
    wait_until("the other change arrives", async || {
        let object = world.object(&users[4]).await;
        if object.contains("Elsewhere") { Ok(()) } else { Err(object) }
    })
    .await;
    wait_until("it is told", async || {
        let heard = heard.0.lock().unwrap();
        if heard.iter().any(|alert| alert.kind == AlertKind::SyncStalled) {
            Ok(())
        } else {
            Err(format!("{heard:?}"))
        }
    })
    .await;
    let status = status(&connection, "the changes wait", |status| status.event_queue.work_items >= 5).await;
    assert_eq!(status.event_queue.failed, 0, "given up for nothing that is theirs");
    assert_eq!(world.audit().await.marked_deleted, 0);
    gate.clear();
    let audit = world.assert_in_sync().await;
    assert_eq!(audit.marked_deleted, 0, "{audit:?}");
    following.stop().await;
}

#[tokio::test]
async fn failed_member_listing_keeps_memberships() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let group = world.groups().await[1].clone();
    let members = format!("/api/v1/groups/{group}/users");
    for n in 0..6 {
        let at = members.clone();
        gate.instead(move |path| {
            path.starts_with(&at).then(|| match n {
                0..3 => foreign_404(n),
                3 => refusal(404, "E0000007", "Not found"),
                4 => Instead(200, "application/json", "{}".into()),
                _ => Instead(200, "application/json", "[{\"id\": \"00u1\"}, {\"id".into()),
            })
        });
        let report = sync(&connection).await.unwrap();
        assert!(!report.is_complete(), "{n}: {report:?}");
        assert_eq!(report.unreadable.examples[0].id.as_deref(), Some(group.as_str()), "{n}: {report:?}");
        assert!(!report.unreadable.examples[0].error.is_empty(), "{n}: {report:?}");
        let audit = world.audit().await;
        assert!(audit.in_sync, "{n}: {:?}", audit.differences);
    }
    gate.clear();
    assert!(sync(&connection).await.unwrap().is_complete());
}

#[tokio::test]
async fn unlisted_group_keeps_its_members() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let group = world.groups().await[1].clone();
    for odd in [false, true] {
        let missed = group.clone();
        gate.after(move |path, body| {
            if path.starts_with("/api/v1/groups?limit=200") {
                let groups = body.as_array_mut().unwrap();
                match groups.iter().position(|group| group["id"] == *missed) {
                    Some(at) if odd => groups[at] = json!({"type": 7, "profile": null}),
                    Some(at) => drop(groups.remove(at)),
                    None => {}
                }
            }
        });
        let report = sync(&connection).await.unwrap();
        assert_eq!(report.is_complete(), !odd, "{report:?}");
        let audit = world.audit().await;
        assert!(audit.in_sync && audit.marked_deleted == 0, "{:?}", audit.differences);
    }
}

#[tokio::test]
async fn foreign_404_ends_no_membership() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let user = world.active_users().await[0].clone();
    for n in 0..2 {
        let at = format!("/api/v1/users/{user}/groups");
        gate.instead(move |path| {
            path.starts_with(&at).then(|| match n {
                0 => page(404),
                _ => refusal(404, "E0000007", "Not found"),
            })
        });
        let subject = [Subject::User(UserId::new(&user))];
        let some =
            connection.engine().targeted_sync(&subject, &NoopProgress, &CancellationToken::new()).await;
        let complete = some.as_ref().is_ok_and(sync_engine::RunReport::is_complete);
        assert!(!complete, "an answer that says nothing is no success: {some:?}");
        assert!(world.audit().await.in_sync);
    }
}

#[tokio::test]
async fn malformed_user_is_left_unchanged() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let users = world.active_users().await;
    let shapes = json!([
        ["status", null],
        ["profile", "x"],
        ["lastLogin", ""],
        ["activated", 7],
        ["type", {}],
        ["type", 7],
        ["created", 7],
        ["created", "yesterday"],
        ["lastUpdated", []],
        ["passwordChanged", {}],
    ]);
    for (n, shape) in shapes.as_array().unwrap().iter().enumerate() {
        let (member, value) = (shape[0].as_str().unwrap().to_owned(), shape[1].clone());
        let city = format!("City {n}");
        world.change(&users[1], json!({ "city": city })).await;
        let (odd, field) = (users[0].clone(), member.clone());
        gate.after(move |path, body| {
            let listed = body.as_array_mut().filter(|_| path.starts_with("/api/v1/users?"));
            for user in listed.into_iter().flatten().filter(|user| user["id"] == *odd) {
                user[&field] = value.clone();
            }
            if path == format!("/api/v1/users/{odd}") {
                body[&field] = value.clone();
            }
        });
        let report = sync(&connection).await.unwrap();
        assert!(world.object(&users[1]).await.contains(&city), "{member}");
        let strict = !matches!(member.as_str(), "lastLogin" | "activated" | "passwordChanged");
        assert_eq!(report.is_complete(), !strict, "{member}: {report:?}");
        if strict {
            let left = &report.unreadable.examples[0];
            assert_eq!((left.id.as_deref(), left.field.as_str()), (Some(users[0].as_str()), member.as_str()));
        }
        let audit = world.audit().await;
        assert!(audit.in_sync, "{member}: {:?}", audit.differences);
        assert_eq!(audit.marked_deleted, 0, "{member}");
    }
}

#[tokio::test]
async fn plan_leaves_store_as_it_was() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let (users, groups) = (world.active_users().await, world.groups().await);
    // Something of every kind to be found: a change, a group and a user that are gone, odd items, members not listed.
    world.change(&users[1], json!({ "city": "Elsewhere" })).await;
    world.call("DELETE", &format!("/okta/groups/{}", groups[0]), Value::Null).await;
    world.delete(&users[2]).await;
    let (odd, unlisted) = (users[3].clone(), format!("/api/v1/groups/{}/users", groups[1]));
    gate.after(move |path, body| {
        let listed = body.as_array_mut().filter(|_| path.starts_with("/api/v1/users?"));
        listed
            .into_iter()
            .flatten()
            .filter(|user| user["id"] == odd)
            .for_each(|user| user["status"] = Value::Null);
    });
    gate.instead(move |path| path.starts_with(&unlisted).then(|| page(404)));
    let user = |n: usize| Subject::User(UserId::new(&users[n]));
    let mut some: Vec<Subject> = (0..4).map(user).collect();
    some.extend(groups.iter().map(|group| Subject::Group(GroupId::new(group))));
    some.extend(groups.iter().map(|group| Subject::GroupMembers(GroupId::new(group))));
    let (engine, stop) = (connection.engine(), CancellationToken::new());
    let before = world.dump().await;
    for plans_all in [true, false, true] {
        let plan = if plans_all {
            engine.plan(&NoopProgress, &stop).await
        } else {
            engine.targeted_plan(&some, &NoopProgress, &stop).await
        };
        let plan = plan.unwrap();
        assert!(plan.changes() > 0 && !plan.data_findings().is_empty(), "{plan:?}");
        engine.changes(&plan, None, 100).await.unwrap();
        engine.discard(plan).await.unwrap();
        assert_eq!(world.dump().await, before, "all: {plans_all}");
    }
    engine.verify(false).await.unwrap();
    connection.status(5).await.unwrap();
    // One that fails, or is stopped, leaves nothing either.
    stop.cancel();
    engine.plan(&NoopProgress, &stop).await.unwrap_err();
    engine.targeted_plan(&some, &NoopProgress, &stop).await.unwrap_err();
    gate.instead(|path| path.starts_with("/api/v1/users?").then(|| page(404)));
    engine.plan(&NoopProgress, &CancellationToken::new()).await.unwrap_err();
    assert_eq!(world.dump().await, before);
}

#[tokio::test]
async fn group_deleted_during_listing_is_retired() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let group = world.groups().await[1].clone();
    let listed = json!({"id": group, "type": "OKTA_GROUP", "profile": {"name": "About to go"}});
    world.call("DELETE", &format!("/okta/groups/{group}"), Value::Null).await;
    gate.after(move |path, body| {
        if path.starts_with("/api/v1/groups?limit=200") {
            body.as_array_mut().unwrap().push(listed.clone());
        }
    });
    let strict = Safeguards { max_retired_percent: 0.0, min_retired_count: 0, ..Safeguards::default() };
    let refused =
        connection.engine().full_sync(&strict, &NoopProgress, &CancellationToken::new()).await.unwrap_err();
    assert!(matches!(refused, EngineError::SafeguardTriggered(_)), "{refused}");
    assert_eq!(world.audit().await.marked_deleted, 0);
    let report = sync(&connection).await.unwrap();
    assert_eq!(report.retired, 1, "{report:?}");
    let audit = world.audit().await;
    assert!(audit.in_sync, "{:?}", audit.differences);
    assert_eq!(audit.marked_deleted, 1);
}

#[tokio::test]
async fn malformed_log_events_are_skipped() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let users = world.active_users().await;
    let odd = users.clone();
    gate.after(move |path, body| {
        let events = body.as_array_mut().filter(|_| path.starts_with("/api/v1/logs"));
        for event in events.into_iter().flatten() {
            let of =
                |user: &str| event["target"].as_array().is_some_and(|t| t.iter().any(|t| t["id"] == *user));
            match odd[..4].iter().position(|user| of(user)) {
                Some(0) => drop(event.as_object_mut().unwrap().remove("published")),
                Some(1) => event["target"] = "all".into(),
                Some(2) => event["severity"] = 3.into(),
                Some(3) => *event = Value::Null,
                _ => {}
            }
        }
    });
    let following = follow(&connection);
    for user in &users[..5] {
        world.change(user, json!({ "city": "Elsewhere" })).await;
    }
    world.assert_in_sync().await;
    following.stop().await;
}

#[tokio::test]
async fn unread_objects_keep_their_failed_events() {
    let (world, gate) = gated_test_env(80, 3).await;
    let connection = world.synced("system_log").await;
    let (users, state) = (world.active_users().await, world.state().await);
    let event = |user: &String| NewEvent {
        id: EventId::new(format!("event of {user}")),
        event_type: "user.account.update_profile".into(),
        published_at: SystemClock.now(),
        subjects: vec![Subject::User(UserId::new(user))],
        requires_newer_object: true,
        expect_deleted: false,
        hook_notice: None,
    };
    let (now, hour) = (SystemClock.now(), Duration::from_hours(1));
    state.store_events(&[event(&users[0]), event(&users[60])], now).await.unwrap();
    let looks = state.claim_work(WorkKind::Object, 9, now, hour).await.unwrap();
    let failure =
        Finding::error(Fact::ObjectsFailed { objects: 1, attempts: 12, error: "no answer".to_owned() });
    state.fail_work(&looks, &failure, now).await.unwrap();
    let odd = users[..60].to_vec();
    gate.after(move |path, body| {
        if odd.iter().any(|id| path == format!("/api/v1/users/{id}")) {
            body["status"] = 7.into();
        }
        let listed = body.as_array_mut().filter(|_| path.starts_with("/api/v1/users?"));
        let is_odd = |user: &&mut Value| odd.iter().any(|id| user["id"] == *id);
        listed.into_iter().flatten().filter(is_odd).for_each(|user| user["status"] = 7.into());
    });
    let report = sync(&connection).await.unwrap();
    assert_eq!((report.unreadable.count, report.unreadable.examples.len()), (60, 50), "{report:?}");
    assert_eq!(report.outstanding.failed_events, 1, "that of the user that was read is settled");
    let inbox = state.event_queue_counts().await.unwrap();
    assert_eq!((inbox.failed, inbox.work_items), (1, 60), "every one is read again by id");
    gate.clear();
    let following = follow(&connection);
    idle(&connection).await;
    following.stop().await;
    assert_eq!(state.event_queue_counts().await.unwrap().unreadable, 0);
    assert!(sync(&connection).await.unwrap().is_complete());
    assert_eq!(state.event_queue_counts().await.unwrap().failed, 0);
}
