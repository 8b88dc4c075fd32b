//! What Assets' simulator, which was written from the reference and not from this crate, says to our documents.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use futures::TryStreamExt;
use insight_import_client::ImportClient;
use insight_import_client::account::{AssetsClient, AttributeUpdate, ObjectSchema};
use insight_import_client::document::SchemaAndMapping;
use sandbox::{ControlClient, Sandbox, SandboxOptions};
use schema_mapper::Mapping;
use schema_mapper::evolution::{self, Correction, Evolution};
use serde_json::json;
use support::generate::deterministic;
use support::orgs::{all, mapping, mapping_by, text, with};

/// A site of its own.
async fn site() -> (Sandbox, ImportClient) {
    let options = SandboxOptions { users: 0, groups: 0, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(&options).await.unwrap();
    let insight = &sandbox.ready()["insight"];
    let client = ImportClient::builder(insight["import_token"].as_str().unwrap().into())
        .api_url(insight["api_url"].as_str().unwrap())
        .build()
        .unwrap();
    (sandbox, client)
}

async fn current(client: &ImportClient) -> SchemaAndMapping {
    client.schema_and_mapping().await.unwrap().unwrap()
}

/// Applies what is needed to get to a mapping, and makes sure that nothing is needed then.
async fn evolve(client: &ImportClient, wanted: &Mapping) -> Evolution {
    let evolution = evolution::plan(&current(client).await, wanted.document());
    if let Some(patch) = &evolution.patch {
        client.patch_mapping(patch).await.unwrap();
    }
    let again = evolution::plan(&current(client).await, wanted.document());
    assert_eq!(again.patch, None);
    again
}

/// Makes corrections the way a caller with an account's credential does.
async fn correct(sandbox: &Sandbox, corrections: &[Correction]) {
    let insight = &sandbox.ready()["insight"];
    let word = |name: &str| insight[name].as_str().unwrap().to_owned();
    let assets = AssetsClient::builder(word("site_url"))
        .api_token(word("email"), word("api_token").into())
        .api_url(word("api_url"))
        .build()
        .unwrap();
    let schemas: Vec<ObjectSchema> = assets.object_schemas().try_collect().await.unwrap();
    let types = assets.object_types(&schemas[0].id).await.unwrap();
    for correction in corrections {
        let object_type = types.iter().find(|t| t.name == correction.object_type).unwrap();
        let attributes = assets.attributes(&object_type.id).await.unwrap();
        let attribute = attributes.iter().find(|a| a.name == correction.attribute).unwrap();
        let update = AttributeUpdate {
            name: correction.rename_to.clone(),
            maximum_cardinality: correction.maximum_cardinality.map(i64::from),
            ..AttributeUpdate::default()
        };
        assets.update_attribute(&object_type.id, attribute, &update).await.unwrap();
    }
}

#[tokio::test]
async fn rest_corrections_complete_the_mapping() {
    let (sandbox, client) = site().await;
    let control = ControlClient::new(sandbox.ready()["control_url"].as_str().unwrap());
    control.call("PUT", "/insight/settings", &json!({"ignoreCardinality": true})).await.unwrap();
    let org = |title: &str| with(&json!({"sites": {"title": title, "type": "array"}}));
    let by = |title: &str| mapping_by(&org(title), "array_format = 'select'\nmanager.match_by = 'login'");
    client.put_mapping(by("Sites").document()).await.unwrap();
    let wanted = by("Places");
    let evolution = evolve(&client, &wanted).await;
    let told: Vec<_> = evolution
        .corrections
        .iter()
        .map(|c| (c.attribute.as_str(), c.rename_to.as_deref(), c.maximum_cardinality))
        .collect();
    assert_eq!(told, [("Okta Groups", None, Some(-1)), ("Sites", Some("Places"), Some(-1))]);
    correct(&sandbox, &evolution.corrections).await;
    assert_eq!(evolve(&client, &wanted).await, Evolution::default());
    // Objects are found by id, so that no search follows a name. This simulator would limit everything anew.
    control.call("PUT", "/insight/settings", &json!({"ignoreCardinality": false})).await.unwrap();
    let renamed = mapping_by(
        &org("Places"),
        "array_format = 'select'\nmanager.match_by = 'login'\nuser.rename.login = 'Account'",
    );
    let evolution = evolve(&client, &renamed).await;
    correct(&sandbox, &evolution.corrections).await;
    assert_eq!(evolve(&client, &renamed).await, Evolution::default());
}

#[tokio::test]
async fn accepted_document_is_returned_unchanged() {
    for (name, org, toml) in all() {
        let (_sandbox, client) = site().await;
        let mapping = mapping_by(&org, toml);
        client.put_mapping(mapping.document()).await.unwrap();
        assert_eq!(
            evolution::plan(&current(&client).await, mapping.document()),
            Evolution::default(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn membership_strategy_can_always_change() {
    let strategies = ["on_users", "on_groups", "objects"];
    let by = |strategy: &str| mapping_by(&with(&json!({})), &format!("membership_strategy = '{strategy}'"));
    for first in strategies {
        for second in strategies.into_iter().filter(|&second| second != first) {
            let (_sandbox, client) = site().await;
            client.put_mapping(by(first).document()).await.unwrap();
            let left = evolve(&client, &by(second)).await;
            assert!(left.corrections.is_empty(), "{first}, then {second}");
        }
    }
}

#[tokio::test]
async fn every_shape_can_follow_another() {
    let (_sandbox, client) = site().await;
    client.put_mapping(mapping(&with(&json!({"old": text("Same")}))).document()).await.unwrap();
    for (_, org, toml) in all() {
        evolve(&client, &mapping_by(&org, toml)).await;
    }
}

#[tokio::test]
async fn hostile_schemas_are_accepted_and_evolve() {
    let (_sandbox, client) = site().await;
    client.put_mapping(mapping(&with(&json!({}))).document()).await.unwrap();
    for properties in deterministic(30) {
        evolve(&client, &mapping(&with(&properties))).await;
    }
}
