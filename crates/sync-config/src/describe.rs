//! The effective configuration without its secrets, and an example with all keys.

use std::collections::BTreeMap;

use schema_mapper::SyncScope;
use serde::Serialize;

use crate::config::Config;
use crate::connection::ConnectionConfig;
use crate::file::EventSource;
use crate::keys::is_secret;
use crate::overrides;

/// A configuration with all keys and their defaults.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The origin of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueOrigin {
    /// The configuration file.
    File,
    /// An environment variable.
    Environment,
}

/// A key that is set. It never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigValue {
    /// The key, such as `connections.main.okta.org_url`.
    pub key: String,
    /// Its value in TOML. For a secret, its location.
    pub value: String,
    /// Its origin.
    pub origin: ValueOrigin,
}

/// The effective settings of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EffectiveConfig {
    /// The connection.
    pub connection: String,
    /// The URL of the org.
    pub org_url: String,
    /// The URL that Okta delivers to; `None` without an event hook.
    pub event_hook_url: Option<String>,
    /// The source of events.
    pub event_source: EventSource,
    /// True if there is an Atlassian account.
    pub has_account: bool,
    /// True if all users and groups are in scope.
    pub syncs_everything: bool,
    /// The schedule of full syncs.
    pub full_sync: String,
    /// The schedule of incremental syncs.
    pub incremental_sync: String,
    /// True if there is a webhook for alerts.
    pub has_alerts: bool,
}

impl EffectiveConfig {
    /// The effective settings of this connection.
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

impl Config {
    /// The keys that are set, by name. All others have the defaults in [`EXAMPLE`].
    ///
    /// # Errors
    /// If the text isn't TOML.
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

fn shown(key: &str, value: &toml::Value) -> String {
    if !is_secret(key) {
        return value.to_string();
    }
    match value {
        toml::Value::Table(place) => {
            let place = place.iter().map(|(kind, at)| format!("{kind} = {at}")).collect::<Vec<_>>();
            format!("secret from {{ {} }}", place.join(", "))
        }
        _ => "secret in the file or environment".to_owned(),
    }
}
