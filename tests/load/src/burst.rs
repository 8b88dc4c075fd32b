//! Many changes at once: how soon each is right in Assets.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::percentiles::percentiles;
use crate::test_env::TestEnv;

/// How long all of them may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often Assets is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Changes so many users as fast as the org takes it, and watches Assets.
pub(crate) async fn measure(world: &TestEnv, changes: usize) -> Result<Value, Failure> {
    let _daemon = world.daemon().await?;
    let hooks = world.control.get("/okta/hooks").await?;
    let before = world.control.get("/stats").await?;
    let users = user_ids(world, changes).await?;
    let began = Instant::now();
    let mut waiting: HashMap<String, Instant> = HashMap::new();
    for id in users {
        world.control.call("POST", &format!("/okta/users/{id}"), &json!({ "city": "Burstville" })).await?;
        waiting.insert(id, Instant::now());
    }
    let made = began.elapsed();
    let number = waiting.len();
    let mut times = Vec::new();
    while !waiting.is_empty() && began.elapsed() < PATIENCE {
        tokio::time::sleep(POLL_INTERVAL).await;
        for id in changed(world).await? {
            if let Some(changed) = waiting.remove(&id) {
                times.push(changed.elapsed());
            }
        }
    }
    let after = world.control.get("/stats").await?;
    let difference = |path: &str| {
        let at = |stats: &Value| stats.pointer(path).and_then(Value::as_u64).unwrap_or_default();
        at(&after) - at(&before)
    };
    Ok(json!({
        "changes": number,
        "hooks": hooks.as_array().map_or(0, Vec::len),
        "seconds_to_make": (made.as_secs_f64() * 100.0).round() / 100.0,
        "applied": times.len(),
        "seconds": (began.elapsed().as_secs_f64() * 100.0).round() / 100.0,
        "okta_requests": difference("/okta/requests"),
        "executions": difference("/insight/executions"),
        "change_to_assets_ms": percentiles(times),
    }))
}

async fn user_ids(world: &TestEnv, limit: usize) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    let mut after = String::new();
    loop {
        let page = world.control.get(&format!("/okta/users?limit=1000&after={after}")).await?;
        let users = page["users"].as_array().into_iter().flatten();
        ids.extend(users.filter_map(|user| user["id"].as_str().map(str::to_owned)));
        match page["next"].as_str() {
            Some(next) if ids.len() < limit => next.clone_into(&mut after),
            _ => break,
        }
    }
    ids.truncate(limit);
    Ok(ids)
}

/// The ids of the users that Assets holds as changed.
async fn changed(world: &TestEnv) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    let mut after = 0;
    loop {
        let page =
            world.control.get(&format!("/insight/objects?type=/type/user&limit=1000&after={after}")).await?;
        for object in page["objects"].as_array().into_iter().flatten() {
            let value = |end: &str| {
                let attributes = object["attributes"].as_object()?;
                attributes.iter().find(|(name, _)| name.ends_with(end))?.1[0].as_str()
            };
            if value("/profile/city") == Some("Burstville")
                && let Some(id) = value("/id")
            {
                found.push(id.to_owned());
            }
        }
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => return Ok(found),
        }
    }
}
