//! The file as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schema_mapper::{GroupSelection, MappingOptions, UserSelection};
use serde::{Deserialize, Serialize};
use sync_engine::Limits;

use super::secret::SecretSource;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    #[serde(default)]
    pub(super) store: RawStore,
    #[serde(default)]
    pub(super) server: RawServer,
    #[serde(default)]
    pub(super) connections: BTreeMap<String, RawConnection>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    pub(super) path: Option<PathBuf>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawServer {
    pub(super) listen: Option<String>,
    pub(super) metrics: Option<String>,
    pub(super) stuck_after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConnection {
    #[serde(default)]
    pub(super) okta: RawOkta,
    #[serde(default)]
    pub(super) assets: RawAssets,
    pub(super) hook: Option<RawHook>,
    #[serde(default)]
    pub(super) users: UserSelection,
    #[serde(default)]
    pub(super) groups: GroupSelection,
    #[serde(default)]
    pub(super) mapping: MappingOptions,
    #[serde(default)]
    pub(super) limits: Limits,
    pub(super) events: Option<EventSource>,
    #[serde(default)]
    pub(super) schedule: RawSchedule,
    pub(super) alerts: Option<RawAlerts>,
}

/// Where events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventSource {
    /// Deliveries of the event hook alone.
    Hook,
    /// The System Log alone; needs no address that Okta can reach.
    Log,
    /// Both, each event once.
    Both,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSchedule {
    pub(super) full: Option<String>,
    pub(super) delta: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) log: Option<String>,
    pub(super) jitter: Option<String>,
    pub(super) retention: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAlerts {
    pub(super) url: Option<SecretSource>,
    #[serde(default)]
    pub(super) format: AlertFormat,
    pub(super) at_most_every: Option<String>,
}

/// What an alert's receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertFormat {
    /// The alert as a JSON object.
    #[default]
    Json,
    /// A text for an incoming webhook of Slack, or of what imitates it.
    Slack,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOkta {
    pub(super) org_url: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) private_key: Option<SecretSource>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAssets {
    pub(super) api_url: Option<String>,
    pub(super) import_token: Option<SecretSource>,
    pub(super) site_url: Option<String>,
    pub(super) email: Option<String>,
    pub(super) api_token: Option<SecretSource>,
    #[serde(default)]
    pub(super) follow_titles: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHook {
    pub(super) public_url: Option<String>,
    pub(super) secret: Option<SecretSource>,
}
