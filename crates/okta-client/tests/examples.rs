//! The examples, as a reader of the documentation would run them, against the sandbox.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::Stdio;
use std::time::Duration;

use sandbox::{ControlClient, Sandbox, SandboxOptions};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// An example as `cargo test` built it. With `--test examples` alone, Cargo builds no example: it is built here if there is
/// none yet. Always building it would repeat every dependency with the features of this package alone.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples").join(name);
    let mut command = if built.exists() {
        Command::new(built)
    } else {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["run", "--quiet", "--locked", "--package", "okta-client", "--example", name, "--"]);
        cargo
    };
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn against(sandbox: &Sandbox, name: &str) -> Command {
    let okta = &sandbox.ready()["okta"];
    let mut command = example(name);
    command
        .env("OKTA_CLIENT_ORGURL", okta["org_url"].as_str().unwrap())
        .env("OKTA_CLIENT_CLIENTID", okta["client_id"].as_str().unwrap())
        .env("OKTA_CLIENT_PRIVATEKEY", okta["private_key_jwk"].to_string());
    command
}

struct Running {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut process = command.stderr(Stdio::inherit()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { _process: process, lines }
    }

    /// The next line that holds a word. A build may come first.
    async fn line_with(&mut self, word: &str) -> String {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap().unwrap();
                if line.contains(word) {
                    return line;
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(5), found).await.unwrap()
    }
}

async fn sandbox() -> Sandbox {
    Sandbox::start(&SandboxOptions::default()).await.unwrap()
}

#[tokio::test]
async fn readme_quick_start_lists_users() {
    let program = include_str!("../examples/quick_start.rs").split_once("\n\n").unwrap().1;
    let readme = include_str!("../README.md");
    assert!(readme.contains(program), "README.md shows another program than examples/quick_start.rs");
    let written = program.lines().filter(|line| !line.is_empty() && *line != "}").count();
    assert!(written <= 10, "{written} lines are more than it takes");

    let sandbox = sandbox().await;
    let output = against(&sandbox, "quick_start").output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8(output.stderr).unwrap());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.lines().count() > 40 && shown.lines().all(|line| line.contains('@')), "{shown}");
}

#[tokio::test]
async fn users_are_listed() {
    let sandbox = sandbox().await;
    let output = against(&sandbox, "list_users").output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.lines().count() > 40 && shown.lines().all(|line| line.contains('@')), "{shown}");
    assert!(told.contains(&format!("{} users", shown.lines().count())), "{told}");

    let output = against(&sandbox, "list_users").arg("status eq \"DEPROVISIONED\"").output().await.unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.lines().all(|line| line.contains("DEPROVISIONED")), "{shown}");
}

#[tokio::test]
async fn a_missing_setting_is_named() {
    let output = example("list_users").env_remove("OKTA_CLIENT_ORGURL").output().await.unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stderr).unwrap().contains("OKTA_CLIENT_ORGURL"));
}

#[tokio::test]
async fn follow_log_example_resumes_at_checkpoint() {
    let sandbox = sandbox().await;
    let control = ControlClient::new(sandbox.control_url());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let create = async |login: &str| {
        let profile = json!({"login": login, "email": login, "firstName": "New", "lastName": "User"});
        control.call("POST", "/okta/users", &profile).await.unwrap();
    };
    create("one@example.com").await;
    let mut command = against(&sandbox, "follow_log");
    command.arg(&file);
    let mut running = Running::start(command);
    let one = running.line_with("user.lifecycle.create").await;
    // It is written after the events were shown.
    let written = async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), written).await.unwrap();
    create("two@example.com").await;
    let two = running.line_with("user.lifecycle.create").await;
    drop(running);

    create("three@example.com").await;
    let mut command = against(&sandbox, "follow_log");
    command.arg(&file);
    let mut running = Running::start(command);
    let mut next = running.line_with("user.lifecycle.create").await;
    // Stopped between showing and writing, it shows the last page again.
    if next == two {
        next = running.line_with("user.lifecycle.create").await;
    }
    assert!(next != one && next != two, "{next}");
}

#[tokio::test]
async fn deliveries_are_verified_and_received() {
    let mut command = example("hook_axum");
    command.arg("127.0.0.1:0").env("HOOK_SECRET", "Bearer s3cret");
    let mut running = Running::start(command);
    let line = running.line_with("listening on").await;
    let url = format!("http://{}/hook", line.rsplit(' ').next().unwrap());
    let http = reqwest::Client::new();
    let answer = http.get(&url).header(okta_client::VERIFICATION_HEADER, "abc").send().await.unwrap();
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap(), json!({"verification": "abc"}));
    assert_eq!(http.get(&url).send().await.unwrap().status(), 400);
    let delivery = json!({"eventId": "d1", "data": {"events": [{"uuid": "e1", "eventType": "user.lifecycle.create",
        "published": "2026-03-01T10:00:00.000Z", "target": null}]}});
    let post = |secret: &str| http.post(&url).header("authorization", secret.to_owned());
    assert_eq!(post("Bearer wrong").json(&delivery).send().await.unwrap().status(), 401);
    assert_eq!(post("Bearer s3cret").body("{").send().await.unwrap().status(), 400);
    assert_eq!(post("Bearer s3cret").json(&delivery).send().await.unwrap().status(), 200);
    assert!(running.line_with("user.lifecycle.create").await.ends_with("e1"));
}

#[tokio::test]
async fn fake_example_replaces_the_client() {
    let output = example("fake").output().await.unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        shown,
        "locked out: bob@example.com, eve@example.com\nnot written: this implementation of OktaApi doesn't support get_user\n"
    );
}
