//! The raw form of the console's settings. The doc comments of its fields become the JSON Schema of the configuration.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::SecretSource;

#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConsole {
    /// Address of the console and the admin API; "off" disables them. Default: 127.0.0.1:8585.
    pub(super) listen: Option<String>,
    /// URL of the console in a browser, such as <https://sync.example.com>. Sign-in with Okta returns to it.
    pub(super) public_url: Option<String>,
    /// Key that encrypts secrets saved in the console. Without it, no connection can be saved.
    pub(super) master_key: Option<SecretSource>,
    /// Time without a request after which a session ends. Default: 8h.
    pub(super) session_idle_timeout: Option<String>,
    /// Time after sign-in at which a session ends. Default: 1d.
    pub(super) session_max_age: Option<String>,
    /// Sign-in with an Okta org, in addition to access tokens.
    pub(super) oidc: Option<RawOidc>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOidc {
    /// URL of the org, such as <https://example.okta.com>.
    pub(super) org_url: Option<String>,
    /// Client ID of a web app integration in the org.
    pub(super) client_id: Option<String>,
    /// Client secret of the app.
    pub(super) client_secret: Option<SecretSource>,
    /// Names of groups whose members get the role Administrator.
    #[serde(default)]
    pub(super) admin_groups: Vec<String>,
    /// Names of groups whose members get the role Read-only.
    #[serde(default)]
    pub(super) read_only_groups: Vec<String>,
}
