//! Faults on demand.

use serde_json::{Value, json};

use crate::row::{Act, Row, rides_out, row_tests};
use crate::world::TestEnv;

/// A test for each fault that nobody has to know of. How often it strikes is counted, and less than is tried: on every
/// machine the same passes.
macro_rules! rides {
    ($($test:ident: $key:literal, $spec:literal;)*) => {
        const RIDES: &[&str] = &[$($key),*];
        mod passes {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let world = TestEnv::start().await;
                rides_out(&world, $key, $spec).await;
                world.end().await;
            })*
        }
    };
}

rides! {
    okta_latency: "okta.latency", "okta.latency=20..80";
    okta_429: "okta.429", "okta.429=4x";
    okta_429_bare: "okta.429-no-headers", "okta.429-no-headers=2x";
    okta_concurrency: "okta.concurrency", "okta.concurrency=2x";
    okta_5xx: "okta.5xx", "okta.5xx=4x";
    okta_cut: "okta.reset", "okta.reset=4x";
    okta_lost_answer: "okta.lost-response", "okta.lost-response=4x";
    okta_cut_body: "okta.reset-body", "okta.reset-body=4x";
    okta_truncate: "okta.truncate", "okta.truncate=1x/api/v1/logs";
    okta_404: "okta.404", "okta.404=1x/api/v1/logs";
    okta_429_past: "okta.429-past", "okta.429-past=2x";
    okta_odd: "okta.odd", "okta.odd=1x/api/v1/logs";
    okta_lag: "okta.lag", "okta.lag=300";
    okta_search_lag: "okta.search-lag", "okta.search-lag=300";
    okta_delete_lag: "okta.delete-lag", "okta.delete-lag=300";
    okta_log_late: "okta.log-delay", "okta.log-delay=300";
    assets_latency: "assets.latency", "assets.latency=20..80";
    assets_429: "assets.429", "assets.429=2x";
    assets_429_bare: "assets.429-no-headers", "assets.429-no-headers=2x";
    assets_concurrency: "assets.concurrency", "assets.concurrency=2x";
    assets_5xx: "assets.5xx", "assets.5xx=1x";
    assets_cut: "assets.reset", "assets.reset=1x";
    assets_lost_answer: "assets.lost-response", "assets.lost-response=1x";
    assets_cut_body: "assets.reset-body", "assets.reset-body=1x";
    assets_truncate: "assets.truncate", "assets.truncate=1x/executions";
    assets_404: "assets.404", "assets.404=1x/data";
    assets_429_past: "assets.429-past", "assets.429-past=2x";
    assets_refused: "assets.refused", "assets.refused=1x";
    hooks_lost: "hooks.lost", "hooks.lost=1";
    hooks_duplicate: "hooks.duplicate", "hooks.duplicate=1";
    hooks_reorder: "hooks.reorder", "hooks.reorder=1";
    hooks_late: "hooks.delay", "hooks.delay=300";
    hooks_nobody: "hooks.no-actor", "hooks.no-actor=1";
    hooks_odd: "hooks.odd", "hooks.odd=1";
    executions_late_ingesting: "executions.slow-start", "executions.slow-start=200";
    mapping_slow: "mapping.slow", "mapping.slow=300";
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
    okta_5xx: Row::faults("okta.5xx", "okta.5xx=1", Act::Wait, "", UNAVAILABLE);
    assets_5xx: verify("assets.5xx", "assets.5xx=1", ASSETS_UNAVAILABLE);
    okta_cut: verify("okta.reset", "okta.reset=1", UNREACHABLE);
    assets_cut: verify("assets.reset", "assets.reset=1", UNREACHABLE);
    okta_lost_answer: verify("okta.lost-response", "okta.lost-response=1", UNREACHABLE);
    assets_lost_answer: verify("assets.lost-response", "assets.lost-response=1", UNREACHABLE);
    okta_cut_body: verify("okta.reset-body", "okta.reset-body=1", UNREACHABLE);
    assets_cut_body: verify("assets.reset-body", "assets.reset-body=1", UNREACHABLE);
    okta_truncate: verify("okta.truncate", "okta.truncate=1", CUT_ON_THE_WAY);
    assets_truncate: verify("assets.truncate", "assets.truncate=1", CUT_ON_THE_WAY);
    executions_fail: event("executions.fail", "executions.fail=1", ["Assets rejects 1 record", SEE_RUNS]);
    executions_type_errors:
        event("executions.type-errors", "executions.type-errors=1", ["Assets rejects 1 record", SEE_RUNS]);
    executions_drop: event("executions.drop", "executions.drop=1", ["Assets rejects 1 record", SEE_RUNS]);
    executions_stuck: event(
        "executions.stuck",
        "executions.stuck=told",
        ["Assets has been processing", "Wait until the execution ends"],
    );
    okta_429: event("okta.429", "okta.429=1", ["A rate limit delays requests", "changes arrive later"]);
}

pub(crate) fn names() -> Vec<&'static str> {
    let told = rows().into_iter().map(|row| row.name);
    RIDES.iter().copied().chain(told).chain(["mapping.fail"]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_that_assets_cannot_apply_is_told_where_setup_was_pressed() {
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
async fn a_synchronisation_that_fails_before_it_begins_is_told_where_its_button_is_and_among_the_runs() {
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
