//! The clients of both services, as the settings describe them.

use insight_import_client::{AssetsClient, ImportClient};
use okta_client::{KeyError, OktaClient, PrivateKey};
use outbound::Outbound;
use secrecy::ExposeSecret;
use sync_engine::error_chain;
use url::Url;

use crate::connection::{AlertConfig, ConnectionConfig, OktaConfig};
use crate::error::ConfigError;

/// The product's name and version, for the services that are called.
pub const USER_AGENT: &str = concat!("okta-insight-sync/", env!("CARGO_PKG_VERSION"));

/// The URL of the Assets API.
pub(super) const API_URL: &str = "https://api.atlassian.com";

/// The app's private key under the ID that is configured.
///
/// # Errors
/// If the text is no private key that is strong enough.
pub fn private_key(okta: &OktaConfig) -> Result<PrivateKey, KeyError> {
    let key = PrivateKey::parse(okta.private_key.expose_secret())?;
    Ok(key.with_kid(okta.key_id.as_deref().unwrap_or_default()))
}

/// Okta, with the app's credentials. Sends no request.
///
/// # Errors
/// If the key or the URL is invalid.
pub fn okta_client(config: &ConnectionConfig) -> Result<OktaClient, ConfigError> {
    let wrong = |key: &str, error: &dyn std::error::Error| ConfigError::Value {
        key: format!("connections.{}.okta.{key}", config.name),
        problem: error_chain(error),
    };
    let key = private_key(&config.okta).map_err(|e| wrong("private_key", &e))?;
    let mut builder = OktaClient::builder(&config.okta.org_url)
        .service_app(&config.okta.client_id, key)
        .allow_private_addresses(config.allow_private_addresses)
        .user_agent(USER_AGENT);
    if !config.okta.api_scopes.is_empty() {
        builder = builder.scopes(config.okta.api_scopes.iter().cloned());
    }
    builder.build().map_err(|e| wrong("org_url", &e))
}

/// Assets, with the Atlassian account; `None` without one. Sends no request.
///
/// # Errors
/// If a setting of the account is invalid.
pub fn account_client(config: &ConnectionConfig) -> Result<Option<AssetsClient>, ConfigError> {
    let Some(account) = &config.assets.account else { return Ok(None) };
    let builder = AssetsClient::builder(&account.site_url)
        .api_token(&account.email, account.api_token.clone())
        .api_url(&config.assets.api_url)
        .allow_private_addresses(config.allow_private_addresses)
        .user_agent(USER_AGENT);
    let client = builder.build().map_err(|e| ConfigError::Value {
        key: match e {
            insight_import_client::ConfigError::Token
            | insight_import_client::ConfigError::ImportTokenForAccount => {
                format!("connections.{}.assets.api_token", config.name)
            }
            insight_import_client::ConfigError::Email(_) => {
                format!("connections.{}.assets.email", config.name)
            }
            _ => format!("connections.{}.assets.site_url", config.name),
        },
        problem: error_chain(&e),
    })?;
    Ok(Some(client))
}

/// The import source, with the import token. Sends no request.
///
/// # Errors
/// If the token or the URL is invalid.
pub fn assets_client(config: &ConnectionConfig) -> Result<ImportClient, ConfigError> {
    let builder = ImportClient::builder(config.assets.import_token.clone())
        .api_url(&config.assets.api_url)
        .allow_private_addresses(config.allow_private_addresses)
        .user_agent(USER_AGENT);
    builder.build().map_err(|e| ConfigError::Value {
        key: match e {
            insight_import_client::ConfigError::Token
            | insight_import_client::ConfigError::ApiTokenForImport => {
                format!("connections.{}.assets.import_token", config.name)
            }
            _ => format!("connections.{}.assets.api_url", config.name),
        },
        problem: error_chain(&e),
    })
}

/// The rules for outgoing requests of a connection.
pub fn outbound(config: &ConnectionConfig) -> Outbound {
    Outbound::new().allow_private_addresses(config.allow_private_addresses)
}

/// Scheme, host, and port of the webhook for alerts. Sends no request.
///
/// # Errors
/// If the URL can't be used. The problem doesn't contain it, because it is a secret.
pub fn webhook_origin(alerts: &AlertConfig, outbound: &Outbound) -> Result<Url, String> {
    let parsed = Url::parse(alerts.webhook_url.expose_secret().trim())
        .and_then(|url| Url::parse(&url.origin().ascii_serialization()));
    let origin = parsed.map_err(|_| "is not a URL".to_owned())?;
    outbound.check(&origin).map_err(|refused| refused.to_string())?;
    Ok(origin)
}
