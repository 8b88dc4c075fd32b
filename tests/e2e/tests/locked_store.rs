//! Commands beside another process that holds the state store locked: none hangs, and those that read do not wait.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor, SqliteConnection};
use support::{DaemonProcess, PATIENCE, TestEnv, binary};

/// Commands that only read.
const READING: [&[&str]; 6] =
    [&["status"], &["runs"], &["events"], &["tokens", "list"], &["audit"], &["backup", "copy.db"]];

/// Commands that write.
const WRITING: [&[&str]; 7] = [
    &["pause"],
    &["resume"],
    &["tokens", "create", "--role", "admin", "--name", "ada"],
    &["plan"],
    &["sync"],
    &["events", "replay", "--all-failed"],
    &["prune", "--yes"],
];

/// The time that commands which read may take longer than usual: a write waits longer.
const PROMPTLY: Duration = Duration::from_secs(15);

/// The limit of commands that read beside a lock, measured without one.
fn promptly(world: &TestEnv) -> Duration {
    let began = Instant::now();
    for (output, arguments) in all(world, &READING, PATIENCE).iter().zip(READING) {
        assert!(output.status.success(), "{arguments:?}: {}", error(output));
    }
    std::fs::remove_file(world.path("copy.db")).unwrap();
    began.elapsed() + PROMPTLY
}

/// Runs commands at the same time, each for so long at most.
fn all(world: &TestEnv, commands: &[&[&str]], limit: Duration) -> Vec<Output> {
    let started: Vec<_> = commands
        .iter()
        .map(|arguments| {
            Command::new(binary("okta-insight"))
                .args(*arguments)
                .args(["--config", "c.toml"])
                .env("NO_COLOR", "1")
                .current_dir(world.folder())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let end = Instant::now() + limit;
    let ended = started.into_iter().zip(commands).map(|(mut child, arguments)| {
        while child.try_wait().unwrap().is_none() {
            if Instant::now() >= end {
                child.kill().unwrap();
                panic!("{arguments:?} goes on");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.wait_with_output().unwrap()
    });
    ended.collect()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

async fn locked(path: &Path) -> SqliteConnection {
    let mut other = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    other
}

/// A connection that was synchronized, and its store.
fn synchronized() -> (TestEnv, std::path::PathBuf) {
    let world = TestEnv::start(&["--users", "5", "--groups", "1"]);
    world.json(&["setup"]);
    world.json(&["sync"]);
    let store = world.path("c.db");
    assert!(store.exists());
    (world, store)
}

#[tokio::test]
async fn commands_end_beside_a_lock() {
    let (world, store) = synchronized();
    let limit = promptly(&world);
    let _other = locked(&store).await;
    for (output, arguments) in all(&world, &READING, limit).iter().zip(READING) {
        assert!(output.status.success(), "{arguments:?}: {}", error(output));
    }
    let found = &all(&world, &[&["doctor", "--output", "json"]], PATIENCE)[0];
    assert_eq!(found.status.code(), Some(3), "{}", error(found));
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let checks = found["connections"][0]["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == "store").unwrap();
    assert_eq!(check["status"], "failed");
    let process = format!("process {}", std::process::id());
    let names = |text: &str| !cfg!(target_os = "linux") || text.contains(&process);
    assert!(names(check["details"].as_str().unwrap()), "{check}");
    assert!(names(check["remedy"].as_str().unwrap()), "{check}");

    for (output, arguments) in all(&world, &WRITING, PATIENCE).iter().zip(WRITING) {
        let told = error(output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        let (message, hint) = told.split_once("hint: ").unwrap_or_else(|| panic!("{arguments:?}: {told}"));
        assert!(message.contains("has locked the state store") && names(message), "{arguments:?}: {told}");
        assert!(names(hint), "{arguments:?}: {told}");
    }
}

/// Stops the daemon while it doesn't write.
async fn stop_between_writes(daemon: &DaemonProcess, store: &Path) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        daemon.signal("STOP");
        let options = SqliteConnectOptions::new().filename(store).busy_timeout(Duration::from_millis(100));
        let mut other = options.connect().await.unwrap();
        if other.execute("BEGIN IMMEDIATE").await.is_ok() {
            other.execute("ROLLBACK").await.unwrap();
            return;
        }
        assert!(Instant::now() < deadline, "the daemon writes all the time");
        daemon.signal("CONT");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A daemon that a signal stops between two statements lets go of nothing.
#[tokio::test]
async fn stopped_daemon_is_named() {
    let (world, store) = synchronized();
    let daemon = world.daemon();
    let limit = promptly(&world);
    stop_between_writes(&daemon, &store).await;
    for (output, arguments) in all(&world, &READING, limit).iter().zip(READING) {
        assert!(output.status.success(), "{arguments:?}: {}", error(output));
    }
    let ended = all(&world, &[&["pause"], &["doctor"], &["sync"]], PATIENCE);
    assert!(ended[0].status.success(), "{}", error(&ended[0]));
    assert_eq!(ended[2].status.code(), Some(1), "{}", error(&ended[2]));
    assert!(error(&ended[2]).contains("hint: "), "{}", error(&ended[2]));
    daemon.signal("CONT");
}
