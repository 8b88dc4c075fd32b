//! Validates an input with a request to its service.

use std::time::Duration;

use connectors::remedy;
use insight_import_client::{AssetsClient, ImportClient, SourceStatus};
use okta_client::{GroupQuery, OktaClient, trimmed};
use secrecy::{ExposeSecret, SecretString};
use sync_config::init::needed_scopes;
use sync_config::{AccountConfig, OktaConfig, USER_AGENT, hook_url, private_key};
use sync_engine::{Remedy, Service, error_chain};
use sync_model::ConnectionName;

/// A person waits for the result.
const PATIENCE: Duration = Duration::from_secs(30);

/// A valid answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFinding {
    /// The finding.
    pub message: String,
    /// Additional notes for the administrator.
    pub notes: Vec<String>,
}

impl SettingFinding {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), notes: Vec::new() }
    }
}

/// An invalid answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SettingProblem {
    /// The problem.
    pub message: String,
    /// The action that resolves it.
    pub remedy: Option<Remedy>,
    /// True if the value is invalid; false if a check failed, perhaps temporarily.
    pub blocking: bool,
    /// True if the service was not reached, or did not judge the answer: the URL or the network is at fault.
    pub unreached: bool,
}

impl SettingProblem {
    fn blocking(error: &dyn std::error::Error) -> Self {
        Self { message: error_chain(error), remedy: None, blocking: true, unreached: false }
    }

    fn found(error: &dyn std::error::Error, remedy: Option<Remedy>, unreached: bool) -> Self {
        Self { message: error_chain(error), remedy, blocking: false, unreached }
    }
}

impl From<okta_client::Error> for SettingProblem {
    fn from(error: okta_client::Error) -> Self {
        let unreached = error.is_transient() || matches!(error, okta_client::Error::Transport { .. });
        Self::found(&error, error.remedy().map(remedy::of_okta), unreached)
    }
}

impl From<insight_import_client::Error> for SettingProblem {
    fn from(error: insight_import_client::Error) -> Self {
        use insight_import_client::{Error, RefusalReason};
        let unreached = error.is_transient()
            || matches!(
                error,
                Error::Transport { .. }
                    | Error::Forbidden {
                        reason: RefusalReason::IpAllowlist | RefusalReason::Firewall | RefusalReason::Proxy,
                        ..
                    }
            );
        Self::found(&error, error.remedy().map(remedy::of_assets), unreached)
    }
}

/// The result of a check.
pub type SettingCheck = Result<SettingFinding, SettingProblem>;

/// The check of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// True if the services are requested.
    pub ask: bool,
    /// True if their addresses may be private.
    pub allow_private_addresses: bool,
}

/// Checks that this is the URL of an org, and, if requested, that an org responds there.
///
/// # Errors
/// When it isn't.
pub async fn check_org(org_url: &str, manner: Manner) -> SettingCheck {
    // The org's metadata needs no credential; the client requires one, which is not sent.
    let unused = SecretString::from("none");
    let client = OktaClient::builder(org_url).api_token(unused).user_agent(USER_AGENT).total_time(PATIENCE);
    let client = client.allow_private_addresses(manner.allow_private_addresses);
    let client = client.build().map_err(|e| SettingProblem::blocking(&e))?;
    if !manner.ask {
        return Ok(SettingFinding::new("not checked with Okta"));
    }
    let organization = client.organization().await?;
    Ok(SettingFinding::new(format!("an Okta org responds there ({})", organization.id)))
}

