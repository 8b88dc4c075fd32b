//! Everything at once, from several sides.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::env::{TestEnv, eventually, ids};
use crate::receiver::Receiver;

const EVERYTHING: &str = "seed=9,okta.latency=0..5@0.3,okta.429=0.1,okta.429-no-headers=0.05,okta.concurrency=0.05,okta.5xx=0.1,\
    okta.reset=0.05,okta.lost-response=0.05,okta.reset-body=0.05,okta.truncate=0.05,okta.lag=0..40@0.7,okta.search-lag=10..80,\
    okta.delete-lag=0..30@0.5,okta.log-delay=0..30@0.3,assets.latency=0..5@0.3,assets.429=0.1,assets.429-no-headers=0.05,\
    assets.5xx=0.1,assets.reset=0.05,assets.lost-response=0.05,assets.reset-body=0.05,assets.truncate=0.05,hooks.lost=0.2,\
    hooks.duplicate=0.2,hooks.reorder=0.2,hooks.delay=0..40@0.3,hooks.no-actor=0.1,executions.fail=0.2,\
    executions.type-errors=0.2,executions.drop=0.2,executions.stuck=told@0.2,executions.slow-start=0..10@0.2";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn state_is_consistent_after_concurrent_faults() {
    let env = Arc::new(TestEnv::new().await.mapped().await);
    let receiver = Receiver::start().await;
    env.hook(
        &receiver,
        &["user.account.update_profile", "user.lifecycle.create", "group.user_membership.add"],
    )
    .await;
    let (users, groups) = (env.users().await, env.groups().await);
    env.faults(EVERYTHING).await;
    let mut tasks = Vec::new();
    for task in 0..4_usize {
        let (env, users, groups) = (Arc::clone(&env), users.clone(), groups.clone());
        tasks.push(tokio::spawn(async move {
            for step in 0..25_usize {
                let (user, group) = (&users[(step + task) % users.len()], &groups[step % groups.len()]);
                let path = format!("/okta/users/{user}");
                match (step + task) % 5 {
                    0 => env.try_control("POST", &path, json!({"title": format!("{task}-{step}")})).await,
                    1 => {
                        env.try_control("PUT", &format!("/okta/groups/{group}/users/{user}"), Value::Null)
                            .await
                    }
                    2 => {
                        env.try_control("DELETE", &format!("/okta/groups/{group}/users/{user}"), Value::Null)
                            .await
                    }
                    3 => {
                        let login = format!("storm-{task}-{step}@example.com");
                        let made = env.control("POST", "/okta/users", json!({"login": login})).await;
                        let made = format!("/okta/users/{}", made["id"].as_str().unwrap());
                        env.try_control("DELETE", &made, Value::Null).await
                    }
                    _ => env.try_control("POST", &format!("{path}/sign-in"), Value::Null).await,
                };
                // What fails here is meant to.
                let _ = env.try_okta("GET", "/api/v1/users", &Value::Null).await;
                let _ = env.try_okta("GET", "/api/v1/logs", &Value::Null).await;
                if let Ok(started) = env.try_import("POST", "/executions", &Value::Null).await
                    && let Some(execution) = started.json()["links"]["cancel"].as_str()
                {
                    let data = json!({"data": {"users": [{"id": user, "login": user}]}, "completed": true});
                    let _ = env.try_import("POST", &format!("{execution}/data"), &data).await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    env.control("DELETE", "/faults", Value::Null).await;
    // Deletions under way end by themselves.
    eventually(async || {
        let users = env.users().await;
        (users.len() == 6).then_some(())
    })
    .await;
    let filter = "filter=lastUpdated%20gt%20%222000-01-01T00:00:00.000Z%22";
    let read = env.get(&format!("/api/v1/users?{filter}")).await;
    assert_eq!(ids(&read.json()), env.users().await);
    for user in &users {
        let shown = env.get(&format!("/api/v1/users/{user}/groups")).await;
        let held = env.control("GET", "/okta/users", Value::Null).await;
        let held =
            held["users"].as_array().unwrap().iter().find(|u| u["id"] == **user).unwrap()["groupIds"].clone();
        assert_eq!(json!(ids(&shown.json())), held);
    }
    // An execution whose start lost its answer waits for somebody to cancel it, as after a crash.
    eventually(async || {
        let status = env.import("GET", "/configstatus", &Value::Null).await.json();
        if let Some(cancel) = status["links"]["cancel"].as_str() {
            env.import("DELETE", cancel, &Value::Null).await;
            env.control("POST", "/release", Value::Null).await;
        }
        (status["status"] == "IDLE").then_some(())
    })
    .await;
    let status = env.run(json!({"users": [{"id": "last", "login": "last"}]})).await;
    assert_eq!(status["progressResult"]["objectTypeResultMap"]["102"]["objectsCreated"], 1);
    eventually(async || {
        let stats = env.control("GET", "/stats", Value::Null).await;
        (stats["deliveries"]["under_way"] == 0).then_some(())
    })
    .await;
}
