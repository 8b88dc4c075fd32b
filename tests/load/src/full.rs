//! Full syncs: of everything, and again when nothing has changed.

use sandbox::audit;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::test_env::TestEnv;

/// How large an org is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) users: usize,
    pub(crate) groups: usize,
    /// Groups that each user is in.
    pub(crate) memberships: usize,
}

/// The first sync of everything.
pub(crate) async fn sync(world: &TestEnv, size: &Size) -> Result<Value, Failure> {
    let before = stats(world).await?;
    let measured = world.run("sync").await?;
    let after = stats(world).await?;
    let audit = audit::compare(&world.control).await?;
    let difference = |path: &str| number(&after, path) - number(&before, path);
    let report = &measured.document["connections"][0];
    Ok(json!({
        "users": size.users,
        "groups": size.groups,
        "memberships": audit.okta.memberships,
        "seconds": rounded(measured.seconds),
        "run_seconds": report["duration_seconds"],
        "peak_mib": measured.peak_kib.map(|kib| kib / 1024),
        "store_bytes_per_user": std::fs::metadata(world.store())?.len() / size.users.max(1) as u64,
        "okta_requests": difference("/okta/requests"),
        "okta_listings": listings(&after) - listings(&before),
        "okta_listings_minimum": minimum(world).await?,
        "executions": report["executions"],
        "chunks": difference("/insight/chunks"),
        "in_sync": audit.in_sync,
    }))
}

/// The same again.
pub(crate) async fn nothing_changed(world: &TestEnv) -> Result<Value, Failure> {
    let before = stats(world).await?;
    let measured = world.run("sync").await?;
    let after = stats(world).await?;
    let difference = |path: &str| number(&after, path) - number(&before, path);
    Ok(json!({
        "seconds": rounded(measured.seconds),
        "peak_mib": measured.peak_kib.map(|kib| kib / 1024),
        "okta_requests": difference("/okta/requests"),
        "executions": difference("/insight/executions"),
        "chunks": difference("/insight/chunks"),
    }))
}

/// How much more memory the larger one took.
pub(crate) fn ratio(large: &Value, small: &Value) -> Value {
    match (large["peak_mib"].as_f64(), small["peak_mib"].as_f64()) {
        (Some(large), Some(small)) if small > 0.0 => rounded(large / small).into(),
        _ => Value::Null,
    }
}

async fn stats(world: &TestEnv) -> Result<Value, Failure> {
    Ok(world.control.get("/stats").await?)
}

fn number(stats: &Value, path: &str) -> u64 {
    stats.pointer(path).and_then(Value::as_u64).unwrap_or_default()
}

/// Pages of users, of groups and of members that were asked for.
fn listings(stats: &Value) -> u64 {
    let bucket = |name: &str| stats["okta"]["buckets"][name].as_u64().unwrap_or_default();
    bucket("GET /api/v1/users") + bucket("/api/v1/groups")
}

/// How many the page sizes allow: 200 users, apart the deactivated ones, 200 groups, 1,000 members of each group.
async fn minimum(world: &TestEnv) -> Result<u64, Failure> {
    let (mut active, mut deactivated) = (0_u64, 0_u64);
    let mut members: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
    let mut after = String::new();
    loop {
        let page = world.control.get(&format!("/okta/users?limit=1000&after={after}")).await?;
        for user in page["users"].as_array().into_iter().flatten() {
            *(if user["status"] == "DEPROVISIONED" { &mut deactivated } else { &mut active }) += 1;
            for group in user["groupIds"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                *members.entry(group.to_owned()).or_default() += 1;
            }
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    let (mut groups, mut pages) = (0_u64, 0_u64);
    after.clear();
    loop {
        let page = world.control.get(&format!("/okta/groups?limit=1000&after={after}")).await?;
        for group in page["groups"].as_array().into_iter().flatten() {
            groups += 1;
            if group["type"] != "BUILT_IN" {
                let id = group["id"].as_str().unwrap_or_default();
                pages += members.get(id).copied().unwrap_or_default().div_ceil(1000).max(1);
            }
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    Ok(active.div_ceil(200) + deactivated.div_ceil(200).max(1) + groups.div_ceil(200) + pages)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
