//! A connection's settings as they are in force.

use std::time::Duration;

use schema_mapper::{MappingOptions, SyncScope};
use secrecy::SecretString;
use sync_engine::{Safeguards, Schedule};
use sync_model::ConnectionName;
use url::Url;

use super::{AlertFormat, EventSource, ManagedBy};

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
    pub api_scopes: Vec<String>,
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
    /// True if attributes are renamed in Assets when their titles change in Okta. Requires the account.
    pub rename_attributes: bool,
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

/// The receiver of alerts.
#[derive(Debug, Clone)]
pub struct AlertConfig {
    /// A webhook. Its address is a secret that permits writing there.
    pub webhook_url: SecretString,
    /// The format of its messages.
    pub format: AlertFormat,
    /// The same alert is not sent more often.
    pub repeat_interval: Duration,
}

/// The schedules.
#[derive(Debug, Clone)]
pub struct ScheduleConfig {
    /// When everything is read.
    pub full_sync: Schedule,
    /// When what changed lately is read.
    pub incremental_sync: Schedule,
    /// The interval between comparisons of the schemas.
    pub schema_check: Duration,
    /// The interval between reads of the System Log.
    pub system_log_poll: Duration,
    /// Passes begin up to so much later.
    pub jitter: Duration,
    /// The time for which completed work is kept.
    pub history_retention: Duration,
}

/// The event hook of a connection.
#[derive(Debug, Clone)]
pub struct EventHookConfig {
    /// The URL at which Okta reaches this connection's receiver.
    pub url: Url,
    /// The value that Okta has to send in the `Authorization` header.
    pub secret: SecretString,
}

/// One org and one import source.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// Its name.
    pub name: ConnectionName,
    /// The owner of its settings.
    pub managed_by: ManagedBy,
    /// True if the addresses of Okta, Assets, and alerts may be private.
    pub allow_private_addresses: bool,
    /// The Okta side.
    pub okta: OktaConfig,
    /// The Assets side.
    pub assets: AssetsConfig,
    /// The event hook; without one, the System Log tells what happens.
    pub event_hook: Option<EventHookConfig>,
    /// The source of events.
    pub event_source: EventSource,
    /// The users and groups that are synced.
    pub scope: SyncScope,
    /// Choices about the mapping.
    pub mapping: MappingOptions,
    /// The limits of changes without consent.
    pub safeguards: Safeguards,
    /// The schedules.
    pub schedule: ScheduleConfig,
    /// The receiver of alerts.
    pub alerts: Option<AlertConfig>,
}
