//! What Assets' simulator, which was written from the reference and not from this crate, says to our documents.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use insight_import_client::ImportClient;
use insight_import_client::document::SchemaAndMapping;
use sandbox::{Sandbox, SandboxOptions};
use schema_mapper::Mapping;
use schema_mapper::evolution::{self, Evolution};
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

#[tokio::test]
async fn a_document_of_every_shape_is_accepted_and_shown_as_it_was_sent() {
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
async fn every_way_to_keep_memberships_can_follow_every_other() {
    let strategies = ["on-user", "on-group", "objects"];
    let by = |strategy: &str| mapping_by(&with(&json!({})), &format!("memberships = '{strategy}'"));
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
