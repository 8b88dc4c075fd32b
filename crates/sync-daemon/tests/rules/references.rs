//! A manager who is named by login, email address, or employee number is referred to by id, among living users only.

use std::sync::Arc;

use serde_json::{Value, json};
use sync_daemon::Connection;
use sync_model::ValueProblemKind;

use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, idle, sync, test_env, wait_for_system_log, wait_until};

impl TestEnv {
    /// A connection whose users name their managers by a value of the profile, set up and synchronised.
    async fn managed_by(&self, by: &str) -> Arc<Connection> {
        let more =
            format!("{OFTEN}[connections.main.mapping.manager]\nattribute = \"boss\"\nmatch_by = \"{by}\"\n");
        self.add_attribute("boss", "Boss").await;
        let connection = self.open_with("system_log", &more, |_, _| {}).await;
        self.sync_first(&connection).await;
        connection
    }

    async fn new_user(&self, login: &str, values: Value) -> String {
        let mut profile = json!({ "login": login, "email": login, "firstName": "New", "lastName": "User" });
        profile.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
        let created = self.call("POST", "/okta/users", profile).await;
        created["id"].as_str().unwrap().to_owned()
    }

    /// The ids that a user's manager refers to in Assets.
    async fn manager(&self, user: &str) -> Vec<String> {
        let found =
            self.control.get(&format!("/insight/objects?type=/type/user&identity={user}")).await.unwrap();
        let references = found["objects"][0]["references"].as_object().cloned().unwrap_or_default();
        let manager = references.into_iter().find(|(id, _)| id.ends_with("/manager"));
        let ids = manager.map(|(_, ids)| ids).unwrap_or_default();
        ids.as_array().into_iter().flatten().map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    async fn manager_becomes(&self, user: &str, manager: &[&str]) {
        wait_until("the manager is right", async || {
            let found = self.manager(user).await;
            if found == manager { Ok(()) } else { Err(format!("{found:?}")) }
        })
        .await;
    }
}

#[tokio::test]
async fn manager_is_found_in_another_case() {
    let world = test_env(3, 1).await;
    let connection = world.managed_by("login").await;
    let worker = world.new_user("worker@example.com", json!({ "boss": " Strasse.Boss@EXAMPLE.com " })).await;
    sync(&connection).await.unwrap();
    assert!(world.manager(&worker).await.is_empty());
    let boss = world.new_user("straße.boss@example.com", json!({})).await;
    sync(&connection).await.unwrap();
    assert_eq!(world.manager(&worker).await, [boss.as_str()], "by the run that brings the manager");
    world.change(&boss, json!({ "login": "STRASSE.BOSS@example.com" })).await;
    sync(&connection).await.unwrap();
    assert_eq!(world.manager(&worker).await, [boss.as_str()]);
    let before = world.executions().await.len();
    sync(&connection).await.unwrap();
    assert_eq!(world.executions().await.len(), before, "nothing is sent without a change");
}

#[tokio::test]
async fn recreated_manager_is_referenced() {
    for by in ["login", "email", "employee_number"] {
        let world = test_env(6, 1).await;
        let connection = world.managed_by(by).await;
        let named = if by == "employee_number" { "E7" } else { "boss@example.com" };
        let worker = world.new_user("worker@example.com", json!({ "boss": named })).await;
        let old = world.new_user("boss@example.com", json!({ "employeeNumber": "E7" })).await;
        sync(&connection).await.unwrap();
        assert_eq!(world.manager(&worker).await, [old.as_str()], "{by}");
        world.delete(&old).await;
        let new = world.new_user("boss@example.com", json!({ "employeeNumber": "E7" })).await;
        sync(&connection).await.unwrap();
        assert_eq!(world.manager(&worker).await, [new.as_str()], "{by}");
    }
}

#[tokio::test]
async fn events_move_references_with_the_login() {
    let world = test_env(6, 1).await;
    let connection = world.managed_by("login").await;
    let following = follow(&connection);
    let boss = world.new_user("boss@example.com", json!({})).await;
    let worker = world.new_user("worker@example.com", json!({ "boss": "BOSS@example.com" })).await;
    world.manager_becomes(&worker, &[&boss]).await;
    world.change(&boss, json!({ "login": "former@example.com" })).await;
    world.manager_becomes(&worker, &[]).await;
    let next = world.new_user("Boss@example.com", json!({})).await;
    world.manager_becomes(&worker, &[&next]).await;
    world.delete(&next).await;
    world.manager_becomes(&worker, &[]).await;
    wait_for_system_log(&connection).await;
    idle(&connection).await;
    following.stop().await;
}

#[tokio::test]
async fn ambiguous_employee_number_is_reported() {
    let world = test_env(6, 1).await;
    let connection = world.managed_by("employee_number").await;
    let worker = world.new_user("worker@example.com", json!({ "boss": "E7" })).await;
    let one = world.new_user("one@example.com", json!({ "employeeNumber": "E7" })).await;
    sync(&connection).await.unwrap();
    assert_eq!(world.manager(&worker).await, [one.as_str()]);
    let other = world.new_user("other@example.com", json!({ "employeeNumber": "e7" })).await;
    let report = sync(&connection).await.unwrap();
    assert!(world.manager(&worker).await.is_empty());
    let [shared] = &report.value_problems.problems[..] else { panic!("{report:?}") };
    assert_eq!(shared.problem.problem, ValueProblemKind::AmbiguousReference);
    assert_eq!((shared.count, &shared.example), (1, &worker));
    // Of those who share a number the living count.
    for user in [&one, &other] {
        world.delete(user).await;
    }
    let report = sync(&connection).await.unwrap();
    let [unresolved] = &report.value_problems.problems[..] else { panic!("{report:?}") };
    assert_eq!(unresolved.problem.problem, ValueProblemKind::UnresolvedReference);
    assert!(report.is_complete(), "nobody of that name is no failure: {report:?}");
}
