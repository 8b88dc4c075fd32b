//! What looks like a disaster waits for an operator, and everything else goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use sandbox::ControlClient;
use serde_json::{Value, json};
use sync_engine::{
    AlertKind, AlertSink, Clock, Comparison, EngineError, EventInbox, MappingView, NewEvent, NoopProgress,
    Phase, PortError, Remedy, SafeguardViolation, Safeguards, Subject, SystemClock, TargetSchema,
};
use sync_model::{EventId, ObjectKind, UserId};
use tokio_util::sync::CancellationToken;

use crate::fakes::RecordingAlertSink;
use crate::resume::stopped;
use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, idle, status, sync, sync_with_override, test_env, wait_until};

/// A run under such limits, which must refuse and send nothing.
async fn refused(
    world: &TestEnv,
    connection: &sync_daemon::Connection,
    limits: Safeguards,
) -> SafeguardViolation {
    let before = world.executions().await.len();
    let error =
        connection.engine().full_sync(&limits, &NoopProgress, &CancellationToken::new()).await.unwrap_err();
    assert_eq!(world.executions().await.len(), before);
    let held = connection.status(0).await.unwrap().event_queue.blocked;
    assert!(held > 0, "what is held back is told until it is released");
    assert_eq!(error.remedy(), Some(Remedy::ReviewPlan));
    match error {
        EngineError::SafeguardTriggered(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Has the admin role while the schemas are compared, and not afterwards: whoever begins without it ends there.
struct LosesRole {
    inner: Arc<dyn TargetSchema>,
    control: ControlClient,
    loses: Arc<AtomicBool>,
}

#[async_trait]
impl TargetSchema for LosesRole {
    async fn compare(&self) -> Result<Comparison, PortError> {
        self.control.call("POST", "/okta/role/on", &Value::Null).await.unwrap();
        let compared = self.inner.compare().await;
        if self.loses.load(Ordering::Relaxed) {
            self.control.call("POST", "/okta/role/off", &Value::Null).await.unwrap();
        }
        compared
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        self.inner.preview().await
    }

    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError> {
        self.inner.apply(base).await
    }
}

#[tokio::test]
async fn lost_admin_role_retires_nothing() {
    let world = test_env(12, 3).await;
    let loses = Arc::new(AtomicBool::new(false));
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| {
            let (inner, control) = (Arc::clone(&ports.target_schema), world.control.clone());
            ports.target_schema = Arc::new(LosesRole { inner, control, loses: Arc::clone(&loses) });
        })
        .await;
    world.sync_first(&connection).await;
    // Without the role the listing of users is empty, and groups are refused: it is lost between the two.
    stopped(&connection, Phase::Users, 0).await;
    loses.store(true, Ordering::Relaxed);
    let refusal = refused(&world, &connection, Safeguards::default()).await;
    assert_eq!(refusal, SafeguardViolation::EmptyListing { kind: ObjectKind::User, total: 12 });
    assert!(refusal.to_string().contains("admin role"), "{refusal}");
    // From the beginning it ends even before.
    assert!(matches!(sync(&connection).await.unwrap_err(), EngineError::Directory(_)));
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 0, "{audit:?}");
    loses.store(false, Ordering::Relaxed);
    assert_eq!(sync(&connection).await.unwrap().executions, 0);
}

#[tokio::test]
async fn removed_memberships_require_override() {
    let world = test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let users = world.users().await;
    for group in world.groups().await {
        for user in &users {
            let path = format!("/okta/groups/{group}/users/{user}");
            // Whoever is no member stays none.
            let _ = world.control.call("DELETE", &path, &Value::Null).await;
        }
    }
    let limits = Safeguards { min_removed_memberships_count: 3, ..Safeguards::default() };
    let refusal = refused(&world, &connection, limits).await;
    assert!(matches!(refusal, SafeguardViolation::TooManyMembershipsRemoved { .. }), "{refusal:?}");
    sync_with_override(&connection).await;
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn cleared_values_require_override() {
    let world = test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    for user in world.users().await {
        world.change(&user, json!({ "city": null })).await;
    }
    let limits = Safeguards { min_cleared_values_count: 3, ..Safeguards::default() };
    let refusal = refused(&world, &connection, limits).await;
    assert!(
        matches!(&refusal, SafeguardViolation::TooManyValuesCleared { field, .. } if field.contains("city")),
        "{refusal:?}"
    );
    sync_with_override(&connection).await;
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn many_retirements_require_override() {
    let world = test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    for user in &world.users().await[..8] {
        world.delete(user).await;
    }
    let refusal = refused(&world, &connection, Safeguards::default()).await;
    assert!(matches!(refusal, SafeguardViolation::TooManyRetired { retired: 8, .. }), "{refusal:?}");
    assert_eq!(world.audit().await.marked_deleted, 0);
    sync_with_override(&connection).await;
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 8, "{audit:?}");
}

#[tokio::test]
async fn safeguard_blocks_only_violating_events() {
    let world = test_env(12, 3).await;
    let heard = Arc::new(RecordingAlertSink::default());
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| ports.alerts = Arc::clone(&heard) as Arc<dyn AlertSink>)
        .await;
    world.sync_first(&connection).await;
    let following = follow(&connection);
    idle(&connection).await;
    connection.pause(None).await.unwrap();
    let users = world.users().await;
    world.change(&users[11], json!({ "city": "Nuuk" })).await;
    for user in &users[..8] {
        world.delete(user).await;
    }
    status(&connection, "all of it is stored", |s| s.event_queue.work_items >= 9).await;
    connection.resume().await.unwrap();
    wait_until("the other change is applied", async || {
        let object = world.object(&users[11]).await;
        if object.contains("Nuuk") { Ok(()) } else { Err(object) }
    })
    .await;
    let status = idle(&connection).await;
    let queue = &status.event_queue;
    assert!(queue.blocked_events > 0 && queue.failed == 0, "{queue:?}");
    assert_eq!(world.audit().await.marked_deleted, 0);
    let alerts: Vec<AlertKind> = heard.0.lock().unwrap().iter().map(|alert| alert.kind).collect();
    assert!(alerts.contains(&AlertKind::SafeguardTriggered), "{alerts:?}");
    following.stop().await;
    sync_with_override(&connection).await;
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 8, "{audit:?}");
    let queue = connection.status(0).await.unwrap().event_queue;
    assert_eq!((queue.blocked, queue.blocked_events), (0, 0), "{queue:?}");
}

