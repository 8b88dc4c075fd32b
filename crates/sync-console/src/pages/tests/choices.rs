//! Attributes in Okta and Assets, and their selection.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use secrecy::SecretString;
use serde_json::Value;
use sync_config::{AssetsSettings, ConnectionSettings, OktaSettings, SecretField};
use sync_daemon::ConnectionDraft;
use sync_model::ConnectionName;

use super::test_env::{TestEnv, own};

/// Leaves the city out, and gives the title another name.
const CHOICES: &[(&str, &str)] = &[
    ("csrf", "csrf-token"),
    ("others:user:", "in"),
    ("seen:user:city", "1"),
    ("seen:user:title", "1"),
    ("use:user:title", "1"),
    ("name:user:title", "Role <b>"),
];

#[tokio::test]
async fn schemas_are_compared_and_filtered() {
    let world = TestEnv::start().await;
    let page = world.page_with("/connections/main/schema", "Okta type</th>").await;
    assert!(page.contains("Not in Assets yet") && page.contains("press Setup"), "{}", own(&page));
    world.set_up().await;
    world.post("/connections/main/schema", &[]).await;
    world.page_with("/connections/main/schema", "Schemas match").await;
    insta::assert_snapshot!(own(&world.get("/connections/main/schema?show=matched").await.body));
    let new = world.get("/connections/main/schema?show=new").await;
    assert!(new.body.contains("No matching attributes"));
    assert_eq!(world.get("/connections/main/schema?show=odd").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn file_selection_is_shown_as_lines() {
    let world = TestEnv::start().await;
    world.set_up().await;
    world.page_with("/connections/main/schema/choices", "Preview").await;
    let preview = world.post("/connections/main/schema/choices", CHOICES).await;
    assert_eq!(preview.status, StatusCode::OK);
    let effect = preview.body.split_once("<details").unwrap().0;
    insta::assert_snapshot!(own(effect));
    assert!(!preview.body.contains("schema/apply"), "nothing is applied to a file");
    let applied = world.post("/connections/main/schema/apply", CHOICES).await;
    assert_eq!(applied.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn saved_selection_is_applied() {
    let world = TestEnv::start().await;
    let told = |pointer: &str| match world.sandbox.ready().pointer(pointer).unwrap() {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let settings = ConnectionSettings {
        okta: OktaSettings {
            org_url: told("/okta/org_url"),
            client_id: told("/okta/client_id"),
            ..OktaSettings::default()
        },
        assets: AssetsSettings { api_url: Some(told("/insight/api_url")), ..AssetsSettings::default() },
        ..ConnectionSettings::default()
    };
    let secret = |pointer| Some(SecretString::from(told(pointer)));
    let secrets = BTreeMap::from([
        (SecretField::PrivateKey, secret("/okta/private_key_jwk")),
        (SecretField::ImportToken, secret("/insight/import_token")),
    ]);
    let acme = ConnectionName::try_from("acme".to_owned()).unwrap();
    world
        .fleet
        .save(&acme, ConnectionDraft { settings, secrets, ignore_check_failures: false }, true)
        .await
        .unwrap();
    world.page_with("/connections/acme/schema/choices", "Preview").await;
    let preview = world.post("/connections/acme/schema/choices", CHOICES).await;
    assert_eq!(preview.status, StatusCode::OK);
    assert!(preview.body.contains("is not added in Assets"), "{}", own(&preview.body));
    assert!(preview.body.contains("name=\"name:user:title\" value=\"Role &lt;b&gt;\""));
    let saved = || world.fleet.get(&acme).unwrap().saved().unwrap().clone();
    assert!(saved().settings.mapping.user.exclude.is_empty(), "a preview saves nothing");

    let applied = world.post("/connections/acme/schema/apply", CHOICES).await;
    assert_eq!(applied.location.as_deref(), Some("/connections/acme/setup"), "{}", applied.body);
    let saved = saved();
    assert!(saved.settings.mapping.user.exclude.contains("city"));
    assert_eq!(saved.settings.mapping.user.rename["title"], "Role <b>");
    assert_eq!(saved.secrets.len(), 2, "the secrets stay");
    world.page_with("/connections/acme/setup", "Setup again").await;
}

#[tokio::test]
async fn invalid_selection_keeps_input() {
    let world = TestEnv::start().await;
    world.page_with("/connections/main/schema/choices", "Preview").await;
    let odd = [
        ("seen:user:city", "1"),
        ("use:user:city", "1"),
        ("type:user:city", "status"),
        ("name:user:city", "Town"),
    ];
    let refused = world.post("/connections/main/schema/choices", &odd).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("support the type status"));
    assert!(refused.body.contains("value=\"Town\""), "{}", own(&refused.body));
}
