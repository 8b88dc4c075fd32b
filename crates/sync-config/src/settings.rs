//! The settings of a connection without its secrets, as saved in the console and sent over the API.

use std::collections::BTreeMap;
use std::path::Path;

use schema_mapper::{MappingOptions, SyncScope};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sync_engine::Safeguards;
use sync_model::ConnectionName;

use crate::check::connection;
use crate::client_faults::check_clients;
use crate::connection::{ConnectionConfig, ManagedBy};
use crate::error::ConfigError;
use crate::faults::Faults;
use crate::file::{
    AlertFormat, EventSource, RawAlerts, RawAssets, RawConnection, RawEventHook, RawOkta, ScheduleSettings,
    Scopes,
};
use crate::secret::SecretSource;

/// Settings of a connection without its secrets. The keys and defaults are those of the configuration file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionSettings {
    /// The Okta org.
    pub okta: OktaSettings,
    /// The Assets side.
    pub assets: AssetsSettings,
    /// The event hook. Without it, events come from the System Log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_hook: Option<EventHookSettings>,
    /// Source of events. Default: "both" with an event hook, otherwise "system_log".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_source: Option<EventSource>,
    /// Users and groups to sync.
    pub scope: SyncScope,
    /// Mapping from Okta profiles to Assets.
    pub mapping: MappingOptions,
    /// Limits that block a sync with an unusual number of changes.
    pub safeguards: Safeguards,
    /// Schedules of syncs and checks.
    pub schedule: ScheduleSettings,
    /// Webhook for alerts. Its URL is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<AlertSettings>,
}

/// The Okta side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OktaSettings {
    /// URL of the org, such as <https://example.okta.com>.
    pub org_url: String,
    /// Client ID of the API Services app.
    pub client_id: String,
    /// ID of the key in Okta. Default: the ID in the JWK. Required for a PEM key if the app has several keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// API scopes to request. If empty, all that the product uses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_scopes: Vec<String>,
}

/// The Assets side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AssetsSettings {
    /// URL of the Assets API. Default: <https://api.atlassian.com>.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// URL of the Atlassian site. With `email` and the API token, it names an Atlassian account for operations that the
    /// import token doesn't permit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_url: Option<String>,
    /// Email address of the Atlassian account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// True to rename attributes in Assets if their titles change in Okta. Requires the Atlassian account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rename_attributes: bool,
}

/// The event hook.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventHookSettings {
    /// URL at which Okta reaches the event hook receiver. Okta delivers to /hooks/okta/NAME below it.
    pub public_url: String,
}

/// Webhook for alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// Format of the webhook's messages.
    pub format: AlertFormat,
    /// Minimum time between two alerts of the same kind. Default: 15m.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_interval: Option<String>,
}

/// The secrets of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretField {
    /// Private key of the API Services app, as JWK, JWKS, or PEM.
    PrivateKey,
    /// Import token of the import source.
    ImportToken,
    /// API token of the Atlassian account.
    ApiToken,
    /// Secret that Okta sends with each delivery. Default: derived from the private key.
    EventHookSecret,
    /// URL of the webhook for alerts.
    AlertWebhookUrl,
}

impl SecretField {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::PrivateKey, Self::ImportToken, Self::ApiToken, Self::EventHookSecret, Self::AlertWebhookUrl];

    /// Its name in stored data and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKey => "private_key",
            Self::ImportToken => "import_token",
            Self::ApiToken => "api_token",
            Self::EventHookSecret => "event_hook_secret",
            Self::AlertWebhookUrl => "alert_webhook_url",
        }
    }

    /// The secret of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }
}

/// The secrets of a connection by purpose.
pub type Secrets = BTreeMap<SecretField, SecretString>;

impl ConnectionSettings {
    /// Checks the settings with their secrets, like those of the file.
    ///
    /// # Errors
    /// If settings are missing or invalid. All faults are listed.
    pub fn check(
        &self,
        name: &ConnectionName,
        secrets: &Secrets,
        allow_private_addresses: bool,
    ) -> Result<ConnectionConfig, ConfigError> {
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let secret = |field| secrets.get(&field).cloned().map(SecretSource::Literal);
        let assets = self.assets.clone();
        let raw = RawConnection {
            okta: RawOkta {
                org_url: given(&self.okta.org_url),
                client_id: given(&self.okta.client_id),
                private_key: secret(SecretField::PrivateKey),
                key_id: self.okta.key_id.clone(),
                api_scopes: Scopes::List(self.okta.api_scopes.clone()),
            },
            assets: RawAssets {
                api_url: assets.api_url,
                import_token: secret(SecretField::ImportToken),
                site_url: assets.site_url,
                email: assets.email,
                api_token: secret(SecretField::ApiToken),
                rename_attributes: assets.rename_attributes,
            },
            event_hook: self.event_hook.as_ref().map(|hook| RawEventHook {
                public_url: given(&hook.public_url),
                secret: secret(SecretField::EventHookSecret),
            }),
            scope: self.scope.clone(),
            mapping: self.mapping.clone(),
            safeguards: self.safeguards,
            event_source: self.event_source,
            schedule: self.schedule.clone(),
            alerts: self.alerts.as_ref().map(|alerts| RawAlerts {
                webhook_url: secret(SecretField::AlertWebhookUrl),
                format: alerts.format,
                repeat_interval: alerts.repeat_interval.clone(),
            }),
        };
        // Nothing here names a file.
        let mut faults = Faults::default();
        let config = connection(name.clone(), raw, Path::new("."), allow_private_addresses, &mut faults);
        let config = ConnectionConfig { managed_by: ManagedBy::Console, ..config };
        if let Err(error) = check_clients(&config) {
            faults.push(error);
        }
        faults.finish(|fault| fault)?;
        Ok(config)
    }
}
