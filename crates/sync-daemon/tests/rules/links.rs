//! Links of listings and of the log that lead elsewhere.

use std::sync::Arc;

use serde_json::json;

use crate::fakes::Failures;
use crate::gate::{Instead, refusal};
use crate::support::follow;
use crate::test_env::{OFTEN, gated_test_env, sync, sync_with_override, wait_until};

#[tokio::test]
async fn foreign_link_host_is_replaced() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    let user = world.active_users().await[0].clone();
    world.change(&user, json!({ "city": "Elsewhere" })).await;
    let home = gate.url.clone();
    gate.link(move |path, links| {
        let next = path.starts_with("/api/v1/users?") && !path.contains("after") && !path.contains("filter");
        let more = "https://login.acme.example/api/v1/users?limit=200&filter=status%20eq%20%22ACTIVE%22";
        let more = next.then(|| format!("<{more}>; rel=\"next\""));
        more.or_else(|| Some(links.replace(&home, "https://login.acme.example")))
    });
    sync(&connection).await.unwrap();
    assert!(world.object(&user).await.contains("Elsewhere"));
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn wrong_links_end_listing_early() {
    let (world, gate) = gated_test_env(12, 3).await;
    let connection = world.synced("system_log").await;
    for (n, targets) in [&["/api/v1/apps?after=x"][..], &["/api/v1/users?after=a", "/api/v1/users?after=b"]]
        .into_iter()
        .enumerate()
    {
        let before = gate.requests("/api/v1/users");
        gate.link(move |path, _| {
            let at = usize::from(path.ends_with("after=a")).min(targets.len() - 1);
            path.starts_with("/api/v1/users?").then(|| format!("<{}>; rel=\"next\"", targets[at]))
        });
        gate.instead(|path| {
            (path.starts_with("/api/v1/users?after")).then(|| Instead(200, "application/json", "[]".into()))
        });
        sync(&connection).await.unwrap_err();
        assert!(gate.requests("/api/v1/users") - before < 20, "{n}");
    }
    // A cursor that is refused each time.
    let before = gate.requests("/api/v1/groups?");
    gate.link(|path, _| {
        path.starts_with("/api/v1/groups?").then(|| "</api/v1/groups?after=a>; rel=\"next\"".into())
    });
    gate.instead(|path| path.starts_with("/api/v1/groups?after").then(|| refusal(400, "E0000001", "after")));
    sync(&connection).await.unwrap_err();
    assert!(gate.requests("/api/v1/groups?") - before < 20);
    gate.clear();
    sync_with_override(&connection).await;
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn cyclic_log_links_are_reported() {
    let (world, gate) = gated_test_env(12, 3).await;
    let failures = Arc::new(Failures::default());
    let alarm = Arc::<Failures>::clone(&failures);
    let connection = world.open_with("system_log", OFTEN, |ports, _| ports.alerts = alarm).await;
    world.sync_first(&connection).await;
    let user = world.active_users().await[0].clone();
    let home = gate.url.clone();
    gate.link(move |path, _| {
        let next = if path.contains("after=ring-a") { "ring-b" } else { "ring-a" };
        path.starts_with("/api/v1/logs").then(|| format!("<{home}/api/v1/logs?after={next}>; rel=\"next\""))
    });
    let event = json!([{"uuid": "ring", "published": "2026-03-01T10:00:00Z", "eventType": "user.account.update_profile",
        "target": [{"id": user, "type": "User"}]}]);
    let body = event.to_string();
    gate.instead(move |path| {
        path.contains("after=ring").then(|| Instead(200, "application/json", body.clone()))
    });
    let following = follow(&connection);
    wait_until("it is told", async || {
        let told = failures.0.lock().unwrap();
        if told.iter().any(|reason| reason.contains("loop")) { Ok(()) } else { Err(format!("{told:?}")) }
    })
    .await;
    assert!(gate.requests("/api/v1/logs") < 20, "{}", gate.requests("/api/v1/logs"));
    following.stop().await;
}
