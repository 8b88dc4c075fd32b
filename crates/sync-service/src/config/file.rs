//! The file as it is written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schema_mapper::MappingOptions;
use serde::Deserialize;
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
    pub(super) mapping: MappingOptions,
    #[serde(default)]
    pub(super) limits: Limits,
    pub(super) schema_interval_minutes: Option<u64>,
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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHook {
    pub(super) public_url: Option<String>,
    pub(super) secret: Option<SecretSource>,
}
