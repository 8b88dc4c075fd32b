//! `okta-insight sync` and `plan` as an operator meets them: shown before, watched, stopped, gone on with.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use expectrl::process::unix::WaitStatus;
use expectrl::{ControlCode, Eof, Expect};
use serde_json::{Value, json};

use support::{TestEnv, binary, in_sync, on_terminal};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Numbers that vary, out of the way.
fn steady(text: &str) -> String {
    let words = text.split_inclusive(' ').map(|word| {
        let number = word.trim_end().parse::<f64>().is_ok() && word.contains('.');
        if number { "N ".to_owned() } else { word.to_owned() }
    });
    words.collect()
}

#[tokio::test]
async fn resend_restores_deleted_objects() {
    let world = TestEnv::start(&["--users", "6", "--groups", "2"]);
    world.json(&["setup"]);
    world.json(&["sync"]);
    let control = world.control();
    let objects = control.get("/insight/objects?type=/type/user").await.unwrap();
    let deleted = format!("/insight/objects/{}", objects["objects"][0]["id"]);
    control.call("DELETE", &deleted, &Value::Null).await.unwrap();
    let unchanged = world.json(&["sync"]);
    assert_eq!(unchanged["executions"], 0, "nothing has changed in Okta: {unchanged}");
    let sent = world.json(&["sync", "--resend"]);
    assert_eq!(
        (&sent["records"]["user"]["sent"], &sent["records"]["user"]["created"]),
        (&json!(6), &json!(1))
    );
    assert!(in_sync(&world, Duration::ZERO).await.in_sync);
    let again = world.json(&["sync"]);
    assert_eq!(again["executions"], 0, "{again}");
    let both = world.run(&["sync", "--config", "c.toml", "--resend", "--dry-run"]);
    assert_eq!(both.status.code(), Some(2), "{}", text(&both.stderr));
}

#[test]
fn paused_connection_is_not_synced() {
    let world = TestEnv::start(&["--users", "3", "--groups", "1"]);
    world.json(&["setup"]);
    world.json(&["pause", "--for", "1h"]);
    for more in [&[][..], &["--resend"], &["--override-safeguards"]] {
        let refused = world.run(&[&["sync", "--config", "c.toml"], more].concat());
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{more:?}: {told}");
        assert!(told.contains("is paused until") && told.contains("okta-insight resume"), "{told}");
    }
    assert_eq!(world.json(&["runs"])["connections"][0]["runs"], json!([]));
    let planned = world.run(&["sync", "--config", "c.toml", "--dry-run"]);
    assert_eq!(planned.status.code(), Some(3), "{}", text(&planned.stderr));
    world.json(&["resume"]);
    assert_eq!(world.json(&["sync"])["records"]["user"]["created"], 3);
}

