//! What `runs`, `events` and `status` answer, with real processes against the sandbox.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::{ControlCode, Eof, Expect};
use serde_json::{Value, json};
use support::{PATIENCE, TestEnv, in_sync, on_terminal, wait_until};

/// A world that was set up and synchronised once.
fn test_env() -> TestEnv {
    let world = TestEnv::start(&["--users", "30", "--groups", "4"]);
    world.json(&["setup"]);
    world.json(&["sync"]);
    world
}

/// A document without what differs from time to time.
fn stable(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.split(' ').map(word).collect::<Vec<_>>().join(" ")),
        Value::Array(items) => items.into_iter().map(stable).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| {
                let value = if value.is_f64() { json!("SECONDS") } else { stable(value) };
                (key, value)
            });
            fields.collect()
        }
        other => other,
    }
}

/// A time and an id are told by their form, and replaced by something as long.
fn word(word: &str) -> String {
    let bare = word.trim_end_matches([',', ';', ':', '.']);
    let is_time = bare.len() >= 20 && bare.ends_with('Z') && bare.as_bytes()[10] == b'T';
    let is_uuid = bare.len() == 36 && bare.matches('-').count() == 4;
    if is_time {
        word.replace(bare, "TIME----------------")
    } else if is_uuid {
        word.replace(bare, "UUID--------------------------------")
    } else {
        word.to_owned()
    }
}

/// What a command printed, the same way. A number of seconds is a word before its unit.
fn shown(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        // From ten seconds on, a duration is a character shorter, and its padding longer.
        let mut surplus = 0;
        let stable = words.iter().enumerate().filter_map(|(at, one)| {
            let unit = words.get(at + 1).is_some_and(|next| next.trim_end_matches(',') == "s");
            if unit && one.parse::<f64>().is_ok() {
                surplus = "N.N".len().saturating_sub(one.len());
                return Some("N.N".to_owned());
            }
            if one.is_empty() && surplus > 0 {
                surplus -= 1;
                return None;
            }
            Some(word(one))
        });
        stable.collect::<Vec<_>>().join(" ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    shown(&String::from_utf8_lossy(&output.stdout))
}

fn text(world: &TestEnv, arguments: &[&str]) -> String {
    out(&world.run(&[arguments, &["--config", "c.toml"]].concat()))
}

/// A refusal, whole.
fn refused(world: &TestEnv, arguments: &[&str]) -> String {
    let output = world.run(&[arguments, &["--config", "c.toml"]].concat());
    assert!(output.stdout.is_empty());
    format!("=> {}\n{}", output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr))
}

