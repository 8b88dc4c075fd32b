//! The configuration file's raw form. The doc comments of its fields become the JSON Schema of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schema_mapper::{MappingOptions, SyncScope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sync_engine::Safeguards;

use crate::raw_console::RawConsole;
use crate::secret::SecretSource;

/// The configuration of okta-insight-sync.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "okta-insight-sync")]
pub(super) struct RawConfig {
    /// The state store.
    #[serde(default)]
    pub(super) store: RawStore,
    /// Addresses of the daemon.
    #[serde(default)]
    pub(super) server: RawServer,
    /// The web console and the admin API.
    #[serde(default)]
    pub(super) console: RawConsole,
    /// Connections by name: 1 to 40 lowercase letters, digits, and dashes, starting with a letter. Each connects one Okta org
    /// to one import source.
    #[serde(default)]
    pub(super) connections: BTreeMap<String, RawConnection>,
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    /// File of the state store, relative to the configuration file. Default: `okta-insight.db`.
    pub(super) path: Option<PathBuf>,
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    /// Address of the event hook receiver, behind your TLS proxy. Default: 127.0.0.1:8484.
    pub(super) listen: Option<String>,
    /// Address of /metrics, /healthz, and /readyz; "off" disables them. Default: 127.0.0.1:9464.
    pub(super) metrics_listen: Option<String>,
    /// Time without progress after which /readyz returns 503. Default: 10m.
    pub(super) stall_timeout: Option<String>,
    /// PEM file with the certificate chain, for addresses other than loopback.
    pub(super) tls_certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate.
    pub(super) tls_key: Option<PathBuf>,
    /// True if a proxy in front of this machine terminates TLS.
    #[serde(default)]
    pub(super) behind_proxy: bool,
    /// True if addresses of Okta, Assets, and alert webhooks may be in a private, link-local, or shared network.
    #[serde(default)]
    pub(super) allow_private_addresses: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConnection {
    /// The Okta org.
    #[serde(default)]
    pub(super) okta: RawOkta,
    /// The Assets side.
    #[serde(default)]
    pub(super) assets: RawAssets,
    /// The event hook. Without it, events come from the System Log.
    pub(super) event_hook: Option<RawEventHook>,
    /// Users and groups to sync; all by default.
    #[serde(default)]
    pub(super) scope: SyncScope,
    /// Mapping from Okta profiles to Assets.
    #[serde(default)]
    pub(super) mapping: MappingOptions,
    /// Limits that block a sync with an unusual number of changes.
    #[serde(default)]
    pub(super) safeguards: Safeguards,
    /// Source of events. Default: "both" with an event hook, otherwise "system_log".
    pub(super) event_source: Option<EventSource>,
    /// Schedules of syncs and checks.
    #[serde(default)]
    pub(super) schedule: ScheduleSettings,
    /// Webhook for alerts. Without it, alerts are only logged.
    pub(super) alerts: Option<RawAlerts>,
}

/// Source of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// Deliveries of the event hook only.
    EventHook,
    /// The System Log only. It requires no public URL.
    SystemLog,
    /// Both, with each event applied once.
    Both,
}

/// Schedules, as intervals such as "30s", "15m", "6h", or "1d". `full_sync` and `incremental_sync` can also be cron
/// expressions in UTC, or "never".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleSettings {
    /// Schedule of full syncs. Default: 1d.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_sync: Option<String>,
    /// Schedule of incremental syncs. Default: 30m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incremental_sync: Option<String>,
    /// Interval between comparisons of the schemas. Default: 15m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_check: Option<String>,
    /// Interval between reads of the System Log. Default: 5s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_log_poll: Option<String>,
    /// Maximum random delay of full and incremental syncs. Default: 0s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<String>,
    /// Time after which completed events and runs are deleted. Default: 14d.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_retention: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlerts {
    /// URL of the webhook. It is a secret, because anyone who has it can post.
    pub(super) webhook_url: Option<SecretSource>,
    /// Format of the webhook's messages.
    #[serde(default)]
    pub(super) format: AlertFormat,
    /// Minimum time between two alerts of the same kind. Default: 15m.
    pub(super) repeat_interval: Option<String>,
}

/// Format of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertFormat {
    /// The alert as a JSON object.
    #[default]
    Json,
    /// A text for an incoming webhook of Slack or a compatible service.
    Slack,
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOkta {
    /// URL of the org, such as <https://example.okta.com>.
    pub(super) org_url: Option<String>,
    /// Client ID of the API Services app.
    pub(super) client_id: Option<String>,
    /// Private key of the app, as JWK, JWKS, or PEM.
    pub(super) private_key: Option<SecretSource>,
    /// ID of the key in Okta. Default: the ID in the JWK. Required for a PEM key if the app has several keys.
    pub(super) key_id: Option<String>,
    /// API scopes to request, as an array or a string with commas or spaces. If empty, all that the product uses.
    #[serde(default)]
    pub(super) api_scopes: Scopes,
}

/// API scopes as an array, or as a string with commas or spaces.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "an array of strings, or a string with commas or spaces")]
pub(super) enum Scopes {
    List(Vec<String>),
    Text(String),
}

impl Default for Scopes {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Scopes {
    pub(super) fn split(&self) -> Vec<String> {
        match self {
            Self::List(list) => list.iter().flat_map(|text| okta_client::split_scopes(text)).collect(),
            Self::Text(text) => okta_client::split_scopes(text),
        }
    }
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAssets {
    /// URL of the Assets API. Default: <https://api.atlassian.com>.
    pub(super) api_url: Option<String>,
    /// Import token of the import source.
    pub(super) import_token: Option<SecretSource>,
    /// URL of the Atlassian site. With `email` and `api_token`, it names an Atlassian account for operations that the import
    /// token doesn't permit. Set all three or none.
    pub(super) site_url: Option<String>,
    /// Email address of the Atlassian account.
    pub(super) email: Option<String>,
    /// API token of the Atlassian account.
    pub(super) api_token: Option<SecretSource>,
    /// True to rename attributes in Assets if their titles change in Okta. Requires the Atlassian account.
    #[serde(default)]
    pub(super) rename_attributes: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEventHook {
    /// URL at which Okta reaches the event hook receiver. Okta delivers to /hooks/okta/NAME below it.
    pub(super) public_url: Option<String>,
    /// Secret that Okta sends with each delivery. Default: derived from the private key.
    pub(super) secret: Option<SecretSource>,
}
