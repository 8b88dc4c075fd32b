//! The configuration as it is in force, without its secrets; its JSON Schema; and an example of everything.

use std::collections::{BTreeMap, BTreeSet};

use schema_mapper::SyncScope;
use serde::Serialize;
use serde_json::Value;

use super::file::RawConfig;
use super::overrides;
use super::{Config, ConnectionConfig};

/// Every key, with what holds when it is not given.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The JSON Schema of the configuration, made from the types that read it.
pub fn json_schema() -> Value {
    schemars::schema_for!(RawConfig).into()
}

/// The names of all keys, without the tables that they are in.
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

/// Where a key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueOrigin {
    /// The file.
    File,
    /// A variable of the environment.
    Environment,
}

/// A key that was given. The values of secrets are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigValue {
    /// The key, such as `connections.main.okta.org_url`.
    pub key: String,
    /// Its value in TOML; of a secret, only where it is kept.
    pub value: String,
    /// Where it comes from.
    pub origin: ValueOrigin,
}

/// What follows from the keys of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EffectiveConfig {
    /// The connection.
    pub connection: String,
    /// The org.
    pub org_url: String,
    /// Where Okta delivers to; none without a hook.
    pub event_hook_url: Option<String>,
    /// Where events come from.
    pub event_source: super::EventSource,
    /// Whether there is an account on the Atlassian site.
    pub has_account: bool,
    /// Whether everybody is synchronised.
    pub syncs_everything: bool,
    /// When everything is read.
    pub full_sync: String,
    /// When what changed lately is read.
    pub incremental_sync: String,
    /// Whether somebody is told when something is wrong.
    pub has_alerts: bool,
}

impl EffectiveConfig {
    /// What is in force for a connection.
    pub fn of(connection: &ConnectionConfig) -> Self {
        Self {
            connection: connection.name.to_string(),
            org_url: connection.okta.org_url.clone(),
            event_hook_url: connection.event_hook.as_ref().map(|hook| hook.url.to_string()),
            event_source: connection.event_source,
            has_account: connection.assets.account.is_some(),
            syncs_everything: connection.scope == SyncScope::default(),
            full_sync: connection.schedule.full_sync.to_string(),
            incremental_sync: connection.schedule.incremental_sync.to_string(),
            has_alerts: connection.alerts.is_some(),
        }
    }
}

/// Keys whose values are secrets.
const SECRETS: [&str; 5] = ["private_key", "import_token", "api_token", "secret", "url"];

impl Config {
    /// The keys that were given, by name; everything else is as in [`EXAMPLE`].
    ///
    /// # Errors
    /// When the text is no TOML.
    pub fn given(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Vec<ConfigValue>, toml::de::Error> {
        let file: toml::Table = toml::from_str(text)?;
        let mut merged = file.clone();
        overrides::apply(&mut merged, environment);
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        flatten("", &file, &mut before);
        flatten("", &merged, &mut after);
        let given = after.into_iter().map(|(key, value)| {
            let origin =
                if before.get(&key) == Some(&value) { ValueOrigin::File } else { ValueOrigin::Environment };
            ConfigValue { value: shown(&key, &value), key, origin }
        });
        Ok(given.collect())
    }
}

fn flatten(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, toml::Value>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) if !is_secret(&key) => flatten(&key, inner, into),
            value => drop(into.insert(key, value.clone())),
        }
    }
}

/// Of the keys of a connection, `mapping` and `users` may have any names below them and hold no secret.
pub(super) fn is_secret(key: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    match parts[..] {
        ["connections", _, "okta" | "assets" | "hook" | "alerts", last] => SECRETS.contains(&last),
        ["console", "master_key"] | ["console", "openid", "client_secret"] => true,
        _ => false,
    }
}

fn shown(key: &str, value: &toml::Value) -> String {
    if !is_secret(key) {
        return value.to_string();
    }
    match value {
        toml::Value::Table(place) => {
            let place = place.iter().map(|(kind, at)| format!("{kind} = {at}")).collect::<Vec<_>>();
            format!("a secret, from {{ {} }}", place.join(", "))
        }
        _ => "a secret, given here".to_owned(),
    }
}
