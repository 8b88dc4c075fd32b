//! Deliveries: which are made, and what can happen to them.

use serde_json::{Value, json};

use crate::env::{TestEnv, eventually};
use crate::receiver::Receiver;

const EVENTS: [&str; 2] = ["group.lifecycle.create", "group.profile.update"];

async fn make_groups(env: &TestEnv, count: usize) {
    for n in 0..count {
        env.control("POST", "/okta/groups", json!({"name": format!("Group {n}")})).await;
    }
}

async fn delivered(env: &TestEnv, name: &str) -> u64 {
    env.control("GET", "/stats", Value::Null).await["deliveries"][name].as_u64().unwrap()
}

#[tokio::test]
async fn lost_deliveries_stay_in_system_log() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    env.hook(&receiver, &EVENTS).await;
    env.faults("hooks.lost=1").await;
    make_groups(&env, 3).await;
    eventually(async || (delivered(&env, "lost").await == 3).then_some(())).await;
    assert!(receiver.deliveries().is_empty());
    assert_eq!(env.logged().await.iter().filter(|kind| *kind == EVENTS[0]).count(), 3);
}

#[tokio::test]
async fn duplicate_delivery_repeats_its_id() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    env.hook(&receiver, &EVENTS).await;
    env.faults("hooks.duplicate=1").await;
    make_groups(&env, 1).await;
    let deliveries = receiver.wait(2).await;
    assert_eq!(deliveries[0]["eventId"], deliveries[1]["eventId"]);
    assert_eq!(deliveries[0]["data"], deliveries[1]["data"]);
}

#[tokio::test]
async fn reordered_delivery_is_not_lost() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    env.hook(&receiver, &EVENTS).await;
    env.faults("hooks.reorder=1").await;
    let path = format!("/okta/groups/{}", env.groups().await[0]);
    tokio::join!(
        env.control("POST", "/okta/groups", json!({"name": "One"})),
        env.control("POST", &path, json!({"name": "Two"})),
    );
    receiver.wait(2).await;
    // The first was held until the second had left; both arrive.
    let mut types = receiver.types();
    types.sort();
    assert_eq!(types, EVENTS);
    assert_eq!(env.control("GET", "/faults", Value::Null).await["struck"]["hooks.reorder"], 1);
}

#[tokio::test]
async fn delayed_delivery_arrives_when_released() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    env.hook(&receiver, &EVENTS).await;
    env.faults("hooks.delay=100000").await;
    make_groups(&env, 1).await;
    assert_eq!(delivered(&env, "under_way").await, 1);
    assert!(receiver.types().is_empty());
    env.control("POST", "/release", Value::Null).await;
    receiver.wait(1).await;
    eventually(async || (delivered(&env, "under_way").await == 0).then_some(())).await;
    env.faults("hooks.delay=40").await;
    let began = std::time::Instant::now();
    make_groups(&env, 1).await;
    receiver.wait(2).await;
    assert!(began.elapsed().as_millis() >= 40);
}

#[tokio::test]
async fn system_log_names_omitted_targets() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    env.hook(&receiver, &EVENTS).await;
    env.faults("hooks.no-actor=1").await;
    make_groups(&env, 1).await;
    let event = receiver.wait(1).await[0]["data"]["events"][0].clone();
    assert!(event["target"].is_null() && event["actor"].is_null() && event["outcome"]["result"] == "Success");
    let log = env.get("/api/v1/logs").await.json();
    let entry = log.as_array().unwrap().iter().find(|e| e["uuid"] == event["uuid"]).unwrap();
    assert_eq!(entry["target"][0]["type"], "UserGroup");
}

#[tokio::test]
async fn ineligible_events_reach_only_the_log() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    let unheard =
        ["user.account.update_user_type", "directory.user_profile.update", "user.lifecycle.delete.completed"];
    env.hook(&receiver, &[&unheard[..], &["user.lifecycle.delete.initiated"]].concat()).await;
    let user = env.users().await[0].clone();
    env.control("POST", &format!("/okta/users/{user}/type"), json!({"type": "contractor"})).await;
    env.control("PUT", "/okta/schemas/user/floor", json!({"title": "Floor", "type": "string"})).await;
    env.control("DELETE", &format!("/okta/users/{user}"), Value::Null).await;
    receiver.wait(1).await;
    let logged = env.logged().await;
    assert!(unheard.iter().all(|kind| logged.iter().any(|l| l == kind)), "{logged:?}");
    assert_eq!(receiver.types(), ["user.lifecycle.delete.initiated"]);
}

#[tokio::test]
async fn failed_delivery_is_retried_and_logged() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    env.hook(&receiver, &EVENTS).await;
    receiver.fail();
    make_groups(&env, 1).await;
    let page = eventually(async || {
        let log = env.get("/api/v1/logs").await.json();
        log.as_array().unwrap().iter().find(|e| e["eventType"] == "event_hook.delivery").cloned()
    })
    .await;
    assert_eq!(page["outcome"]["result"], "FAILURE");
    assert_eq!(receiver.deliveries().len(), 2);
}

#[tokio::test]
async fn unverified_hook_receives_nothing() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    let id = env.hook(&receiver, &EVENTS).await;
    let path = format!("/api/v1/eventHooks/{id}");
    let mut changed = env.get(&path).await.json();
    changed["channel"]["config"]["uri"] = format!("{}/elsewhere", receiver.url).into();
    assert_eq!(env.okta("PUT", &path, &changed).await.json()["verificationStatus"], "UNVERIFIED");
    make_groups(&env, 1).await;
    env.okta("POST", &format!("{path}/lifecycle/verify"), &Value::Null).await;
    make_groups(&env, 1).await;
    receiver.wait(1).await;
    env.control("POST", &format!("/okta/hooks/{id}/unverify"), Value::Null).await;
    make_groups(&env, 1).await;
    let shown = env.control("GET", "/okta/hooks", Value::Null).await;
    assert_eq!(shown[0]["verificationStatus"], "UNVERIFIED");
    assert_eq!(receiver.deliveries().len(), 1);
}
