//! The settings of a new connection.

use secrecy::SecretString;
use sync_model::ConnectionName;

use crate::connection::AccountConfig;
use crate::file::EventSource;
use crate::init::key::KeyFile;

/// The settings of a new connection.
#[derive(Debug, Clone)]
pub struct InitAnswers {
    /// The connection's name.
    pub connection: ConnectionName,
    /// The org's URL.
    pub org_url: String,
    /// The event source; `None` keeps the one of an existing connection if it includes the event hook.
    pub event_source: Option<EventSource>,
    /// The public URL of the event hook receiver, if the event source includes the event hook.
    pub public_url: Option<String>,
    /// The app's private key.
    pub key: KeyFile,
    /// The ID of the key in Okta, where the JWK does not hold it.
    pub key_id: Option<String>,
    /// The app's client ID.
    pub client_id: String,
    /// The address of the Assets API, when it is another than Atlassian's.
    pub api_url: Option<String>,
    /// The token of the import source.
    pub import_token: SecretString,
    /// An account on the Atlassian site, for what the token may not do.
    pub account: Option<AccountConfig>,
    /// True if the configuration is to allow private addresses of Okta, Assets, and webhooks.
    pub allow_private_addresses: bool,
}

/// A scope, and what does not work without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequiredScope {
    /// The name.
    pub name: &'static str,
    /// Its purpose.
    pub purpose: &'static str,
    /// True if nothing works without it.
    pub essential: bool,
}

/// The scopes to grant to the app, with an event hook or without.
pub fn needed_scopes(hook: bool) -> Vec<RequiredScope> {
    let essential = |name, purpose| RequiredScope { name, purpose, essential: true };
    let for_the_hook = |name, purpose| RequiredScope { name, purpose, essential: false };
    let mut scopes = vec![
        essential("okta.users.read", "read users"),
        essential("okta.groups.read", "read groups and memberships"),
        essential("okta.userTypes.read", "read user types"),
        essential("okta.schemas.read", "read attributes"),
        essential("okta.logs.read", "read the System Log"),
    ];
    if hook {
        scopes.push(for_the_hook("okta.eventHooks.read", "check the event hook"));
        scopes.push(for_the_hook(
            "okta.eventHooks.manage",
            "create the event hook; only `okta-insight setup` uses it",
        ));
    }
    scopes
}
