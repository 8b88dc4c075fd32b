//! The overview of a connection goes on by itself.

use std::time::Duration;

use jiff::Timestamp;

use super::super::charts::Charts;
use super::test_env::TestEnv;

#[tokio::test]
async fn charts_are_redrawn_each_minute() {
    let world = TestEnv::start().await;
    let page = world.get("/connections/main").await.body;
    let (_, live) = page.split_once("data-live=\"/connections/main/stream\"").unwrap();
    assert!(live.split_once("</main>").unwrap().0.contains("data-part=\"charts\""), "{page}");

    let charts = Charts::new(world.member());
    let drawn = async || charts.part().await.unwrap().place().into_string();
    assert!(drawn().await.contains("No data yet"));
    world.fleet.start();
    let connection = world.member().connection().unwrap().clone();
    while connection.metric_samples(Timestamp::UNIX_EPOCH).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(drawn().await.contains("No data yet"));
    // The store works on threads of its own, for which time goes on.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    assert!(drawn().await.contains("<svg"));
}