#[tokio::test]
async fn event_beside_override_is_released() {
    let world = test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let following = follow(&connection);
    idle(&connection).await;
    connection.pause(None).await.unwrap();
    let users = world.users().await;
    for user in &users[..8] {
        world.delete(user).await;
    }
    status(&connection, "the deletions are stored", |s| s.event_queue.work_items >= 8).await;
    connection.resume().await.unwrap();
    status(&connection, "the deletions are blocked", |s| s.event_queue.blocked == 8).await;
    world.faults("executions.stuck=told").await;
    let full_sync = tokio::spawn({
        let connection = Arc::clone(&connection);
        async move { sync_with_override(&connection).await }
    });
    wait_until("the full sync waits for Assets", async || {
        let history = world.executions().await;
        if history.last().unwrap()["status"] == "PROCESSING" { Ok(()) } else { Err(format!("{history:?}")) }
    })
    .await;
    // It arrives after the full sync has begun to read, so that it is no evidence for it.
    let late = NewEvent {
        id: EventId::new("late"),
        event_type: "user.lifecycle.delete.completed".into(),
        published_at: SystemClock.now(),
        subjects: users[..8].iter().map(|user| Subject::User(UserId::new(user.as_str()))).collect(),
        requires_newer_object: false,
        expect_deleted: true,
        hook_notice: None,
    };
    world.state().await.store_events(&[late], SystemClock.now()).await.unwrap();
    status(&connection, "the late event is blocked", |s| s.event_queue.work_items == 0).await;
    world.no_faults().await;
    full_sync.await.unwrap();
    let queue = idle(&connection).await.event_queue;
    assert_eq!((queue.failed, queue.blocked, queue.blocked_events), (0, 0, 0), "{queue:?}");
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 8, "{audit:?}");
    following.stop().await;
}

