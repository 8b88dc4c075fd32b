//! One road: a command does the same by a daemon on this host, by a daemon elsewhere, and without one.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::process::Output;

use serde_json::{Value, json};
use support::TestEnv;

/// No hook, and after the first look at the log none for a day: the daemon changes nothing by itself.
const QUIET: &str = "[connections.main]\nevent_source = \"system_log\"\n[connections.main.schedule]\nsystem_log_poll = \"1d\"\n";
/// The name of the socket.
const SOCKET: &str = "c.db.main.sock";

/// A world that was set up and synced once.
fn test_env() -> TestEnv {
    let world = TestEnv::start(&["--users", "12", "--groups", "3"]);
    world.configure(QUIET);
    world.json(&["setup"]);
    world.json(&["sync"]);
    // With this file, only the daemon's engine works.
    world.changed("client_id", "client_id = \"0oawrong\"");
    world
}

/// The exit code and the document of a command.
fn told(output: &Output) -> (Option<i32>, Value) {
    let problem = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout);
    (output.status.code(), document.unwrap_or_else(|_| panic!("no document: {problem}")))
}

fn run(world: &TestEnv, config: &str, arguments: &[&str]) -> Output {
    world.run(&[arguments, &["--config", config, "--output", "json"]].concat())
}

/// Commands whose documents are the same with and without a daemon.
const SAME: [&[&str]; 5] =
    [&["runs", "1"], &["events", "--limit", "1000"], &["schema"], &["verify"], &["setup"]];

/// The statements of the other commands, without those that differ between two moments.
fn stated(mut run: impl FnMut(&[&str]) -> Output) -> Vec<Value> {
    let mut ask = |arguments: &[&str], pointers: &[&str]| {
        let (code, document) = told(&run(arguments));
        let values: Vec<_> = pointers.iter().map(|pointer| document.pointer(pointer).cloned()).collect();
        json!([arguments, code, values])
    };
    vec![
        ask(&["status"], &["/connections/0/connection", "/connections/0/objects", "/connections/0/pause"]),
        ask(
            &["plan"],
            &["/changes", "/connections/0/kinds", "/connections/0/schema", "/connections/0/objects"],
        ),
        ask(&["pause", "--connection", "main"], &["/connections/0"]),
        ask(&["resume"], &["/connections/0"]),
        ask(&["resume"], &["/connections/0"]),
        ask(&["events", "replay", "--all-failed"], &["/connections/0/replayed", "/connections/0/skipped"]),
        ask(&["sync"], &["/executions", "/records", "/connections/0/state", "/connections/0/enqueued"]),
        ask(&["status"], &["/connections/0/runs/0/kind", "/connections/0/runs/0/state"]),
    ]
}

#[test]
fn roads_lead_to_the_same() {
    let world = test_env();
    let alone: Vec<_> = SAME.iter().map(|command| told(&run(&world, "c.toml", command))).collect();
    let stated_alone = stated(|arguments| run(&world, "c.toml", arguments));
    assert_eq!(told(&run(&world, "c.toml", &["status"])).1["connections"][0]["daemon_running"], false);
    // Without a daemon, the wrong client ID fails.
    assert_eq!(run(&world, "bad.toml", &["verify"]).status.code(), Some(1));

    let _daemon = world.daemon();
    let token = ["tokens", "create", "--config", "c.toml", "--role", "admin", "--name", "test"];
    std::fs::write(world.path("token"), world.run(&token).stdout).unwrap();
    let server = format!("http://{}", world.console());
    let elsewhere = ["--server", &server, "--token-file", "token", "--output", "json"];
    let over_socket = |arguments: &[&str]| run(&world, "bad.toml", arguments);
    let over_https = |arguments: &[&str]| world.run(&[arguments, &elsewhere[..]].concat());
    for (command, alone) in SAME.iter().zip(alone) {
        assert_eq!(told(&over_socket(command)), alone, "{command:?} over the socket");
        assert_eq!(told(&over_https(command)), alone, "{command:?} over HTTPS");
    }
    assert_eq!(stated(over_socket), stated_alone, "over the socket");
    assert_eq!(stated(over_https), stated_alone, "over HTTPS");
    assert_eq!(told(&over_socket(&["status"])).1["connections"][0]["daemon_running"], true);
    let doctor = told(&over_socket(&["doctor"])).1;
    let checks = doctor["connections"][0]["checks"].as_array().unwrap();
    let credentials = checks.iter().find(|check| check["id"] == "okta.credentials").unwrap();
    assert_eq!(credentials["status"], "passed", "the daemon's settings are checked");
}

