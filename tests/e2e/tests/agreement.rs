//! One judgment: the command line, the API, `/readyz`, and `/metrics` state the same conditions.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use support::{PATIENCE, TestEnv, in_sync};

/// Both event sources, read without a pause.
const FAST: &str = "[connections.main.schedule]\nsystem_log_poll = \"1s\"\n";

/// A condition with its status.
type Stated = (String, String);

/// A daemon with a synced connection, and the means to read every surface.
struct Site {
    world: TestEnv,
    token: String,
    _daemon: support::DaemonProcess,
}

impl Site {
    async fn start(more: &str) -> Self {
        let world = TestEnv::start(&["--users", "30", "--groups", "4"]);
        world.configure(&format!("{FAST}{more}"));
        world.json(&["setup"]);
        world.json(&["sync"]);
        let arguments = ["tokens", "create", "--config", "c.toml", "--role", "read-only", "--name", "test"];
        let token = String::from_utf8(world.run(&arguments).stdout).unwrap().trim().to_owned();
        let daemon = world.daemon();
        assert!(in_sync(&world, PATIENCE).await.in_sync);
        let site = Self { world, token, _daemon: daemon };
        site.states(&[]).await;
        site
    }

    async fn control(&self, method: &str, path: &str, body: Value) {
        self.world.control().call(method, path, &body).await.unwrap();
    }

    async fn get(&self, address: &str, path: &str) -> (u16, String) {
        let request = reqwest::Client::new().get(format!("http://{address}{path}"));
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The first user.
    async fn user(&self) -> String {
        let users = self.world.control().get("/okta/users?limit=1").await.unwrap();
        users["users"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The unmet conditions by each surface, and whether the connection is ready by `/readyz` and `/metrics`.
    async fn surfaces(&self) -> (Vec<BTreeSet<Stated>>, Vec<bool>) {
        let status = self.world.json(&["status"]);
        let cli = unmet(&status["connections"][0]["conditions"]);
        let api = self.get(&self.world.console(), "/api/v1/connections/main").await.1;
        let api: Value = serde_json::from_str(&api).unwrap();
        let api = unmet(&api["status"]["conditions"]);
        let monitor = self.world.server("metrics_listen");
        let metrics = self.get(&monitor, "/metrics").await.1;
        let ready = self.get(&monitor, "/readyz").await.0 == 200;
        let ready_metric = metrics.contains("okta_insight_ready{connection=\"main\"} 1");
        (vec![cli, api, by_metrics(&metrics)], vec![ready, ready_metric])
    }

    /// Waits until every surface states exactly these unmet conditions, apart from passing delays.
    async fn states(&self, expected: &[(&str, &str)]) -> bool {
        let expected: BTreeSet<Stated> =
            expected.iter().map(|(kind, status)| ((*kind).to_owned(), (*status).to_owned())).collect();
        let mut seen = Vec::new();
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                let (stated, ready) = self.surfaces().await;
                if stated.iter().all(|stated| *stated == expected) && ready.iter().all(|r| *r == ready[0]) {
                    return ready[0];
                }
                seen = stated;
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("expected {expected:?} on every surface; the last: {seen:#?}"))
    }
}

fn unmet(conditions: &Value) -> BTreeSet<Stated> {
    let conditions = conditions.as_array().unwrap().iter();
    conditions
        .map(|c| (c["type"].as_str().unwrap().to_owned(), c["status"].as_str().unwrap().to_owned()))
        .filter(|(kind, status)| status != "true" && kind != "requests_unthrottled")
        .collect()
}

fn by_metrics(metrics: &str) -> BTreeSet<Stated> {
    let value = |line: &str, label: &str| {
        let (_, rest) = line.split_once(&format!("{label}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let lines =
        metrics.lines().filter(|line| line.starts_with("okta_insight_condition{") && line.ends_with(" 1.0"));
    lines
        .map(|line| (value(line, "type"), value(line, "status")))
        .filter(|(kind, status)| status != "true" && kind != "requests_unthrottled")
        .collect()
}

#[tokio::test]
async fn healthy_connection_is_current() {
    let site = Site::start("").await;
    assert!(site.states(&[]).await, "ready");
}

#[tokio::test]
async fn pause_is_stated_everywhere() {
    let site = Site::start("").await;
    site.world.json(&["pause"]);
    assert!(
        site.states(&[("current", "false"), ("sending_enabled", "false")]).await,
        "a pause is no failure"
    );
    site.world.json(&["resume"]);
    site.states(&[]).await;
}

#[tokio::test]
async fn rejected_token_is_stated_everywhere() {
    let site = Site::start("").await;
    site.control("POST", "/insight/token", Value::Null).await;
    let user = site.user().await;
    site.control("POST", &format!("/okta/users/{user}"), json!({ "city": "Nuuk" })).await;
    let unmet = [("current", "false"), ("events_applied", "false"), ("events_progressing", "false")];
    assert!(!site.states(&unmet).await, "not ready");
}

#[tokio::test]
async fn blocked_changes_are_stated_everywhere() {
    let site = Site::start("").await;
    let users = site.world.control().get("/okta/users?limit=1000").await.unwrap();
    let users = users["users"].as_array().unwrap().clone();
    for user in users.iter().take(15) {
        site.control("DELETE", &format!("/okta/users/{}", user["id"].as_str().unwrap()), Value::Null).await;
    }
    let unmet = [("current", "false"), ("safeguards_clear", "false")];
    assert!(site.states(&unmet).await, "blocked changes wait");
}

#[tokio::test]
async fn inactive_hook_is_stated_everywhere() {
    let site = Site::start("schema_check = \"1s\"\n").await;
    let hooks = site.world.control().get("/okta/hooks").await.unwrap();
    let hook = hooks.as_array().and_then(|hooks| hooks.first()).unwrap()["id"].as_str().unwrap().to_owned();
    site.control("POST", &format!("/okta/hooks/{hook}/deactivate"), Value::Null).await;
    assert!(site.states(&[("event_hook_ready", "false")]).await, "the System Log has all events");
}
