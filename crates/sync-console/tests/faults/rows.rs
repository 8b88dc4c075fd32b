//! Faults on demand.

use serde_json::{Value, json};

use crate::row::{Act, Row, row_tests, tolerates};
use crate::test_env::TestEnv;

/// A test for each fault that raises no alert. How often it strikes is counted, and less than is tried: on every
/// machine the same passes.
macro_rules! tolerated_faults {
    ($($test:ident: $key:literal, $spec:literal;)*) => {
        const TOLERATED: &[&str] = &[$($key),*];
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let world = TestEnv::start().await;
            tolerates(&world, $key, $spec).await;
            world.end().await;
        })*
    };
}

tolerated_faults! {
    okta_latency_is_tolerated: "okta.latency", "okta.latency=20..80";
    okta_429_is_tolerated: "okta.429", "okta.429=4x";
    okta_429_without_headers_is_tolerated: "okta.429-no-headers", "okta.429-no-headers=2x";
    okta_concurrency_limit_is_tolerated: "okta.concurrency", "okta.concurrency=2x";
    okta_5xx_is_tolerated: "okta.5xx", "okta.5xx=4x";
    okta_reset_is_tolerated: "okta.reset", "okta.reset=4x";
    okta_lost_response_is_tolerated: "okta.lost-response", "okta.lost-response=4x";
    okta_body_reset_is_tolerated: "okta.reset-body", "okta.reset-body=4x";
    okta_truncated_body_is_tolerated: "okta.truncate", "okta.truncate=1x/api/v1/logs";
    okta_404_is_tolerated: "okta.404", "okta.404=1x/api/v1/logs";
    okta_429_past_is_tolerated: "okta.429-past", "okta.429-past=2x";
    okta_odd_answer_is_tolerated: "okta.odd", "okta.odd=1x/api/v1/logs";
    okta_lag_is_tolerated: "okta.lag", "okta.lag=300";
    okta_search_lag_is_tolerated: "okta.search-lag", "okta.search-lag=300";
    okta_delete_lag_is_tolerated: "okta.delete-lag", "okta.delete-lag=300";
    okta_log_delay_is_tolerated: "okta.log-delay", "okta.log-delay=300";
    assets_latency_is_tolerated: "assets.latency", "assets.latency=20..80";
    assets_429_is_tolerated: "assets.429", "assets.429=2x";
    assets_429_without_headers_is_tolerated: "assets.429-no-headers", "assets.429-no-headers=2x";
    assets_concurrency_limit_is_tolerated: "assets.concurrency", "assets.concurrency=2x";
    assets_5xx_is_tolerated: "assets.5xx", "assets.5xx=1x";
    assets_reset_is_tolerated: "assets.reset", "assets.reset=1x";
    assets_lost_response_is_tolerated: "assets.lost-response", "assets.lost-response=1x";
    assets_body_reset_is_tolerated: "assets.reset-body", "assets.reset-body=1x";
    assets_truncated_body_is_tolerated: "assets.truncate", "assets.truncate=1x/executions";
    assets_404_is_tolerated: "assets.404", "assets.404=1x/data";
    assets_429_past_is_tolerated: "assets.429-past", "assets.429-past=2x";
    assets_chunk_rejection_is_tolerated: "assets.refused", "assets.refused=1x";
    hook_loss_is_tolerated: "hooks.lost", "hooks.lost=1";
    hook_duplicate_is_tolerated: "hooks.duplicate", "hooks.duplicate=1";
    hook_reordering_is_tolerated: "hooks.reorder", "hooks.reorder=1";
    hook_delay_is_tolerated: "hooks.delay", "hooks.delay=300";
    hook_without_actor_is_tolerated: "hooks.no-actor", "hooks.no-actor=1";
    hook_odd_delivery_is_tolerated: "hooks.odd", "hooks.odd=1";
    executions_slow_start_is_tolerated: "executions.slow-start", "executions.slow-start=200";
    mapping_delay_is_tolerated: "mapping.slow", "mapping.slow=300";
}

const UNAVAILABLE: [&str; 2] = ["Okta returned status", "status.okta.com"];
const UNREACHABLE: [&str; 2] = ["could not reach", "network, DNS, and firewall"];
const ASSETS_UNAVAILABLE: [&str; 2] = ["Assets returned status", "status.atlassian.com"];