#[test]
fn daemon_audits_local_changes() {
    let world = test_env();
    let _daemon = world.daemon();
    let uid = std::fs::metadata(world.folder()).unwrap().uid();
    let before = audit(&world).len();
    world.json(&["pause", "--for", "1h"]);
    world.json(&["resume"]);
    world.json(&["events", "replay", "--all-failed"]);
    world.json(&["sync"]);
    world.json(&["status"]);
    let entries = audit(&world);
    let new = &entries[..entries.len() - before];
    let actions: Vec<_> = new.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["synchronize", "replay_failed", "resume", "pause"]);
    for entry in new {
        assert_eq!(entry["actor"], format!("local administrator (uid {uid})"), "{entry}");
        assert_eq!((&entry["via"], &entry["origin"]), (&json!("local_socket"), &json!("local socket")));
        assert_eq!((&entry["connection"], &entry["succeeded"]), (&json!("main"), &json!(true)), "{entry}");
    }
}

#[test]
fn mixed_change_is_audited_once() {
    let world = test_env();
    let _daemon = world.daemon();
    // The daemon doesn't know the second connection.
    let text = std::fs::read_to_string(world.path("c.toml")).unwrap();
    let (server, connections) = text.split_at(text.find("[connections.").unwrap());
    let both =
        format!("{server}{connections}\n{}", connections.replace("[connections.main", "[connections.other"));
    std::fs::write(world.path("both.toml"), both).unwrap();
    let before = audit(&world).len();
    assert!(run(&world, "both.toml", &["pause", "--for", "1h"]).status.success());
    let entries = audit(&world);
    let new: Vec<_> = entries[..entries.len() - before]
        .iter()
        .map(|entry| (entry["via"].clone(), entry["connection"].clone()))
        .collect();
    assert_eq!(new, [(json!("cli"), json!("other")), (json!("local_socket"), json!("main"))]);
}

/// The audit log, newest entry first.
fn audit(world: &TestEnv) -> Vec<Value> {
    let output = world.run(&["audit", "--config", "c.toml", "--lines"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn crashed_daemon_is_replaced() {
    let world = test_env();
    let daemon = world.daemon();
    let socket = std::fs::metadata(world.path(SOCKET)).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert!(run(&world, "bad.toml", &["verify"]).status.success());
    // It is killed, and its socket stays.
    drop(daemon);
    assert!(world.path(SOCKET).exists());
    let alone = run(&world, "c.toml", &["verify"]);
    assert!(alone.status.success() && alone.stderr.is_empty(), "{alone:?}");
    assert_eq!(told(&run(&world, "c.toml", &["status"])).1["connections"][0]["daemon_running"], false);
    assert_eq!(told(&run(&world, "c.toml", &["sync"])).1["connections"][0]["delegated"], false);

    let daemon = world.daemon();
    assert!(run(&world, "bad.toml", &["verify"]).status.success());
    daemon.end();
    assert!(!world.path(SOCKET).exists());
}

#[test]
fn foreign_socket_is_reported() {
    let world = test_env();
    let other = std::os::unix::net::UnixListener::bind(world.path(SOCKET)).unwrap();
    let other = std::thread::spawn(move || {
        // Another program closes each connection.
        while let Ok((stream, _)) = other.accept() {
            drop(stream);
        }
    });
    let status = run(&world, "c.toml", &["status"]);
    assert_eq!(told(&status).0, Some(0));
    let warning = String::from_utf8_lossy(&status.stderr);
    assert!(
        warning.starts_with("warning: could not connect to the daemon at ") && warning.contains(SOCKET),
        "{warning}"
    );
    assert!(!other.is_finished());
}
