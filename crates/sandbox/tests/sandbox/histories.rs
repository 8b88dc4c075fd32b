//! What can be done to the org, and the events that it makes.

use serde_json::{Value, json};

use crate::env::{TestEnv, eventually};
use crate::receiver::Receiver;

#[tokio::test]
async fn lifecycle_step_sets_status_and_event() {
    let env = TestEnv::new().await;
    let made = env.control("POST", "/okta/users?activate=false", json!({"login": "a@example.com"})).await;
    assert_eq!(made["status"], "STAGED");
    let path = format!("/okta/users/{}", made["id"].as_str().unwrap());
    let read = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
    for (step, status, event) in [
        ("activate", "ACTIVE", "user.lifecycle.activate"),
        ("suspend", "SUSPENDED", "user.lifecycle.suspend"),
        ("unsuspend", "ACTIVE", "user.lifecycle.unsuspend"),
        ("lock", "LOCKED_OUT", "user.account.lock"),
        ("unlock", "ACTIVE", "user.account.unlock_by_admin"),
        ("reset_password", "RECOVERY", "user.account.reset_password"),
        ("expire_password", "PASSWORD_EXPIRED", "user.account.expire_password"),
        ("deactivate", "DEPROVISIONED", "user.lifecycle.deactivate"),
        ("reactivate", "PROVISIONED", "user.lifecycle.reactivate"),
    ] {
        env.control("POST", &format!("{path}/lifecycle/{step}"), Value::Null).await;
        assert_eq!(env.get(&read).await.json()["status"], status);
        assert_eq!(env.logged().await.last().unwrap(), event);
    }
    assert_eq!(env.try_control("POST", &format!("{path}/lifecycle/marry"), Value::Null).await.status, 400);
}

#[tokio::test]
async fn profile_event_names_changed_attributes() {
    let env = TestEnv::new().await;
    let user = env.users().await[0].clone();
    env.control("POST", &format!("/okta/users/{user}"), json!({"title": null, "login": "b@example.com"}))
        .await;
    let shown = env.get(&format!("/api/v1/users/{user}")).await.json();
    assert!(shown["profile"]["title"].is_null() && shown["profile"]["login"] == "b@example.com");
    let event = env.get("/api/v1/logs").await.json()[0].clone();
    assert_eq!(event["eventType"], "user.account.update_profile");
    let named = event["debugContext"]["debugData"]["changedAttributes"].as_str().unwrap();
    assert!(named.contains("title") && named.contains("login"), "{named}");
    let other = env.users().await[1].clone();
    let taken =
        env.try_control("POST", &format!("/okta/users/{other}"), json!({"login": "b@example.com"})).await;
    assert_eq!(taken.status, 400, "a login has one owner");
}

#[tokio::test]
async fn sign_in_changes_only_last_login() {
    let env = TestEnv::new().await;
    let user = env.users().await[0].clone();
    let path = format!("/api/v1/users/{user}");
    let before = env.get(&path).await.json();
    env.control("POST", &format!("/okta/users/{user}/sign-in"), Value::Null).await;
    let after = env.get(&path).await.json();
    assert!(before["lastLogin"].is_null() && after["lastLogin"].is_string());
    assert_eq!(before["lastUpdated"], after["lastUpdated"]);
}

#[tokio::test]
async fn delete_initiated_event_precedes_deletion() {
    let env = TestEnv::new().await;
    let user = env.users().await[0].clone();
    env.faults("okta.delete-lag=100000").await;
    env.control("DELETE", &format!("/okta/users/{user}"), Value::Null).await;
    let path = format!("/api/v1/users/{user}");
    assert_eq!(env.get(&path).await.json()["status"], "DEPROVISIONED");
    assert_eq!(env.logged().await.last().unwrap(), "user.lifecycle.delete.initiated");
    env.control("POST", "/release", Value::Null).await;
    let gone = eventually(async || Some(env.get(&path).await).filter(|a| a.status != 200)).await;
    assert_eq!((gone.status, &gone.json()["errorCode"]), (404, &json!("E0000007")));
    assert_eq!(env.logged().await.last().unwrap(), "user.lifecycle.delete.completed");
}