const SEE_RUNS: &str = "Find the records on the Runs page";
const CUT_ON_THE_WAY: [&str; 2] =
    ["could not decode the response", "a proxy or gateway changes the responses"];

fn verify(name: &'static str, spec: &'static str, says: [&'static str; 2]) -> Row {
    Row::faults(name, spec, Act::Press("verify"), "/setup", says)
}

fn event(name: &'static str, spec: &'static str, says: [&'static str; 2]) -> Row {
    Row::faults(name, spec, Act::Event, "", says)
}

row_tests! {
    fn rows;
    okta_5xx_is_reported: Row::faults("okta.5xx", "okta.5xx=1", Act::Wait, "", UNAVAILABLE);
    assets_5xx_is_reported: verify("assets.5xx", "assets.5xx=1", ASSETS_UNAVAILABLE);
    okta_reset_is_reported: verify("okta.reset", "okta.reset=1", UNREACHABLE);
    assets_reset_is_reported: verify("assets.reset", "assets.reset=1", UNREACHABLE);
    okta_lost_response_is_reported: verify("okta.lost-response", "okta.lost-response=1", UNREACHABLE);
    assets_lost_response_is_reported: verify("assets.lost-response", "assets.lost-response=1", UNREACHABLE);
    okta_body_reset_is_reported: verify("okta.reset-body", "okta.reset-body=1", UNREACHABLE);
    assets_body_reset_is_reported: verify("assets.reset-body", "assets.reset-body=1", UNREACHABLE);
    okta_truncated_body_is_reported: verify("okta.truncate", "okta.truncate=1", CUT_ON_THE_WAY);
    assets_truncated_body_is_reported: verify("assets.truncate", "assets.truncate=1", CUT_ON_THE_WAY);
    failed_execution_is_reported:
        event("executions.fail", "executions.fail=1", ["Assets rejects 1 record", SEE_RUNS]);
    execution_type_errors_are_reported:
        event("executions.type-errors", "executions.type-errors=1", ["Assets rejects 1 record", SEE_RUNS]);
    dropped_records_are_reported:
        event("executions.drop", "executions.drop=1", ["Assets rejects 1 record", SEE_RUNS]);
    stuck_execution_is_reported: event(
        "executions.stuck",
        "executions.stuck=told",
        ["Assets has been processing", "Wait until the execution ends"],
    );
    okta_429_is_reported:
        event("okta.429", "okta.429=1", ["A rate limit delays requests", "changes arrive later"]);
}

pub(crate) fn names() -> Vec<&'static str> {
    let reported = rows().into_iter().map(|row| row.name);
    TOLERATED.iter().copied().chain(reported).chain(["mapping.fail"]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_mapping_is_reported_in_setup() {
    let world = TestEnv::before_save().await;
    assert_eq!(world.put(&world.settings(&Value::Null)).await.0, 201);
    world.call("PUT", "/faults", &json!("mapping.fail=1")).await;
    world.press("setup").await;
    world
        .page_with(
            "/setup",
            &["could not apply the schema and mapping", "Open the history of the import"],
            false,
        )
        .await;
    world.call("DELETE", "/faults", &Value::Null).await;
    world.press("setup").await;
    world.page_with("/setup", &["Event hook to"], false).await;
    let over = world.page("/setup").await;
    assert!(!over.contains("could not apply"), "{over}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_sync_start_is_reported() {
    let world = TestEnv::start().await;
    world.call("PUT", "/faults", &json!("okta.5xx=1")).await;
    world.press("synchronize").await;
    world.page_with("/setup", &["Requested; starts when the active run ends"], false).await;
    world.page_with("/activity", &["Last run: Full sync", "Failed", "Okta returned status"], false).await;
    world.page_with("/setup", &["Okta returned status", "status.okta.com"], false).await;
    let runs = world.page("/runs").await;
    assert!(runs.contains("Okta returned status") && !runs.contains("UTC0.0 s"), "{runs}");
    world.call("DELETE", "/faults", &Value::Null).await;
    world.press("synchronize").await;
    world.page_with("/setup", &["Setup is complete"], false).await;
    world.is_well().await;
    world.end().await;
}
