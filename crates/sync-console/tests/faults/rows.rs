//! Faults on demand.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::row::{Act, Row, rides_out};
use crate::world::World;

/// What nobody has to know of: each as it is asked for.
const RIDES: [(&str, &str); 29] = [
    ("okta.latency", "okta.latency=20..80"),
    ("okta.429", "okta.429=0.2"),
    ("okta.429-bare", "okta.429-bare=0.1"),
    ("okta.concurrency", "okta.concurrency=0.1"),
    ("okta.5xx", "okta.5xx=0.2"),
    ("okta.cut", "okta.cut=0.2"),
    ("okta.lost-answer", "okta.lost-answer=0.2"),
    ("okta.cut-body", "okta.cut-body=0.2"),
    ("okta.lag", "okta.lag=300"),
    ("okta.search-lag", "okta.search-lag=300"),
    ("okta.delete-lag", "okta.delete-lag=300"),
    ("okta.log-late", "okta.log-late=300"),
    ("assets.latency", "assets.latency=20..80"),
    ("assets.429", "assets.429=0.2"),
    ("assets.429-bare", "assets.429-bare=0.1"),
    ("assets.concurrency", "assets.concurrency=0.1"),
    ("assets.5xx", "assets.5xx=0.1"),
    ("assets.cut", "assets.cut=0.1"),
    ("assets.lost-answer", "assets.lost-answer=0.1"),
    ("assets.cut-body", "assets.cut-body=0.1"),
    ("hooks.lost", "hooks.lost=1"),
    ("hooks.duplicate", "hooks.duplicate=1"),
    ("hooks.reorder", "hooks.reorder=1"),
    ("hooks.late", "hooks.late=300"),
    ("hooks.nobody", "hooks.nobody=1"),
    ("executions.late-ingesting", "executions.late-ingesting=200"),
    ("mapping.slow", "mapping.slow=300"),
    ("okta.truncate", "okta.truncate=0.05"),
    ("assets.truncate", "assets.truncate=0.05"),
];

const UNAVAILABLE: [&str; 2] = ["Okta answered", "https://status.okta.com"];
const UNREACHABLE: [&str; 2] = ["could not reach", "this machine may reach it"];
const ASSETS_UNAVAILABLE: [&str; 2] = ["Assets answered", "https://status.atlassian.com"];

/// One world for each list: they wait for time-outs more than they work.
fn told() -> Vec<Vec<Row>> {
    let verify = |name, spec, says| Row::faults(name, spec, Act::Press("verify"), "/setup", says);
    vec![
        vec![
            Row::faults("okta.5xx", "okta.5xx=1", Act::Wait, "", UNAVAILABLE),
            verify("assets.5xx", "assets.5xx=1", ASSETS_UNAVAILABLE),
        ],
        vec![
            verify("okta.cut", "okta.cut=1", UNREACHABLE),
            verify("assets.cut", "assets.cut=1", UNREACHABLE),
        ],
        vec![
            verify("okta.lost-answer", "okta.lost-answer=1", UNREACHABLE),
            verify("assets.lost-answer", "assets.lost-answer=1", UNREACHABLE),
        ],
        vec![
            verify("okta.cut-body", "okta.cut-body=1", UNREACHABLE),
            verify("assets.cut-body", "assets.cut-body=1", UNREACHABLE),
        ],
        vec![
            verify("okta.truncate", "okta.truncate=1", ["could not read the answer", "a proxy on the way"]),
            verify(
                "assets.truncate",
                "assets.truncate=1",
                ["could not read the answer", "a proxy on the way"],
            ),
        ],
        vec![Row::faults(
            "executions.fail",
            "executions.fail=1",
            Act::Event,
            "",
            ["Assets refuses 1 record", "See them on the Runs page"],
        )],
        vec![Row::faults(
            "executions.type-errors",
            "executions.type-errors=1",
            Act::Event,
            "",
            ["Assets refuses 1 record", "See them on the Runs page"],
        )],
        vec![Row::faults(
            "executions.drop",
            "executions.drop=1",
            Act::Event,
            "",
            ["Assets refuses 1 record", "See them on the Runs page"],
        )],
        vec![
            Row::faults(
                "executions.stuck",
                "executions.stuck=told",
                Act::Event,
                "",
                ["Assets works on what was sent", "the import's history"],
            ),
            Row::faults("okta.429", "okta.429=1", Act::Event, "", ["othing has to be done", "rate limit"]),
        ],
    ]
}

pub(crate) fn names() -> Vec<&'static str> {
    let told = told().into_iter().flatten().map(|row| row.name);
    RIDES.iter().map(|(name, _)| *name).chain(told).chain(["mapping.fail"]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lasts_is_told_and_so_is_its_end() {
    let only = std::env::var("ROW").unwrap_or_default();
    join_all(told().into_iter().map(|rows| {
        let rows: Vec<Row> = rows.into_iter().filter(|row| row.name.contains(&only)).collect();
        tokio::spawn(async {
            if rows.is_empty() {
                return;
            }
            let world = World::start().await;
            for row in rows {
                row.run(&world).await;
            }
            world.end().await;
        })
    }))
    .await
    .into_iter()
    .for_each(Result::unwrap);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_is_nobodys_business() {
    join_all(RIDES.chunks(6).map(|kinds| {
        tokio::spawn(async move {
            let world = World::start().await;
            for (turn, (name, spec)) in kinds.iter().enumerate() {
                rides_out(&world, turn, name, spec).await;
            }
            world.end().await;
        })
    }))
    .await
    .into_iter()
    .for_each(Result::unwrap);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_that_assets_cannot_apply_is_told_where_setup_was_pressed() {
    let world = World::before_save().await;
    assert_eq!(world.put(&world.settings(&Value::Null)).await.0, 201);
    world.call("PUT", "/faults", &json!("mapping.fail=1")).await;
    world.press("setup").await;
    world
        .page_with("/setup", &["could not apply the schema and mapping", "object schema, Import tab"], false)
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
    let world = World::start().await;
    world.call("PUT", "/faults", &json!("okta.5xx=1")).await;
    world.press("synchronize").await;
    world.page_with("/setup", &["Asked for; it begins once what runs now has ended"], false).await;
    world.page_with("/live", &["Last run: Everything", "Failed", "Okta answered"], false).await;
    world.page_with("/setup", &["Okta answered", "https://status.okta.com"], false).await;
    let runs = world.page("/runs").await;
    assert!(runs.contains("Okta answered") && !runs.contains("0.0 s"), "{runs}");
    world.call("DELETE", "/faults", &Value::Null).await;
    world.press("synchronize").await;
    world.page_with("/setup", &["Everything is set up"], false).await;
    world.is_well().await;
    world.end().await;
}
