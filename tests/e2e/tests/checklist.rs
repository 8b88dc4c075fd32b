//! The setup checklist after a change in Okta or Assets that contradicts it.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use reqwest::Client;
use serde_json::{Value, json};
use support::{DaemonProcess, TestEnv, wait_until};

/// A daemon whose checklist is complete.
struct SetUp {
    env: TestEnv,
    _daemon: DaemonProcess,
    http: Client,
    token: String,
}

impl SetUp {
    async fn start() -> Self {
        let env = TestEnv::start(&["--users", "8", "--groups", "2"]);
        let daemon = env.daemon();
        let created =
            env.run(&["tokens", "create", "--config", "c.toml", "--role", "admin", "--name", "test"]);
        assert!(created.status.success());
        let token = String::from_utf8(created.stdout).unwrap().trim().to_owned();
        let set_up = Self { env, _daemon: daemon, http: Client::new(), token };
        assert!(set_up.env.run(&["setup", "--config", "c.toml"]).status.success());
        set_up.post("verify").await;
        assert!(set_up.env.run(&["sync", "--config", "c.toml"]).status.success());
        set_up.until("the checklist is complete", |checklist| checklist["complete"] == true).await;
        set_up
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1/connections/main/{path}", self.env.console())
    }

    async fn post(&self, path: &str) {
        let request = self.http.post(self.url(path)).bearer_auth(&self.token).json(&json!({}));
        assert!(request.send().await.unwrap().status().is_success());
    }

    async fn until(&self, state: &str, holds: impl Fn(&Value) -> bool) -> Value {
        wait_until(state, async || {
            let request = self.http.get(self.url("setup-checklist")).bearer_auth(&self.token);
            let checklist: Value = request.send().await.unwrap().json().await.unwrap();
            holds(&checklist).then_some(checklist)
        })
        .await
    }

    async fn control(&self, method: &str, path: &str) -> Value {
        self.env.control().call(method, path, &Value::Null).await.unwrap()
    }

    async fn hook(&self) -> String {
        let hooks = self.control("GET", "/okta/hooks").await;
        let hooks = hooks["hooks"].as_array().or(hooks.as_array()).unwrap().clone();
        hooks[0]["id"].as_str().unwrap().to_owned()
    }
}

/// True if a step has a finding with this code.
fn reports(checklist: &Value, step: &str, code: &str) -> bool {
    let steps = checklist["steps"].as_array().unwrap();
    let step = steps.iter().find(|found| found["name"] == step).unwrap();
    step["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == code)
}

#[tokio::test]
async fn deleted_event_hook_reopens_setup() {
    let set_up = SetUp::start().await;
    let hook = set_up.hook().await;
    set_up.control("POST", &format!("/okta/hooks/{hook}/deactivate")).await;
    set_up.control("DELETE", &format!("/okta/hooks/{hook}")).await;
    let reopened = |checklist: &Value| {
        checklist["complete"] == false
            && checklist["steps"][1]["details"][0]["detail"] == "event_hook_missing"
    };
    set_up.until("Setup is offered", reopened).await;
    set_up.post("setup").await;
    set_up.until("Setup ended", |checklist| checklist["steps"][1]["state"] == "complete").await;
    set_up.post("verify").await;
    set_up.until("the checklist is complete again", |checklist| checklist["complete"] == true).await;
}

#[tokio::test]
async fn inactive_event_hook_fails_verification() {
    let set_up = SetUp::start().await;
    let hook = set_up.hook().await;
    set_up.control("POST", &format!("/okta/hooks/{hook}/deactivate")).await;
    let inactive = |checklist: &Value| reports(checklist, "verify", "event_hook_inactive");
    let checklist = set_up.until("the event hook is inactive", inactive).await;
    assert_eq!(checklist["complete"], false);
    set_up.control("POST", &format!("/okta/hooks/{hook}/activate")).await;
    set_up.until("the checklist is complete again", |checklist| checklist["complete"] == true).await;
    // A later problem doesn't bring the resolved one back.
    let change = format!("/okta/hooks/{hook}/events");
    set_up.env.control().call("PUT", &change, &json!(["user.lifecycle.create"])).await.unwrap();
    let incomplete = |checklist: &Value| reports(checklist, "verify", "event_types_missing");
    let checklist = set_up.until("the event types are missing", incomplete).await;
    assert!(!inactive(&checklist), "{checklist}");
    // A verification reports everything that it finds.
    set_up.control("POST", &format!("/okta/hooks/{hook}/deactivate")).await;
    set_up.post("verify").await;
    let both = |checklist: &Value| reports(checklist, "verify", "event_types_missing") && inactive(checklist);
    set_up.until("the verification reports both", both).await;
    set_up.post("setup").await;
    set_up.until("Setup ended", |checklist| checklist["steps"][2]["state"] == "ready").await;
    set_up.post("verify").await;
    set_up.until("the checklist is complete at last", |checklist| checklist["complete"] == true).await;
}

#[tokio::test]
async fn revoked_import_token_reopens_save() {
    let set_up = SetUp::start().await;
    set_up.control("POST", "/insight/token").await;
    let rejected = |checklist: &Value| {
        let save = &checklist["steps"][0];
        save["state"] == "failed" && save["findings"][0]["remedy"]["action"] == "renew_import_token"
    };
    set_up.until("the token is reported", rejected).await;
}
