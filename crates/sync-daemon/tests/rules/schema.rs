//! The object schema follows Okta's as it grows, and is never forced otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use sandbox::ControlClient;
use serde_json::{Value, json};
use sync_daemon::Connection;
use sync_engine::{
    Clock, Comparison, FindingSubject, MappingView, NoopProgress, PortError, SystemClock, TargetSchema,
};
use tokio_util::sync::CancellationToken;

use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, idle, sync, test_env, wait_for_system_log, wait_until};

/// The log is read once at the start, and then no more.
const DEAF: &str = "[connections.main.schedule]\nsystem_log_poll = \"1d\"\n";

/// An attribute, and users who have a value, without anybody being told.
async fn add_badge(world: &TestEnv) -> Vec<String> {
    world.add_attribute("badge", "Badge").await;
    let users = world.users().await[..3].to_vec();
    for user in &users {
        world.change(user, json!({ "badge": "B-42" })).await;
    }
    world.call("DELETE", "/okta/log", Value::Null).await;
    users
}

/// Waits until they have the value in Assets too.
async fn wait_for_badge(world: &TestEnv, users: &[String]) {
    for user in users {
        wait_until("the user has the new value", async || {
            let object = world.object(user).await;
            if object.contains("B-42") { Ok(()) } else { Err(object) }
        })
        .await;
    }
    world.assert_in_sync().await;
}

#[tokio::test]
async fn new_attribute_is_added_and_filled() {
    let world = test_env(9, 2).await;
    let connection =
        world.open_with("system_log", &format!("{DEAF}schema_check = \"300ms\"\n"), |_, _| {}).await;
    world.sync_first(&connection).await;
    let following = follow(&connection);
    wait_for_system_log(&connection).await;
    let users = add_badge(&world).await;
    wait_for_badge(&world, &users).await;
    following.stop().await;
}

#[tokio::test]
async fn attribute_added_while_stopped_is_filled() {
    let world = test_env(9, 2).await;
    let connection = world.synced("system_log").await;
    let users = add_badge(&world).await;
    let following = follow(&connection);
    wait_for_badge(&world, &users).await;
    following.stop().await;
}

#[tokio::test]
async fn incremental_sync_fills_attribute_for_all() {
    let world = test_env(9, 2).await;
    let connection = world.open_with("system_log", DEAF, |_, _| {}).await;
    world.sync_first(&connection).await;
    let users = add_badge(&world).await;
    let report = connection
        .engine()
        .incremental_sync(SystemClock.now(), &NoopProgress, &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(report.added_attributes, ["Okta User: Badge"]);
    let following = follow(&connection);
    wait_for_badge(&world, &users).await;
    following.stop().await;
}

#[tokio::test]
async fn new_group_attribute_is_filled() {
    let world = test_env(9, 2).await;
    let connection = world.synced("system_log").await;
    let property = json!({ "title": "Floor", "type": "string" });
    world.call("PUT", "/okta/schemas/group/floor", property).await;
    let group = world.groups().await.remove(0);
    world.call("POST", &format!("/okta/groups/{group}"), json!({ "floor": "Seventh" })).await;
    world.call("DELETE", "/okta/log", Value::Null).await;
    let following = follow(&connection);
    wait_until("the group has the new value", async || {
        let found = world.control.get(&format!("/insight/objects?type=/type/group&identity={group}")).await;
        let object = found.unwrap().to_string();
        if object.contains("Seventh") { Ok(()) } else { Err(object) }
    })
    .await;
    world.assert_in_sync().await;
    following.stop().await;
}

#[tokio::test]
async fn event_attribute_is_filled_for_all() {
    let world = test_env(9, 2).await;
    // The hook does not tell of schemas, and nobody compares them for a long time.
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    world.faults("hooks.lost=1").await;
    let users = add_badge(&world).await;
    world.no_faults().await;
    world.change(&users[0], json!({ "city": "Nuuk" })).await;
    wait_for_badge(&world, &users).await;
    following.stop().await;
}

#[tokio::test]
async fn removed_or_renamed_attribute_is_reported() {
    let world = test_env(9, 2).await;
    world.add_attribute("badge", "Badge").await;
    world.add_attribute("desk", "Desk").await;
    let connection = world.open_with("system_log", OFTEN, |_, _| {}).await;
    world.sync_first(&connection).await;
    world.call("DELETE", "/okta/schemas/user/badge", Value::Null).await;
    world.add_attribute("desk", "Workplace").await;
    let report = sync(&connection).await.unwrap();
    assert!(report.added_attributes.is_empty(), "{report:?}");
    for name in ["Badge", "Desk"] {
        let (object_type, name) = ("Okta User".to_owned(), name.to_owned());
        let attribute = Some(FindingSubject::Attribute { object_type, name });
        assert!(report.drift.iter().any(|finding| finding.subject == attribute), "{:?}", report.drift);
    }
    let document = world.control.get("/insight/document").await.unwrap().to_string();
    assert!(document.contains("\"Badge\"") && document.contains("\"Desk\""), "{document}");
    assert!(!document.contains("\"Workplace\""), "{document}");
}

#[tokio::test]
async fn full_sync_refills_deleted_attribute() {
    let world = test_env(9, 2).await;
    let connection = world.synced("event_hook").await;
    world.call("DELETE", "/insight/attributes", json!({ "type": "Okta User", "name": "City" })).await;
    assert!(!world.audit().await.in_sync);
    let report = sync(&connection).await.unwrap();
    assert_eq!(report.added_attributes, ["Okta User: City"]);
    assert!(world.audit().await.in_sync, "{:?}", world.audit().await.differences);
}

#[tokio::test]
async fn recreated_object_schema_is_refilled() {
    let world = test_env(9, 2).await;
    let connection = world.synced("event_hook").await;
    world.call("DELETE", "/insight/document", Value::Null).await;
    connection.engine().set_up_schema().await.unwrap();
    sync(&connection).await.unwrap();
    assert!(world.audit().await.in_sync, "{:?}", world.audit().await.differences);
}

/// What fails when told to.
#[derive(Default)]
struct Mood {
    /// So many comparisons.
    compares: AtomicU32,
    /// Additions, for so long.
    refuses: AtomicBool,
    refused: AtomicU32,
}

struct FlakyTargetSchema {
    inner: Arc<dyn TargetSchema>,
    mood: Arc<Mood>,
}

fn not_now<T>() -> Result<T, PortError> {
    Err(PortError::new("not now").transient(true))
}

#[async_trait]
impl TargetSchema for FlakyTargetSchema {
    async fn compare(&self) -> Result<Comparison, PortError> {
        let fails =
            self.mood.compares.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if fails.is_ok() { not_now() } else { self.inner.compare().await }
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        self.inner.preview().await
    }

    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError> {
        if !self.mood.refuses.load(Ordering::Relaxed) {
            return self.inner.apply(base).await;
        }
        self.mood.refused.fetch_add(1, Ordering::Relaxed);
        not_now()
    }
}

/// An administrator who deletes an attribute between a comparison and what is added because of it.
struct Meddled {
    inner: Arc<dyn TargetSchema>,
    control: ControlClient,
    left: AtomicU32,
}

#[async_trait]
impl TargetSchema for Meddled {
    async fn compare(&self) -> Result<Comparison, PortError> {
        self.inner.compare().await
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        self.inner.preview().await
    }

    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError> {
        let meddles =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok();
        if meddles {
            let city = json!({ "type": "Okta User", "name": "City" });
            self.control.call("DELETE", "/insight/attributes", &city).await.unwrap();
        }
        self.inner.apply(base).await
    }
}

#[tokio::test]
async fn attribute_deleted_before_addition_is_refilled() {
    let world = test_env(9, 2).await;
    world.synced("system_log").await;
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| {
            let inner = Arc::clone(&ports.target_schema);
            let control = world.control.clone();
            ports.target_schema = Arc::new(Meddled { inner, control, left: AtomicU32::new(1) });
        })
        .await;
    world.add_attribute("badge", "Badge").await;
    let report = sync(&connection).await.unwrap();
    assert_eq!(report.added_attributes.len(), 2, "{report:?}");
    assert!(world.audit().await.in_sync, "{:?}", world.audit().await.differences);
}

