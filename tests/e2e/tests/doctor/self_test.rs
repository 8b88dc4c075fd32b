//! The self-test as a command, and its facts in the other commands.

use serde_json::Value;

use crate::doctor_env::DoctorEnv;

fn json(env: &DoctorEnv, arguments: &[&str]) -> Value {
    let output = env.run(&[arguments, &["--output", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn self_test_is_shown_everywhere() {
    let env = DoctorEnv::start();
    assert_eq!(env.run_checks("c.toml").with("unknown"), ["assets.self_test"]);
    let refused = env.run(&["selftest", "--config", "none.toml"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && text.contains("selftest --keep-objects"), "{text}");

    let tested = env.run(&["selftest", "--config", "c.toml"]);
    let text = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert!(tested.status.success() && text.contains("Reference form each_value"), "{text}");
    assert!(text.contains("references find objects of earlier imports"), "{text}");
    assert_eq!(env.run_checks("c.toml").check("assets.self_test")["status"], "passed");
    let status = env.run(&["status", "--config", "c.toml"]);
    let text = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(text.contains("Self-test") && text.contains("each_value"), "{text}");

    let bundle = json(&env, &["support-bundle", "--config", "c.toml"]);
    let facts = bundle["connections"][0]["site_facts"].as_array().unwrap();
    assert_eq!(facts.len(), 13);
    assert!(bundle["configuration"]["settings"].is_array() && bundle["version"].is_string());
    let ready = env.ready();
    let secrets = ["import_token", "api_token"].map(|name| ready["insight"][name].as_str().unwrap());
    let key = ready["okta"]["private_key_jwk"]["d"].as_str().unwrap();
    for secret in secrets.into_iter().chain([key]) {
        assert!(!bundle.to_string().contains(secret));
    }
}

#[tokio::test]
async fn site_without_form_fails_check() {
    let env = DoctorEnv::start();
    env.settings(serde_json::json!({ "referenceForms": [] })).await;
    let output = env.run(&["selftest", "--config", "c.toml"]);
    assert_eq!(output.status.code(), Some(3));
    env.run_checks("c.toml").names("assets.self_test", &[]);
}
