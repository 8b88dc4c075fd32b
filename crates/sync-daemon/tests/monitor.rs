//! Metrics and health over HTTP.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use support::{TestEnv, follow};
use sync_daemon::{Connection, MetricsServer};
use tokio_util::sync::CancellationToken;

async fn monitor(connection: Arc<Connection>) -> String {
    let monitor = MetricsServer::bind("127.0.0.1:0".parse().unwrap(), &[connection]).await.unwrap();
    let address = format!("http://{}", monitor.address());
    tokio::spawn(monitor.serve(CancellationToken::new()));
    address
}

async fn get(url: String) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn readiness_follows_the_daemon_loop() {
    let world = TestEnv::start("").await;
    let connection = world.connection().await;
    connection.engine().setup(false).await.unwrap();
    let url = monitor(Arc::clone(&connection)).await;
    let (status, text) = get(format!("{url}/readyz")).await;
    let health: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &health["ready"]), (503, &json!(false)), "nobody follows: {text}");
    assert_eq!(get(format!("{url}/healthz")).await.0, 200);

    let following = follow(&connection);
    let deadline = tokio::time::Instant::now() + Duration::from_mins(3);
    while get(format!("{url}/readyz")).await.0 != 200 {
        assert!(tokio::time::Instant::now() < deadline, "not ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    following.stop().await;
    let (status, text) = get(format!("{url}/readyz")).await;
    assert!(status == 503 && text.contains("not_running"), "{text}");
    assert_eq!(get(format!("{url}/healthz")).await.0, 200);
}

#[tokio::test]
async fn unreadable_store_is_not_ready() {
    let world = TestEnv::start("").await;
    let connection = world.connection().await;
    let url = monitor(Arc::clone(&connection)).await;
    assert!(get(format!("{url}/metrics")).await.1.contains("okta_insight_store_up{connection=\"main\"} 1"));
    world.store.clone().close().await;
    let (status, text) = get(format!("{url}/readyz")).await;
    assert!(status == 503 && text.contains("store_unreadable"), "{text}");
    let (status, text) = get(format!("{url}/metrics")).await;
    assert_eq!(status, 200);
    assert!(text.contains("okta_insight_store_up{connection=\"main\"} 0"), "{text}");
}

#[tokio::test]
async fn nothing_secret_or_personal_is_answered() {
    let world = TestEnv::start("").await;
    let connection = world.connection().await;
    connection.engine().setup(false).await.unwrap();
    let limits = world.config.connections.values().next().unwrap().safeguards;
    let quiet = sync_engine::NoopProgress;
    connection.engine().full_sync(&limits, &quiet, &CancellationToken::new()).await.unwrap();
    let url = monitor(connection).await;
    let ready = world.sandbox.ready();
    let secrets = [&ready["okta"]["client_id"], &ready["insight"]["import_token"], &ready["okta"]["org_url"]];
    for path in ["/metrics", "/readyz", "/healthz"] {
        let (_, text) = get(format!("{url}{path}")).await;
        for secret in secrets {
            assert!(!text.contains(secret.as_str().unwrap()), "{path}: {text}");
        }
        assert!(!text.contains('@') && !text.contains("00u"), "{path}: {text}");
    }
}
