//! The import source, its settings, and the account.

use serde_json::{Value, json};

use crate::clinic::DoctorEnv;

/// What nobody can look at without the import source.
const BEHIND: [&str; 6] = [
    "assets.import_source",
    "assets.mapping",
    "assets.cardinality",
    "assets.empty_values",
    "assets.unknown_values",
    "assets.missing_objects",
];

#[tokio::test]
async fn assets_connection_failures_are_distinguished() {
    let clinic = DoctorEnv::start();
    let okta = clinic.ready()["okta"]["org_url"].to_string();
    let elsewhere: Vec<&str> = BEHIND.into_iter().chain(["assets.token"]).collect();
    let found = clinic.look({
        // The account's site stays where it is.
        let text = clinic.read("none.toml");
        let line = text.lines().find(|line| line.starts_with("api_url = ")).unwrap();
        clinic.write("bad.toml", &text.replace(line, &format!("api_url = {okta}")));
        "bad.toml"
    });
    found.names("assets.reachable", &elsewhere);

    clinic.settings(json!({"disabled": true})).await;
    let found = clinic.look("c.toml");
    found.names("assets.import_source", &[]);
    assert!(found.remedy("assets.import_source").ends_with("Enable"));
    clinic.settings(json!({"disabled": false})).await;
    clinic.look("c.toml").is_well();

    let token = clinic.call("POST", "/insight/token", Value::Null).await;
    let found = clinic.look("c.toml");
    let with_account: Vec<&str> = BEHIND.into_iter().chain(["assets.objects"]).collect();
    found.names("assets.token", &with_account);
    assert!(found.remedy("assets.token").starts_with("check that the import token is complete"));
    clinic.look(clinic.with("import_token", &token["token"].to_string())).is_well();
}

#[tokio::test]
async fn doctor_adds_missing_attribute() {
    let clinic = DoctorEnv::start();
    let badge = json!({"title": "Badge", "type": "string"});
    clinic.call("PUT", "/okta/schemas/user/badge", badge).await;
    let found = clinic.look("none.toml");
    found.names("assets.mapping", &[]);
    assert!(found.check("assets.mapping")["details"].as_str().unwrap().contains("Badge"));
    clinic.fix("none.toml").is_well();
    let renamed = json!({"type": "Okta User", "name": "Badge", "newName": "Pass"});
    clinic.call("PUT", "/insight/attributes", renamed).await;
    let found = clinic.look("none.toml");
    found.warns("assets.mapping");
    assert!(found.check("assets.mapping")["details"].as_str().unwrap().contains("Pass"));
}

#[tokio::test]
async fn doctor_corrects_cardinality_with_account() {
    let clinic = DoctorEnv::start();
    let one = json!({"type": "Okta User", "name": "user/groups", "maximumCardinality": 1});
    clinic.call("PUT", "/insight/attributes", one).await;
    let found = clinic.look("none.toml");
    found.names("assets.cardinality", &[]);
    assert_eq!(found.check("assets.cardinality")["auto_fixable"], false);
    assert!(found.remedy("assets.cardinality").ends_with("set Cardinality to Unlimited"));
    let setup = clinic.run(&["setup", "--config", "none.toml"]);
    let text = String::from_utf8_lossy(&setup.stdout).into_owned();
    assert!(
        text.contains("1 to correct manually") && text.contains("set Cardinality to Unlimited"),
        "{text}"
    );
    clinic.look("c.toml").names("assets.cardinality", &[]);
    clinic.fix("c.toml").is_well();
    clinic.look("none.toml").is_well();
}

#[tokio::test]
async fn attribute_name_with_semicolon_survives() {
    let clinic = DoctorEnv::start();
    let name = "a; b";
    let renamed =
        json!({"type": "Okta User", "name": "user/groups", "newName": name, "maximumCardinality": 1});
    clinic.call("PUT", "/insight/attributes", renamed).await;
    for command in ["setup", "verify", "schema", "doctor"] {
        let output = clinic.run(&[command, "--config", "none.toml"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("Okta User: a; b: the maximum cardinality is 1"), "{command}: {text}");
        assert!(words.contains("set Cardinality to Unlimited"), "{command}: {text}");
    }
    let output = clinic.run(&["verify", "--config", "none.toml", "--output", "json"]);
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = verified["connections"][0]["findings"].as_array().unwrap();
    assert!(
        !findings.is_empty() && findings.iter().all(|found| found["subject"]["name"] == name),
        "{verified}"
    );
}

#[tokio::test]
async fn import_setting_checks_depend_on_account() {
    let clinic = DoctorEnv::start();
    clinic.settings(json!({"ignoreEmptyValues": true})).await;
    clinic.look("none.toml").names("assets.empty_values", &[]);
    clinic.look("c.toml").is_well();
    clinic.settings(json!({"ignoreEmptyValues": false, "removeMissingObjects": true})).await;
    for config in ["none.toml", "c.toml"] {
        let found = clinic.look(config);
        found.names("assets.missing_objects", &[]);
        assert!(found.remedy("assets.missing_objects").contains("Ignore"));
    }
    clinic.settings(json!({"removeMissingObjects": false, "ignoreUnknownValues": true})).await;
    clinic.look("none.toml").is_well();
    let selects =
        format!("{}\n[connections.main.mapping]\nenum_format = \"select\"\n", clinic.read("none.toml"));
    clinic.write("bad.toml", &selects);
    let unknown = clinic.look("bad.toml");
    assert!(unknown.with("failed").contains(&"assets.unknown_values"), "{:#}", unknown.document);

    clinic.settings(json!({"ignoreUnknownValues": false, "settingsForAccountOnly": true})).await;
    let unseen = clinic.look("none.toml");
    unseen.is_well();
    let settings = ["assets.empty_values", "assets.unknown_values", "assets.missing_objects", "assets.quota"];
    assert_eq!(unseen.with("unknown"), settings);
    assert_eq!(
        unseen.check("assets.missing_objects")["details"],
        "not readable without an Atlassian account"
    );
    assert_eq!(clinic.look("c.toml").with("unknown"), [""; 0]);
}

#[tokio::test]
async fn rejected_account_and_quota_are_reported() {
    let clinic = DoctorEnv::start();
    let found = clinic.look(clinic.with("api_token", "\"ATATT3xexpired\""));
    found.names("assets.account", &["assets.objects"]);
    assert!(found.remedy("assets.account").contains("API token"));
    assert!(!found.document.to_string().contains("ATATT3xexpired"));
    clinic.settings(json!({"objectsElsewhere": 49_000})).await;
    clinic.look("c.toml").warns("assets.quota");
    clinic.settings(json!({"objectsElsewhere": 0})).await;
    assert_eq!(clinic.look("c.toml").check("assets.quota")["status"], "passed");
}