#[tokio::test]
async fn user_type_is_changed_by_name() {
    let env = TestEnv::new().await;
    let user = env.users().await[0].clone();
    env.control("POST", &format!("/okta/users/{user}/type"), json!({"type": "contractor"})).await;
    let types = env.get("/api/v1/meta/types/user").await.json();
    let contractor = types.as_array().unwrap().iter().find(|t| t["name"] == "contractor").unwrap();
    assert_eq!(env.get(&format!("/api/v1/users/{user}")).await.json()["type"]["id"], contractor["id"]);
    assert_eq!(env.logged().await, ["user.account.update_user_type"]);
    let unknown =
        env.try_control("POST", &format!("/okta/users/{user}/type"), json!({"type": "robot"})).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn group_deletion_logs_no_membership_events() {
    let env = TestEnv::new().await;
    let (user, group) = (env.users().await[0].clone(), env.groups().await[0].clone());
    let member = format!("/okta/groups/{group}/users/{user}");
    env.control("DELETE", &member, Value::Null).await;
    env.control("PUT", &member, Value::Null).await;
    env.control("PUT", &member, Value::Null).await;
    env.control("DELETE", &format!("/okta/groups/{group}"), Value::Null).await;
    let logged = env.logged().await;
    assert_eq!(logged[logged.len() - 2..], ["group.user_membership.add", "group.lifecycle.delete"]);
    let groups = env.get(&format!("/api/v1/users/{user}/groups")).await.json();
    assert!(!groups.to_string().contains(&group));
}

#[tokio::test]
async fn removed_attribute_deletes_values_without_update() {
    let env = TestEnv::new().await;
    let group = env.groups().await[0].clone();
    let path = format!("/api/v1/groups/{group}");
    let before = env.get(&path).await.json();
    assert!(before["profile"]["costCentre"].is_string());
    env.control("DELETE", "/okta/schemas/group/costCentre", Value::Null).await;
    let after = env.get(&path).await.json();
    assert!(after["profile"].get("costCentre").is_none());
    assert_eq!(before["lastUpdated"], after["lastUpdated"]);
    assert!(!env.get("/api/v1/meta/schemas/group/default").await.text.contains("costCentre"));
    assert_eq!(env.logged().await, ["directory.user_profile.update"]);
}

#[tokio::test]
async fn import_delivers_only_completion_event() {
    let env = TestEnv::new().await;
    let receiver = Receiver::start().await;
    let items = [
        "user.lifecycle.create",
        "user.account.update_profile",
        "group.user_membership.add",
        "system.import.complete",
    ];
    env.hook(&receiver, &items).await;
    let (user, group) = (env.users().await[1].clone(), env.groups().await[0].clone());
    let made = env
        .control(
            "POST",
            "/okta/import",
            json!({ "users": { "create": [{"login": "i@example.com"}], "update": { &user: {"title": "Imported"} } },
                "groups": { "create": [{"name": "From a directory"}] }, "members": { "add": [[group, user]] } }),
        )
        .await;
    assert!(made["refused"].is_null(), "{made}");
    receiver.wait(1).await;
    assert_eq!(receiver.types(), ["system.import.complete"]);
    assert_eq!(env.get(&format!("/api/v1/users/{user}")).await.json()["profile"]["title"], "Imported");
    let group = made["groups"][0].as_str().unwrap();
    assert_eq!(env.get(&format!("/api/v1/groups/{group}")).await.json()["type"], "APP_GROUP");
    let logged = env.logged().await;
    for kind in ["user.create", "user.update", "group.create", "group_membership.complete", "complete"] {
        assert!(logged.contains(&format!("system.import.{kind}")), "{kind}");
    }
}

#[tokio::test]
async fn unfilterable_attribute_is_searchable_only() {
    let env = TestEnv::new().await;
    assert_eq!(env.get("/api/v1/users?filter=profile.city%20eq%20%22x%22").await.status, 400);
    assert_eq!(env.get("/api/v1/users?search=profile.city%20eq%20%22x%22").await.status, 200);
    assert_eq!(
        env.get("/api/v1/groups?filter=lastMembershipUpdated%20gt%20%222026-01-01T00:00:00.000Z%22")
            .await
            .status,
        200
    );
}
