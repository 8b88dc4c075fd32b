//! `okta-insight schema`: both sides, and what differs.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};

use support::TestEnv;

fn schema(world: &TestEnv, arguments: &[&str]) -> (Option<i32>, String) {
    let output = world.run(&[&["schema", "--config", "c.toml"], arguments].concat());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn schema_shows_both_sides() {
    let world = TestEnv::start(&["--users", "5", "--groups", "2"]);
    world.configure("[connections.main.mapping.user]\nexclude = [\"mobilePhone\"]");
    let (code, text) = schema(&world, &[]);
    assert_eq!(code, Some(3));
    insta::assert_snapshot!("before_setup", text);
    world.json(&["setup"]);
    let (code, text) = schema(&world, &[]);
    assert_eq!(code, Some(0), "{text}");
    insta::assert_snapshot!("after_setup", text);

    let control = world.control();
    let property = json!({ "title": "Badge", "type": "string" });
    control.call("PUT", "/okta/schemas/user/badge", &property).await.unwrap();
    let (code, text) = schema(&world, &["--only-differences"]);
    assert_eq!(code, Some(3));
    insta::assert_snapshot!("a_new_attribute", text);
    let (code, document) = schema(&world, &["--output", "json"]);
    assert_eq!(code, Some(3));
    let document: Value = serde_json::from_str(&document).unwrap();
    let view = &document["connections"][0];
    assert_eq!((&document["has_differences"], &view["has_differences"]), (&json!(true), &json!(true)));
    let attributes = view["types"].as_array().unwrap().iter().find(|t| t["kind"] == "user").unwrap();
    let badge = attributes["attributes"].as_array().unwrap().iter().find(|a| a["okta"]["name"] == "badge");
    insta::assert_json_snapshot!("one_attribute", badge.unwrap());
}
