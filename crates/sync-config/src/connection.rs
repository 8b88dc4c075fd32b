//! The effective settings of a connection.

use std::time::Duration;

use schema_mapper::{MappingOptions, SyncScope};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sync_engine::{Safeguards, Schedule};
use sync_model::ConnectionName;
use url::Url;

use crate::file::{AlertFormat, EventSource};

/// The owner of a connection's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ManagedBy {
    /// The configuration file or the environment.
    File,
    /// The console, which saves them in the state store.
    Console,
}

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
    /// The API scopes to request; if empty, all that the product uses.
    pub api_scopes: Vec<String>,
}

/// The Assets side of a connection.
#[derive(Debug, Clone)]
pub struct AssetsConfig {
    /// The URL of the API.
    pub api_url: String,
    /// The import token.
    pub import_token: SecretString,
    /// The Atlassian account, for operations that the import token doesn't permit.
    pub account: Option<AccountConfig>,
    /// True if attributes are renamed in Assets when their titles change in Okta. Requires the account.
    pub rename_attributes: bool,
}

/// An account on the Atlassian site.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// The site, such as `https://example.atlassian.net`.
    pub site_url: String,
    /// The email address of the account.
    pub email: String,
    /// An API token of the account.
    pub api_token: SecretString,
}

/// The receiver of alerts.
#[derive(Debug, Clone)]
pub struct AlertConfig {
    /// The URL of the webhook. It is a secret, because anyone who has it can post.
    pub webhook_url: SecretString,
    /// The format of its messages.
    pub format: AlertFormat,
    /// The minimum time between two alerts of the same kind.
    pub repeat_interval: Duration,
}

/// The schedules.
#[derive(Debug, Clone)]
pub struct ScheduleConfig {
    /// The schedule of full syncs.
    pub full_sync: Schedule,
    /// The schedule of incremental syncs.
    pub incremental_sync: Schedule,
    /// The interval between comparisons of the schemas.
    pub schema_check: Duration,
    /// The interval between reads of the System Log.
    pub system_log_poll: Duration,
    /// The maximum random delay of full and incremental syncs.
    pub jitter: Duration,
    /// The time after which completed events and runs are deleted.
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

/// An Okta org and the import source that it feeds.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    /// The name.
    pub name: ConnectionName,
    /// The owner of the settings.
    pub managed_by: ManagedBy,
    /// True if the addresses of Okta, Assets, and alerts may be private.
    pub allow_private_addresses: bool,
    /// The Okta side.
    pub okta: OktaConfig,
    /// The Assets side.
    pub assets: AssetsConfig,
    /// The event hook. Without it, events come from the System Log.
    pub event_hook: Option<EventHookConfig>,
    /// The source of events.
    pub event_source: EventSource,
    /// The users and groups that are synced.
    pub scope: SyncScope,
    /// The mapping options.
    pub mapping: MappingOptions,
    /// The limits that block a sync with an unusual number of changes.
    pub safeguards: Safeguards,
    /// The schedules.
    pub schedule: ScheduleConfig,
    /// The receiver of alerts.
    pub alerts: Option<AlertConfig>,
}

impl ConnectionConfig {
    /// True if these settings require an event hook.
    pub fn wants_hook(&self) -> bool {
        self.event_hook.is_some() && self.event_source != EventSource::SystemLog
    }
}
