//! A connection's settings without its secrets, as they are saved in the console and sent over the API.

use std::collections::BTreeMap;
use std::path::Path;

use schema_mapper::{GroupScope, MappingOptions, UserScope};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sync_engine::Safeguards;
use sync_model::ConnectionName;

use super::file::{
    AlertFormat, EventSource, RawAlerts, RawAssets, RawConnection, RawEventHook, RawOkta, ScheduleSettings,
    Scopes,
};
use super::secret::SecretSource;
use super::{ConfigError, ConnectionConfig, connection};

/// Where the settings of a connection are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ManagedBy {
    /// In the configuration file, or the environment.
    File,
    /// In the state store, saved in the console.
    Console,
}

/// A connection's settings without its secrets. What is left out holds as in the configuration file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionSettings {
    /// The Okta org.
    pub okta: OktaSettings,
    /// The Assets site.
    pub assets: AssetsSettings,
    /// The event hook; without it the System Log tells what happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_hook: Option<EventHookSettings>,
    /// Where events come from; "both" with a hook and "log" without one unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_source: Option<EventSource>,
    /// Which users are synchronised.
    pub users: UserScope,
    /// Which groups are synchronised.
    pub groups: GroupScope,
    /// What becomes of which attribute.
    pub mapping: MappingOptions,
    /// How much may change without consent.
    pub safeguards: Safeguards,
    /// When things are done that nobody asks for.
    pub schedule: ScheduleSettings,
    /// Who is told when something is wrong; the address is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<AlertSettings>,
}

/// The Okta side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OktaSettings {
    /// The org's own address, such as <https://example.okta.com>.
    pub org_url: String,
    /// The client ID of the API Services app.
    pub client_id: String,
    /// The ID under which the private key is registered at the app; unless given, the one in the JWK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The scopes to ask for; all that are of use when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_scopes: Vec<String>,
}

/// The Assets side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AssetsSettings {
    /// The address of the Assets API, when it is another than Atlassian's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// The Atlassian site of an account, for what the import token may not do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_url: Option<String>,
    /// The mail address of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Rename attributes in Assets when their titles change in Okta; takes the account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rename_attributes: bool,
}

/// The event hook.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventHookSettings {
    /// Where Okta reaches this machine; it delivers to /hooks/okta/NAME below it.
    pub public_url: String,
}

/// Who is told when something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlertSettings {
    /// What the webhook understands.
    pub format: AlertFormat,
    /// The same kind of alert is not sent more often; 15m unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_interval: Option<String>,
}

/// The secrets of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SecretField {
    /// The private key of the API Services app, as JWK or PEM.
    PrivateKey,
    /// The token of the import source.
    ImportToken,
    /// An API token of the account.
    ApiToken,
    /// What Okta sends along with deliveries; made from the private key unless given.
    EventHookSecret,
    /// The address of the webhook for alerts.
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
            Self::EventHookSecret => "hook_secret",
            Self::AlertWebhookUrl => "alert_url",
        }
    }

    /// The secret of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }
}

/// The secrets of a connection by what they are for.
pub(crate) type Secrets = BTreeMap<SecretField, SecretString>;

impl ConnectionSettings {
    /// Every setting that is needed and not given, by its key without the connection's; [`Self::check`] tells the first
    /// alone.
    pub(crate) fn missing(&self, has: impl Fn(SecretField) -> bool) -> Vec<&'static str> {
        let lacks = |text: &str| text.trim().is_empty();
        let (okta, assets) = (&self.okta, &self.assets);
        let account = [
            ("assets.site_url", assets.site_url.is_none()),
            ("assets.email", assets.email.is_none()),
            ("assets.api_token", !has(SecretField::ApiToken)),
        ];
        let part_of_one = account.iter().any(|(_, lacks)| !lacks);
        let hooked = matches!(self.event_source, Some(EventSource::EventHook | EventSource::Both));
        let hook = match &self.event_hook {
            Some(hook) => lacks(&hook.public_url),
            None => hooked,
        };
        let all = [
            ("okta.org_url", lacks(&okta.org_url)),
            ("okta.client_id", lacks(&okta.client_id)),
            ("okta.private_key", !has(SecretField::PrivateKey)),
            ("hook.public_url", hook),
            ("assets.import_token", !has(SecretField::ImportToken)),
            ("alerts.url", self.alerts.is_some() && !has(SecretField::AlertWebhookUrl)),
        ];
        let account = account.into_iter().filter(|_| part_of_one);
        all.into_iter().chain(account).filter(|(_, lacks)| *lacks).map(|(key, _)| key).collect()
    }

    /// Checks the settings with their secrets, as those of the file are.
    ///
    /// # Errors
    /// When one is missing or cannot be used.
    pub(crate) fn check(
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
            users: self.users.clone(),
            groups: self.groups.clone(),
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
        let config = connection(name.clone(), raw, Path::new("."), allow_private_addresses)?;
        let config = ConnectionConfig { managed_by: ManagedBy::Console, ..config };
        crate::Connection::check(&config)?;
        Ok(config)
    }
}
