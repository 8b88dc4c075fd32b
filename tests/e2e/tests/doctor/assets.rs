//! The import source, its settings, and the account.

use serde_json::{Value, json};

use crate::doctor_env::DoctorEnv;

/// Checks that require the import source.
const BEHIND: [&str; 7] = [
    "assets.import_source",
    "assets.mapping",
    "assets.cardinality",
    "assets.empty_values",
    "assets.unknown_values",
    "assets.missing_objects",
    "assets.self_test",
];

#[tokio::test]
async fn assets_connection_failures_are_distinguished() {
    let env = DoctorEnv::start();
    let okta = env.ready()["okta"]["org_url"].to_string();
    let elsewhere: Vec<&str> = BEHIND.into_iter().chain(["assets.token"]).collect();
    let found = env.run_checks({
        // The account's site stays where it is.
        let text = env.read("none.toml");
        let line = text.lines().find(|line| line.starts_with("api_url = ")).unwrap();
        env.write("bad.toml", &text.replace(line, &format!("api_url = {okta}")));
        "bad.toml"
    });
    found.names("assets.reachable", &elsewhere);

    env.settings(json!({"disabled": true})).await;
    let found = env.run_checks("c.toml");
    found.names("assets.import_source", &[]);
    assert!(found.remedy("assets.import_source").ends_with("Enable"));
    env.settings(json!({"disabled": false})).await;
    env.run_checks("c.toml").is_well();

    let token = env.call("POST", "/insight/token", Value::Null).await;
    let found = env.run_checks("c.toml");
    let with_account: Vec<&str> = BEHIND.into_iter().chain(["assets.objects"]).collect();
    found.names("assets.token", &with_account);
    assert!(found.remedy("assets.token").starts_with("check that the import token is complete"));
    env.run_checks(env.with("import_token", &token["token"].to_string())).is_well();
}

#[tokio::test]
async fn doctor_adds_missing_attribute() {
    let env = DoctorEnv::start();
    let badge = json!({"title": "Badge", "type": "string"});
    env.call("PUT", "/okta/schemas/user/badge", badge).await;
    let found = env.run_checks("none.toml");
    found.names("assets.mapping", &[]);
    assert!(found.check("assets.mapping")["details"].as_str().unwrap().contains("Badge"));
    env.fix("none.toml").is_well();
    let renamed = json!({"type": "Okta User", "name": "Badge", "newName": "Pass"});
    env.call("PUT", "/insight/attributes", renamed).await;
    let found = env.run_checks("none.toml");
    found.warns("assets.mapping");
    assert!(found.check("assets.mapping")["details"].as_str().unwrap().contains("Pass"));
}

#[tokio::test]
async fn doctor_corrects_cardinality_with_account() {
    let env = DoctorEnv::start();
    let one = json!({"type": "Okta User", "name": "user/groups", "maximumCardinality": 1});
    env.call("PUT", "/insight/attributes", one).await;
    let found = env.run_checks("none.toml");
    found.names("assets.cardinality", &[]);
    assert_eq!(found.check("assets.cardinality")["auto_fixable"], false);
    assert!(found.remedy("assets.cardinality").ends_with("set Cardinality to Unlimited"));
    let setup = env.run(&["setup", "--config", "none.toml"]);
    let text = String::from_utf8_lossy(&setup.stdout).into_owned();
    assert!(
        text.contains("1 to correct manually") && text.contains("set Cardinality to Unlimited"),
        "{text}"
    );
    env.run_checks("c.toml").names("assets.cardinality", &[]);
    env.fix("c.toml").is_well();
    env.run_checks("none.toml").is_well();
}

#[tokio::test]
async fn attribute_name_with_semicolon_survives() {
    let env = DoctorEnv::start();
    let name = "a; b";
    let renamed =
        json!({"type": "Okta User", "name": "user/groups", "newName": name, "maximumCardinality": 1});
    env.call("PUT", "/insight/attributes", renamed).await;
    for command in ["setup", "verify", "schema", "doctor"] {
        let output = env.run(&[command, "--config", "none.toml"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("Okta User: a; b: the maximum cardinality is 1"), "{command}: {text}");
        assert!(words.contains("set Cardinality to Unlimited"), "{command}: {text}");
    }
    let output = env.run(&["verify", "--config", "none.toml", "--output", "json"]);
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = verified["connections"][0]["findings"].as_array().unwrap();
    assert!(
        !findings.is_empty() && findings.iter().all(|found| found["subject"]["name"] == name),
        "{verified}"
    );
}

#[tokio::test]
async fn import_setting_checks_depend_on_account() {
    let env = DoctorEnv::start();
    env.settings(json!({"ignoreEmptyValues": true})).await;
    env.run_checks("none.toml").names("assets.empty_values", &[]);
    env.run_checks("c.toml").is_well();
    env.settings(json!({"ignoreEmptyValues": false, "removeMissingObjects": true})).await;
    for config in ["none.toml", "c.toml"] {
        let found = env.run_checks(config);
        found.names("assets.missing_objects", &[]);
        assert!(found.remedy("assets.missing_objects").contains("Ignore"));
    }
    env.settings(json!({"removeMissingObjects": false, "ignoreUnknownValues": true})).await;
    env.run_checks("none.toml").is_well();
    let selects =
        format!("{}\n[connections.main.mapping]\nenum_format = \"select\"\n", env.read("none.toml"));
    env.write("bad.toml", &selects);
    let unknown = env.run_checks("bad.toml");
    assert!(unknown.with("failed").contains(&"assets.unknown_values"), "{:#}", unknown.document);

    env.settings(json!({"ignoreUnknownValues": false, "settingsForAccountOnly": true})).await;
    let unseen = env.run_checks("none.toml");
    unseen.is_well();
    let settings = [
        "assets.empty_values",
        "assets.unknown_values",
        "assets.missing_objects",
        "assets.quota",
        "assets.self_test",
    ];
    assert_eq!(unseen.with("unknown"), settings);
    assert_eq!(
        unseen.check("assets.missing_objects")["details"],
        "not readable without an Atlassian account"
    );
    assert_eq!(env.run_checks("c.toml").with("unknown"), ["assets.self_test"]);
}

#[tokio::test]
async fn rejected_account_and_quota_are_reported() {
    let env = DoctorEnv::start();
    let found = env.run_checks(env.with("api_token", "\"ATATT3xexpired\""));
    found.names("assets.account", &["assets.objects"]);
    assert!(found.remedy("assets.account").contains("API token"));
    assert!(!found.document.to_string().contains("ATATT3xexpired"));
    env.settings(json!({"objectsElsewhere": 49_000})).await;
    env.run_checks("c.toml").warns("assets.quota");
    env.settings(json!({"objectsElsewhere": 0})).await;
    assert_eq!(env.run_checks("c.toml").check("assets.quota")["status"], "passed");
}
