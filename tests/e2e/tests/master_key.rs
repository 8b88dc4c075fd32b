//! `okta-insight master-key`: a key is made once, and another takes everything along.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Output;

use serde_json::Value;
use support::TestEnv;

fn code_and_error(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn key(world: &TestEnv, name: &str) -> String {
    std::fs::read_to_string(world.path(name)).unwrap().trim().to_owned()
}

#[test]
fn generated_master_key_is_protected() {
    let world = TestEnv::start(&["--users", "1", "--groups", "1"]);
    let made = world.run(&["master-key", "generate"]);
    let (code, hint) = code_and_error(&made);
    assert_eq!((code, String::from_utf8_lossy(&made.stdout).trim()), (Some(0), "master.key"));
    assert!(!hint.contains(&key(&world, "master.key")));
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&world.path("master.key").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let before = key(&world, "master.key");
    let (code, refused) = code_and_error(&world.run(&["master-key", "generate"]));
    assert_eq!(code, Some(2));
    assert!(refused.contains("never replaced") && refused.contains("--out"), "{refused}");
    assert_eq!(key(&world, "master.key"), before);
}

#[tokio::test]
async fn master_key_rotation_requires_stopped_daemon() {
    let world = TestEnv::start(&["--users", "2", "--groups", "1"]);
    for name in ["old.key", "new.key"] {
        assert!(world.run(&["master-key", "generate", "--out", name]).status.success());
    }
    let server = world.settings_of_the_daemon();
    let by = |key: &str| -> String {
        let lines = server.lines().map(|line| {
            if line.starts_with("master_key = ") {
                format!("master_key = {{ file = \"{key}\" }}")
            } else {
                line.to_owned()
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    std::fs::write(world.path("old.toml"), by("old.key")).unwrap();
    std::fs::write(world.path("new.toml"), by("new.key")).unwrap();

    let daemon = world.daemon_by("old.toml", &world.console());
    let url = format!("http://{}/api/v1/connections/acme", world.console());
    let made = world.run(&["tokens", "create", "--config", "old.toml", "--role", "admin", "--name", "test"]);
    let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
    // Connections are not kept: each daemon has its own.
    let http = reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap();
    let saved = http.put(&url).bearer_auth(&token).json(&world.draft()).send().await.unwrap();
    assert_eq!(saved.status(), 201);

    let rotate = ["master-key", "rotate", "--config", "old.toml", "--to", "new.key"];
    let (code, refused) = code_and_error(&world.run(&rotate));
    assert_eq!(code, Some(1));
    assert!(refused.contains("another process runs connection `acme`"), "{refused}");
    daemon.end();
    let rotated = world.run(&rotate);
    assert_eq!(String::from_utf8_lossy(&rotated.stdout), "2 secrets encrypted with the new key\n");

    let works = async |config: &str| {
        let daemon = world.daemon_by(config, &world.console());
        let answer = http.get(&url).bearer_auth(&token).send().await.unwrap();
        let connection: Value = answer.json().await.unwrap();
        daemon.end();
        connection["unavailable"].is_null()
    };
    assert!(works("new.toml").await);
    assert!(!works("old.toml").await, "the old key opens nothing any more");
}
