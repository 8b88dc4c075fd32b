//! Only what the operator chooses is kept; what leaves the choice is marked, and what enters it comes whole.

use sandbox::audit::Scope;
use serde_json::{Value, json};
use sync_engine::{EngineError, RunKind, SafeguardViolation};

use crate::support::follow;
use crate::test_env::{OFTEN, TestEnv, USER, idle, sync, sync_with_override, test_env, wait_for_system_log};

/// Users in Nuuk, as a setting.
const IN_NUUK: &str = "[connections.main.scope.users]\nprofile = { city = [\"Nuuk\"] }\n";

fn in_nuuk() -> Scope {
    Scope { profile: Some(("city".into(), vec!["Nuuk".into()])), ..Scope::default() }
}

impl TestEnv {
    async fn remove_member(&self, group: &str, user: &str) {
        self.call("DELETE", &format!("/okta/groups/{group}/users/{user}"), Value::Null).await;
    }

    /// Whoever is no member stays none.
    async fn remove_member_quietly(&self, group: &str, user: &str) {
        let path = format!("/okta/groups/{group}/users/{user}");
        let _ = self.control.call("DELETE", &path, &Value::Null).await;
    }

    async fn rename_group(&self, group: &str, name: &str) {
        self.call("POST", &format!("/okta/groups/{group}"), json!({ "name": name })).await;
    }
}

#[tokio::test]
async fn returning_user_is_restored() {
    let world = test_env(12, 3).await;
    let (users, groups) = (world.users().await, world.groups().await);
    for user in &users[..6] {
        world.change(user, json!({ "city": "Nuuk" })).await;
        world.add_member(&groups[0], user).await;
    }
    let connection = world.open_with("both", &format!("{OFTEN}{IN_NUUK}"), |_, _| {}).await;
    world.sync_first(&connection).await;
    let audit = world.converges_to(&in_nuuk()).await;
    assert_eq!((audit.insight.users, audit.out_of_scope), (6, 0), "nobody else was ever there");
    let following = follow(&connection);
    world.change(&users[0], json!({ "city": "Paris" })).await;
    world.change(&users[9], json!({ "city": "Nuuk" })).await;
    world.delete(&users[1]).await;
    let audit = world.converges_to(&in_nuuk()).await;
    assert_eq!((audit.insight.users, audit.out_of_scope, audit.marked_deleted), (5, 1, 1), "{audit:?}");
    world.change(&users[0], json!({ "city": "Nuuk" })).await;
    let audit = world.converges_to(&in_nuuk()).await;
    assert_eq!((audit.insight.users, audit.out_of_scope), (6, 0), "with its groups again");
    // What happens to those who are not chosen is nothing to Assets.
    idle(&connection).await;
    let before = world.executions().await.len();
    world.change(&users[7], json!({ "title": "Head of something" })).await;
    world.remove_member(&groups[1], &users[7]).await;
    idle(&connection).await;
    assert_eq!(world.executions().await.len(), before);
    following.stop().await;
}

#[tokio::test]
async fn group_membership_changes_user_scope() {
    let world = test_env(12, 3).await;
    let (users, groups) = (world.users().await, world.groups().await);
    for user in &users {
        world.remove_member_quietly(&groups[0], user).await;
    }
    for user in &users[..4] {
        world.add_member(&groups[0], user).await;
    }
    let chosen = format!(
        "{OFTEN}[connections.main.scope.users]\nmember_of = [\"{}\"]\n[connections.main.scope.groups]\nnames = [\"no such*\"]\n",
        groups[0]
    );
    let choice =
        Scope { member_of: Some(groups[0].clone()), group_prefix: "no such".into(), ..Scope::default() };
    let connection = world.open_with("both", &chosen, |_, _| {}).await;
    world.sync_first(&connection).await;
    let audit = world.converges_to(&choice).await;
    assert_eq!((audit.insight.users, audit.insight.groups, audit.insight.memberships), (4, 1, 4));
    let following = follow(&connection);
    world.remove_member(&groups[0], &users[0]).await;
    world.add_member(&groups[0], &users[8]).await;
    let audit = world.converges_to(&choice).await;
    assert_eq!((audit.insight.users, audit.out_of_scope), (4, 1), "{audit:?}");
    idle(&connection).await;
    following.stop().await;

    // The same by a delta pass alone: a membership does not change the user.
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(1);
    world.remove_member(&groups[0], &users[1]).await;
    world.add_member(&groups[0], &users[9]).await;
    let stop = tokio_util::sync::CancellationToken::new();
    connection.engine().incremental_sync(since, &sync_engine::NoopProgress, &stop).await.unwrap();
    let audit = world.converges_to(&choice).await;
    assert_eq!((audit.insight.users, audit.out_of_scope), (4, 2), "{audit:?}");
}

