//! The command line against a daemon that is asked over its admin API, with real processes.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use expectrl::process::unix::WaitStatus;
use expectrl::{Eof, Expect};
use serde_json::{Value, json};
use support::{NO_LISTENER, PATIENCE, TestEnv, binary, in_sync, on_terminal, wait_until};

/// What the daemon is called with. It is in a folder of its own: nothing there but a token.
struct Operator {
    folder: tempfile::TempDir,
    server: String,
}

impl Operator {
    fn of(world: &TestEnv) -> Self {
        let text = std::fs::read_to_string(world.path("c.toml")).unwrap();
        let (_, console) = text.split_once("[console]").unwrap();
        let listen = console.lines().find_map(|line| line.strip_prefix("listen = ")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), token(world)).unwrap();
        Self { folder, server: format!("http://{}", listen.trim_matches('"')) }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.folder.path(), arguments, &[("OKTA_INSIGHT_SERVER", &self.server)])
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--token-file", "token", "--output", "json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A token of an administrator.
fn token(world: &TestEnv) -> String {
    let made =
        world.run(&["tokens", "create", "--config", "c.toml", "--role", "admin", "--name", "operator"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap()
}

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    Command::new(binary("okta-insight"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .envs(variables.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn code_and_error(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn remote_daemon_can_be_operated() {
    let world = TestEnv::start(&["--users", "30", "--groups", "4"]);
    let _daemon = world.daemon();
    let operator = Operator::of(&world);
    let setup = operator.json(&["setup"]);
    assert_eq!(setup["connections"][0]["schema"]["state"], "created", "{setup}");
    assert!(setup["connections"][0]["event_hook"]["id"].is_string(), "{setup}");
    assert_eq!(operator.run(&["plan", "--token-file", "token"]).status.code(), Some(3));
    let synced = operator.json(&["sync"]);
    let done = &synced["connections"][0];
    assert_eq!((&done["delegated"], &done["state"]), (&json!(true), &json!("succeeded")), "{synced}");
    assert_eq!(synced["records"]["user"]["created"], 30);
    assert!(in_sync(&world, PATIENCE).await.in_sync);

    // What is printed is what is printed here, but for what goes on meanwhile.
    for command in [&["doctor"][..], &["schema"], &["runs", "--kind", "full-sync"], &["verify"]] {
        let there = operator.run(&[command, &["--token-file", "token"]].concat());
        let here = world.run(&[command, &["--config", "c.toml"]].concat());
        assert_eq!(there.status.code(), here.status.code(), "{command:?}");
        if command != ["doctor"] {
            assert_eq!(there.stdout, here.stdout, "{command:?}");
        }
        assert!(!there.stdout.is_empty(), "{command:?}");
    }
    let run = &operator.json(&["runs"])["connections"][0]["runs"][0];
    let one = operator.json(&["runs", &run["id"].to_string()]);
    assert_eq!(&one["run"]["started_at"], &run["started_at"]);
    let status = operator.json(&["status"]);
    assert_eq!(status["connections"][0]["daemon_running"], true);
    assert!(status["connections"][0]["freshness"]["synced_through"].is_string(), "{status}");

    change(&world, "Nuuk").await;
    let event = wait_until("the event was applied", async || {
        let events = operator.json(&["events", "--search", "update_profile"]);
        let event = events["connections"][0]["events"][0].clone();
        (event["state"] == "applied").then_some(event)
    })
    .await;
    let replayed = operator.json(&["events", "replay", event["id"].as_str().unwrap()]);
    assert_eq!(replayed["connections"][0]["replayed"], 1, "{replayed}");
    assert_eq!(operator.json(&["events", "replay", "--all-failed"])["connections"][0]["replayed"], 0);
    assert_eq!(operator.json(&["events", "--state", "failed"])["connections"][0]["events"], json!([]));

    assert!(operator.json(&["pause", "--for", "1h"])["connections"][0]["pause"]["until"].is_string());
    let (code, refused) = code_and_error(&operator.run(&["sync", "--token-file", "token"]));
    assert_eq!(code, Some(1));
    assert!(refused.contains("is paused until") && refused.contains("okta-insight resume"), "{refused}");
    assert_eq!(operator.json(&["resume"])["connections"][0]["pause"], Value::Null);
}

#[test]
fn unusable_token_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // Port 9 is never asked: the token is read first.
    let server = ["--server", "http://127.0.0.1:9"];
    let refused = |more: &[&str], variables: &[(&str, &str)]| {
        let (code, told) =
            code_and_error(&run(folder.path(), &[&["status"], &server[..], more].concat(), variables));
        assert_eq!(code, Some(2), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
        told
    };
    for (content, problem) in
        [("", "is empty"), (" \n", "is empty"), ("s3cret\ns3cret2\n", "has more than one line")]
    {
        std::fs::write(folder.path().join("token"), content).unwrap();
        let told = refused(&["--token-file", "token"], &[]);
        assert!(told.contains(&format!("token file token {problem}")), "{told}");
        let told = refused(&[], &[("OKTA_INSIGHT_TOKEN", content)]);
        assert!(told.contains(&format!("OKTA_INSIGHT_TOKEN {problem}")), "{told}");
    }
    let told = refused(&["--token-file", "/dev/zero"], &[]);
    assert!(told.contains("/dev/zero: it is a device"), "{told}");
}

/// Changes a user, and gives its id.
async fn change(world: &TestEnv, city: &str) -> Value {
    let control = world.control();
    let users = control.get("/okta/users?limit=1").await.unwrap();
    let user = users["users"][0]["id"].clone();
    let path = format!("/okta/users/{}", user.as_str().unwrap());
    control.call("POST", &path, &json!({ "city": city })).await.unwrap();
    user
}

#[tokio::test]
async fn remote_run_shows_terminal_progress() {
    let world = TestEnv::start(&["--users", "30", "--groups", "4"]);
    world.json(&["setup"]);
    let _daemon = world.daemon();
    let operator = Operator::of(&world);
    world.control().call("POST", "/faults", &json!({ "okta.latency": 900 })).await.unwrap();
    let token = operator.folder.path().join("token");
    let command = format!("sync --server {} --token-file {}", operator.server, token.display());
    let mut session = on_terminal(&world, 100, &command);
    session.expect("Requesting the sync").unwrap();
    for shown in ["Reading groups", "Reading memberships", "Reading users", "1 execution"] {
        session.expect(shown).unwrap();
    }
    session.expect(Eof).unwrap();
    let status = session.get_process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

#[tokio::test]
async fn remote_events_survive_daemon_restart() {
    let world = TestEnv::start(&["--users", "30", "--groups", "4"]);
    world.json(&["setup"]);
    world.json(&["sync"]);
    let daemon = world.daemon();
    let operator = Operator::of(&world);
    let mut child = Command::new(binary("okta-insight"))
        .args(["events", "--follow", "--token-file", "token", "--output", "json"])
        .env("OKTA_INSIGHT_SERVER", &operator.server)
        .current_dir(operator.folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut applied = |user: &Value| {
        let event = lines.find_map(|line| {
            let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
            assert_eq!(event["connection"], "main");
            (event["subjects"][0]["id"] == *user && event["state"] == "applied").then_some(event)
        });
        event.unwrap()
    };
    assert_eq!(told.next().unwrap(), "Following events. Press Ctrl-C to stop.");
    let user = change(&world, "Nuuk").await;
    let first = applied(&user);

    daemon.end();
    let away = told.next().unwrap();
    assert!(away.contains("could not connect") && away.ends_with("will retry"), "{away}");
    let user = change(&world, "Oslo").await;
    let _daemon = world.daemon();
    assert_eq!(told.next().unwrap(), "Reconnected; no events were missed.");
    let second = applied(&user);
    assert_ne!(first["id"], second["id"]);
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(asked.success() && child.wait().unwrap().success());
    assert_eq!(told.next().unwrap(), "Stopping. Press Ctrl-C again to stop immediately.");
    assert_eq!(told.next(), None);
}

#[test]
fn local_commands_ignore_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let run =
        |server: &str, arguments: &[&str]| run(folder.path(), arguments, &[("OKTA_INSIGHT_SERVER", server)]);
    let here: [&[&str]; 11] = [
        &["demo", "--exit", "--users", "3", "--groups", "1"],
        &["completions", "bash"],
        &["man"],
        &["man", "--dir", "man"],
        &["keygen", "--out", "okta.jwk"],
        &["master-key", "generate"],
        &["config", "schema"],
        &["config", "example"],
        &[
            "init",
            "--org-url",
            "https://example.okta.com",
            "--event-source",
            "system-log",
            "--private-key-file",
            "okta.jwk",
            "--client-id",
            "0oa1",
            "--import-token-file",
            "okta.jwk",
            "--skip-checks",
        ],
        &["config", "check"],
        &["tokens", "list"],
    ];
    for arguments in here {
        let (code, told) = code_and_error(&run("no address", arguments));
        assert_eq!(code, Some(0), "{arguments:?}: {told}");
    }
    let (code, refused) = code_and_error(&run("no address", &["status"]));
    assert_eq!(code, Some(2));
    assert!(refused.contains("--server") && refused.contains("https://sync.example.com"), "{refused}");
    // A variable that is set to nothing names no daemon.
    let (code, told) = code_and_error(&run("", &["runs"]));
    assert_eq!(code, Some(0), "{told}");
    let refused = run("", &["config", "check", "--server", "https://sync.example.com"]);
    assert_eq!(refused.status.code(), Some(2), "it has no use for a server");
}

#[tokio::test]
async fn host_only_command_rejects_server() {
    let world = TestEnv::start(&["--users", "3", "--groups", "1"]);
    let _daemon = world.daemon();
    let operator = Operator::of(&world);
    for command in [
        &["prune"][..],
        &["export", "folder"],
        &["setup", "--manual-event-hook"],
        &["doctor", "--fix"],
        &["plan", "--from-export", "folder"],
        &["plan", "--out", "plan.json"],
        &["sync", "--users", "00u1"],
        &["sync", "--dry-run"],
    ] {
        let (code, told) = code_and_error(&operator.run(command));
        assert_eq!(code, Some(2), "{command:?}: {told}");
        assert!(told.contains("works only on the daemon's host") && told.contains("--server"), "{told}");
    }
    let (code, unknown) =
        code_and_error(&operator.run(&["status", "--connection", "other", "--token-file", "token"]));
    assert_eq!(code, Some(2), "{unknown}");
    assert!(unknown.contains("no connection has this name"), "{unknown}");
    let (code, unknown) = code_and_error(&operator.run(&["runs", "4711", "--token-file", "token"]));
    assert_eq!(code, Some(2), "{unknown}");
    let (code, missing) = code_and_error(&operator.run(&["status", "--token-file", "nowhere"]));
    assert_eq!(code, Some(2));
    assert!(missing.contains("OKTA_INSIGHT_TOKEN"), "{missing}");
}

#[test]
fn unsafe_server_address_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let token = ("OKTA_INSIGHT_TOKEN", "t0ken-of-this-test");
    for server in [
        "http://sync.example.com",
        "https://me:s3cret@sync.example.com",
        "https://sync.example.com/?t=s3cret",
        "https://sync.example.com/console",
        "ftp://127.0.0.1",
    ] {
        let (code, told) = code_and_error(&run(folder.path(), &["status", "--server", server], &[token]));
        assert_eq!(code, Some(2), "{server}: {told}");
        assert!(told.contains("hint: ") && !told.contains("s3cret") && !told.contains(token.1), "{told}");
    }
    // Nobody listens there.
    let (code, told) = code_and_error(&run(
        folder.path(),
        &["status", "--server", &format!("http://{NO_LISTENER}")],
        &[token],
    ));
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("could not connect") && !told.contains(token.1), "{told}");
}

#[tokio::test]
async fn foreign_server_is_reported_without_redirect() {
    let server = wiremock::MockServer::start().await;
    let there = wiremock::ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1:9/api");
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(there).mount(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let (code, told) = code_and_error(&run(folder.path(), &["status", "--server", &server.uri()], &[]));
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("no compatible okta-insightd") && told.contains("status 302"), "{told}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
