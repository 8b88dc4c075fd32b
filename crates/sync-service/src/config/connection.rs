//! A connection's settings as they are in force.

use std::time::Duration;

use schema_mapper::{MappingOptions, Selection};
use secrecy::SecretString;
use sync_engine::{Limits, Schedule};
use sync_model::ConnectionName;
use url::Url;

use super::{AlertFormat, EventSource, Keeper};

/// The Okta side of a connection.
#[derive(Debug, Clone)]
pub struct OktaConfig {
    /// The org's URL.
    pub org_url: String,
    /// The app's client ID.
    pub client_id: String,
    /// The app's private key, JWK or PEM.
    pub private_key: SecretString,
    /// The ID under which the key is registered at the app; `None` for the one in the JWK, if any.
    pub key_id: Option<String>,
    /// The scopes to ask for; all that are of use when empty.
    pub scopes: Vec<String>,
}

/// The Assets side of a connection.
#[derive(Debug, Clone)]
pub struct AssetsConfig {
    /// The address of the API.
    pub api_url: String,
    /// The token of the import source.
    pub import_token: SecretString,
    /// An account for what the token may not do: clearing values, deleting, cardinalities.
    pub account: Option<AccountConfig>,
    /// Whether attributes are renamed in Assets when their titles change in Okta. Takes the account.
    pub follow_titles: bool,
}

/// An account on the Atlassian site.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// The site, such as `https://example.atlassian.net`.
    pub site_url: String,
    /// The mail address of the account.
    pub email: String,
    /// An API token of it.
    pub api_token: SecretString,
}

/// Who is told when something is wrong.
#[derive(Debug, Clone)]
pub struct AlertConfig {
    /// A webhook. Its address is a secret: whoever knows it can write there.
    pub url: SecretString,
    /// What it understands.
    pub format: AlertFormat,
    /// The same alert is not sent more often.
    pub at_most_every: Duration,
}

/// When things are done that nobody asks for.
#[derive(Debug, Clone)]
pub struct ScheduleConfig {
    /// When everything is read.
    pub full: Schedule,
    /// When what changed lately is read.
    pub delta: Schedule,
    /// How often the schemas are compared.
    pub schema: Duration,
    /// How often the System Log is asked for more.
    pub log: Duration,
    /// Passes begin up to so much later.
    pub jitter: Duration,
    /// How long what is done is remembered.
    pub retention: Duration,
}

/// The event hook of a connection.
#[derive(Debug, Clone)]
pub struct HookConfig {
    /// Where Okta reaches this connection's receiver.
    pub url: Url,
    /// What Okta has to send in the `Authorization` header.
    pub secret: SecretString,
}

/// One org and one import source.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// What the operator calls it.
    pub name: ConnectionName,
    /// Where its settings are kept.
    pub keeper: Keeper,
    /// The Okta side.
    pub okta: OktaConfig,
    /// The Assets side.
    pub assets: AssetsConfig,
    /// The event hook; without one, the System Log tells what happens.
    pub hook: Option<HookConfig>,
    /// Where events come from.
    pub events: EventSource,
    /// Which users and groups are synchronised.
    pub selection: Selection,
    /// Choices about the mapping.
    pub mapping: MappingOptions,
    /// How much may change without consent.
    pub limits: Limits,
    /// When things are done that nobody asks for.
    pub schedule: ScheduleConfig,
    /// Who is told when something is wrong.
    pub alerts: Option<AlertConfig>,
}