#[tokio::test]
async fn renamed_group_changes_membership_scope() {
    let world = test_env(12, 3).await;
    let (users, groups) = (world.users().await, world.groups().await);
    for user in &users[..5] {
        world.add_member(&groups[0], user).await;
    }
    let chosen = format!("{OFTEN}[connections.main.scope.groups]\nnames = [\"team *\"]\n");
    let choice = Scope { group_prefix: "team ".into(), ..Scope::default() };
    let connection = world.open_with("both", &chosen, |_, _| {}).await;
    world.sync_first(&connection).await;
    assert_eq!(world.converges_to(&choice).await.insight.groups, 0);
    let following = follow(&connection);
    idle(&connection).await;
    let before = (world.executions().await.len(), world.requests(USER).await);
    world.remove_member(&groups[0], &users[4]).await;
    wait_for_system_log(&connection).await;
    idle(&connection).await;
    let after = (world.executions().await.len(), world.requests(USER).await);
    assert_eq!(after, before, "who is a member of what is not chosen is nobody's business");
    world.add_member(&groups[0], &users[4]).await;
    world.rename_group(&groups[0], "team one").await;
    let audit = world.converges_to(&choice).await;
    assert!(audit.insight.groups == 1 && audit.insight.memberships >= 5, "{audit:?}");
    world.rename_group(&groups[0], "one").await;
    let audit = world.converges_to(&choice).await;
    assert_eq!((audit.insight.memberships, audit.out_of_scope), (0, 1), "{audit:?}");
    idle(&connection).await;
    following.stop().await;

    // The same by a delta pass alone, to and fro.
    let stop = tokio_util::sync::CancellationToken::new();
    for (name, live) in [("team two", 1), ("two", 0)] {
        let since = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(1);
        world.rename_group(&groups[0], name).await;
        connection.engine().incremental_sync(since, &sync_engine::NoopProgress, &stop).await.unwrap();
        assert_eq!(world.converges_to(&choice).await.insight.groups, live);
    }
}

#[tokio::test]
async fn changed_scope_applies_after_restart() {
    let world = test_env(12, 3).await;
    for user in &world.users().await[..10] {
        world.change(user, json!({ "city": "Nuuk" })).await;
    }
    drop(world.synced("system_log").await);
    let connection = world.open_with("system_log", &format!("{OFTEN}{IN_NUUK}"), |_, _| {}).await;
    let following = follow(&connection);
    let audit = world.converges_to(&in_nuuk()).await;
    assert_eq!((audit.insight.users, audit.out_of_scope), (10, 2), "{audit:?}");
    // Assets has it before it is known to be there.
    idle(&connection).await;
    following.stop().await;
    drop(connection);

    // A choice that nobody meets is as suspicious as an empty directory.
    let nobody = "[connections.main.scope.users]\nprofile = { city = [\"Atlantis\"] }\n";
    let connection = world.open_with("system_log", &format!("{OFTEN}{nobody}"), |_, _| {}).await;
    let refused = sync(&connection).await.unwrap_err();
    assert!(
        matches!(
            refused,
            EngineError::SafeguardTriggered(SafeguardViolation::TooManyRetired { retired: 10, .. })
        ),
        "{refused:?}"
    );
    sync_with_override(&connection).await;
    let atlantis = Scope { profile: Some(("city".into(), vec!["Atlantis".into()])), ..Scope::default() };
    let audit = world.converges_to(&atlantis).await;
    assert_eq!((audit.insight.users, audit.out_of_scope), (0, 12), "{audit:?}");
    drop(connection);

    let connection = world.open("system_log").await;
    let following = follow(&connection);
    world.assert_in_sync().await;
    // Everything was read once, and not again.
    idle(&connection).await;
    let full = async || {
        let runs = connection.status(50).await.unwrap().runs;
        runs.iter().filter(|run| run.kind == RunKind::FullSync).count()
    };
    let before = full().await;
    following.stop().await;
    let connection = world.open("system_log").await;
    let following = follow(&connection);
    world.change(&world.users().await[0], json!({ "city": "Oslo" })).await;
    world.assert_in_sync().await;
    idle(&connection).await;
    assert_eq!(full().await, before);
    following.stop().await;
}