async fn flaky_connection(world: &TestEnv) -> (Arc<Connection>, Arc<Mood>) {
    let mood = Arc::<Mood>::default();
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| {
            let inner = Arc::clone(&ports.target_schema);
            ports.target_schema = Arc::new(FlakyTargetSchema { inner, mood: Arc::clone(&mood) });
        })
        .await;
    world.sync_first(&connection).await;
    (connection, mood)
}

#[tokio::test]
async fn missing_attribute_keeps_value_pending() {
    let world = test_env(9, 2).await;
    let (connection, mood) = flaky_connection(&world).await;
    let following = follow(&connection);
    idle(&connection).await;
    // Known to be wanted, and not added yet, while events go on.
    mood.refuses.store(true, Ordering::Relaxed);
    world.add_attribute("badge", "Badge").await;
    let user = world.users().await.remove(0);
    wait_until("it was tried to add it", async || match mood.refused.load(Ordering::Relaxed) {
        0 => Err(String::new()),
        _ => Ok(()),
    })
    .await;
    world.change(&user, json!({ "badge": "B-42", "title": "Head of Nuuk" })).await;
    wait_until("the rest of the change is applied", async || {
        let object = world.object(&user).await;
        if object.contains("Head of Nuuk") { Ok(()) } else { Err(object) }
    })
    .await;
    mood.refuses.store(false, Ordering::Relaxed);
    wait_for_badge(&world, &[user]).await;
    following.stop().await;
}

#[tokio::test]
async fn rejected_additions_do_not_block_events() {
    let world = test_env(9, 2).await;
    let (connection, mood) = flaky_connection(&world).await;
    mood.refuses.store(true, Ordering::Relaxed);
    world.add_attribute("badge", "Badge").await;
    // Begun with a structure that cannot be extended.
    let following = follow(&connection);
    let user = world.users().await.remove(0);
    world.change(&user, json!({ "badge": "B-42", "title": "Head of Nuuk" })).await;
    wait_until("the rest of the change is applied", async || {
        let object = world.object(&user).await;
        if object.contains("Head of Nuuk") { Ok(()) } else { Err(object) }
    })
    .await;
    let told = connection.status(1).await.unwrap().event_queue;
    assert!(told.work_items > 0, "what waits for the attribute is not told: {told:?}");
    mood.refuses.store(false, Ordering::Relaxed);
    wait_for_badge(&world, &[user]).await;
    following.stop().await;
}

#[tokio::test]
async fn failed_run_start_is_retried() {
    let world = test_env(9, 2).await;
    let (connection, mood) = flaky_connection(&world).await;
    let following = follow(&connection);
    idle(&connection).await;
    mood.compares.store(2, Ordering::Relaxed);
    let users = world.users().await[..3].to_vec();
    world.add_attribute("badge", "Badge").await;
    wait_until("it was tried twice", async || match mood.compares.load(Ordering::Relaxed) {
        0 => Ok(()),
        n => Err(format!("{n} to go")),
    })
    .await;
    for user in &users {
        world.change(user, json!({ "badge": "B-42" })).await;
    }
    wait_for_badge(&world, &users).await;
    idle(&connection).await;
    following.stop().await;
}
