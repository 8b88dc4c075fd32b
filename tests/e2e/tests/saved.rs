//! Commands on the machine of a daemon whose connection was saved in its console, with real processes.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::{DaemonProcess, TestEnv, binary};

/// A daemon with the connection `acme`, which no configuration file has.
async fn daemon(world: &TestEnv) -> DaemonProcess {
    // For its owner alone, as the other is.
    std::fs::copy(world.path("c.toml"), world.path("daemon.toml")).unwrap();
    std::fs::write(world.path("daemon.toml"), world.settings_of_the_daemon()).unwrap();
    let daemon = world.daemon_by("daemon.toml", &world.console());
    let made =
        world.run(&["tokens", "create", "--config", "daemon.toml", "--role", "admin", "--name", "test"]);
    let token = String::from_utf8(made.stdout).unwrap();
    let url = format!("http://{}/api/v1/connections/acme", world.console());
    let http = reqwest::Client::new();
    let saved = http.put(&url).bearer_auth(token.trim()).json(&world.draft()).send().await.unwrap();
    assert_eq!(saved.status(), 201);
    daemon
}

fn json(world: &TestEnv, arguments: &[&str]) -> Value {
    let output = world.run(&[arguments, &["--config", "daemon.toml", "--output", "json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn code_and_error(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test]
async fn saved_connection_works_in_commands() {
    let world = TestEnv::start(&["--users", "20", "--groups", "3"]);
    let daemon = daemon(&world).await;
    assert_eq!(json(&world, &["setup"])["connections"][0]["connection"], "acme");
    let synced = json(&world, &["sync"]);
    assert_eq!(
        (&synced["connections"][0]["delegated"], &synced["records"]["user"]["created"]),
        (&json!(true), &json!(20))
    );
    let status = json(&world, &["status"]);
    assert_eq!(
        (&status["connections"][0]["connection"], &status["connections"][0]["daemon_running"]),
        (&json!("acme"), &json!(true))
    );
    for command in [&["runs"][..], &["events"], &["plan"], &["schema"], &["verify"], &["pause"], &["resume"]]
    {
        let told = json(&world, &[command, &["--connection", "acme"]].concat());
        assert_eq!(told["connections"][0]["connection"], "acme", "{command:?}");
    }
    let doctor = world.run(&["doctor", "--config", "daemon.toml"]);
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("managed by the console"), "{doctor}");
    let (code, unknown) =
        code_and_error(&world.run(&["status", "--config", "daemon.toml", "--connection", "other"]));
    assert_eq!(code, Some(2));
    assert!(unknown.contains("configured: \"acme\""), "{unknown}");
    assert!(json(&world, &["config", "check"])["connections"].as_array().unwrap().is_empty());

    // Beside connections of the file, and by a process of its own.
    daemon.end();
    let both: Vec<Value> = world.json(&["status"])["connections"].as_array().unwrap().clone();
    assert_eq!(both.iter().map(|c| c["connection"].as_str().unwrap()).collect::<Vec<_>>(), ["acme", "main"]);
    let synced = json(&world, &["sync"]);
    assert_eq!(synced["connections"][0]["delegated"], false, "{synced}");
}

#[tokio::test]
async fn missing_master_key_suggests_the_daemon() {
    let world = TestEnv::start(&["--users", "2", "--groups", "1"]);
    daemon(&world).await.end();
    for (from, to) in [("c.toml", "both.toml"), ("daemon.toml", "keyless.toml")] {
        let text = std::fs::read_to_string(world.path(from)).unwrap();
        let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("master_key")).collect();
        std::fs::write(world.path(to), without.join("\n")).unwrap();
    }
    let way = format!("--server http://{} --token-file FILE", world.console());
    for command in ["runs", "events", "sync", "doctor", "plan"] {
        let (code, refused) = code_and_error(&world.run(&[command, "--config", "keyless.toml"]));
        assert_eq!(code, Some(2), "{command}: {refused}");
        assert!(refused.contains("connection `acme` is unavailable") && refused.contains(&way), "{refused}");
    }
    let status = world.run(&["status", "--config", "both.toml"]);
    assert!(status.status.success());
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(
        status.contains("Connection main\n") && status.contains("Unavailable") && status.contains(&way),
        "{status}"
    );
    let runs = world.run(&["runs", "--config", "both.toml", "--connection", "main"]);
    assert!(runs.status.success(), "{}", code_and_error(&runs).1);
}

#[tokio::test]
async fn daemon_is_found_by_its_store() {
    let world = TestEnv::start(&["--users", "2", "--groups", "1"]);
    daemon(&world).await.end();
    let settings = world.settings_of_the_daemon();
    let key = settings.lines().find_map(|line| line.strip_prefix("master_key = ")).unwrap().trim_matches('"');
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary("okta-insight"));
        command.args(arguments).env("OKTA_INSIGHT__CONSOLE__MASTER_KEY", key).current_dir(folder.path());
        command.stdin(Stdio::null()).output().unwrap()
    };
    for command in
        [&["status"][..], &["runs", "--connection", "acme"], &["tokens", "list"], &["config", "check"]]
    {
        let (code, refused) = code_and_error(&run(command));
        assert_eq!(code, Some(2), "{command:?}");
        assert!(refused.contains("could not read the configuration okta-insight.toml"), "{refused}");
    }
    assert!(code_and_error(&run(&["status"])).1.contains("--server URL --token-file FILE"));
    std::fs::write(folder.path().join("empty.toml"), "").unwrap();
    let (code, refused) = code_and_error(&run(&["runs", "--config", "empty.toml", "--connection", "acme"]));
    assert_eq!(code, Some(2));
    assert!(
        refused.contains("no connections in the configuration")
            && refused.contains("--server URL --token-file FILE"),
        "{refused}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "only what was put there");

    // A copy of the file alone lacks what is in its write-ahead log.
    let copy = folder.path().join("okta-insight.db");
    let saved = world.run(&["backup", "--config", "daemon.toml", copy.to_str().unwrap()]);
    assert!(saved.status.success(), "{}", code_and_error(&saved).1);
    let status = run(&["status", "--output", "json"]);
    assert!(!status.stdout.is_empty(), "{}", code_and_error(&status).1);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["connections"][0]["connection"], "acme");
    let tokens = run(&["tokens", "list"]);
    assert!(String::from_utf8(tokens.stdout).unwrap().contains("test"));
}