/// Checks that the app gets a token with its key, has the API scopes, and can read.
///
/// # Errors
/// When it does not; the problem names the scopes or the role that are missing.
pub async fn check_app(okta: &OktaConfig, hook: bool, allow_private_addresses: bool) -> SettingCheck {
    let key = private_key(okta).map_err(|e| SettingProblem::blocking(&e))?;
    let client = OktaClient::builder(&okta.org_url)
        .service_app(&okta.client_id, key)
        .allow_private_addresses(allow_private_addresses)
        .user_agent(USER_AGENT)
        .total_time(PATIENCE)
        .build()
        .map_err(|e| SettingProblem::blocking(&e))?;
    let missing = client.missing_scopes().await?;
    let (essential, others): (Vec<_>, Vec<_>) = needed_scopes(hook)
        .into_iter()
        .filter(|scope| missing.iter().any(|name| name == scope.name))
        .partition(|scope| scope.essential);
    if !essential.is_empty() {
        let names: Vec<&str> = essential.iter().map(|scope| scope.name).collect();
        return Err(SettingProblem {
            message: format!("the app isn't granted the API scopes {}", names.join(", ")),
            remedy: Some(Remedy::GrantApiScopes { scope: None }),
            blocking: false,
            unreached: false,
        });
    }
    // Users are no proof: without a role their listing is merely empty.
    let groups = client.groups().page(&GroupQuery { limit: Some(1), ..GroupQuery::default() }).await?;
    if groups.items.is_empty() {
        return Err(SettingProblem {
            message: "the app can sign in but can't read groups".into(),
            remedy: Some(Remedy::AssignAdminRole),
            blocking: false,
            unreached: false,
        });
    }
    let notes = others.iter().map(|scope| format!("{} is not granted: {}", scope.name, scope.purpose));
    Ok(SettingFinding {
        message: "the app can sign in and read users and groups".into(),
        notes: notes.collect(),
    })
}

/// Checks that the token belongs to an enabled import source.
///
/// # Errors
/// When it is not.
pub async fn check_import_token(token: &SecretString, api_url: Option<&str>, manner: Manner) -> SettingCheck {
    let token = trimmed(token.expose_secret()).into();
    let mut builder = ImportClient::builder(token)
        .allow_private_addresses(manner.allow_private_addresses)
        .user_agent(USER_AGENT);
    if let Some(url) = api_url {
        builder = builder.api_url(url);
    }
    let client = builder.build().map_err(|e| SettingProblem::blocking(&e))?;
    if !manner.ask {
        return Ok(SettingFinding::new("not checked with Assets"));
    }
    let request = async {
        let status = client.config_status().await?.status;
        Ok::<_, insight_import_client::Error>((client.source_id().await?, status))
    };
    let (id, status) = in_time("Assets", request).await??;
    let state = match status {
        SourceStatus::Disabled => return Err(insight_import_client::Error::Disabled.into()),
        SourceStatus::MissingMapping => "no schema and mapping yet".to_owned(),
        SourceStatus::Idle => "a schema and mapping".to_owned(),
        SourceStatus::Running => "a running import".to_owned(),
        SourceStatus::Other(state) => format!("the state {state}"),
    };
    Ok(SettingFinding::new(format!("this is the token of import source {id}, which has {state}")))
}

/// Checks that the account can sign in and sees an Assets workspace.
///
/// # Errors
/// When it does not.
pub async fn check_account(account: &AccountConfig, api_url: Option<&str>, manner: Manner) -> SettingCheck {
    let api_token = trimmed(account.api_token.expose_secret()).into();
    let mut builder = AssetsClient::builder(trimmed(&account.site_url))
        .api_token(trimmed(&account.email), api_token)
        .allow_private_addresses(manner.allow_private_addresses)
        .user_agent(USER_AGENT);
    if let Some(url) = api_url {
        builder = builder.api_url(url);
    }
    let client = builder.build().map_err(|e| SettingProblem::blocking(&e))?;
    if !manner.ask {
        return Ok(SettingFinding::new("not checked with Atlassian"));
    }
    let workspace = in_time("the Atlassian site", client.workspace_id()).await??;
    Ok(SettingFinding::new(format!("the account can sign in and access the Assets workspace {workspace}")))
}

/// The URL that Okta would deliver to.
///
/// # Errors
/// When it could not deliver there.
pub fn hook_address(public_url: &str, connection: &ConnectionName) -> SettingCheck {
    let url = hook_url(trimmed(public_url), connection).map_err(|problem| SettingProblem {
        message: format!("the public URL {problem}"),
        remedy: None,
        blocking: true,
        unreached: false,
    })?;
    Ok(SettingFinding::new(format!("Okta will deliver to {url}")))
}

async fn in_time<T>(whom: &str, request: impl Future<Output = T>) -> Result<T, SettingProblem> {
    tokio::time::timeout(PATIENCE, request).await.map_err(|_| SettingProblem {
        message: format!("no response from {whom} within {} s", PATIENCE.as_secs()),
        remedy: Some(Remedy::CheckNetwork { service: Service::Assets }),
        blocking: false,
        unreached: true,
    })
}
