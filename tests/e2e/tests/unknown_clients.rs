//! Strangers who open many connections and send little, the token of a first start, and the audit log of commands.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use support::TestEnv;

/// Memory that the process may take, in KiB.
const MOST: u64 = 100 << 10;
/// The connections of one kind.
const MANY: usize = 150;

/// The beginning of a request, which never comes to its end.
fn beginnings() -> Vec<(&'static str, Vec<u8>)> {
    let post = "POST /hooks/okta/main HTTP/1.1\r\nhost: h\r\n";
    let body = vec![b'x'; 1 << 20];
    vec![
        ("nothing", Vec::new()),
        ("half a head", post.into()),
        ("a large head", format!("{post}x-long: {}", "x".repeat(31 << 10)).into()),
        ("a body that never comes", format!("{post}content-length: 4000000\r\n\r\n").into()),
        (
            "half a body",
            [format!("{post}content-length: 4000000\r\n\r\n").into_bytes(), body.clone()].concat(),
        ),
        (
            "chunks",
            [format!("{post}transfer-encoding: chunked\r\n\r\n100000\r\n").into_bytes(), body].concat(),
        ),
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
    ]
}

fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_clients_block_no_delivery() {
    let world = TestEnv::start(&["--users", "3", "--groups", "1"]);
    world.configure("[connections.main]\nevent_source = \"event_hook\"\n");
    let text = std::fs::read_to_string(world.path("c.toml")).unwrap();
    let text = text.replacen(
        "[connections.main.event_hook]\n",
        "[connections.main.event_hook]\nsecret = \"right one\"\n",
        1,
    );
    std::fs::write(world.path("c.toml"), text).unwrap();
    let daemon = world.daemon();
    let addresses = [world.server("listen"), world.console()];
    let hook = format!("http://{}/hooks/okta/main", addresses[0]);
    let mut open = Vec::new();
    for (kind, bytes) in beginnings() {
        for n in 0..MANY {
            let mut stranger = TcpStream::connect(&addresses[n % 2]).unwrap();
            stranger.set_nonblocking(true).unwrap();
            // What the other side does not take stays away.
            let _ = stranger.write(&bytes);
            open.push(stranger);
        }
        let delivery = serde_json::json!({"eventId": kind, "data": {"events": [{"uuid": kind,
            "published": "2026-03-01T12:30:02.345Z", "eventType": "user.account.update_profile",
            "target": [{"id": "00u1", "type": "User"}]}]}});
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap();
        let answer = http.post(&hook).header("authorization", "right one").json(&delivery).send().await;
        assert_eq!(answer.unwrap().status(), 200, "beside {kind}");
    }
    assert!(peak(daemon.id()) < MOST, "{} KiB", peak(daemon.id()));
    let mut ended = 0;
    for stranger in &mut open {
        let held = stranger.read(&mut [0; 4096]);
        let waits = held.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        ended += usize::from(!waits);
    }
    assert!(ended >= open.len() - 2 * 256, "a listener keeps few connections of strangers");
}

#[test]
fn first_token_is_in_no_log() {
    let world = TestEnv::start(&["--users", "1", "--groups", "1"]);
    let daemon = world.daemon();
    let file = world.path("c.first-token");
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while !file.exists() {
        assert!(std::time::Instant::now() < deadline, "no token: {}", world.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let token = std::fs::read_to_string(&file).unwrap();
    assert!(token.starts_with("oia_") && !world.log().contains(token.trim()), "{}", world.log());
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let listed = world.run(&["tokens", "list", "--config", "c.toml", "--output", "json"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(listed["tokens"][0]["expires_at"].is_string(), "it ends unless it is renewed: {listed}");
    drop(daemon);
}

#[test]
fn commands_leave_audit_entries() {
    let world = TestEnv::start(&["--users", "1", "--groups", "1"]);
    for arguments in [
        ["pause", "--for", "1h"].as_slice(),
        &["resume"],
        &["tokens", "create", "--role", "admin", "--name", "ada"],
        &["tokens", "renew", "ada", "--expires-in", "1d"],
        &["events", "replay", "--all-failed"],
        &["status"],
    ] {
        let output = world.run(&[arguments, &["--config", "c.toml"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let output = world.run(&["audit", "--config", "c.toml", "--lines"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let entries: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["replay", "renew_token", "create_token", "resume", "pause"]);
    assert!(entries.iter().all(|entry| entry["via"] == "cli" && entry["actor"] != ""), "{lines}");
    assert!(!lines.contains("oia_"), "{lines}");
    let [replay, renew, create, resume, pause] = entries.as_slice() else { panic!("{lines}") };
    let about = |entry: &serde_json::Value| entry["connection"].clone();
    assert_eq!([replay, resume, pause].map(about), ["main", "main", "main"], "the only connection");
    assert!(replay["before"].is_null() && replay["after"].is_null(), "{replay}");
    assert_eq!((&pause["before"], &resume["after"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert!(pause["after"]["paused"]["until"].is_string() && pause["after"] == resume["before"], "{lines}");
    assert!(create["before"].is_null() && create["after"]["tokens"]["1"]["name"] == "ada", "{create}");
    let ends = |state: &serde_json::Value| state["tokens"]["1"]["expires_at"].clone();
    assert!(renew["before"].is_null() && ends(&renew["after"]).is_string(), "{renew}");
}
