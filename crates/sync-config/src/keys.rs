//! The keys of the configuration: their JSON Schema, their names, and those of secrets.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::file::RawConfig;

/// Keys whose values are secrets.
const SECRETS: [&str; 5] = ["private_key", "import_token", "api_token", "secret", "webhook_url"];

/// The JSON Schema of the configuration, generated from the types that read it.
pub fn json_schema() -> Value {
    schemars::schema_for!(RawConfig).into()
}

/// The names of all keys, without their tables.
pub(super) fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(&json_schema(), &mut names);
    names
}

fn collect(node: &Value, names: &mut BTreeSet<String>) {
    if let Some(properties) = node["properties"].as_object() {
        names.extend(properties.keys().cloned());
    }
    match node {
        Value::Object(members) => members.values().for_each(|member| collect(member, names)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

/// True if the key holds a secret. `mapping` and `scope` may have any names below them and hold none.
pub(super) fn is_secret(key: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    match parts[..] {
        ["connections", _, "okta" | "assets" | "event_hook" | "alerts", last] => SECRETS.contains(&last),
        ["console", "master_key"] | ["console", "oidc", "client_secret"] => true,
        _ => false,
    }
}
