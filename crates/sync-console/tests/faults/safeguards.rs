//! What is held back until somebody accepts it.

use serde_json::{Value, json};

use crate::test_env::TestEnv;

async fn exceed_safeguard(world: &TestEnv, guard: &str) {
    match guard {
        "gone" => {
            for user in world.users().await.iter().take(6) {
                world.call("DELETE", &format!("/okta/users/{user}"), &Value::Null).await;
            }
        }
        "blanked" => {
            for user in world.users().await {
                world
                    .call(
                        "POST",
                        &format!("/okta/users/{user}"),
                        &json!({ "email": "a@example.com", "department": null, "title": null }),
                    )
                    .await;
            }
        }
        _ => {
            for group in world.groups().await {
                for user in world.users().await {
                    world.call("DELETE", &format!("/okta/groups/{group}/users/{user}"), &Value::Null).await;
                }
            }
        }
    }
}

/// Held back, told on the overview, looked at and accepted on the Plan page, and over.
async fn blocks_until_override(guard: &str, says: &str) {
    let limits =
        json!({ "min_retired_count": 1, "min_removed_memberships_count": 1, "min_cleared_values_count": 1 });
    let world = TestEnv::with(&json!({ "safeguards": limits })).await;
    world.press("pause").await;
    exceed_safeguard(&world, guard).await;
    world.press("resume").await;
    let told = world.page_with("", &[says, "eview the changes on the Plan page"], false).await;
    assert!(told.contains("Blocked by safeguard"), "{guard}: {told}");
    let all = world.read_page("/").await;
    assert!(all.contains("Blocked by safeguard") && all.contains(says), "{guard}: {all}");
    world.press("plan").await;
    let plan = world.page_with("/plan", &[says, "I reviewed these changes"], false).await;
    assert!(plan.contains("Override and sync"), "{guard}: {plan}");
    world.accept().await;
    world.page_with("/setup", &["Setup is complete"], false).await;
    world.page_when("", |text| !text.contains("Blocked by safeguard")).await;
    world.is_well().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retired_users_await_override() {
    blocks_until_override("gone", "would be retired").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cleared_values_await_override() {
    blocks_until_override("blanked", "would be cleared").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removed_memberships_await_override() {
    blocks_until_override("memberships", "memberships would be removed").await;
}