#[tokio::test]
async fn plan_names_objects_values_and_violations() {
    let world = TestEnv::start(&["--users", "12", "--groups", "3"]);
    world.json(&["setup"]);
    world.json(&["sync"]);
    let control = world.control();
    let users = control.get("/okta/users").await.unwrap()["users"].take();
    let id = |n: usize| users[n]["id"].as_str().unwrap().to_owned();
    let changes = json!({ "city": "Nuuk", "title": null });
    control.call("POST", &format!("/okta/users/{}", id(0)), &changes).await.unwrap();
    for n in 1..8 {
        control.call("DELETE", &format!("/okta/users/{}", id(n)), &Value::Null).await.unwrap();
    }
    let plan = world.run(&["plan", "--config", "c.toml", "--limit", "2"]);
    assert_eq!(plan.status.code(), Some(3));
    let times = timeless(&text(&plan.stdout));
    insta::assert_snapshot!("plan", times);
    let document = world.run(&["plan", "--config", "c.toml", "--limit", "1", "--output", "json"]);
    let document: Value = serde_json::from_slice(&document.stdout).unwrap();
    insta::assert_json_snapshot!("plan_json", document, {
        ".connections[].objects[].fields[].old" => insta::dynamic_redaction(moment),
        ".connections[].objects[].fields[].new" => insta::dynamic_redaction(moment),
    });
    // The same for some of them, without sending anything.
    let before = control.get("/insight/executions").await.unwrap();
    let dry = world.run(&["sync", "--config", "c.toml", "--users", &id(0), "--dry-run"]);
    assert_eq!(dry.status.code(), Some(3), "{}", text(&dry.stderr));
    insta::assert_snapshot!("dry_run", timeless(&text(&dry.stdout)));
    assert_eq!(control.get("/insight/executions").await.unwrap(), before);
    // Nor does it leave anything to do behind, whatever it finds.
    let group = control.call("POST", "/okta/groups", &json!({ "name": "New" })).await.unwrap();
    let group = group["id"].as_str().unwrap();
    let dry = world.run(&["sync", "--config", "c.toml", "--groups", group, "--dry-run"]);
    assert!(text(&dry.stdout).contains("+ group New"), "{}", text(&dry.stdout));
    assert_eq!(world.json(&["status"])["connections"][0]["event_queue"]["work_items"], 0);
    control.call("DELETE", &format!("/okta/groups/{group}"), &Value::Null).await.unwrap();
    let refused = world.run(&["sync", "--config", "c.toml"]);
    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!("refused", text(&refused.stderr));
    let accepted = world.run(&["sync", "--config", "c.toml", "--override-safeguards"]);
    assert_eq!(accepted.status.code(), Some(0));
    insta::assert_snapshot!("report", steady(&text(&accepted.stdout)));
    assert!(in_sync(&world, Duration::ZERO).await.in_sync);
    let nothing = world.json(&["sync"]);
    insta::assert_json_snapshot!("report_json", nothing, {
        ".connections[].duration_seconds" => "N", ".connections[].okta_requests" => "N",
    });
}

/// A time out of the way, in a document.
fn moment(
    value: insta::internals::Content,
    _: insta::internals::ContentPath<'_>,
) -> insta::internals::Content {
    match value.as_str() {
        Some(text) if text.starts_with("20") && text.contains('T') => "TIME".into(),
        _ => value,
    }
}

/// Times out of the way.
fn timeless(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let is_time = word.starts_with("\"20") && word.contains('T');
        if is_time {
            "\"TIME\"".to_owned() + word.rsplit('"').next().unwrap_or_default()
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn sync_resumes_after_ctrl_c() {
    let world = TestEnv::start(&["--users", "900", "--groups", "30"]);
    world.json(&["setup"]);
    let control = world.control();
    control.call("PUT", "/faults", &json!("okta.latency=120..160")).await.unwrap();
    let child = Command::new(binary("okta-insight"))
        .args(["sync", "--config", "c.toml"])
        .current_dir(world.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // In the middle of the listings, which wait for answers from then on.
    let deadline = Instant::now() + Duration::from_mins(3);
    while control.get("/stats").await.unwrap()["okta"]["buckets"]["/api/v1/groups"].as_u64() < Some(8) {
        assert!(Instant::now() < deadline, "the sync does not list members");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    control.call("PUT", "/faults", &json!("okta.latency=600000")).await.unwrap();
    let asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(asked.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("stopped", text(&output.stderr));
    control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    let report = world.run(&["sync", "--config", "c.toml"]);
    assert!(
        text(&report.stdout).contains("Resumed from the checkpoint of an earlier run"),
        "{}",
        text(&report.stdout)
    );
    assert!(in_sync(&world, Duration::ZERO).await.in_sync);
}

#[tokio::test]
async fn terminal_shows_phase_progress() {
    let world = TestEnv::start(&["--users", "900", "--groups", "30"]);
    world.json(&["setup"]);
    let control = world.control();
    control.call("PUT", "/faults", &json!("okta.latency=300..400")).await.unwrap();
    let mut session = on_terminal(&world, 100, "sync");
    for shown in ["Reading groups", "/s", "Reading memberships", "/30", "/s", " left"] {
        session.expect(shown).unwrap();
    }
    control.call("PUT", "/faults", &json!("okta.latency=600000")).await.unwrap();
    session.send(ControlCode::EndOfText).unwrap();
    session.expect("Stopping. Press Ctrl-C again to stop immediately.").unwrap();
    session.expect("the next run resumes from the last checkpoint").unwrap();
    session.expect(Eof).unwrap();
    let status = session.get_process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 1)), "{status:?}");
}