async fn users(world: &TestEnv) -> Vec<String> {
    let users = world.control().get("/okta/users?limit=1000").await.unwrap();
    users["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

async fn delete(world: &TestEnv, users: &[String]) {
    for user in users {
        world.control().call("DELETE", &format!("/okta/users/{user}"), &Value::Null).await.unwrap();
    }
}

async fn rename(world: &TestEnv, user: &str, city: &str) {
    let path = format!("/okta/users/{user}");
    world.control().call("POST", &path, &json!({ "city": city })).await.unwrap();
}

fn inbox(world: &TestEnv) -> Value {
    world.json(&["status"])["connections"][0]["event_queue"].clone()
}

fn events(world: &TestEnv, arguments: &[&str]) -> Vec<Value> {
    let told = world.json(&[&["events", "--limit", "1000"], arguments].concat());
    told["connections"][0]["events"].as_array().unwrap().clone()
}

/// The version of the mapping that the newest run of a kind names.
fn mapping(world: &TestEnv, kind: &str) -> Value {
    let told = world.json(&["runs", "--kind", kind, "--limit", "1"]);
    told["connections"][0]["runs"][0]["report"]["mapping_version"].clone()
}

/// The event that tells of the beginning of a deletion.
fn initiated(events: Vec<Value>) -> Value {
    events.into_iter().find(|event| event["event_type"] == "user.lifecycle.delete.initiated").unwrap()
}

#[tokio::test]
async fn commands_describe_synced_connection() {
    let world = test_env();
    for (name, command) in [
        ("runs", vec!["runs"]),
        ("one_run", vec!["runs", "1"]),
        ("no_events", vec!["events"]),
        ("status", vec!["status"]),
    ] {
        insta::assert_json_snapshot!(format!("{name}_json"), stable(world.json(&command)));
        insta::assert_snapshot!(format!("{name}_text"), text(&world, &command));
    }
}

#[tokio::test]
async fn failed_run_shows_reason_and_records() {
    let world = test_env();
    let control = world.control();
    let all = users(&world).await;
    control.call("POST", "/faults", &json!({ "executions.type-errors": 1 })).await.unwrap();
    rename(&world, &all[25], "Nuuk").await;
    assert_eq!(world.run(&["sync", "--config", "c.toml"]).status.code(), Some(1));
    control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    let failed = world.json(&["runs", "--state", "partial"]);
    let incomplete = failed["connections"][0]["runs"][0]["id"].to_string();
    insta::assert_json_snapshot!("partial_json", stable(world.json(&["runs", &incomplete])));
    insta::assert_snapshot!("partial_text", text(&world, &["runs", &incomplete]));
    let status = world.json(&["status"]);
    assert!(status["connections"][0]["freshness"]["oldest_pending_change_seconds"].is_f64(), "{status}");

    delete(&world, &all[..20]).await;
    assert_eq!(world.run(&["sync", "--config", "c.toml"]).status.code(), Some(1));
    // Whether the refused record was sent once more before it is a matter of time.
    let failed = world.json(&["runs", "--state", "failed"])["connections"][0]["runs"][0]["id"].to_string();
    let told = text(&world, &["runs", "--state", "failed"]).replace(&format!("run {failed}:"), "run N:");
    insta::assert_snapshot!("failed_text", told.replace(&format!("\n {failed} "), "\n N "));
    let told = world.json(&["runs", "--kind", "full-sync", "--limit", "1"]);
    let runs = told["connections"][0]["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[0]["report"]["state"]), (1, &json!("failed")), "{told}");
    let failed = text(&world, &["runs", &runs[0]["id"].to_string()]);
    assert!(failed.contains("--override-safeguards") && failed.contains("20 of 30 users"), "{failed}");

    world.json(&["sync", "--override-safeguards"]);
    assert!(text(&world, &["status"]).contains("10 current, 20 retired"));
    assert_eq!(world.json(&["runs", "--kind", "incremental-sync"])["connections"][0]["runs"], json!([]));
}

#[tokio::test]
async fn blocked_event_is_replayed_by_daemon() {
    let world = test_env();
    let daemon = world.daemon();
    let gone = users(&world).await[..20].to_vec();
    world.json(&["pause"]);
    delete(&world, &gone).await;
    // The log alone tells of the end of a deletion: nothing more comes after it.
    wait_until("all of it is stored", async || {
        (events(&world, &["--search", "delete.completed"]).len() == 20).then_some(())
    })
    .await;
    assert_eq!(inbox(&world)["work_items"], 20);
    let waiting = initiated(events(&world, &["--state", "pending", "--search", &gone[0]]));
    assert_eq!(waiting["pending_work"][0]["subject"], json!({ "kind": "user", "id": gone[0] }));
    let id = waiting["id"].as_str().unwrap().to_owned();
    insta::assert_json_snapshot!("pending_json", stable(waiting));
    insta::assert_snapshot!("pending_text", text(&world, &["events", "--state", "pending", "--search", &id]));
    world.json(&["resume"]);
    wait_until("the safeguard blocks the deletions", async || {
        let inbox = inbox(&world);
        (inbox["work_items"] == 0 && inbox["blocked"] == 20).then_some(())
    })
    .await;
    let blocked = events(&world, &["--state", "blocked"]);
    assert_eq!(Value::from(blocked.len()), inbox(&world)["blocked_events"]);
    let id = id.as_str();
    insta::assert_json_snapshot!(
        "blocked_event_json",
        stable(events(&world, &["--state", "blocked", "--search", id])[0].clone())
    );
    insta::assert_snapshot!(
        "blocked_event_text",
        text(&world, &["events", "--state", "blocked", "--search", id])
    );

    // One alone is not too much.
    let told = world.json(&["events", "replay", id]);
    assert_eq!(
        told["connections"][0],
        json!({ "connection": "main", "replayed": 1, "skipped": 0, "daemon_running": true })
    );
    wait_until("the event is applied", async || {
        (events(&world, &["--search", id])[0]["state"] == "applied").then_some(())
    })
    .await;
    assert_eq!(in_sync(&world, Duration::ZERO).await.marked_deleted, 1);
    daemon.end();

    let told = text(&world, &["events", "replay", id]);
    assert!(told.contains("The daemon is not running"), "{told}");
    // The next start tries blocked events again, under the limits that it finds.
    world.configure("[connections.main.safeguards]\nmax_retired_percent = 100\n");
    let _daemon = world.daemon();
    let audit = in_sync(&world, PATIENCE).await;
    assert!(audit.in_sync && audit.marked_deleted == 20, "{:?}", audit.differences);
    wait_until("the events are done with", async || (inbox(&world)["work_items"] == 0).then_some(())).await;
    let inbox = inbox(&world);
    assert_eq!(
        (&inbox["failed"], &inbox["blocked"], &inbox["blocked_events"]),
        (&json!(0), &json!(0), &json!(0))
    );
}

#[tokio::test]
async fn unknown_names_are_rejected_with_hint() {
    let world = test_env();
    let refusals = [
        vec!["runs", "99"],
        vec!["runs", "--kind", "daily"],
        vec!["events", "replay", "no-such-event", "nor-this", "nor-that", "and-another"],
        vec!["events", "replay"],
        vec!["events", "replay", "--all-failed", "e1"],
        vec!["events", "--follow", "--state", "failed"],
        vec!["status", "--connection", "other"],
    ];
    let told: Vec<String> = refusals.iter().map(|command| refused(&world, command)).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn output_fits_terminal_without_color() {
    let world = test_env();
    for columns in [60, 120] {
        let mut told = Vec::new();
        for command in ["runs", "runs 1", "status"] {
            let mut session = on_terminal(&world, columns, command);
            let all = session.expect(Eof).unwrap();
            let all = String::from_utf8_lossy(all.as_bytes()).replace('\r', "");
            assert!(!all.contains('\u{1b}'), "{all:?}");
            let widest = all.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(columns.into()), "{all}");
            // The terminal shows what was typed.
            let all = all.trim_start_matches("go").trim_start();
            told.push(format!("$ {command}\n{}", shown(all)));
        }
        insta::assert_snapshot!(format!("width_{columns}"), told.join("\n"));
    }
}

#[tokio::test]
async fn followed_events_appear_until_ctrl_c() {
    let world = test_env();
    let _daemon = world.daemon();
    let mut session = on_terminal(&world, 100, "events --follow");
    session.expect("Press Ctrl-C to stop").unwrap();
    let user = users(&world).await.remove(3);
    rename(&world, &user, "Nuuk").await;
    // It may have been told as waiting before.
    session.expect("applied").unwrap();
    session.expect("user.account.update_profile").unwrap();
    session.expect(user.as_str()).unwrap();
    session.send(ControlCode::EndOfText).unwrap();
    session.expect(Eof).unwrap();
    let status = session.get_process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

#[tokio::test]
async fn watched_status_updates_until_ctrl_c() {
    let world = test_env();
    let mut session = on_terminal(&world, 100, "status --watch");
    session.expect("30 current, 0 retired").unwrap();
    delete(&world, &users(&world).await[..1]).await;
    world.json(&["sync"]);
    session.expect("29 current, 1 retired").unwrap();
    session.send(ControlCode::EndOfText).unwrap();
    session.expect(Eof).unwrap();
    let status = session.get_process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

#[tokio::test]
async fn followed_events_are_json_lines() {
    let world = test_env();
    let _daemon = world.daemon();
    let mut child = Command::new(support::binary("okta-insight"))
        .args(["events", "--follow", "--output", "json", "--config", "c.toml"])
        .current_dir(world.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It says so once it follows.
    let mut begun = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut begun).unwrap();
    let user = users(&world).await.remove(3);
    rename(&world, &user, "Nuuk").await;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let applied = lines.find_map(|line| {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(event["connection"], "main");
        // The log also brings what the set-up did, sooner or later.
        (event["subjects"][0]["id"] == json!(user) && event["state"] == "applied").then_some(event)
    });
    insta::assert_json_snapshot!(stable(applied.unwrap()));
    let full = mapping(&world, "full-sync");
    wait_until("the run says by what events are mapped", async || {
        let events = mapping(&world, "event-sync");
        events.is_string().then(|| assert_eq!(events, full))
    })
    .await;
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(asked.success() && child.wait().unwrap().success());
}

#[tokio::test]
async fn rejected_token_is_reported_first() {
    let world = test_env();
    let daemon = world.daemon();
    world.control().call("POST", "/insight/token", &Value::Null).await.unwrap();
    let user = users(&world).await.remove(0);
    rename(&world, &user, "Nuuk").await;
    let told = wait_until("status names the refused token", async || {
        let told = text(&world, &["status"]);
        told.lines().nth(1)?.contains("failing").then_some(told)
    });
    let told = told.await;
    let first = told.lines().nth(2).unwrap();
    assert!(first.contains("Error") && first.contains("token"), "{told}");
    daemon.end();
}