/// Follows under such limits while something happens that is too much, and then something else that is not.
async fn held_back(world: &TestEnv, limits: Safeguards, too_much: impl AsyncFnOnce()) -> Vec<String> {
    let heard = Arc::new(RecordingAlertSink::default());
    let connection = world
        .open_with("system_log", OFTEN, |ports, options| {
            ports.alerts = Arc::clone(&heard) as Arc<dyn AlertSink>;
            options.safeguards = limits;
        })
        .await;
    world.sync_first(&connection).await;
    let following = follow(&connection);
    idle(&connection).await;
    connection.pause(None).await.unwrap();
    too_much().await;
    let last = world.users().await.pop().unwrap();
    world.change(&last, json!({ "title": "Head of Nuuk" })).await;
    crate::test_env::wait_for_system_log(&connection).await;
    connection.resume().await.unwrap();
    wait_until("the other change is applied", async || {
        let object = world.object(&last).await;
        if object.contains("Head of Nuuk") { Ok(()) } else { Err(object) }
    })
    .await;
    idle(&connection).await;
    following.stop().await;
    let alerts = heard.0.lock().unwrap();
    let tripped = alerts.iter().filter(|alert| alert.kind == AlertKind::SafeguardTriggered);
    let mut told: Vec<_> = tripped.map(|alert| plain_text::finding(&alert.finding)).collect();
    // A reading older than its event is repeated, and blocked again; the limiter of alerts sends it once.
    told.dedup();
    told
}

#[tokio::test]
async fn events_clearing_many_values_are_blocked() {
    let world = test_env(12, 3).await;
    for user in world.users().await {
        world.change(&user, json!({ "city": "Paris" })).await;
    }
    let limits = Safeguards { min_cleared_values_count: 3, ..Safeguards::default() };
    let told = held_back(&world, limits, async || {
        for user in &world.users().await[..8] {
            world.change(user, json!({ "city": null })).await;
        }
    })
    .await;
    assert!(
        told.len() == 1 && told[0].contains("`profile_city` would be cleared on 8 of 12 users"),
        "{told:?}"
    );
    let audit = world.audit().await;
    assert_eq!(audit.total_differences, 8 * 2, "their city and when they changed last: {audit:?}");
    let connection = world.open("system_log").await;
    sync_with_override(&connection).await;
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn events_removing_many_memberships_are_blocked() {
    let world = test_env(12, 3).await;
    let (users, groups) = (world.users().await, world.groups().await);
    for user in &users {
        for group in &groups {
            world.add_member(group, user).await;
        }
    }
    let limits = Safeguards { min_removed_memberships_count: 6, ..Safeguards::default() };
    let told = held_back(&world, limits, async || {
        for user in &users[..8] {
            for group in &groups[..2] {
                let path = format!("/okta/groups/{group}/users/{user}");
                world.call("DELETE", &path, Value::Null).await;
            }
        }
    })
    .await;
    assert!(told.len() == 1 && told[0].contains("memberships would be removed"), "{told:?}");
    assert_eq!(world.audit().await.total_differences, 8);
    let connection = world.open("system_log").await;
    sync_with_override(&connection).await;
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn deleted_group_memberships_need_no_override() {
    let world = test_env(12, 3).await;
    let (users, groups) = (world.users().await, world.groups().await);
    for user in &users {
        world.add_member(&groups[0], user).await;
    }
    let limits = Safeguards {
        min_removed_memberships_count: 2,
        max_removed_memberships_percent: 10.0,
        ..Safeguards::default()
    };
    let told = held_back(&world, limits, async || {
        world.call("DELETE", &format!("/okta/groups/{}", groups[0]), Value::Null).await;
    })
    .await;
    assert_eq!(told, [""; 0]);
    let audit = world.audit().await;
    assert!(audit.in_sync && audit.marked_deleted == 1, "{audit:?}");
}
