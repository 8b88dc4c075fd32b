//! A hook that a person sets up.

use serde_json::Value;

use crate::doctor_env::DoctorEnv;
use crate::output::{stable_text, text};

#[tokio::test]
async fn manual_hook_needs_no_manage_scope() {
    let env = DoctorEnv::before_setup(&["--users", "5", "--groups", "1"]);
    env.post("/okta/scopes/okta.eventHooks.manage/off").await;
    let refused = env.run(&["setup", "--config", "c.toml"]);
    assert_eq!(refused.status.code(), Some(1), "the app may not make a hook");
    assert!(
        text(&refused.stderr).contains("okta-insight setup --manual-event-hook"),
        "{}",
        text(&refused.stderr)
    );
    let output = env.run(&["setup", "--manual-event-hook", "--config", "c.toml"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).is_empty(), "nothing of it is logged");
    let shown = text(&output.stdout);
    insta::assert_snapshot!(stable_text(&env, &shown));

    let document = env.json(&["setup", "--manual-event-hook"]);
    let hook = &document["connections"][0]["manual_hook"];
    assert!(shown.contains(hook["secret"].as_str().unwrap()), "both show the secret, which was asked for");
    assert_eq!(hook["events"].as_array().unwrap().len(), 23);

    // A person runs the command: the body is what is between the words.
    let curl = hook["curl"].as_str().unwrap();
    let body: Value =
        serde_json::from_str(curl.split_once("<<'JSON'\n").unwrap().1.split_once("\nJSON\n").unwrap().0)
            .unwrap();
    assert_eq!(body["channel"]["config"]["authScheme"]["value"], hook["secret"]);
    assert_eq!(env.run_checks("c.toml").with("failed"), ["event_hook.exists"]);
    let daemon = env.daemon();
    let made = env.call("POST", "/okta/hooks", body).await;
    let verified = format!("/okta/hooks/{}/verify", made["id"].as_str().unwrap());
    assert_eq!(env.call("POST", &verified, Value::Null).await["verificationStatus"], "VERIFIED");
    assert_eq!(env.json(&["verify"])["passed"], true, "reading is enough");
    env.run_checks("c.toml").is_well();
    daemon.end();
}
