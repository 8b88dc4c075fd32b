//! The file as it is written. What the fields are for becomes the JSON Schema of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schema_mapper::{GroupScope, MappingOptions, UserScope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sync_engine::Safeguards;

use super::console::RawConsole;
use super::secret::SecretSource;

/// The configuration of okta-insight-sync.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "okta-insight-sync")]
pub(super) struct RawConfig {
    /// What is remembered.
    #[serde(default)]
    pub(super) store: RawStore,
    /// What is listened on.
    #[serde(default)]
    pub(super) server: RawServer,
    /// The web console and the admin API.
    #[serde(default)]
    pub(super) console: RawConsole,
    /// One org and one import source each, by a name of your own: small letters, digits and dashes.
    #[serde(default)]
    pub(super) connections: BTreeMap<String, RawConnection>,
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    /// The file of the state store, beside the configuration; `okta-insight.db` unless given.
    pub(super) path: Option<PathBuf>,
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    /// Where the hook receiver listens, behind your TLS proxy; 127.0.0.1:8484 unless given.
    pub(super) listen: Option<String>,
    /// Where /metrics, /healthz and /readyz are answered; 127.0.0.1:9464 unless given, and nowhere when "off".
    pub(super) metrics_listen: Option<String>,
    /// /readyz answers 503 when nothing gets done for so long; 10m unless given.
    pub(super) stall_timeout: Option<String>,
    /// The certificate chain, PEM, of what is listened on beyond this machine.
    pub(super) tls_certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub(super) tls_key: Option<PathBuf>,
    /// Says that a proxy in front of this machine does TLS.
    #[serde(default)]
    pub(super) behind_proxy: bool,
    /// Allows addresses of Okta, Assets, and alert webhooks that lead to a private, link-local, or shared network.
    #[serde(default)]
    pub(super) allow_private_addresses: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConnection {
    /// The Okta org.
    #[serde(default)]
    pub(super) okta: RawOkta,
    /// The Assets site.
    #[serde(default)]
    pub(super) assets: RawAssets,
    /// The event hook; without it the System Log tells what happens.
    pub(super) event_hook: Option<RawEventHook>,
    /// Which users are synchronised; all unless given.
    #[serde(default)]
    pub(super) users: UserScope,
    /// Which groups are synchronised; all unless given.
    #[serde(default)]
    pub(super) groups: GroupScope,
    /// What becomes of which attribute.
    #[serde(default)]
    pub(super) mapping: MappingOptions,
    /// How much may change without an operator's consent.
    #[serde(default)]
    pub(super) safeguards: Safeguards,
    /// Where events come from; "both" with a hook and "log" without one unless given.
    pub(super) event_source: Option<EventSource>,
    /// When things are done that nobody asks for.
    #[serde(default)]
    pub(super) schedule: ScheduleSettings,
    /// Who is told when something is wrong; nobody unless given, beside the log.
    pub(super) alerts: Option<RawAlerts>,
}

/// Where events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// Deliveries of the event hook alone.
    EventHook,
    /// The System Log alone; needs no address that Okta can reach.
    SystemLog,
    /// Both, each event once.
    Both,
}

/// Times are intervals such as "30s", "15m", "6h", "1d"; `full` and `delta` may be cron expressions in UTC, or "never".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleSettings {
    /// Read everything; 1d unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_sync: Option<String>,
    /// Read what changed lately; 30m unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incremental_sync: Option<String>,
    /// Compare the schemas; 15m unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_check: Option<String>,
    /// Ask the System Log for more; 5s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_log_poll: Option<String>,
    /// Begin full and delta up to so much later; 0s unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter: Option<String>,
    /// Remember what is done for so long; 14d unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_retention: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlerts {
    /// The address of a webhook. A secret: whoever knows it can write there.
    pub(super) webhook_url: Option<SecretSource>,
    /// What it understands.
    #[serde(default)]
    pub(super) format: AlertFormat,
    /// The same kind of alert is not sent more often; 15m unless given.
    pub(super) repeat_interval: Option<String>,
}

/// What an alert's receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertFormat {
    /// The alert as a JSON object.
    #[default]
    Json,
    /// A text for an incoming webhook of Slack, or of what imitates it.
    Slack,
}

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOkta {
    /// The org's own address, such as <https://example.okta.com>.
    pub(super) org_url: Option<String>,
    /// The client ID of the API Services app.
    pub(super) client_id: Option<String>,
    /// The app's private key, as JWK or PEM.
    pub(super) private_key: Option<SecretSource>,
    /// The ID under which the key is registered at the app; unless given, the one in the JWK.
    pub(super) key_id: Option<String>,
    /// The API scopes to request: a list, or a text with commas or spaces; all that are of use when empty.
    #[serde(default)]
    pub(super) api_scopes: Scopes,
}

/// API scopes as a list, or as a text with commas or spaces.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged, expecting = "scopes are a list of texts, or one text with commas or spaces")]
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
    /// The address of the Assets API; <https://api.atlassian.com> unless given.
    pub(super) api_url: Option<String>,
    /// The token of the import source.
    pub(super) import_token: Option<SecretSource>,
    /// The Atlassian site of an account, for what the import token may not do; all three of an account or none.
    pub(super) site_url: Option<String>,
    /// The mail address of the account.
    pub(super) email: Option<String>,
    /// An API token of the account.
    pub(super) api_token: Option<SecretSource>,
    /// Rename attributes in Assets when their titles change in Okta; takes the account.
    #[serde(default)]
    pub(super) rename_attributes: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEventHook {
    /// Where Okta reaches this machine; it delivers to /hooks/okta/NAME below it.
    pub(super) public_url: Option<String>,
    /// What Okta sends along; made from the private key unless given.
    pub(super) secret: Option<SecretSource>,
}
