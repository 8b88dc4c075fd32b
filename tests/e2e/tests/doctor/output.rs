//! What is printed.

use serde_json::json;

use crate::doctor_env::DoctorEnv;

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The text without addresses, keys and the secret, which are others each time.
pub(crate) fn stable_text(env: &DoctorEnv, shown: &str) -> String {
    let ready = env.ready();
    let hook = env.json(&["setup", "--manual-event-hook"])["connections"][0]["manual_hook"].clone();
    let value = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let host = |url: &serde_json::Value| value(url).replace("http://", "");
    [
        (value(&hook["secret"]), "SECRET"),
        (value(&hook["mark"]["value"]), "MARK"),
        (value(&ready["okta"]["kid"]), "KID"),
        (host(&ready["okta"]["org_url"]), "OKTA"),
        (host(&ready["insight"]["api_url"]), "ASSETS"),
        (env.server("listen"), "LISTEN"),
        (env.server("metrics_listen"), "METRICS"),
        (env.console(), "CONSOLE"),
    ]
    .into_iter()
    .fold(shown.to_owned(), |text, (value, name)| text.replace(&value, name))
}

#[tokio::test]
async fn doctor_text_shows_evidence_and_remedies() {
    let env = DoctorEnv::start();
    let well = env.run(&["doctor", "--config", "c.toml"]);
    assert_eq!(well.status.code(), Some(0));
    insta::assert_snapshot!("well", stable_text(&env, &text(&well.stdout)));
    env.post(&format!("{}/deactivate", env.hook().await)).await;
    env.call("PUT", "/okta/schemas/user/badge", json!({"title": "Badge", "type": "string"})).await;
    env.settings(json!({"removeMissingObjects": true})).await;
    env.post("/okta/scopes/okta.logs.read/off").await;
    let ill = env.run(&["doctor", "--config", "none.toml"]);
    assert_eq!(ill.status.code(), Some(3));
    insta::assert_snapshot!("ill", stable_text(&env, &text(&ill.stdout)));
    let fixed = env.run(&["doctor", "--fix", "--config", "none.toml"]);
    assert_eq!(fixed.status.code(), Some(3), "what is not ours is left");
    insta::assert_snapshot!("fixed", stable_text(&env, &text(&fixed.stdout)));
}

#[test]
fn doctor_writes_json_before_setup() {
    let env = DoctorEnv::before_setup(&["--users", "5", "--groups", "1"]);
    let output = env.run(&["doctor", "--output", "json", "--config", "none.toml"]);
    assert_eq!(output.status.code(), Some(3));
    insta::assert_snapshot!("document", stable_text(&env, &text(&output.stdout)));
}

#[test]
fn unreadable_config_is_usage_error() {
    let env = DoctorEnv::before_setup(&["--users", "1"]);
    for arguments in [
        &["doctor", "--config", "nowhere.toml"][..],
        &["doctor", "--config", "c.toml", "--connection", "other"],
        &["doctor", "--fixx"],
    ] {
        let output = env.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[tokio::test]
async fn setup_and_verify_report_changes() {
    let env = DoctorEnv::before_setup(&["--users", "5", "--groups", "1"]);
    let mut told = Vec::new();
    let mut say = |arguments: &[&str]| {
        let output = env.run(&[arguments, &["--config", "c.toml"]].concat());
        told.push(format!(
            "$ {} => {}\n{}",
            arguments.join(" "),
            output.status.code().unwrap(),
            text(&output.stdout)
        ));
    };
    say(&["verify"]);
    say(&["setup"]);
    say(&["verify"]);
    say(&["setup"]);
    env.call("PUT", "/okta/schemas/user/badge", json!({"title": "Badge", "type": "string"})).await;
    let one = json!({"type": "Okta User", "name": "user/groups", "maximumCardinality": 1});
    env.call("PUT", "/insight/attributes", one).await;
    env.post(&format!("{}/deactivate", env.hook().await)).await;
    say(&["verify"]);
    say(&["setup"]);
    say(&["verify"]);
    insta::assert_snapshot!("buttons", stable_text(&env, &told.join("\n")));
}
