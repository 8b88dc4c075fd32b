//! Leaders, standbys, and a store that is lost.

use std::time::Duration;

use sync_daemon::{ConnectionManager, ServiceError};
use sync_engine::{AlertKind, FindingCode};

use super::*;

/// Waits until a manager works on a connection.
async fn wait_for_takeover(manager: &ConnectionManager) {
    for _ in 0..18_000 {
        if manager.get(&acme()).is_some_and(|member| member.connection().is_ok()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is not taken over");
}

#[tokio::test]
async fn standby_takes_over_when_first_ends() {
    let world = TestEnv::start().await;
    let first = world.manager().await;
    let second = world.manager().await;
    first.save(&acme(), world.draft(), true).await.unwrap();
    // The second learns of what the first saved. The faster one leads.
    for _ in 0..18_000 {
        if second.get(&acme()).is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let leads = first.get(&acme()).unwrap().connection().is_ok();
    let (leader, standby) = if leads { (first, second) } else { (second, first) };
    let health = standby.health().await;
    assert!(!health.ready && health.connections[&acme()].standby);
    assert!(standby.get(&acme()).unwrap().connection().err().unwrap().is_standby());
    leader.end().await;
    wait_for_takeover(&standby).await;
    assert!(!standby.health().await.connections[&acme()].standby);
    standby.end().await;
}

#[tokio::test]
async fn file_connection_waits_as_standby() {
    let world = TestEnv::start().await;
    let file = file_of(&world);
    let first = world.manager_with(world.config(&file)).await;
    let second = world.manager_with(world.config(&file)).await;
    assert!(second.health().await.connections[&acme()].standby);
    first.end().await;
    wait_for_takeover(&second).await;
    second.end().await;
}

/// The answer of the process that serves the socket of the connection; `None` without one.
async fn answer(world: &TestEnv) -> Option<String> {
    let client = reqwest::Client::builder().unix_socket(socket(world)).build().unwrap();
    client.get("http://localhost/").send().await.ok()?.text().await.ok()
}

fn socket(world: &TestEnv) -> std::path::PathBuf {
    world.folder.path().join("okta-insight.db.acme.sock")
}

#[tokio::test]
async fn socket_belongs_to_the_leader() {
    let world = TestEnv::start().await;
    let router = |name: &'static str| axum::Router::new().route("/", axum::routing::get(async move || name));
    let first = world.manager().await;
    first.serve_locally(router("first")).await;
    assert!(answer(&world).await.is_none(), "there is no connection");
    first.save(&acme(), world.draft(), true).await.unwrap();
    assert_eq!(answer(&world).await.as_deref(), Some("first"));
    let second = world.manager().await;
    second.serve_locally(router("second")).await;
    assert_eq!(answer(&world).await.as_deref(), Some("first"), "a standby serves nothing");
    first.end().await;
    wait_for_takeover(&second).await;
    // The socket is bound before its connection is seen, and answers soon.
    assert_eq!(answer(&world).await.as_deref(), Some("second"));
    second.remove(&acme()).await.unwrap();
    assert!(!socket(&world).exists(), "the connection was removed");
    second.end().await;
}

#[tokio::test]
async fn lost_store_ends_daemon() {
    let world = TestEnv::start().await;
    let manager = world.manager().await;
    manager.save(&acme(), world.draft(), true).await.unwrap();
    std::fs::remove_file(world.database()).unwrap();
    let error = tokio::time::timeout(Duration::from_mins(3), manager.lost()).await.unwrap();
    assert!(matches!(error, ServiceError::Lost(_)), "{error}");
    assert!(error.remedy().is_some());
    let health = manager.health().await;
    assert!(!health.ready);
    let reasons = health.connections[&acme()].conditions.iter().filter_map(|condition| condition.reason);
    assert!(reasons.into_iter().any(|reason| reason == FindingCode::StoreLost), "{health:?}");
    let alerts = manager.get(&acme()).unwrap().connection().unwrap().alert_entries();
    assert!(alerts.iter().any(|alert| alert.kind == AlertKind::StoreLost));
    manager.end().await;
}

#[tokio::test]
async fn lock_survives_file_removal() {
    let world = TestEnv::start().await;
    let first = world.manager().await;
    first.save(&acme(), world.draft(), true).await.unwrap();
    let lock = world.folder.path().join("okta-insight.db.acme.lock");
    std::fs::remove_file(&lock).unwrap();
    for _ in 0..18_000 {
        if lock.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let second = world.manager().await;
    assert!(second.get(&acme()).unwrap().connection().err().unwrap().is_standby());
    assert!(first.get(&acme()).unwrap().connection().is_ok());
    second.end().await;
    first.end().await;
}
