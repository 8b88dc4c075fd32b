//! `okta-insight export`, and what an export is good for.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use support::TestEnv;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn refused(output: &Output, code: i32, words: &str) {
    let told = text(&output.stderr);
    assert!(output.status.code() == Some(code) && told.contains(words), "{:?}: {told}", output.status);
}

/// Every object below a folder by its id, without what names the org or the place that it came from.
fn objects(folder: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for part in ["users", "groups"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let page: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
            for mut object in page.as_array().unwrap().clone() {
                object.as_object_mut().unwrap().remove("_links");
                found.insert(object["id"].as_str().unwrap().to_owned(), object);
            }
        }
    }
    for entry in std::fs::read_dir(folder.join("members")).unwrap() {
        let path = entry.unwrap().path();
        let mut members: Vec<String> = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap())
            .unwrap()
            .as_array()
            .unwrap()
            .iter()
            .map(|member| member["id"].as_str().unwrap().to_owned())
            .collect();
        members.sort();
        found.insert(format!("members of {}", path.file_stem().unwrap().display()), json!(members));
    }
    found
}

#[test]
fn sandbox_replays_exported_org() {
    let world = TestEnv::start(&["--users", "420", "--groups", "5"]);
    let report = world.json(&["export", "saved"]);
    insta::assert_json_snapshot!(report, {
        ".exports[].export.started_at" => "TIME", ".exports[].export.org_url" => "ORG",
    });
    let manifest = &report["exports"][0]["export"];
    assert_eq!((&manifest["users"], &manifest["groups"]), (&json!(420), &json!(6)), "{manifest}");
    let saved = objects(&world.path("saved"));
    assert!(saved.values().any(|object| object["status"] == "DEPROVISIONED"), "deactivated ones as well");

    let again = TestEnv::start(&["--org-data", world.path("saved").to_str().unwrap()]);
    again.json(&["export", "saved"]);
    let other = objects(&again.path("saved"));
    assert_eq!(saved.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (id, object) in &saved {
        for member in ["profile", "status", "type", "created", "lastUpdated"] {
            assert_eq!(object[member], other[id][member], "{id}: {member}");
        }
        if object.is_array() {
            assert_eq!(object, &other[id], "{id}");
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.path("saved/users/00001.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn export_plan_needs_no_okta_requests() {
    let world = TestEnv::start(&["--users", "60", "--groups", "4"]);
    world.json(&["setup"]);
    world.json(&["export", "saved"]);
    let plan = |arguments: &[&str]| -> Value {
        let rest = ["--config", "c.toml", "--output", "json", "--limit", "1000"];
        let output = world.run(&[&["plan"], arguments, &rest].concat());
        assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
        let mut plan: Value = serde_json::from_slice(&output.stdout).unwrap();
        plan["connections"][0]["run"].take();
        plan
    };
    let requests = async || world.control().get("/stats").await.unwrap()["okta"]["requests"].clone();
    let live = plan(&[]);
    let before = requests().await;
    let saved = plan(&["--from-export", "saved", "--out", "plan.json"]);
    assert_eq!(requests().await, before);
    assert_eq!(saved, live);
    // What is saved is the same, with every object.
    let file: Value = serde_json::from_slice(&std::fs::read(world.path("plan.json")).unwrap()).unwrap();
    assert_eq!(file["connections"][0]["objects"], live["connections"][0]["objects"]);
    assert_eq!(file["connections"][0]["objects"].as_array().unwrap().len(), 65);
}

#[test]
fn invalid_export_is_rejected() {
    let world = TestEnv::start(&["--users", "5", "--groups", "2"]);
    let config = ["--config", "c.toml"];
    let run = |arguments: &[&str]| world.run(&[arguments, &config].concat());
    refused(&run(&["plan", "--from-export", "nowhere"]), 2, "is not a complete export");
    world.json(&["export", "saved"]);
    refused(&run(&["export", "saved"]), 2, "saved is not empty");
    world.json(&["export", "saved", "--force"]);
    std::fs::write(world.path("saved/notes.txt"), "mine").unwrap();
    refused(&run(&["export", "saved", "--force"]), 2, "aren't part of an export");
    std::fs::remove_file(world.path("saved/notes.txt")).unwrap();
    std::fs::write(world.path("saved/groups/00001.json"), "[{").unwrap();
    refused(&run(&["plan", "--from-export", "saved"]), 1, "is invalid");
    std::fs::remove_file(world.path("saved/manifest.json")).unwrap();
    refused(&run(&["plan", "--from-export", "saved"]), 2, "is not a complete export");
    std::fs::write(world.path("saved/manifest.json"), "{}").unwrap();
    refused(&run(&["plan", "--from-export", "saved"]), 2, "is invalid");
}
