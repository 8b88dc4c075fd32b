//! Deliveries at a steady rate: how soon they are answered, and whether each is on disk.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::percentiles::percentiles;
use crate::test_env::{SECRET, TestEnv};

/// Sends one delivery every so often, whether the last is answered or not.
pub(crate) async fn measure(world: &TestEnv, rate: u32, time: Duration) -> Result<Value, Failure> {
    let daemon = world.daemon().await?;
    let hook = format!("http://{}/hooks/okta/main", world.listens_at()?);
    let users = world.control.get("/okta/users?limit=1000").await?;
    let users: Vec<&str> =
        users["users"].as_array().into_iter().flatten().filter_map(|u| u["id"].as_str()).collect();
    let http = reqwest::Client::new();
    let mut under_way = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
    let began = Instant::now();
    let mut sent = 0_usize;
    while began.elapsed() < time {
        ticks.tick().await;
        let user = users.get(sent % users.len().max(1)).copied().unwrap_or_default();
        let body = delivery(sent, user);
        let request = http.post(&hook).header("authorization", SECRET).json(&body);
        sent += 1;
        under_way.spawn(async move {
            let asked = Instant::now();
            let accepted = request.send().await.is_ok_and(|answer| answer.status() == 200);
            accepted.then(|| asked.elapsed())
        });
    }
    let answers = under_way.join_all().await;
    let seconds = began.elapsed().as_secs_f64();
    // What is read next is what a process finds that comes after a crash.
    drop(daemon);
    let accepted: Vec<Duration> = answers.into_iter().flatten().collect();
    let options = SqliteConnectOptions::new().filename(world.store());
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let stored: i64 =
        sqlx::query_scalar("SELECT count(*) FROM events WHERE id LIKE 'load-%'").fetch_one(&pool).await?;
    pool.close().await;
    Ok(json!({
        "rate": rate,
        "seconds": (seconds * 100.0).round() / 100.0,
        "sent": sent,
        "accepted": accepted.len(),
        "stored": stored,
        "answer_ms": percentiles(accepted),
    }))
}

fn delivery(n: usize, user: &str) -> Value {
    json!({ "eventId": format!("load-delivery-{n}"), "data": { "events": [{
        "uuid": format!("load-{n}"), "eventType": "user.account.update_profile",
        "published": "2020-01-01T00:00:00.000Z", "target": [{ "id": user, "type": "User" }],
    }] } })
}
