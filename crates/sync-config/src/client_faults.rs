//! Faults that only the clients of both services find, each setting apart from the others.

use std::error::Error;

use okta_client::{OktaClient, PrivateKey};
use secrecy::ExposeSecret;
use sync_engine::error_chain;

use crate::clients::{API_URL, account_client, assets_client, okta_client, outbound, webhook_origin};
use crate::connection::{AccountConfig, AssetsConfig, ConnectionConfig};
use crate::error::ConfigError;
use crate::faults::Faults;

/// Checks that the clients accept the settings. Sends no request.
///
/// # Errors
/// If a client rejects settings. All of them are listed.
pub fn check_clients(config: &ConnectionConfig) -> Result<(), ConfigError> {
    let mut faults = Faults::default();
    if okta_client(config).is_err() {
        okta(config, &mut faults);
    }
    if assets_client(config).is_err() || account_client(config).is_err() {
        assets(config, &mut faults);
    }
    if let Some(Err(problem)) = config.alerts.as_ref().map(|alerts| webhook_origin(alerts, &outbound(config)))
    {
        let key = format!("connections.{}.alerts.webhook_url", config.name);
        faults.push(ConfigError::Value { key, problem });
    }
    faults.finish(|fault| fault)
}

fn okta(config: &ConnectionConfig, faults: &mut Faults) {
    let wrong = |key: &str, error: &dyn Error| ConfigError::Value {
        key: format!("connections.{}.okta.{key}", config.name),
        problem: error_chain(error),
    };
    if let Err(error) = PrivateKey::parse(config.okta.private_key.expose_secret()) {
        faults.push(wrong("private_key", &error));
    }
    // The URL is the same for every credential.
    let client = OktaClient::builder(&config.okta.org_url)
        .api_token("unused".into())
        .allow_private_addresses(config.allow_private_addresses);
    if let Err(error) = client.build() {
        faults.push(wrong("org_url", &error));
    }
}

/// Builds the clients with one of the settings at a time and accepted ones for the rest.
fn assets(config: &ConnectionConfig, faults: &mut Faults) {
    let own = &config.assets;
    let import = [
        AssetsConfig { api_url: API_URL.into(), ..own.clone() },
        AssetsConfig { import_token: "unused".into(), ..own.clone() },
    ];
    for assets in import {
        let config = ConnectionConfig { assets, ..config.clone() };
        if let Err(error) = assets_client(&config) {
            faults.push(error);
        }
    }
    let Some(account) = &own.account else { return };
    let accepted = AccountConfig {
        site_url: "https://example.atlassian.net".into(),
        email: "sync@example.com".into(),
        api_token: "unused".into(),
    };
    let accounts = [
        AccountConfig { site_url: account.site_url.clone(), ..accepted.clone() },
        AccountConfig { email: account.email.clone(), ..accepted.clone() },
        AccountConfig { api_token: account.api_token.clone(), ..accepted },
    ];
    for account in accounts {
        let assets = AssetsConfig { api_url: API_URL.into(), account: Some(account), ..own.clone() };
        let config = ConnectionConfig { assets, ..config.clone() };
        if let Err(error) = account_client(&config) {
            faults.push(error);
        }
    }
}
